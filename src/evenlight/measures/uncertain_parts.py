"""Columns that say of each row how unsure the model is, and their means by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.differences import Measured
from evenlight.measures.foretold import Foretold
from evenlight.measures.measuring import OVERALL
from evenlight.measures.prepare import Setting
from evenlight.measures.rests import few_people
from evenlight.measures.weighing import row_weights, sampling
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts, told_step, told_values
from evenlight.stats.entropy import Doubt, disagreement, entropy, variance_parts
from evenlight.stats.intervals import spreads
from evenlight.stats.parts import Shape, effective

BITS, CLASSES = "bits", "classes"


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The kept rows in the sorted order of their ids: `rows` (n,) positions in the cohort.

    `unit`, `group`, `sampling` (n,) are of each row's unit; `weight` (1 + draws, n) first as
    sampled, then bootstrap draws; `parts` are masks (n,): overall, each level, unknown. `hidden`
    says why parts, by name, are not shown; their people are not among the rows.
    """

    here: Setting
    rows: Int
    unit: Int
    group: Int
    sampling: Float
    weight: Float
    parts: Mapping[str, Bool]
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def simple(self) -> bool:
        """Whether each row is a person, and each counts alike."""
        alone = len(self.unit) == len(self.here.unit_group)
        return alone and bool(np.ptp(self.sampling) == 0)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One measure of rows: its mean is shown (of `root` ones the root of the mean).

    `kind` is one of `stats.parts.KINDS`; `margin` that of a difference, in the measure's own unit,
    or with `relative` as a part of the overall value, NaN where it is not judged. `drawn` (draws,
    r) replaces the bootstrap of the mean where more than the mean varies. `people` (r,) is on how
    many other people a share was calibrated; `common` says that one threshold, and so its error,
    serves all parts. `reason` (r,) says why a part is not shown.
    """

    measure: str
    values: Float
    kind: str
    unit: str = ""
    calibrated: str = ""
    level: float = float("nan")
    margin: float = float("nan")
    relative: bool = False
    root: bool = False
    drawn: Float | None = None
    people: Float | None = None
    common: bool = False
    reason: Text | None = None


def ground(
    here: Setting, hidden: Mapping[str, str], *, draws: int, rng: np.random.Generator
) -> Ground:
    """The kept rows in one order, with bootstrap weights of their units."""
    order = here.order
    unit = here.unit[order]
    group = here.unit_group[unit]
    parts = {OVERALL: np.ones(len(unit), dtype=bool)}
    parts |= {level: group == g for g, level in enumerate(here.groups.levels)}
    parts |= {UNKNOWN: group < 0} if (group < 0).any() or UNKNOWN in hidden else {}
    weight = row_weights(here, draws=draws, rng=rng)[:, order]
    rows = np.flatnonzero(here.kept)[order]
    return Ground(here, rows, unit, group, sampling(here)[unit], weight, parts, hidden)


def doubts(told: Foretold, share: float) -> list[Column]:
    """Entropy of the prediction, and the parts of the members' uncertainty; `share` is judged."""
    if told.classes:
        columns = [Column("entropy", entropy(told.p), "loss", BITS, margin=share, relative=True)]
        made = None if told.member_p is None else disagreement(told.member_p)
        return columns + (_parts(made, BITS, share, root=False) if made else [])
    if told.member_said is None:
        return []
    return _parts(variance_parts(told.member_said, told.member_var), told.unit, share, root=True)


def _parts(made: Doubt, unit: str, share: float, *, root: bool) -> list[Column]:
    """Total, aleatoric and epistemic, those that are known; of numbers as root mean squares."""
    named = {"total": made.total, "aleatoric": made.aleatoric, "epistemic": made.epistemic}
    return [
        Column(
            name, values, "loss", unit, root=root, relative=True,
            margin=share if name == "epistemic" else float("nan"),
        )
        for name, values in named.items()
        if not np.isnan(values).any()
    ]  # fmt: skip


