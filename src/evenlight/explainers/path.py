"""Integrated gradients (Sundararajan 2017) through captum, on the margin of one target."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import captum
import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.attributions import Attributions, residual
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference, out_of_range
from evenlight.models.networks import as_tensor, kept, margin_tensor, placement
from evenlight.models.probe import Prepared, prepare

BUDGET = 2**22
"""Most numbers of x in one batch of path points."""

FLAT = (
    "their gradient is 0, as after detach(), round(), argmax or a cast to integers; "
    'say method="shapley", which needs no gradients'
)


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Straight paths from each of `starts` (b, *s) to every row of `x` (n, *s)."""

    prepared: Prepared
    x: Float
    starts: Float
    module: nn.Module = field(default_factory=nn.Identity)

    def gradients(self, rows: Int, steps: int) -> tuple[Float, Float]:
        """Attributions and path-averaged gradients of some rows, each (m, *s), mean over starts."""
        values, slopes = np.zeros((2, len(rows), *self.x.shape[1:]))
        each = max(1, BUDGET // (steps * int(np.prod(self.x.shape[1:]))))
        method = IntegratedGradients(_margin(self.prepared, self.module), multiply_by_inputs=False)
        for part in np.array_split(np.arange(len(rows)), -(-len(rows) // each)):
            x = self.x[rows[part]]
            for start in self.starts:
                slope = method.attribute(
                    as_tensor(self.module, x), as_tensor(self.module, start[None]),
                    n_steps=steps, method="gausslegendre",
                    internal_batch_size=max(len(part), each * steps),
                )  # fmt: skip
                mean = slope.detach().cpu().to(torch.float64).numpy() / len(self.starts)
                slopes[part] += mean
                values[part] += mean * (x - start)
        return values, slopes


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    baseline: str | Values = "auto",
    steps: int = 16,
    cap: int = 512,
) -> Attributions:
    """Integrated gradients, from the background's mean or averaged over its rows.

    Parameters
    ----------
    baseline
        "mean": one path from the balanced mean; "rows": the mean over paths from every background
        row (expected gradients); "auto": rows for images and where a column holds indicators or
        genotypes (0, 1, 2), else the mean; or an array (*s) or (b, *s).
    steps, cap
        Gauss-Legendre nodes of a path at first and at most: rows above tolerance are refined by
        doubling, and what is still above it at the cap is marked as not converged.

    Raises
    ------
    ModelError
        for a model without gradients, or whose gradients are 0 though its output moves.
    AttributionError
        where more than 5 % of rows have not converged at the cap.
    """
    prepared = prepare(model, cohort, target=target)
    module = prepared.adapted.module
    if module is None:
        raise ModelError(
            f'{prepared.adapted.name} is no torch network; say method="shapley" for any model, or '
            'method="linear" where the weights are known'
        )
    starts, kind = _starts(baseline, cohort, background)
    paths = Paths(prepared, cohort.dense(), starts, _placed(module, device))
    base = float(prepared.margin(starts).mean())
    with kept(paths.module):
        values, slopes, used = _refined(paths, base, steps, cap)
        _no_flat_feature(paths, values, base)
    settings = {
        "baseline": kind, "baselines": len(starts), "steps": used, "rule": "gausslegendre",
        "captum": captum.__version__, "torch": str(torch.__version__), "complete": True,
        "device": str(placement(paths.module)[0]),
    }  # fmt: skip
    found = Explained("ig", values, base, settings, sensitivity=slopes)
    made = record(found, prepared, cohort, background)
    _mostly_converged(made, cap)
    return made


def _margin(prepared: Prepared, module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The margin of the target summed over rows, (1,).

    Rows were shown not to depend on each other, so the gradient of the sum holds each row's own;
    captum would take one gradient a row from a vector.
    """
    adapted, link = prepared.adapted, prepared.adapted.link
    assert link is not None

    def margin(x: Tensor) -> Tensor:
        out = margin_tensor(module(x.clone()), link, adapted.gives, prepared.column)
        if not out.requires_grad:
            raise ModelError(f"the outputs of {adapted.name} do not follow its inputs: {FLAT}")
        return out.sum().reshape(1)

    return margin


def _starts(baseline: str | Values, cohort: Cohort, background: Reference) -> tuple[Float, str]:
    """Where the paths begin, (b, *s), and what to call it."""
    if not isinstance(baseline, str):
        given = _given(baseline, cohort)
        for flag in out_of_range(given, cohort, what="baseline"):
            warnings.warn(flag, EvenlightWarning, stacklevel=3)
        return given, "given"
    if baseline not in ("auto", "mean", "rows"):
        raise AttributionError(f'baseline {baseline!r}; wanted "auto", "mean", "rows" or an array')
    kind = baseline if baseline != "auto" else "rows" if _discrete(cohort) else "mean"
    return (background.rows if kind == "rows" else background.mean[None]), kind


def _given(baseline: Values, cohort: Cohort) -> Float:
    array = np.asarray(baseline, dtype=np.float64)
    shape = cohort.x.shape[1:]
    if array.shape == shape:
        array = array[None]
    if array.shape[1:] != shape or len(array) == 0:
        raise AttributionError(
            f"the baseline has shape {array.shape}, wanted {shape} or (b, *{shape})"
        )
    if not np.isfinite(array).all():
        raise AttributionError("the baseline holds values that are not finite; repair them")
    return array


def _discrete(cohort: Cohort) -> bool:
    """Whether x is an image, or any column that varies holds indicators or genotypes."""
    if cohort.x.ndim > 2 or cohort.features.indicators:
        return True
    x = cohort.dense()
    varies = (x != x[0]).any(axis=0)
    return bool((np.isin(x, (0.0, 1.0, 2.0)).all(axis=0) & varies).any())


def _placed(module: nn.Module, device: str) -> nn.Module:
    """The module itself, or a copy on another device when one is asked for."""
    wanted, here = torch.device(device), placement(module)[0]
    if wanted.type == "cpu" or wanted.type == here.type:
        return module
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {device!r} was asked for and there is none; say device='cpu'")
    return deepcopy(module).to(wanted)


def _refined(paths: Paths, base: float, steps: int, cap: int) -> tuple[Float, Float, int]:
    """Attributions and slopes, each (n, *s), and the most nodes that any row took."""
    n = len(paths.x)
    output, start = paths.prepared.output, np.full(n, base)
    values, slopes = paths.gradients(np.arange(n), steps)
    _moves(values, output, base)
    open_rows = _open(values, output, start)
    while open_rows.any() and steps * 2 <= cap:
        steps *= 2
        rows = np.flatnonzero(open_rows).astype(np.int64)
        values[rows], slopes[rows] = paths.gradients(rows, steps)
        open_rows = _open(values, output, start)
    return values, slopes, steps


def _open(values: Float, output: Float, base: Float) -> Bool:
    return ~residual(values.astype(np.float32), output, base)[1]


def _moves(values: Float, output: Float, base: float) -> None:
    """Raise ModelError where all attributions are 0 though the output moves."""
    moved = np.abs(output - base) > 1e-6 * (1 + np.abs(output))
    if moved.any() and not values.any():
        raise ModelError(
            f"the outputs move in {int(moved.sum())} rows, but all attributions are 0: {FLAT}"
        )


def _no_flat_feature(paths: Paths, values: Float, base: float) -> None:
    """Raise ModelError for a feature with attribution 0 everywhere on which the output depends."""
    if values.ndim != 2 or len(paths.starts) == 0:
        return
    rows, start = paths.x[:64], paths.starts.mean(axis=0)
    seen = paths.prepared.output[:64]
    flat = (values == 0).all(axis=0) & (rows != start).any(axis=0)
    for j in np.flatnonzero(flat)[:64]:
        changed = rows.copy()
        changed[:, j] = start[j]
        step = np.abs(paths.prepared.margin(changed) - seen).max()
        if step > 1e-4 * (1e-9 + np.abs(seen - base).max()):
            raise ModelError(
                f"column {int(j)} moves the output by up to {step:.3g}, but all its attributions "
                f"are 0: {FLAT}"
            )


def _mostly_converged(made: Attributions, cap: int) -> None:
    share = float((~made.converged).mean())
    if share > 0.05:
        raise AttributionError(
            f"{share:.0%} of rows miss completeness by more than 1 % with {cap} steps (median "
            f"residual {np.median(np.abs(made.error)):.3g}); raise cap=, or the network may hold "
            'parts without gradients (round, detach): say method="shapley"'
        )
