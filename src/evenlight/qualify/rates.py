"""Rates over repetitions, each with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.qualify.lines import Line
from evenlight.qualify.told import Score

NAMES = (
    *("raw", "any", "fdr", "power", "flag_power", "covered", "not_estimable", "cannot_tell"),
    *("similar_beyond", "mechanism", "partner", "warned", "told"),
)
"""What is measured of a method's answers to one question of one case."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A mean over `runs` repetitions that could show it, and its Monte Carlo error."""

    value: float
    error: float
    runs: int


@dataclass(frozen=True, slots=True)
class Row:
    """One case, question and method; `rates` by name, absent where there is nothing to measure.

    raw: share of nulls with raw p <= 5 %; any: runs with any false flag; fdr: mean share of false
    entries of the list; power: share of the planted on the list, flag_power: that are flagged;
    covered: intervals that hold the truth (simultaneous ones: runs in which all do);
    not_estimable, cannot_tell: share of subjects; similar_beyond: runs that call similar what truly
    differs by more than the margin; mechanism, partner: share of flags that name the right one;
    warned, told: runs in which a warning, owed or not, was given. Audits have rates of their own.
    """

    case: str
    question: str
    method: str
    rates: Mapping[str, Rate]


def rows(lines: Iterable[Line]) -> list[Row]:
    """The rates of every case, question and method, in the order in which they first come."""
    held: dict[tuple[str, str, str], list[Score]] = {}
    for line in sorted(lines, key=lambda one: one.seed):
        for question, methods in line.found.items():
            for method, score in methods.items():
                held.setdefault((line.case, question, method), []).append(score)
    return [Row(*key, rates_of(scores)) for key, scores in held.items()]


def rates_of(scores: Sequence[Score]) -> dict[str, Rate]:
    """Rates of the repetitions of one case, question and method.

    >>> made = rates_of([{"nulls": 2.0, "tests_null": 2.0, "raw_null": 1.0, "flag_null": 0.0}] * 4)
    >>> made["raw"].value, made["any"].value
    (0.5, 0.0)
    """
    names = {name for score in scores for name in score}
    held = {n: np.array([score.get(n, np.nan) for score in scores], dtype=float) for n in names}
    out: dict[str, Rate] = {}
    if "nulls" in held:
        out |= _errors(held)
    for name, top, bottom in (
        ("power", "list_planted", "planted"),
        ("flag_power", "flag_planted", "planted"),
        ("covered", "covered", "intervals"),
        ("not_estimable", "not_estimable", "asked"),
        ("cannot_tell", "cannot_tell", "asked"),
        ("mechanism", "mechanism_right", "different"),
        ("partner", "partner_right", "partner_asked"),
    ):
        if top in held and bottom in held:
            _put(out, name, held[top], held[bottom])
    if "beyond" in held:
        said, beyond = held["similar_beyond"] > 0, held["beyond"] > 0
        _put(out, "similar_beyond", said.astype(float), beyond.astype(float))
    for name in sorted(names - _COUNTED):
        _put(out, name, held[name], np.ones(len(scores)))
    return out


_COUNTED = {
    *("tests_null", "raw_null", "planted", "nulls", "flag_null", "flag_planted", "list_null"),
    *("list_planted", "intervals", "covered", "asked", "not_estimable", "cannot_tell", "beyond"),
    *("similar_beyond", "different", "mechanism_right", "partner_asked", "partner_right"),
}
"""Counts that rates are made of; what else a repetition holds is a rate already."""


def _errors(held: Mapping[str, Float]) -> dict[str, Rate]:
    out: dict[str, Rate] = {}
    if "raw_null" in held:
        _put(out, "raw", held["raw_null"], held["tests_null"])
    asked = (held["nulls"] > 0) & np.isfinite(held.get("flag_null", np.nan * held["nulls"]))
    tested = asked & (held.get("tests_null", held["nulls"]) > 0)
    if tested.any():
        _put(out, "any", (held["flag_null"] > 0).astype(float), tested.astype(float))
    if (held.get("planted", np.zeros(1)) > 0).any() and asked.any():
        made = held["list_null"] + held["list_planted"]
        share = np.where(made > 0, held["list_null"] / np.maximum(made, 1), 0.0)
        _put(out, "fdr", share, asked.astype(float))
    return out


def _put(out: dict[str, Rate], name: str, top: Float, bottom: Float) -> None:
    """Sum of `top` over sum of `bottom`, with the error of a ratio over repetitions."""
    use = np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    n = int(use.sum())
    if n == 0:
        return
    a, b = top[use], bottom[use]
    value = float(a.sum() / b.sum())
    spread = float(np.sqrt(((a - value * b) ** 2).sum())) / float(b.sum())
    out[name] = Rate(value, spread or _least(value, n), n)


def _least(value: float, n: int) -> float:
    """The error where every run said the same: that of one run that had not."""
    return max(float(np.sqrt(max(value * (1 - value), 0.0) / n)), 1.0 / n)
