"""Conformal sets of the audited people: whether they hold the outcome, and how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError, ModelError
from evenlight.measures.calibrating import Source, others, source_of
from evenlight.measures.conforming import CLASSES, NUMBERS, Calibration, Conformal
from evenlight.measures.foretold import Foretold
from evenlight.measures.unsure import Column, Ground
from evenlight.stats.conformal import (
    Pool,
    adaptive,
    calibrated,
    counted,
    drawn_thresholds,
    least_ambiguous,
    residual,
)

EVERYONE, OWN = "everyone", "own group"
"""Sets calibrated over everyone at once, and within each group (Mondrian; Vovk 2012)."""

TAIL = 5
"""Fewest people expected beyond a group's threshold for limits of its size."""

FLOOR = 0.01
"""Least standard deviation of a row that a residual is divided by, as a part of their mean."""

BLOCK = 100
"""Bootstrap draws at once."""

UNBOUNDED = "too few people to calibrate on: the set would have to hold everything"
FEW_BEYOND = f"fewer than {TAIL} people to calibrate on lie beyond the threshold"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of n rows' outcomes `own` (n,), of all classes `each` (n, c), or `scale` (n,)."""

    own: Float
    each: Float
    scale: Float


def score_of(how: Conformal, told: Foretold) -> str:
    """The score that is asked for; InputError where it does not suit what is foretold."""
    fit = CLASSES if told.classes else NUMBERS
    score = fit[0] if how.score == "auto" else how.score
    if score not in fit:
        what = "classes" if told.classes else "a continuous outcome"
        raise InputError(f"score {score!r} is not for {what}; choose of {', '.join(fit)}")
    if score == "normalised" and told.member_said is None:
        raise InputError("score 'normalised' needs an ensemble, whose spread it divides by")
    return score


def conformed(
    told: Foretold,
    at: Ground,
    how: Conformal,
    calibration: Calibration | None,
    rng: np.random.Generator,
) -> tuple[list[Column], Source]:
    """Coverage and size at each level, calibrated over everyone and within groups.

    `told` holds the rows of `at`, in their order.
    """
    score = score_of(how, told)
    fold = rng.permutation(len(at.here.unit_group))[at.unit] % how.folds
    if calibration is None:
        floor = _floor(told, score)
        mine = scored(told, score, floor, rng)
        pool = Pool(mine.own, at.weight[0], at.group, fold)
        source = Source(pool, at.unit, at.weight[1:], True)
    else:
        cohort, draws = calibration.cohort, len(at.weight) - 1
        other, rows, unit = others(told, at.here.cohort, calibration)
        source = source_of(at.here.groups, cohort, rows, unit, draws=draws, rng=rng)
        floor = _floor(other, score)
        theirs = scored(other, score, floor, rng)
        source = replace(source, pool=replace(source.pool, scores=theirs.own))
        mine = scored(told, score, floor, rng)
    return [*_columns(mine, told, at, source, how, fold)], source


def scored(told: Foretold, score: str, floor: float, rng: np.random.Generator) -> Scored:
    """Scores of known outcomes; the random parts of *aps* are one number a row."""
    assert told.y is not None
    n = len(told.said)
    if score in CLASSES:
        each = least_ambiguous(told.p) if score == "lac" else adaptive(told.p, rng.random(n))
        return Scored(each[np.arange(n), told.y.astype(np.int64)], each, np.ones(n))
    scale = np.ones(n) if score == "absolute" else np.maximum(_spread(told), floor)
    return Scored(residual(told.y, told.said, scale), np.empty((n, 0)), scale)


def _spread(told: Foretold) -> Float:
    """The standard deviation (n,) that members expect; without their variances, between them."""
    assert told.member_said is not None
    between = told.member_said.var(axis=0)
    own = 0.0 if told.member_var is None else told.member_var.mean(axis=0)
    spread: Float = np.sqrt(between + own)
    return spread


def _floor(told: Foretold, score: str) -> float:
    if score != "normalised":
        return 0.0
    mean = float(_spread(told).mean())
    if not mean > 0:
        raise ModelError("all members say the same of every row; 'normalised' has no spread")
    return FLOOR * mean


def _columns(
    mine: Scored, told: Foretold, at: Ground, source: Source, how: Conformal, fold: Int
) -> Iterator[Column]:
    """Two columns a level and way of calibrating: coverage, and size."""
    sizes = _redrawn(mine, at, source, how.levels)
    for word, many in ((EVERYONE, 0), (OWN, 1)):
        held, size, open_ = _against(mine, at, source, (how, fold, many))
        people = _calibrating(at, source, many)
        for j, level in enumerate(how.levels):
            yield Column(
                "coverage", held[:, j], "share", calibrated=word, level=level, reason=open_[:, j],
                margin=float("nan") if many else how.margin, people=people, common=not many,
            )  # fmt: skip
            column = _sized(told, size[:, j], open_[:, j], word, level)
            if many:
                thin = np.where(open_[:, j] == "", _thin(at, source, level), open_[:, j])
                column = replace(column, margin=how.share, drawn=sizes[:, :, j], reason=thin)
            yield column


