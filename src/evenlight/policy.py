"""What is asked and what follows: questions, margins, what blocks. Closed schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from evenlight.small_groups import USUAL, Profile


class Closed(BaseModel):
    """A part of the plan: an unknown key is an error, a value never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Closed):
    """One primary question; at most five, as in a trial.

    `contrast` is "level / reference", all of the grouping's contrasts if absent. `subject` is a
    metric (performance), a subject (use, attribution, reliance), or absent: the default metric, all
    subjects, or the share without demonstrated support. A question of `map` is about all positions.
    """

    measure: Literal["performance", "use", "attribution", "reliance", "map"]
    grouping: str
    contrast: str | None = None
    subject: str | None = None
    given: Literal["nothing", "outcome", "outcome and strata"] | None = None
    blocks: bool = False


class Margins(Closed):
    """Differences that matter: attribution and use in SD(f), reliance as a share of variance."""

    attribution: float = Field(default=0.1, gt=0)
    reliance: float = Field(default=0.1, gt=0)
    auroc: float = Field(default=0.05, gt=0)
    brier: float = Field(default=0.02, gt=0)
    calibration_slope: float = Field(default=0.2, gt=0)
    sensitivity: float = Field(default=0.05, gt=0)
    specificity: float = Field(default=0.05, gt=0)
    concordance_uno: float = Field(default=0.05, gt=0)
    mae_share: float = Field(default=0.10, gt=0)


Certain = Literal["features", "values"]
CERTAIN: tuple[Certain, ...] = get_args(Certain)
"""What a strict gate asks of the inputs."""


class Policy(Closed):
    """What follows from answers. By default nothing blocks.

    `alpha` is the error rate that all primary questions share, and that each exploratory family has
    for itself. `threshold` is the deployed one, on the response. `inconclusive` says whether a
    primary question that cannot be told stops the gate ("stop") or is only reported ("report"); one
    that cannot be asked at all always stops it. `coverage` is the least share of units with a known
    label. `strict` names what must be certain of the inputs for the gate to pass (true: all):
    "features", that the model names its own, so that no column can be taken for another; "values",
    that they are in the units of the training people, who are given beside. `profile` is the small
    group that nothing is told of: 1 to 10 people (cms), 1 to 20 (allofus), 1 to 9 (ons).
    """

    margins: Margins = Margins()
    alpha: float = Field(default=0.05, ge=0.005, le=0.2)
    threshold: float | None = None
    inconclusive: Literal["report", "stop"] = "report"
    coverage: float = Field(default=0.5, ge=0, le=1)
    strict: tuple[Certain, ...] | bool = ()
    profile: Profile = USUAL

    @property
    def certain(self) -> tuple[str, ...]:
        """What must be certain of the inputs, by name.

        >>> Policy(strict=True).certain
        ('features', 'values')
        """
        return CERTAIN if self.strict is True else tuple(self.strict or ())


WATCHED = ("use", "reliance", "quality", "slice", "fragility", "coverage", "region")
"""Kinds of findings that are to be watched where groups differ, whatever the mechanism."""


def family(question: Question) -> tuple[str, str, str]:
    """The family whose simultaneous interval answers a question: kind, grouping, condition.

    The kind is "performance", "reliance", "map", or a view of the comparison.

    >>> family(Question(measure="attribution", grouping="sex", given="outcome"))
    ('signed', 'sex', 'outcome')
    """
    kind = {"attribution": "signed"}.get(question.measure, question.measure)
    given = "" if kind == "performance" else question.given or "nothing"
    return kind, question.grouping, given


def error_rates(questions: Sequence[Question], alpha: float) -> dict[tuple[str, str, str], float]:
    """The part of `alpha` that each family of primary questions has.

    Each family has one simultaneous interval, and alpha is split evenly between the families
    (Bonferroni), so that all primary intervals hold together with 1 - alpha. The totals of a
    reliance have intervals of their own beside that of the subjects: each that is asked about
    counts as a family.

    >>> asked = [Question(measure=m, grouping="sex") for m in ("performance", "use")]
    >>> error_rates(asked, 0.05)[("use", "sex", "nothing")]
    0.025
    """
    intervals = {(family(q), _total(q)) for q in questions}
    return {family(q): alpha / len(intervals) for q in questions}


def _total(question: Question) -> str:
    """The total that a question of reliance asks about, "" for a subject, and for other measures.

    >>> _total(Question(measure="reliance", grouping="sex"))
    'unsupported_share'
    """
    if question.measure != "reliance":
        return ""
    asked = question.subject or "unsupported_share"
    return asked if asked in ("unsupported_share", "eta_squared") else ""
