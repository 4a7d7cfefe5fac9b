"""What each step does in each part: means over units, and dose-response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.data.perturbed import Perturbed
from evenlight.measures.fragile import Doses
from evenlight.measures.fragile_metrics import COVERAGE, metrics
from evenlight.measures.measuring import OVERALL
from evenlight.measures.prepare import Setting
from evenlight.measures.weighing import sampling
from evenlight.stats import fragility
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.unseen import ends_of

ONE = "one strength; a slope needs two or more"


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Rows (n, s) of what moved: `change`, `size` in SD(f), `flips` 0 or 1, or None."""

    made: Perturbed
    cohort: Cohort
    change: Float
    size: Float
    flips: Float | None
    sd: float

    @property
    def mass(self) -> Float | None:
        """The share of attribution mass that moved (n, s), None without attributions."""
        return self.made.moved.T if self.made.method else None

    @property
    def means(self) -> Mapping[str, tuple[Float, str, float]]:
        """Rows (n, s) by measure, with the kind of its limits and its value without a change."""
        out = {"change": (self.change, "mean", 0.0), "size": (self.size, "loss", 0.0)}
        if self.flips is not None:
            out["flips"] = self.flips, "share", 0.0
        if self.made.method:
            out["agreement"] = self.made.agreement.T, "mean", 1.0
            out["overlap"] = self.made.overlap.T, "share", 1.0
            out["moved"] = self.made.moved.T, "loss", 0.0
        return out


def numbers(moved: Moved, here: Setting, rng: np.random.Generator) -> dict[str, Any]:
    """The fields of a `Fragility` that are told by part, (r, ...)."""
    masks = _masks(here)
    n, reason = _counts(here, masks)
    parts = [
        _means(moved, here, masks, reason),
        metrics(moved.made, moved.cohort, here.groups, moved.size, reason, rng),
    ]
    names = ("before", "before_reason", "value", "low", "high", "reason")
    return {
        "parts": (OVERALL, *here.groups.levels),
        "measures": tuple(name for part in parts for name in part["measures"]),
        "n": n,
        "part_reason": reason,
        **{name: np.concatenate([part[name] for part in parts], axis=-1) for name in names},
    }


def _masks(here: Setting) -> list[Bool]:
    """Units (u,) of each part: all, then each level."""
    own = [here.unit_group == g for g in range(len(here.groups.levels))]
    return [np.ones(len(here.unit_group), dtype=bool), *own]


def _counts(here: Setting, masks: list[Bool]) -> tuple[Float, Text]:
    """Units of each part as they may be shown (r,), and why one is hidden."""
    sizes = np.array([int(mask.sum()) for mask in masks])
    shown, hidden, _ = suppressed_counts(sizes[1:], smallest=SMALLEST_GROUP)
    n, reason = np.append(float(sizes[0]), shown), np.append("", hidden)
    return n, np.where((sizes == 0) & (reason == ""), "nobody", reason).astype(np.str_)


def _means(moved: Moved, here: Setting, masks: list[Bool], hidden: Text) -> dict[str, Any]:
    """Means over units of each row measure, (r, s, m), with pointwise limits."""
    own = moved.means
    r, s, m = len(masks), moved.size.shape[1], len(own)
    out = {name: np.full((r, s, m), np.nan) for name in ("value", "low", "high")}
    weight, z = sampling(here), float(ndtri((1 + COVERAGE) / 2))
    for j, (rows, kind, _) in enumerate(own.values()):
        units = here.per_unit(rows)
        for i, mask in enumerate(masks):
            if hidden[i]:
                continue
            found = fragility.mean_limits(
                units[mask], weight[mask], np.full(s, kind), ends_of(units), z
            )
            for name, values in zip(out, found, strict=True):
                out[name][i, :, j] = values
    reason = np.broadcast_to(hidden[:, None, None], (r, s, m))
    start = np.array([at for _, _, at in own.values()])
    before = np.where(hidden[:, None] == "", start, np.nan)
    told = np.broadcast_to(hidden[:, None], before.shape)
    return {
        "measures": tuple(own), **out, "reason": reason, "before": before, "before_reason": told
    }  # fmt: skip


def doses(moved: Moved, here: Setting, alpha: float) -> Doses:
    """How the size of change grows with the strength, in each part and perturbation."""
    made, masks = moved.made, _masks(here)
    names = tuple(dict.fromkeys(made.perturbation))
    _, hidden = _counts(here, masks)
    at = [made.of(name) for name in names]
    scale = tuple(fragility.dose_scale(made.strength[i]) for i in at)
    slopes = np.column_stack([
        moved.size[:, i] @ fragility.dose_weights(made.strength[i], own)
        for i, own in zip(at, scale, strict=True)
    ])  # fmt: skip
    one, r = np.array([len(i) < 2 for i in at]), len(masks)
    units, weight, z = here.per_unit(slopes), sampling(here), _simultaneous(alpha, r * len(names))
    out = np.full((3, r, len(names)), np.nan)
    reason = np.tile(np.where(one, ONE, "").astype(object), (r, 1))
    for i, mask in enumerate(masks):
        reason[i] = hidden[i] or reason[i]
        if not hidden[i] and not one.all():
            own, kinds = units[mask][:, ~one], np.full(int((~one).sum()), "mean")
            ends = ends_of(units[:, ~one])
            out[:, i, ~one] = fragility.mean_limits(own, weight[mask], kinds, ends, z)
    per = [f"doubling of {made.unit[i[0]]}" if own == "log2" else made.unit[i[0]]
           for i, own in zip(at, scale, strict=True)]  # fmt: skip
    slope, low, high = out
    return Doses(names, scale, tuple(per), slope, low, high, _rises(out), reason.astype(np.str_))


def _simultaneous(alpha: float, tests: int) -> float:
    """Two-sided normal point for all limits together (Bonferroni)."""
    return float(-ndtri(alpha / (2 * max(tests, 1))))


def _rises(ends: Float) -> Text:
    """The word of each slope, from (value, low, high) (3, r, d)."""
    word = np.where(ends[1] > 0, "rises", np.where(ends[2] < 0, "falls", "not shown"))
    return np.where(np.isnan(ends[0]), "", word).astype(np.str_)
