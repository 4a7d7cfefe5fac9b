"""What the probes return: outputs of a model, as arrays. Measures need nothing else of it.

n rows; every `rows` (n,) holds row ids; margin is the scale on which the model is additive,
response the scale on which decisions are made (probability, mg a week).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError

RANKS_ONLY = ", so only ranks are judged"

SCORE_ONLY = "the response is a score and no probability" + RANKS_ONLY
RATIO_ONLY = "the response is a ratio of hazards and no probability" + RANKS_ONLY
OUTSIDE_ONLY = "the response leaves 0 to 1 and is no probability" + RANKS_ONLY

HAZARD_UNIT = "x baseline hazard"
"""The unit of a response that is a hazard against that of a baseline, and so never a chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The model's output for one target: `margin` (n,) and `response` (n,).

    `link` names the map from response to margin (identity, square, logit, softmax, log);
    `scale` is *margin*, or *probability* where the model has no margin; `unit` is the response's.
    `score_only` says that the response ranks people and is no probability, as the decision function
    of a classifier that gives none.
    """

    rows: Text
    margin: Float
    response: Float
    target: str
    link: str
    scale: str = "margin"
    model: str = ""
    unit: str = ""
    score_only: bool = False

    def __post_init__(self) -> None:
        _same_length(self.rows, margin=self.margin, response=self.response)
        _finite(margin=self.margin, response=self.response)

    def at(self, cohort: Cohort) -> Predictions:
        """The same rows in the cohort's order, matched by id."""
        index = align.match(self.rows, cohort.rows, what="predictions")
        return replace(
            self, rows=cohort.rows, margin=self.margin[index], response=self.response[index]
        )

    @property
    def no_chance(self) -> str:
        """Why the response is no probability of an event, "" where it may be one.

        >>> ids = np.array(["a", "b"])
        >>> Predictions(ids, np.zeros(2), np.ones(2), "y", "log").no_chance
        ''
        >>> Predictions(ids, np.ones(2), np.array([0.4, 2.7]), "y", "log").no_chance
        'the response leaves 0 to 1 and is no probability, so only ranks are judged'
        """
        if self.score_only:
            return SCORE_ONLY
        if self.unit == HAZARD_UNIT:
            return RATIO_ONLY
        return "" if ((self.response >= 0) & (self.response <= 1)).all() else OUTSIDE_ONLY

    def need_probability(self, what: str) -> None:
        """Raise ModelError where the response is no probability, so that `what` has no meaning."""
        if self.score_only:
            raise ModelError(
                f"{self.model} gives a score and no probability, so it has no {what}: audit it "
                "inside a CalibratedClassifierCV that was fitted on other people"
            )
        if self.no_chance == RATIO_ONLY:
            raise ModelError(
                f"{self.model} gives a ratio of hazards and no probability, so it has no {what}: "
                "audit the probability of the event by a time, ev.adapt(lambda x: that of x, "
                'link="logit", gives="response")'
            )
        if self.no_chance:
            outside = int(((self.response < 0) | (self.response > 1)).sum())
            raise ModelError(
                f"{outside} predictions of {self.target} lie outside 0 to 1, and are no "
                f"probabilities, so there is no {what}: if they are log odds, adapt the model with "
                'link="logit"; if percents, with lambda x: model(x) / 100'
            )

    def to_frame(self) -> pd.DataFrame:
        """Margin and response, one line a row. Individual data: keep with the patients' data."""
        columns = {"margin": self.margin, "response": self.response}
        return pd.DataFrame(columns, index=pd.Index(self.rows, name="row"))

    def __repr__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"Predictions of {self.target}: {len(self.rows)} rows, response "
            f"{self.response.mean():.3g}{unit} on average, {self.link} to the {self.scale}"
        )


