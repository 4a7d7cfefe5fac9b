"""Methods of captum under our checks: margin of one target, model handed back, residual kept.

For users who want them, and for tests of our own engine. `riemann_trapezoid` is not offered for
integrated gradients: captum's weights of that rule add up to (n - 1) / n.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import captum
import numpy as np
import torch
from captum.attr import DeepLift, GradientShap, IntegratedGradients
from torch import Tensor

from evenlight.arrays import Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers.background import Reference
from evenlight.explainers.baseline import starts_of
from evenlight.explainers.borrowed import DRAWS, OTHER, missing, moving, numbers, task
from evenlight.explainers.draws import row_keys
from evenlight.explainers.functional import unruled
from evenlight.models.networks import as_tensor, kept
from evenlight.models.probe import Prepared, prepare

VERSION = str(captum.__version__)


def ig(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    baseline: str | Values = "auto",
    steps: int = 50,
) -> Attributions:
    """Integrated gradients (Sundararajan 2017), the same Gauss-Legendre nodes for every row.

    `baseline` as in "ig": the mean over paths where it holds several rows.

    Rows that miss completeness are marked as not converged; more than 5 % of them are warned of.

    Raises ModelError where attributions are 0 though the output moves.
    """
    with task(model, cohort, target, background) as one:
        margin = one.prepared.adapted.margin
        starts, kind = starts_of(baseline, cohort, background, margin=margin)
        method = IntegratedGradients(one.net)

        def work(x: Tensor) -> Tensor:
            parts = [
                method.attribute(
                    x, one.tensor(start[None]), n_steps=steps, method="gausslegendre",
                    internal_batch_size=max(len(x), 1024),
                )
                for start in starts
            ]  # fmt: skip
            return torch.stack(parts).mean(dim=0)

        values = one.rows(work)
        base = float(one.prepared.margin(starts).mean())
        made = one.record(
            "captum.ig", values, base, baseline=kind, baselines=len(starts), steps=steps,
            rule="gausslegendre", captum=VERSION, complete=True,
        )  # fmt: skip
    moving(one, made)
    if missing(made):
        told = f'{missing(made)}; raise steps=, or say method="ig", which refines single rows'
        warnings.warn(told, EvenlightWarning, stacklevel=2)
    return made


def deeplift(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    baseline: str | Values = "auto",
    sensitivity: bool = False,
) -> Attributions:
    """DeepLIFT with the rescale rule (Shrikumar 2017), averaged over the baseline's rows.

    `sensitivity` keeps the mean multiplier, the other factor of the attribution.

    Raises
    ------
    ModelError
        for activations that are called as functions, modules used twice, operations without a
        rule, and margins that are not linear in the outputs.
    AttributionError
        where more than 5 % of rows miss completeness.
    """
    prepared = _ruled(model, cohort, target)
    starts, kind = starts_of(baseline, cohort, background, margin=prepared.adapted.margin)
    with task(prepared, cohort, target, background) as one:
        method = DeepLift(one.net)

        def work(x: Tensor) -> Tensor:
            parts = [method.attribute(x, one.tensor(start[None])) for start in starts]
            return torch.stack(parts).mean(dim=0)

        def multiplied(x: Tensor) -> Tensor:
            own = {"custom_attribution_func": _multipliers}
            parts = [method.attribute(x, one.tensor(start[None]), **own) for start in starts]
            return torch.stack(parts).mean(dim=0)

        values = one.rows(work)
        base = float(prepared.margin(starts).mean())
        made = one.record(
            "captum.deeplift", values, base, baseline=kind, baselines=len(starts), captum=VERSION,
            complete=True,
        )  # fmt: skip
        if sensitivity:
            made = replace(made, sensitivity=one.rows(multiplied).astype(np.float32))
    moving(one, made)
    if missing(made):
        raise AttributionError(f"{missing(made)}; {OTHER}")
    return made


def _multipliers(
    multipliers: tuple[Tensor, ...], inputs: tuple[Tensor, ...], baselines: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """What captum multiplies the difference from the baseline by, in place of the product."""
    return multipliers


def _ruled(model: object, cohort: Cohort, target: int | str | None) -> Prepared:
    """A network of which DeepLIFT sees every operation; ModelError names the first it does not."""
    prepared = prepare(model, cohort, target=target)
    adapted, why = prepared.adapted, ""
    if adapted.module is not None and not adapted.codes:
        with kept(adapted.module) as module:
            why = unruled(module, as_tensor(module, cohort.dense(cohort.order[:2])))
    several = adapted.link == "softmax" and len(adapted.targets) > 2
    if not why and adapted.link != "identity" and (several or adapted.gives == "response"):
        why = f"the margin is no linear function of the outputs (link {adapted.link})"
    if why:
        raise ModelError(f"{adapted.name}: {why}, and DeepLIFT has no rule for that; {OTHER}")
    return prepared


def gradient_shap(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    samples: int = 64,
    noise: float = 0.0,
) -> Attributions:
    """Expected gradients (Erion 2021): random points between background rows and the input.

    `samples` points a row in eight draws, whose standard error is `spread`; `noise` is the standard
    deviation of what is added to the input. A row's draws belong to its id. Attributions add up in
    expectation only: the residual is recorded and no row is refused.

    Raises AttributionError for fewer than 16 samples.
    """
    if samples < 2 * DRAWS:
        raise AttributionError(f"samples={samples}; wanted at least {2 * DRAWS}")
    keys = row_keys(int(rng.integers(2**63)), cohort.rows)
    values, spread = np.empty((2, cohort.n, *cohort.x.shape[1:]))
    with task(model, cohort, target, background) as one:
        method, backs = GradientShap(one.net), one.tensor(background.rows)
        for part, x in cohort.blocks(1):
            np.random.seed(int(keys[part.start, 0] % 2**32))  # noqa: NPY002  captum draws from it
            torch.manual_seed(int(keys[part.start, 1] % 2**63))
            row, each = one.tensor(x), samples // DRAWS
            drawn = [
                numbers(method.attribute(row, backs, n_samples=each, stdevs=noise))
                for _ in range(DRAWS)
            ]
            values[part] = np.mean(drawn, axis=0)
            spread[part] = np.std(drawn, axis=0, ddof=1) / np.sqrt(DRAWS)
        base = float(one.prepared.margin(background.rows).mean())
        return one.record(
            "captum.gradient_shap", values, base, samples=samples, noise=noise, spread=spread,
            captum=VERSION, complete=False,
        )  # fmt: skip
