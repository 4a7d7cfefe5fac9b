"""Integrated gradients (Sundararajan, Taly and Yan 2017) on the margins of some targets.

Behind the affine stem, with refinement of those rows only that need it: `stem.py` says why this is
the same integral, `climb.py` when a row is right.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.features import Features
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers import breakpoints, flat, tokens
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.baseline import Begun, begin
from evenlight.explainers.climb import Problem
from evenlight.explainers.device import bytes_at_once, full_products, halving, in_precision
from evenlight.explainers.feed import to_tensor
from evenlight.explainers.fuse import fused
from evenlight.explainers.gradients import GAPS, MOST_POINTS, margins_of, point_bytes
from evenlight.explainers.opened import Network
from evenlight.explainers.options import Options, options, outs
from evenlight.explainers.own_starts import notes
from evenlight.explainers.quadrature import fixed, ladder, legendre
from evenlight.explainers.stem import find, open_at
from evenlight.explainers.sweep import Ends, Swept, sweep
from evenlight.models.networks import as_tensor, kept, placement
from evenlight.models.probe import Prepared, prepare, prepare_all

SAMPLE = 8
"""Rows on which the stem is found and the memory of a path point is measured."""

COMPARED = 16
"""Rows on which another precision is compared with the network's own."""


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    **own: Any,
) -> Attributions:
    """Integrated gradients of one target; `own` as in `evenlight.explainers.options.Options`.

    Raises
    ------
    ModelError
        for a model without gradients, or whose gradients are 0 though its output moves.
    AttributionError
        where more than 5 % of rows have not converged at the cap; with fixed `steps` or another
        `precision` this is a warning, and the rows are marked.
    """
    prepared = (prepare(model, cohort, target=target),)
    asked = options(own)
    made = _explained(prepared, cohort, background, asked)[0]
    _mostly_converged(made, asked)
    return made


def explain_all(
    model: object,
    cohort: Cohort,
    *,
    targets: Sequence[int | str],
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    **own: Any,
) -> tuple[Attributions, ...]:
    """The same of several targets in one pass: one forward pass a path point serves all of them."""
    asked = options(own)
    every = _explained(prepare_all(model, cohort, targets), cohort, background, asked)
    for made in every:
        _mostly_converged(made, asked)
    return every


def _explained(
    prepared: Sequence[Prepared], cohort: Cohort, background: Reference, asked: Options
) -> tuple[Attributions, ...]:
    adapted = prepared[0].adapted
    if adapted.module is None:
        raise ModelError(
            f'{adapted.name} is no torch network; say method="shapley" for any model, or '
            'method="linear" where the weights are known'
        )
    if tokens.reads_tokens(prepared[0]):
        return tokens.explained(prepared, cohort, background, asked)
    if cohort.gaps:
        raise ModelError(GAPS)
    begun = begin(asked.baseline, cohort, background, adapted)
    base = begun.base[:, [one.column for one in prepared]].T
    module = in_precision(adapted.module, asked.precision)
    with kept(module), full_products(asked.precision):
        sample = as_tensor(module, cohort.dense(cohort.order[:SAMPLE]), adapted.codes)
        net, shape = _opened(module, prepared[0], cohort, sample, asked.layer)
        problem = _problem(net, prepared, begun, sample, asked)
        size = (cohort.n, *shape)
        written = outs(asked.out, len(prepared), size)
        values = written or [np.empty(size, dtype=np.float32) for _ in prepared]
        ends = Ends(
            np.stack([one.output for one in prepared]), base, begun.rows, begun.own,
            "\x1e".join(one.target for one in prepared),
        )  # fmt: skip
        swept = sweep(problem, cohort, ends, values, asked)
    again = replace(asked, baseline=begun.own or begun.rows)
    apart = _precision_error(prepared, cohort, background, again, values)
    made = []
    for t, one in enumerate(prepared):
        _moving(one, cohort, swept, ends, t)
        settings = {
            "baseline": begun.kind, "baselines": begun.many,
            **({"baseline_seen": begun.why} if begun.why else {}),
            **_settings(problem, swept, module), **apart,
        }  # fmt: skip
        found = Explained(
            "ig", values[t], np.broadcast_to(base[t], cohort.n), settings, agreed=swept.agreed,
            sensitivity=None if swept.slopes is None else swept.slopes[t],
            features=_features(asked.layer, shape),
        )  # fmt: skip
        made.append(_recorded(found, one, cohort, background, begun))
    return tuple(made)


def _recorded(
    found: Explained, one: Prepared, cohort: Cohort, background: Reference, begun: Begun
) -> Attributions:
    """The record; without a background, and with what their bases tell, for starts of rows' own."""
    made = record(found, one, cohort, background)
    if begun.own is None:
        return made
    told = {"starts": notes(made.output, made.base)}
    return replace(made, background=None, settings={**made.settings, **told})