CONTRASTS = ("common", "added", "occlusion")
"""What stands against what in a contrast."""


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """The same change for everyone: output at `high` minus output at `low`, all else held.

    `subjects` (q,) are variables (plain columns, or one-hot variables as joint states);
    `low` and `high` (q,) name the two values; `margin` and `response` are (n, q); `output` (n,) is
    the response with everything as recorded, None where it was not kept.

    `kind` is among `CONTRASTS`: *common*, both values the same in everyone, so that nobody's own
    value enters; *added*, the same addition to what each row has; *occlusion*, what each row has
    against nothing. Only *common* ones can show that groups' values are used otherwise.
    """

    rows: Text
    subjects: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]
    margin: Float
    response: Float
    target: str
    link: str
    cohort_digest: str = ""
    output: Float | None = None
    kind: str = "common"

    def at(self, cohort: Cohort) -> Contrasts:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError("these contrasts were made on another cohort")
        index = align.match(self.rows, cohort.rows, what="contrasts")
        output = None if self.output is None else self.output[index]
        return replace(
            self,
            rows=cohort.rows,
            margin=self.margin[index],
            response=self.response[index],
            output=output,
        )

    def __post_init__(self) -> None:
        _same_length(self.rows, margin=self.margin, response=self.response)
        _finite(margin=self.margin, response=self.response)
        q = len(self.subjects)
        if (
            not self.margin.shape[1]
            == self.response.shape[1]
            == len(self.low)
            == len(self.high)
            == q
        ):
            raise ModelError(f"contrasts of {q} subjects do not fit arrays of {self.margin.shape}")
        if self.kind not in CONTRASTS:
            raise ModelError(f"contrasts of kind {self.kind!r}; known: {', '.join(CONTRASTS)}")

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, subject, its two values, change of margin and response. Individual."""
        n, q = self.margin.shape
        repeated = {name: np.tile(getattr(self, name), n) for name in ("low", "high")}
        return pd.DataFrame(
            {
                "row": np.repeat(self.rows, q),
                "subject": np.tile(np.array(self.subjects, dtype=object), n),
                **repeated,
                "margin": self.margin.ravel(),
                "response": self.response.ravel(),
            }
        )

    def __repr__(self) -> str:
        size = np.abs(self.margin).mean(axis=0)
        most = ", ".join(self.subjects[j] for j in np.argsort(-size, kind="stable")[:3])
        n, q = self.margin.shape
        what = "Contrasts" if self.kind == "common" else f"Contrasts ({self.kind})"
        return f"{what} of {q} subjects in {n} rows; moving most: {most}"


@dataclass(frozen=True, slots=True, eq=False)
class Intervention:
    """Outputs when one recorded attribute is set to each of its `states` (k,), all else held.

    `recorded` (n,) is the state that each row has, as a code; `margin`, `response` (n, k).
    """

    attribute: str
    rows: Text
    states: tuple[str, ...]
    recorded: Int
    margin: Float
    response: Float
    target: str
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _same_length(self.rows, margin=self.margin, response=self.response, recorded=self.recorded)
        _finite(margin=self.margin, response=self.response)

    def at(self, cohort: Cohort) -> Intervention:
        """The same rows in the cohort's order, matched by id."""
        index = align.match(self.rows, cohort.rows, what="intervention")
        taken = {name: getattr(self, name)[index] for name in ("margin", "response", "recorded")}
        return replace(self, rows=cohort.rows, **taken)

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, recorded state, state set, margin and response. Individual data."""
        n, k = self.margin.shape
        states = np.array(self.states, dtype=object)
        return pd.DataFrame(
            {
                "row": np.repeat(self.rows, k),
                "recorded": np.repeat(states[self.recorded], k),
                "set_to": np.tile(states, n),
                "margin": self.margin.ravel(),
                "response": self.response.ravel(),
            }
        )

    def __repr__(self) -> str:
        told = ", ".join(
            f"{state} {mean:.3g}"
            for state, mean in zip(self.states, self.response.mean(axis=0), strict=True)
        )
        return f"Intervention on {self.attribute} in {len(self.rows)} rows; mean response: {told}"

    def change(self, old: str, new: str, *, scale: str = "response") -> Float:
        """Output at `new` minus output at `old`, for the rows recorded as `old`, (m,)."""
        for state in (old, new):
            if state not in self.states:
                raise ModelError(f"{self.attribute}: no state {state!r} among {self.states}")
        values = self.response if scale == "response" else self.margin
        a, b = self.states.index(old), self.states.index(new)
        at = self.recorded == a
        change: Float = values[at, b] - values[at, a]
        return change


def _same_length(rows: Text, **arrays: Float | Int) -> None:
    for name, array in arrays.items():
        if len(array) != len(rows):
            raise ModelError(f"{name} has {len(array)} rows, wanted {len(rows)}")


def _finite(**arrays: Float) -> None:
    for name, array in arrays.items():
        bad = ~np.isfinite(array)
        if bad.any():
            raise ModelError(f"{name} holds {int(bad.sum())} values that are not finite")
