"""What the gate of reliance says: what its word rests on, or what is missing for a stronger one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data.digits import percent
from evenlight.measures.decided import LEAST_RESOLVED
from evenlight.measures.reliance import Reliance
from evenlight.measures.shortcut_evidence import Compared
from evenlight.measures.shortcuts import LEAST_SHARE


@dataclass(frozen=True, slots=True)
class Answers:
    """What a twin, an outside cohort, what is left of the gap, and an intervention say."""

    twinned: Compared
    other: Compared
    left: Compared
    closed: Compared

    @property
    def compared(self) -> bool | None:
        """Whether a twin or an outside cohort agrees; None where neither was asked."""
        asked = [c.met for c in (self.twinned, self.other) if c.met is not None]
        return any(asked) if asked else None

    def remains(self, rho: float) -> bool | None:
        """Whether features leave a part of the gap, or, with support decided, an outside cohort."""
        return True if self.other.met and rho >= LEAST_RESOLVED else self.left.met


def held(answers: list[bool | None]) -> Text:
    """The word of `HELD` for each answer."""
    words = {None: "not asked", True: "met", False: "not met"}
    return np.array([words[None if a is None else bool(a)] for a in answers])


def stricter(lean: Reliance, at: int) -> str:
    """Which conditions stricter than `at` could not be measured, and why; "" without any."""
    told = [f"{lean.given[g]}: {lean.total_reason[g]}" for g in range(at + 1, len(lean.given))]
    return "; ".join(told)


def reason(met: Text, share: Float, rho: float, answers: Answers) -> str:
    """What the word rests on, or what is missing for a stronger one."""
    if (met == "met").all():
        return _rests(share, answers)
    told = {
        "share": f"the unsupported share is not shown above {percent(LEAST_SHARE)} "
        f"(from {percent(float(share[1]))})",
        "comparison": _missing_comparison(met, answers),
        "remainder": _missing_remainder(answers, rho),
        "intervention": answers.closed.reason or "neutralising them is not shown to close the gap",
    }
    gaps = [why for why, met_ in zip(told.values(), met.tolist(), strict=True) if met_ != "met"]
    return "; ".join(gaps)


def _rests(share: Float, answers: Answers) -> str:
    route = "than its twin does" if answers.twinned.met else "than an outside cohort bears out"
    left = "the features leave a part of the outcome's own gap, and " if answers.left.met else ""
    return (
        f"at least {percent(float(share[1]))} of the variance given the outcome follows the group "
        f"through subjects without demonstrated support, more {route}; {left}"
        f"{answers.closed.reason or 'neutralising these closes a part of the gap'}"
    )


def _missing_remainder(answers: Answers, rho: float) -> str:
    own = (
        answers.left.reason
        or "features, each at its own slope within groups, are not shown to leave a gap of at "
        "least half of what is claimed"
    )
    if not answers.other.met:
        return own
    known, least = percent(rho if rho > 0 else 0.0), percent(LEAST_RESOLVED)
    return f"{own}, and support is decided for {known} of the reliance, below {least}"


def _missing_comparison(met: Text, answers: Answers) -> str:
    if met[1] == "not asked":
        return f"{answers.twinned.reason} and {answers.other.reason}"
    told = []
    if answers.twinned.met is False:
        told.append("refits are not shown to lean on it more than their twins")
    if answers.other.met is False:
        told.append("the outside cohort does not show it to fail")
    return ", and ".join(told)
