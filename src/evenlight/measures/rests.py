"""What each metric of performance rests on, and which limits suit it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.small_groups import least_shown
from evenlight.stats.metrics import Case
from evenlight.stats.parts import effective

RANKS = 3.0
"""A rank statistic is worth at most this many observations for each unit of the rarer class: the
variance of AUROC by Hanley and McNeil (1982) is that of 2 to 3 where the other class is common."""


def few_events() -> str:
    """Why a metric of events is not shown."""
    return f"fewer than {least_shown()} events or non-events"


def few_calls() -> str:
    """Why a metric of calls is not shown."""
    return f"fewer than {least_shown()} people on one side of the threshold"


def few_decided() -> str:
    """Why the utility of a threshold is not shown."""
    return f"fewer than {least_shown()} people decided one way who had one outcome"


def few_people() -> str:
    """Why a metric is not shown."""
    return f"fewer than {least_shown()} people"


UNSTABLE = "it cannot be computed in too many resamples"

On = Literal["all", "rarer", "events", "non_events", "called", "passed", "side"]


def reasons() -> Mapping[On, str]:
    """Why a metric is not shown that rests on fewer units than are shown."""
    few, side = few_events(), few_calls()
    return {
        "all": few_people(), "rarer": few, "events": few, "non_events": few,
        "called": side, "passed": side, "side": side,
    }  # fmt: skip


def whole_reasons() -> Mapping[On, str]:
    """Why a metric is not shown overall that rests on enough people, but on too few in each group.

    Overall is that of the groups that show it: with the others' people it could be solved for them.

    >>> whole_reasons()["rarer"]
    'overall is that of groups with 11 events and 11 non-events or more, and there is none'
    """
    n = least_shown()
    wanted: dict[On, str] = {
        "all": f"{n} people", "rarer": f"{n} events and {n} non-events", "events": f"{n} events",
        "non_events": f"{n} non-events", "called": f"{n} people called",
        "passed": f"{n} people not called", "side": f"{n} people on each side of the threshold",
    }  # fmt: skip
    return {
        on: f"overall is that of groups with {what} or more, and there is none"
        for on, what in wanted.items()
    }


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric rests `on` some units; `kind` is one of `stats.parts.KINDS`."""

    on: On = "rarer"
    kind: str = "free"
    ranks: float = 1.0


RULES: Mapping[str, Rule] = {
    "mae": Rule("all", "loss"),
    "bias": Rule("all", "mean"),
    "within_20": Rule("all", "share"),
    "r2": Rule("all"),
    "auroc": Rule("rarer", "share", RANKS),
    "auprc": Rule("rarer", "share", RANKS),
    "brier": Rule("all", "loss"),
    "calibration_slope": Rule(),
    "calibration_intercept": Rule(),
    "observed_expected": Rule("events"),
    "miscalibration": Rule("rarer", "normal"),
    "sensitivity": Rule("events", "share"),
    "specificity": Rule("non_events", "share"),
    "ppv": Rule("called", "share"),
    "npv": Rule("passed", "share"),
    "missed": Rule("events", "share"),
    "false_alarms": Rule("non_events", "share"),
    "call_rate": Rule("side", "share"),
    "net_benefit": Rule("rarer"),
    "pairs_agree": Rule("all", "share"),
    "alpha": Rule("all"),
    "kappa": Rule("all"),
    "concordance": Rule("events", "share", RANKS),
    "concordance_uno": Rule("events", "share", RANKS),
}
"""Every metric that people are shown; a score computed elsewhere is a mean over all."""

SCORE = Rule("all", "mean")

RANKED = ("auroc", "auprc", "concordance", "concordance_uno")
"""Metrics that ask for nothing but the order of people."""

CALIBRATED = (
    *("calibration_slope", "calibration_intercept"),
    *("observed_expected", "miscalibration"),
)
"""Metrics that ask how sure a response is, of which one that is always 0 or 1 says nothing."""

DECIDED = "the response is always 0 or 1, a decision, of which calibration says nothing"


def decided(response: Float) -> bool:
    """Whether every response (n,) is 0 or 1, and nothing between."""
    return bool(np.isin(response, (0.0, 1.0)).all())


def barred(names: Iterable[str], response: Float, ranks_only: str) -> Text:
    """Why each of m metrics says nothing of a response that ranks, or decides, and no more; or "".

    `ranks_only` is why only ranks are judged, "" where more is.

    >>> barred(("auroc", "miscalibration"), np.array([0.0, 1.0]), "").tolist()[1][:26]
    'the response is always 0 o'
    """
    asked = list(names)
    unsure = np.isin(asked, CALIBRATED) & decided(response)
    unranked = ~np.isin(asked, RANKED) & (ranks_only != "")
    return np.where(unranked, ranks_only, np.where(unsure, DECIDED, ""))


def resting(case: Case, unit: Int, weight: Float) -> Mapping[On, tuple[int, float]]:
    """Units of a part and how many equally weighted ones they are worth, by what is rested on."""
    found: dict[On, tuple[int, float]] = {}
    for name, rows in _sides(case).items():
        people, first = np.unique(unit[rows], return_index=True)
        found[name] = len(people), effective(weight[rows][first])
    found["rarer"] = min(found["events"], found["non_events"])
    if "called" in found:
        fewer = min(found["called"][0], found["passed"][0])
        found["side"] = (fewer or found["all"][0], found["all"][1])
    return found


def _sides(case: Case) -> Mapping[On, Bool]:
    hit = hits(case)
    sides: dict[On, Bool] = {"all": np.ones(len(case.y), dtype=bool)}
    sides |= {"events": hit, "non_events": ~hit}
    if case.threshold is not None:
        called = case.response >= case.threshold
        sides |= {"called": called, "passed": ~called}
    return sides


def hits(case: Case) -> Bool:
    """Rows (n,) with the event."""
    hit: Bool = (case.y if case.event is None else case.event) > 0
    return hit
