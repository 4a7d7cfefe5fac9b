"""Conformal sets of the audited people: whether they hold the outcome, and how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.errors import InputError, ModelError
from evenlight.measures.calibrating import Source, others, source_of
from evenlight.measures.conforming import CLASSES, NUMBERS, Conformal
from evenlight.measures.foretold import Foretold
from evenlight.measures.redrawn import Scored, redrawn
from evenlight.measures.uncertain_parts import Column, Ground
from evenlight.stats.conformal import (
    Pool,
    adaptive,
    calibrated,
    least_ambiguous,
    residual,
)
from evenlight.stats.entropy import variance_parts

EVERYONE, OWN = "everyone", "own group"
"""Sets calibrated over everyone at once, and within each group (Mondrian; Vovk 2012)."""

TAIL = 5
"""Fewest people expected beyond a group's threshold for limits of its size."""

FLOOR = 0.01
"""Least standard deviation of a row that a residual is divided by, as a part of their mean."""

UNBOUNDED = "too few people to calibrate on: the set would have to hold everything"
FEW_BEYOND = f"fewer than {TAIL} people to calibrate on lie beyond the threshold"


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
    rng: np.random.Generator,
) -> tuple[list[Column], Source]:
    """Coverage and size at each level, calibrated over everyone and within groups.

    `told` holds the rows of `at`, in their order.
    """
    score, calibration = score_of(how, told), how.calibration
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
    made = variance_parts(told.member_said, told.member_var)
    spread: Float = np.sqrt(made.epistemic if told.member_var is None else made.total)
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
    """Two columns a level and way of calibrating: coverage, and size.

    In folds of the audited, coverage within groups is the level by construction, whoever is drawn.
    """
    for word, many in ((EVERYONE, 0), (OWN, 1)):
        moved = _moved(mine, at, source, how.levels, many)
        held, size, open_ = _against(mine, at, source, (how, fold, many))
        people = _calibrating(at, source, many)
        for j, level in enumerate(how.levels):
            yield Column(
                "coverage", held[:, j], "share", calibrated=word, level=level, reason=open_[:, j],
                margin=float("nan") if many else how.margin_at(level), people=people,
                common=not many, drawn=moved["coverage"][j] if "coverage" in moved else None,
            )  # fmt: skip
            column = _sized(told, size[:, j], open_[:, j], word, level)
            if many:
                thin = np.where(open_[:, j] == "", _thin(at, source, level), open_[:, j])
                column = replace(column, margin=how.share, drawn=moved["size"][j], reason=thin)
            yield column


def _moved(
    mine: Scored, at: Ground, source: Source, levels: Sequence[float], many: int
) -> dict[str, Float]:
    """What moves with the threshold, (k, draws, r): coverage, and sizes within groups.

    At the threshold of everyone sizes are told as they are at it.
    """
    sums = {"coverage": mine.held, "size": mine.sizes}
    if many and source.folded:
        del sums["coverage"]
    if not many:
        del sums["size"]
    made = redrawn(list(sums.values()), at, source, levels, own=bool(many))
    return {name: np.moveaxis(one, 2, 0) for name, one in zip(sums, made, strict=True)}


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
