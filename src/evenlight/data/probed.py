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

    def need_probability(self, what: str) -> None:
        """Raise ModelError where the response is a score, of which `what` has no meaning."""
        if self.score_only:
            raise ModelError(
                f"{self.model} gives a score and no probability, so it has no {what}: audit it "
                "inside a CalibratedClassifierCV that was fitted on other people"
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


CHECKS = (
    *("residual", "noise", "deletion", "insertion"),
    *("stability", "background", "agreement", "sanity"),
)
"""What is checked of an explanation, in the order in which it is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Faithfulness:
    """How far attributions of one target can be trusted, row by row, on a sample of m rows.

    Each of `CHECKS` is (m,); all NaN, with a sentence in `reasons`, where it could not be had.
    `residual`: |completeness residual| over |output - base| (its median where that is larger);
    `noise`: Monte Carlo error over the size of a typical attribution; `deletion`, `insertion`: 1
    where the output falls and rises as the attributions claim when what raises it most is taken
    away or put in first, 0 where no faster than in random order; `stability`, `background`: change
    of the attribution, over the size of a typical one, for an input moved by small noise, and for
    another draw of the background; `agreement`: distance to a second method, 0 same and 1 opposite;
    `sanity`: mean cosine with the attributions of the same network with re-drawn weights.

    `players` says what was taken away and put in, `evaluations` how many rows went through the
    model, `explanations` how many rows were explained again.
    """

    rows: Text
    residual: Float
    noise: Float
    deletion: Float
    insertion: Float
    stability: Float
    background: Float
    agreement: Float
    sanity: Float
    reasons: Mapping[str, str]
    method: str
    target: str
    players: str
    evaluations: int
    explanations: int
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        _same_length(self.rows, **{name: getattr(self, name) for name in CHECKS})
        for name in CHECKS:
            missing = np.isnan(getattr(self, name))
            if missing.any() and not (missing.all() and self.reasons.get(name)):
                raise ModelError(
                    f"{name} is missing in {int(missing.sum())} of {len(missing)} rows; a check is "
                    "there for every row, or for none with a reason"
                )

    def __repr__(self) -> str:
        middle = {name: np.median(getattr(self, name)) for name in CHECKS}
        told = ", ".join(f"{name} {value:.2g}" for name, value in middle.items() if value == value)
        return f"Faithfulness of {self.method} in {len(self.rows)} rows, medians: {told}"

    def to_frame(self) -> pd.DataFrame:
        """One line a row of the sample, one column a check. Individual data: keep them so."""
        return pd.DataFrame({name: getattr(self, name) for name in CHECKS}, index=self.rows)

    def at(self, cohort: Cohort) -> Faithfulness:
        """The same, shown to be of this cohort, its rows in the cohort's order."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError("this faithfulness was measured on another cohort")
        found = align.match(cohort.rows, self.rows, what="the cohort of this faithfulness")
        order = np.argsort(found, kind="stable")
        return replace(self, rows=self.rows[order], **{n: getattr(self, n)[order] for n in CHECKS})


def _same_length(rows: Text, **arrays: Float | Int) -> None:
    for name, array in arrays.items():
        if len(array) != len(rows):
            raise ModelError(f"{name} has {len(array)} rows, wanted {len(rows)}")


def _finite(**arrays: Float) -> None:
    for name, array in arrays.items():
        bad = ~np.isfinite(array)
        if bad.any():
            raise ModelError(f"{name} holds {int(bad.sum())} values that are not finite")
