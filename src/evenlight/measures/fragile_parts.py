"""What each step does in each part: means over units, and dose-response."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Float, Text
from evenlight.measures.fragile import Doses
from evenlight.measures.fragile_metrics import metrics
from evenlight.measures.fragile_moved import Moved
from evenlight.measures.fragile_shown import COVERAGE, Parts, from_told, parts_of, told
from evenlight.measures.measuring import OVERALL
from evenlight.measures.prepare import Setting
from evenlight.measures.weighing import sampling
from evenlight.stats import fragility
from evenlight.stats.unseen import ends_of

ONE = "one strength; a slope needs two or more"


def numbers(moved: Moved, here: Setting, rng: np.random.Generator) -> dict[str, Any]:
    """The fields of a `Fragility` that are told by part, (r, ...)."""
    own = parts_of(here)
    found = [_means(moved, own), metrics(moved, here.groups, own.reason, rng)]
    names = ("before", "before_reason", "value", "low", "high", "reason")
    return {
        "parts": (OVERALL, *here.groups.levels),
        "measures": tuple(name for part in found for name in part["measures"]),
        "n": own.n,
        "part_reason": own.reason,
        **{name: np.concatenate([part[name] for part in found], axis=-1) for name in names},
    }


def _means(moved: Moved, parts: Parts) -> dict[str, Any]:
    """Means over units of each row measure, (r, s, m), with pointwise limits."""
    own, others = moved.means, [one.means for one in moved.each]
    hidden = parts.reason
    r, s, m = len(hidden), moved.size.shape[1], len(own)
    out = {name: np.full((r, s, m), np.nan) for name in ("value", "low", "high")}
    z = float(ndtri((1 + COVERAGE) / 2))
    for j, (name, (rows, kind, _)) in enumerate(own.items()):
        each = [other[name][0] for other in others]
        found = _limits(parts, rows, each, np.full(s, kind), z)
        for end, values in zip(out, found, strict=True):
            out[end][..., j] = values
    reason = np.broadcast_to(hidden[:, None, None], (r, s, m))
    start = np.array([at for _, _, at in own.values()])
    before = np.where(hidden[:, None] == "", start, np.nan)
    told = np.broadcast_to(hidden[:, None], before.shape)
    return {
        "measures": tuple(own), **out, "reason": reason, "before": before, "before_reason": told
    }  # fmt: skip


def _limits(parts: Parts, rows: Float, each: list[Float], kinds: Text, z: float) -> Float:
    """Value, low and high (3, r, m) of the mean over units of rows (n, m) in each part.

    `each` are the rows of each draw of what all rows share, if several. NaN where a part is hidden.
    """
    here, weight = parts.here, sampling(parts.here)
    units, others = here.per_unit(rows), [here.per_unit(one) for one in each]
    out, ends = np.full((3, len(parts.masks), rows.shape[1]), np.nan), ends_of(units)
    share = kinds == "share"
    for i, mask in enumerate(parts.masks):
        if parts.reason[i]:
            continue
        w = weight[mask]
        value, low, high = fragility.mean_limits(units[mask], w, kinds, ends, z)
        if parts.rounded:
            value, low, high = from_told((value, low, high), parts.n[i], share)
        if others:
            drawn = np.stack([w @ one[mask] / w.sum() for one in others])
            low, high = fragility.widened((value, low, high), drawn, z)
            low = np.where(kinds == "mean", low, np.maximum(low, 0.0))
            high = np.where(share, np.minimum(high, 1.0), high)
        made = (value, low, high)
        out[:, i] = told(made, parts.n[i], share=share) if parts.rounded else made
    return out


def doses(moved: Moved, here: Setting, alpha: float) -> Doses:
    """How the size of change grows with the strength, in each part and perturbation."""
    made, parts = moved.made, parts_of(here)
    names = tuple(dict.fromkeys(made.perturbation))
    at = [made.of(name) for name in names]
    scale = tuple(fragility.dose_scale(made.strength[i]) for i in at)
    one, r = np.array([len(i) < 2 for i in at]), len(parts.masks)
    z = _simultaneous(alpha, r * len(names))
    out = np.full((3, r, len(names)), np.nan)
    if not one.all():
        slopes, *each = (_slopes(m, at, scale)[:, ~one] for m in (moved, *moved.each))
        out[..., ~one] = _limits(parts, slopes, each, np.full(int((~one).sum()), "mean"), z)
    reason = np.where(parts.reason[:, None] != "", parts.reason[:, None], np.where(one, ONE, ""))
    per = [f"doubling of {made.unit[i[0]]}" if own == "log2" else made.unit[i[0]]
           for i, own in zip(at, scale, strict=True)]  # fmt: skip
    slope, low, high = out
    return Doses(names, scale, tuple(per), slope, low, high, _rises(out), reason.astype(np.str_))


def _slopes(moved: Moved, at: list[list[int]], scale: tuple[str, ...]) -> Float:
    """The slope of each row's size over the strengths of each perturbation, (n, d)."""
    strength = moved.made.strength
    return np.column_stack([
        moved.size[:, i] @ fragility.dose_weights(strength[i], own)
        for i, own in zip(at, scale, strict=True)
    ])  # fmt: skip


def _simultaneous(alpha: float, tests: int) -> float:
    """Two-sided normal point for all limits together (Bonferroni)."""
    return float(-ndtri(alpha / (2 * max(tests, 1))))


def _rises(ends: Float) -> Text:
    """The word of each slope, from (value, low, high) (3, r, d)."""
    word = np.where(ends[1] > 0, "rises", np.where(ends[2] < 0, "falls", "not shown"))
    return np.where(np.isnan(ends[0]), "", word).astype(np.str_)