def averaged(at: Ground, columns: Sequence[Column], alpha: float) -> tuple[Measured, Float, Text]:
    """Every column in every part as `Measured`, units (r,) as they may be shown, and why not."""
    values = np.column_stack([column.values for column in columns])
    value, drawn = _means(at, values)
    root = np.array([column.root for column in columns])
    value, drawn = (np.where(root, np.sqrt(np.maximum(v, 0)), v) for v in (value, drawn))
    fixed = np.full(value.shape, np.nan)
    for m, column in enumerate(columns):
        if column.drawn is not None:
            if column.kind == "share":
                fixed[:, m] = spreads(drawn[:, :, m : m + 1])[:, 0]
            drawn[:, :, m] = column.drawn
    n, part_reason, (sizes, worth) = _resting(at)
    reason = _reasons((value, drawn), columns, part_reason, sizes)
    step = _steps(at, columns, spreads(drawn), sizes)
    overall = told_values(value, step)[0]
    margin = np.array([
        c.margin * (overall[m] if c.relative else 1.0) for m, c in enumerate(columns)
    ])  # fmt: skip
    kinds = np.array([column.kind for column in columns])
    classes = np.repeat(worth[:, None], len(columns), axis=1)
    shape = Shape(kinds, classes)
    made = Measured(value, drawn, reason, margin, classes, shape, alpha, step, fixed)
    return made, n, part_reason


def _steps(at: Ground, columns: Sequence[Column], spread: Float, sizes: Int) -> Float:
    """The step to which each measure is told in each part (r, m), 0 where no part is hidden."""
    if not at.here.rounded:
        return np.zeros(spread.shape)
    counted = np.array([c.kind == "share" or c.unit == CLASSES for c in columns])
    n = np.broadcast_to(sizes[:, None], spread.shape)
    return told_step(spread, n, share=np.broadcast_to(counted, spread.shape))


def threshold_error(columns: Sequence[Column], made: Measured) -> Float:
    """Standard errors (r, m) of shares that come from the threshold, beside those of their people.

    What the bootstrap finds, and at least what it is where people are exchangeable: calibrated on n
    others, coverage varies as a share of n does (Angelopoulos and Bates 2021, section 3.2).
    """
    more = np.nan_to_num(spreads(made.drawn) ** 2 - made.spread**2)
    for m, column in enumerate(columns):
        if column.people is not None:
            alike = made.value[:, m] * (1 - made.value[:, m]) / np.maximum(column.people, 1.0)
            more[:, m] = np.maximum(more[:, m], np.nan_to_num(alike))
    return np.sqrt(np.maximum(more, 0.0))


def _means(at: Ground, values: Float) -> tuple[Float, Float]:
    """Weighted means (r, m) and their bootstrap replicates (draws, r, m); NaN where nobody is."""
    out = np.full((len(at.weight), len(at.parts), values.shape[1]), np.nan)
    for r, mask in enumerate(at.parts.values()):
        weight = at.weight[:, mask]
        total = weight.sum(axis=1)
        some = total > 0
        out[some, r] = (weight[some] @ values[mask]) / total[some, None]
    alike = np.ptp(values, axis=0) == 0
    out[..., alike] = np.where(np.isnan(out[..., alike]), np.nan, values[0, alike])
    return out[0], out[1:]


def _resting(at: Ground) -> tuple[Float, Text, tuple[Int, Float]]:
    """Units of each part as shown (r,), why one is hidden; units, and how many equal ones."""
    sizes, worth = np.zeros(len(at.parts), dtype=np.int64), np.zeros(len(at.parts))
    for r, mask in enumerate(at.parts.values()):
        people, first = np.unique(at.unit[mask], return_index=True)
        sizes[r], worth[r] = len(people), effective(at.sampling[mask][first])
    why = np.array([at.hidden.get(name, "") for name in at.parts], dtype=np.str_)
    if at.hidden and (np.where(sizes[1:] == 0, hidden_text(), why[1:]) == hidden_text()).all():
        why = np.full(len(why), hidden_text())
    told = shown_counts(sizes.astype(float), rounded=at.here.rounded)
    n = np.where(why == "", told, np.nan)
    return n, np.where((sizes == 0) & (why == ""), "nobody", why), (sizes, worth)


def _reasons(
    made: tuple[Float, Float], columns: Sequence[Column], part_reason: Text, sizes: Int
) -> Text:
    """Why a measure of a part is not shown (r, m), "" where it is."""
    value, drawn = made
    few = np.where((part_reason == "") & (sizes < least_shown()), few_people(), part_reason)
    reason = np.repeat(few[:, None], len(columns), axis=1).astype(object)
    for m, column in enumerate(columns):
        if column.reason is not None:
            reason[:, m] = np.where(reason[:, m] == "", column.reason, reason[:, m])
    lost = ~np.isfinite(value) | ((~np.isfinite(drawn)).mean(axis=0) > 0.01)
    reason[lost & (reason == "")] = "it cannot be computed in too many resamples"
    return reason.astype(np.str_)
