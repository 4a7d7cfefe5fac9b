"""What a difference between two audits does to a pipeline: regression.toml, and the verdict.

alpha = 0.05                 # what all looks share, over all primary questions
looks = 8                    # how many are planned; left out: however many there will be
fails = ["worse", "new"]     # statuses of primary questions that fail
performance = true           # a metric that became worse within a group fails as well
inconclusive = "report"      # or "stop": a change that may exceed the margin has no verdict
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from evenlight.data.nearest import hint
from evenlight.data.plain_files import read_toml
from evenlight.differing.record import Change, Judged, Outcome
from evenlight.errors import PlanError
from evenlight.policy import Closed

LARGEST = 2**16
"""Bytes of the file, at most."""


class Regression(Closed):
    """What fails: by default a primary question that is shown to be worse, or is newly different.

    `alpha` is the error rate that all looks share; `looks` how many are planned, each with an equal
    part, or None: look number k has alpha / (k (k + 1)). What was told before and is not now has no
    verdict, nor has what cannot be compared. With `performance` each group's metrics are judged as
    well (`levels`), by a part of alpha as large as that of one family of questions: a model that is
    worse in all groups alike leaves their differences as they were.
    """

    alpha: float = Field(default=0.05, ge=0.005, le=0.2)
    looks: int | None = Field(default=None, ge=1, le=1000)
    fails: tuple[Literal["worse", "new", "moved"], ...] = ("worse", "new", "moved")
    performance: bool = True
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


def judged(changes: Sequence[Change], policy: Regression, groups: Sequence[Judged] = ()) -> Outcome:
    """Failed, no verdict or passed, by the changes that answer a primary question.

    `groups` is what was judged of metrics within groups.
    """
    asked = [change for change in changes if change.primary]
    for change in asked:
        if change.status in policy.fails:
            return Outcome("failed", 1, change.sentence)
    worse = [one for one in groups if one.failing]
    if worse:
        worst = max(worse, key=lambda one: one.low / one.margin)
        return Outcome("failed", 1, worst.sentence + _others(len(worse) - 1))
    if not asked:
        return Outcome("no verdict", 3, "No primary question was asked in both audits.")
    untold = _untold(asked, policy) or _untold_groups(groups, policy)
    if untold:
        return Outcome("no verdict", 3, untold)
    open_ones = sum(change.status == "no_change_shown" for change in asked)
    left = f" Of {open_ones} of {len(asked)} numbers no change is shown, nor that there is none."
    told = "No primary question is shown worse." + left * bool(open_ones)
    return Outcome("passed", 0, told + _open_groups(groups))


def _untold(asked: Sequence[Change], policy: Regression) -> str:
    """Of which primary question there is no evidence, "" where there is of each."""
    for change in asked:
        if change.status in UNTOLD and not _told_all_the_same(change):
            return change.sentence
    for change in asked if policy.inconclusive == "stop" else ():
        if change.status == "no_change_shown" and _may_exceed(change):
            return change.sentence
    return ""


def _untold_groups(groups: Sequence[Judged], policy: Regression) -> str:
    """Which metric of a group was told before and is not now, or may have lost too much."""
    gone = [one for one in groups if one.verdict == "not_estimable"]
    open_ = [one for one in groups if one.verdict == "cannot_tell" and not one.high <= one.margin]
    found = gone + (open_ if policy.inconclusive == "stop" else [])
    return found[0].sentence if found else ""


def _open_groups(groups: Sequence[Judged]) -> str:
    """How many metrics of groups may be worse by more than the margin, as nothing tells."""
    if not groups:
        return ""
    many = sum(one.high > one.margin for one in groups)
    if not many:
        return f" Within groups none of {len(groups)} metrics is worse by more than its margin."
    return (
        f" Within groups none of {len(groups)} metrics is shown worse; of {many} it cannot be told "
        "whether they are worse by more than the margin."
    )


def _others(many: int) -> str:
    return f" So {'is' if many == 1 else 'are'} {many} more." if many else ""


def _told_all_the_same(change: Change) -> bool:
    """Different before, and similar now by a wider interval."""
    told = change.after is not None and change.after.verdict == "similar"
    return told and change.status == "no_longer_shown"


def _may_exceed(change: Change) -> bool:
    return change.high is None or change.margin is None or change.high > change.margin
