"""What a method says of a draw, and how that is scored against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Text
from evenlight.qualify.drawn import Asked

ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One method's answer to one question about p subjects (for a global test, one).

    `p` (t, p) raw p-values of t tests a subject, NaN where none was made; `flag` (p,) under the
    method's own rule, `listed` (p,) in its discovery list. `low`, `high` (p,) an interval in the
    output's units, `simultaneous` or pointwise; `verdict`, `mechanism` (p,) words; `partners` by
    subject; `margin` in the output's units. Absent parts are None.
    """

    p: Float
    flag: Bool
    listed: Bool
    low: Float | None = None
    high: Float | None = None
    simultaneous: bool = False
    verdict: Text | None = None
    mechanism: Text | None = None
    margin: float = float("nan")
    partners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Score = dict[str, float]


def score(told: Told, asked: Asked, subjects: tuple[str, ...]) -> Score:
    """Counts of one repetition; what a method does not say is left out.

    >>> p = np.array([[0.01, 0.2, 0.04]])
    >>> truth = np.array([True, False, False])
    >>> asked = Asked("difference", truth, ~truth, np.full(3, np.nan))
    >>> made = score(Told(p, p[0] < 0.05, p[0] < 0.02), asked, ("a", "b", "c"))
    >>> made["raw_null"], made["flag_null"], made["list_null"], made["list_planted"]
    (1.0, 1.0, 0.0, 1.0)
    """
    if len(told.flag) == 1 and len(asked.null) > 1:
        return _global(told, asked)
    tested = np.isfinite(told.p)
    out = {
        "tests_null": tested[:, asked.null].sum(),
        "raw_null": (told.p[:, asked.null] <= ALPHA).sum(),
        "planted": asked.planted.sum(),
        "nulls": asked.null.sum(),
        "flag_null": told.flag[asked.null].sum(),
        "flag_planted": told.flag[asked.planted].sum(),
        "list_null": told.listed[asked.null].sum(),
        "list_planted": told.listed[asked.planted].sum(),
    }
    more = _covered(told, asked) | _worded(told, asked) | _partnered(told, asked, subjects)
    return {name: float(value) for name, value in (out | more).items()}


def _global(told: Told, asked: Asked) -> Score:
    """A global test says only whether there is anything."""
    if asked.planted.any():
        return {"planted": 1.0, "nulls": 0.0, "list_planted": float(told.listed[0])}
    flagged = float(told.flag[0])
    raw = {"tests_null": 1.0, "raw_null": float(told.p[0, 0] <= ALPHA), "nulls": 1.0}
    return raw | {"planted": 0.0, "flag_null": flagged, "list_null": flagged}


def _covered(told: Told, asked: Asked) -> dict[str, float]:
    """Intervals that hold the truth; simultaneous ones count once, when all do.

    Where the truth has an error of its own, half-widths are those of the difference of both.
    """
    if told.low is None or told.high is None:
        return {}
    known = np.isfinite(asked.effect) & np.isfinite(told.low)
    if not known.any():
        return {}
    slack = 1e-6 * (1 + np.abs(asked.effect))
    low, high = _widened(told.low, told.high, asked.error, int(known.sum()))
    inside = (low - slack <= asked.effect) & (asked.effect <= high + slack)
    if told.simultaneous:
        return {"intervals": 1.0, "covered": float(inside[known].all())}
    return {"intervals": float(known.sum()), "covered": float(inside[known].sum())}


def _widened(low: Float, high: Float, error: Float | None, tests: int) -> tuple[Float, Float]:
    """Limits of a difference from a truth with this error, at Bonferroni's quantile of `tests`."""
    if error is None:
        return low, high
    half, middle = (high - low) / 2, (high + low) / 2
    wide = np.hypot(half, float(ndtri(1 - ALPHA / (2 * tests))) * error)
    return middle - wide, middle + wide


def _worded(told: Told, asked: Asked) -> dict[str, float]:
    """Verdicts and mechanisms: false *similar*, and whether flags carry the right word."""
    if told.verdict is None:
        return {}
    asked_of = asked.planted | asked.null
    beyond = np.abs(np.nan_to_num(asked.effect)) > told.margin
    out = {
        "asked": asked_of.sum(),
        "not_estimable": (told.verdict[asked_of] == "not_estimable").sum(),
        "cannot_tell": (told.verdict[asked_of] == "cannot_tell").sum(),
        "beyond": beyond.sum(),
        "similar_beyond": (told.verdict[beyond] == "similar").sum(),
    }
    if told.mechanism is not None and asked.mechanism:
        at = asked.planted & (told.verdict == "different")
        out["different"] = at.sum()
        out["mechanism_right"] = (told.mechanism[at] == asked.mechanism).sum()
    return out


def _partnered(told: Told, asked: Asked, subjects: tuple[str, ...]) -> dict[str, float]:
    """Flagged subjects whose partner is the first that is named."""
    flagged = [s for s in asked.partners if told.flag[subjects.index(s)]]
    if not flagged or told.verdict is None:
        return {}
    right = [told.partners.get(s, ())[:1] == (asked.partners[s],) for s in flagged]
    return {"partner_asked": len(flagged), "partner_right": sum(right)}