def _against(
    mine: Scored, at: Ground, source: Source, how: tuple[Conformal, Int, int]
) -> tuple[Float, Float, Text]:
    """Whether sets hold the outcome, how large they are (n, k), and who has none (r, k).

    A row is never asked against a threshold that it took part in; sizes are at that of all.
    """
    rules, fold, many = how
    pool, group = replace(source.pool, group=source.pool.group * many), at.group * many
    nobody = np.full_like(fold, -2)
    q = calibrated(pool, at.sampling, group, fold if source.folded else nobody, rules.levels)
    held = (mine.own[:, None] <= q).astype(float)
    return (
        held,
        _sizes(mine, calibrated(pool, at.sampling, group, nobody, rules.levels)),
        _open(at, q),
    )


def _calibrating(at: Ground, source: Source, many: int) -> Float | None:
    """How many equal people calibrate each part's sets (r,), None where the audited ones do."""
    if source.folded:
        return None
    codes = [np.unique(at.group[mask]) for mask in at.parts.values()]
    return np.array([
        sum(source.worth(int(c)) for c in own) if many else source.worth() for own in codes
    ])  # fmt: skip


def _sized(told: Foretold, size: Float, why: Text, word: str, level: float) -> Column:
    """The column of sizes: numbers of classes, or widths."""
    name, kind, unit = ("width", "loss", told.unit)
    if told.classes:
        name, kind, unit = ("set size", "mean", "classes")
    return Column(name, size, kind, unit, calibrated=word, level=level, relative=True, reason=why)


def _sizes(mine: Scored, q: Float) -> Float:
    """How many classes each set holds, or how wide each interval is, (n, k)."""
    if mine.each.shape[1]:
        held: Float = (mine.each[:, :, None] <= q[:, None, :]).sum(axis=1).astype(float)
        return held
    wide: Float = 2 * q * mine.scale[:, None]
    return np.where(np.isfinite(wide), wide, np.nan)


def _open(at: Ground, q: Float) -> Text:
    """Parts with a row whose set would have to hold everything, (r, k)."""
    lost = np.array([np.isinf(q[mask]).any(axis=0) for mask in at.parts.values()])
    return np.where(lost, UNBOUNDED, "")


def _thin(at: Ground, source: Source, level: float) -> Text:
    """Parts (r,) with a group whose threshold rests on too few people beyond it."""
    out = []
    for mask in at.parts.values():
        sizes = [source.worth(code) for code in np.unique(at.group[mask])]
        out.append(min(sizes, default=0.0) * (1 - level) < TAIL)
    return np.where(out, FEW_BEYOND, "")


def _redrawn(mine: Scored, at: Ground, source: Source, levels: Sequence[float]) -> Float:
    """Mean sizes (draws, r, k) with each group's threshold found anew in every draw."""
    draws = len(at.weight) - 1
    totals = {
        int(code): np.concatenate([
            _totals(mine, at, source, int(code), levels, slice(s, min(s + BLOCK, draws)))
            for s in range(0, draws, BLOCK)
        ])
        for code in np.unique(at.group)
    }  # fmt: skip
    out = np.full((draws, len(at.parts), len(levels)), np.nan)
    for r, mask in enumerate(at.parts.values()):
        weight = at.weight[1:, mask].sum(axis=1)
        codes = np.unique(at.group[mask])
        if len(codes):
            out[:, r] = sum(totals[int(c)] for c in codes) / weight[:, None]
    return out


def _totals(
    mine: Scored, at: Ground, source: Source, code: int, levels: Sequence[float], part: slice
) -> Float:
    """Weighted sum of sizes of one group's rows (draws, k) in some draws."""
    rows, own = at.group == code, source.pool.group == code
    weight = at.weight[1:][part][:, rows]
    if not own.any():
        return np.full((len(weight), len(levels)), np.nan)
    alike = float(at.sampling[rows].mean())
    q = drawn_thresholds(source.pool.scores[own], source.drawn[part][:, own], alike, levels)
    if mine.each.shape[1]:
        return counted(mine.each[rows], weight, q)
    wide: Float = 2 * q * (weight @ mine.scale[rows])[:, None]
    return np.where(np.isfinite(wide), wide, np.nan)