def _opened(
    module: nn.Module, prepared: Prepared, cohort: Cohort, sample: Tensor, layer: str | None
) -> tuple[Network, tuple[int, ...]]:
    """The network opened where the paths are straight, and the shape of one row's attributions."""
    if layer is not None:
        net = open_at(module, sample, layer)
        return net, net.parts[0].shape
    if not prepared.adapted.codes:
        return find(module, sample), cohort.x.shape[1:]
    tables = [name for name, part in module.named_modules() if isinstance(part, nn.Embedding)]
    for name in tables:
        try:
            net = open_at(module, sample, name)
        except ModelError:  # such as a table of positions
            continue
        if net.parts[0].shape[:-1] == cohort.x.shape[1:]:
            return net, cohort.x.shape[1:]
    raise ModelError(
        f"{prepared.adapted.name} takes codes, and none of its {len(tables)} embeddings holds them "
        'as they come; say layer= the part that first holds numbers, or method="shapley"'
    )


def _problem(
    net: Network, prepared: Sequence[Prepared], begun: Begun, sample: Tensor, asked: Options
) -> Problem:
    """Rules, chain and batch for a network opened at z."""
    adapted = prepared[0].adapted
    margins = margins_of(prepared)
    own = net.blank if net.blank.is_floating_point() else torch.empty(0, dtype=torch.int64)
    with torch.no_grad():
        z = net.enter(to_tensor(begun.rows, own.to(net.blank.device))).detach()
        seen = torch.cat([net.enter(sample), z])
    net = fused(net, torch.cat([seen[:3], z[:1]]))
    rules = ladder(begun.many, asked.cap) if asked.steps is None else (legendre(asked.steps),)
    raw = adapted.link == "identity" or (adapted.gives == "margin" and adapted.link != "softmax")
    chain = breakpoints.read(net, seen) if raw and asked.steps is None else None
    space = bytes_at_once(z.device, asked.budget)
    each, _ = halving(lambda k: point_bytes(net, margins, z[:k]), min(2, len(z)))
    batch = space // max(each, 1)
    starts = z if begun.own is None else z.reshape(-1, begun.many, z.shape[1]).swapaxes(0, 1)
    return Problem(net, margins, starts, rules, chain, int(min(max(batch, 1), MOST_POINTS)))


def _moving(one: Prepared, cohort: Cohort, swept: Swept, ends: Ends, t: int) -> None:
    """The zero-attribution probes of one target."""
    zero = swept.zero[t]
    flat.moves(bool((~zero).any()), one.output, ends.base[t])
    if cohort.x.ndim == 2 and zero.shape == cohort.x.shape[1:] and not one.adapted.codes:
        some = cohort.order[: flat.MOST]
        base = np.broadcast_to(ends.base[t], cohort.n)[some]
        flat.no_flat_column(one, zero, cohort.dense(some), ends.starts.mean(axis=0), base)


def _settings(problem: Problem, swept: Swept, module: nn.Module) -> dict[str, Any]:
    nodes = swept.nodes[~swept.exact]
    device, dtype = placement(module)
    return {
        "rule": "gausslegendre" if fixed(problem.rules) else "nested, then gausslegendre",
        "steps": int(nodes.max(initial=0)),
        "steps_median": float(np.median(nodes)) if len(nodes) else 0.0,
        "exact_rows": int(swept.exact.sum()), "cap": problem.most,
        "stem": problem.net.name, "stem_reason": problem.net.reason,
        "fused": len(problem.net.fused) // 2,
        "points_at_once": swept.batch, "grade": "D0" if swept.batch == problem.batch else "D1",
        "torch": str(torch.__version__), "device": str(device), "dtype": str(dtype)[6:],
        "complete": True,
    }  # fmt: skip


def _features(layer: str | None, shape: tuple[int, ...]) -> Features | None:
    """Names of a layer's numbers; None for the cohort's own features."""
    if layer is None:
        return None
    return Features(tuple(f"{layer}[{','.join(map(str, at))}]" for at in np.ndindex(*shape)))


def _precision_error(
    prepared: Sequence[Prepared], cohort: Cohort, background: Reference, asked: Options,
    values: Sequence[Any],
) -> dict[str, float]:  # fmt: skip
    """Largest difference from the network's own precision, relative to the largest value."""
    if asked.precision is None:
        return {}
    index = np.sort(cohort.order[:COMPARED])
    few = cohort.take(index)
    own = replace(asked, precision=None, out=None, progress=False, tiles=None)
    part = [replace(p, output=p.output[index], cohort_digest=few.digest) for p in prepared]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # was said of all rows
        exact = _explained(part, few, background, own)
    apart = [
        np.abs(np.asarray(v[index]) - e.values).max() / max(np.abs(e.values).max(), 1e-30)
        for v, e in zip(values, exact, strict=True)
    ]
    return {"precision_error": float(max(apart))}


def _mostly_converged(made: Attributions, asked: Options) -> None:
    """Raise where more than 5 % of rows are not right; warn where that is what was asked for."""
    share = float((~made.converged).mean())
    if share <= 0.05:
        return
    said = (
        f"{percent(share)} of rows miss completeness by more than 1 %, or still change, with "
        f"{made.settings['cap']} steps (median residual {np.median(np.abs(made.error)):.3g}); "
    )
    if asked.steps is not None or asked.precision is not None:
        cause = "precision=" if asked.steps is None else "steps="
        warnings.warn(
            f"{said}they are marked as not converged: leave {cause} out to refine them",
            EvenlightWarning, stacklevel=3,
        )  # fmt: skip
        return
    raise AttributionError(
        f"{said}raise cap=, or the network may hold parts without gradients (round, detach): "
        'say method="shapley"'
    )
