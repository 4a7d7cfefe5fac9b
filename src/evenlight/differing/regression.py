"""What a difference between two audits does to a pipeline: regression.toml, and the verdict.

alpha = 0.05                 # what all looks share, over all primary questions
looks = 8                    # how many are planned; left out: however many there will be
fails = ["worse", "new"]     # statuses of primary questions that fail
inconclusive = "report"      # or "stop": a change that may exceed the margin has no verdict
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from evenlight.data.nearest import hint
from evenlight.data.plain_files import read_toml
from evenlight.differing.record import Change, Outcome
from evenlight.errors import PlanError
from evenlight.policy import Closed

LARGEST = 2**16
"""Bytes of the file, at most."""


class Regression(Closed):
    """What fails: by default a primary question that is shown to be worse, or is newly different.

    `alpha` is the error rate that all looks share; `looks` how many are planned, each with an equal
    part, or None: look number k has alpha / (k (k + 1)). What was told before and is not now has no
    verdict, nor has what cannot be compared.
    """

    alpha: float = Field(default=0.05, ge=0.005, le=0.2)
    looks: int | None = Field(default=None, ge=1, le=1000)
    fails: tuple[Literal["worse", "new", "moved"], ...] = ("worse", "new", "moved")
    inconclusive: Literal["report", "stop"] = "report"


def read_regression(path: str | Path) -> Regression:
    """The policy of a TOML file; PlanError names file, key and the nearest known name."""
    place = Path(path)
    if not place.is_file():
        raise PlanError(f"there is no {place.name!r}; leave it out for the default policy")
    data = read_toml(place, error=PlanError, largest=LARGEST)
    for key in data:
        if key not in Regression.model_fields:
            near = hint(key, list(Regression.model_fields))
            raise PlanError(f"{place.name}: unknown key {key!r}{near}")
    try:
        return Regression.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise PlanError(f"{place.name}: {where}: {first['msg']}") from None


UNTOLD = ("no_longer_shown", "newly_untold", "not_comparable", "asked_no_more")
"""Statuses of a primary question that leave it without evidence."""


def judged(changes: Sequence[Change], policy: Regression) -> Outcome:
    """Failed, no verdict or passed, by the changes that answer a primary question."""
    asked = [change for change in changes if change.primary]
    if not asked:
        return Outcome("no verdict", 3, "No primary question was asked in both audits.")
    for change in asked:
        if change.status in policy.fails:
            return Outcome("failed", 1, change.sentence)
    for change in asked:
        if change.status in UNTOLD and not _told_all_the_same(change):
            return Outcome("no verdict", 3, change.sentence)
    for change in asked if policy.inconclusive == "stop" else ():
        if change.status == "no_change_shown" and _may_exceed(change):
            return Outcome("no verdict", 3, change.sentence)
    open_ones = sum(change.status == "no_change_shown" for change in asked)
    left = f" Of {open_ones} of {len(asked)} numbers no change is shown, nor that there is none."
    return Outcome("passed", 0, "No primary question is shown worse." + left * bool(open_ones))


def _told_all_the_same(change: Change) -> bool:
    """Different before, and similar now by a wider interval."""
    told = change.after is not None and change.after.verdict == "similar"
    return told and change.status == "no_longer_shown"


def _may_exceed(change: Change) -> bool:
    return change.high is None or change.margin is None or change.high > change.margin
