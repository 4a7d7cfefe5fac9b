"""What is asked and what follows: questions, margins, what blocks. Closed schemas."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Closed(BaseModel):
    """A part of the plan: an unknown key is an error, a value never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Closed):
    """One primary question; at most five, as in a trial.

    `contrast` is "level / reference", all of the grouping's contrasts if absent. `subject` is a
    metric (performance), a subject (use, attribution, reliance), or absent: the default metric, all
    subjects, or the share without demonstrated support.
    """

    measure: Literal["performance", "use", "attribution", "reliance"]
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
    mae_share: float = Field(default=0.10, gt=0)


class Policy(Closed):
    """What follows from answers. By default nothing blocks.

    `threshold` is the deployed one, on the response. `inconclusive` says whether a primary question
    that cannot be told stops the gate ("stop") or is only reported ("report"); one that cannot be
    asked at all always stops it. `coverage` is the least share of units with a known label.
    """

    margins: Margins = Margins()
    threshold: float | None = None
    inconclusive: Literal["report", "stop"] = "report"
    coverage: float = Field(default=0.5, ge=0, le=1)
