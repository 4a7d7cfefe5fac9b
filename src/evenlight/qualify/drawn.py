"""One repetition of a case: attributions, people, and what is true of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Groups
from evenlight.data.probed import Contrasts
from evenlight.errors import InputError

GROUP = "group"
LEVELS = ("a", "b")
"""Level b is compared with the reference a."""

NOISE = 0.2
"""Monte Carlo error of a sampling explainer, in SD of an attribution."""

QUESTIONS = {
    "difference": ("signed", "nothing"),
    "size": ("magnitude", "nothing"),
    "difference given the outcome": ("signed", "outcome"),
    "use": ("use", "nothing"),
    "use from attributions alone": ("location", "value"),
}
"""What is asked, with the view (name, given) of a comparison that answers it."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question put to a draw, and its true answer for each of p subjects.

    `planted` (p,) must be flagged, `null` (p,) must not; a subject that is neither is not scored.
    `effect` (p,) is the true difference b - a in the output's units, NaN where it is not known, and
    `error` (p,) its standard error where it was measured on people drawn for it, else None.
    `mechanism` is the word that a flag of a planted subject must carry, "" where none is asked;
    `partners` names, by subject, the feature that must stand beside it.
    """

    question: str
    planted: Bool
    null: Bool
    effect: Float
    mechanism: str = ""
    partners: Mapping[str, str] = field(default_factory=dict)
    error: Float | None = None

    def __post_init__(self) -> None:
        if self.question not in QUESTIONS:
            raise InputError(f"question {self.question!r}; known: {', '.join(QUESTIONS)}")
        if (self.planted & self.null).any():
            raise InputError(f"{self.question}: a subject is both planted and null")


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Attributions of people of two groups, what is asked of them, and what is true.

    `naive` are the attributions that an analyst who took no care would hold (None: the same ones);
    `extra` measures what no comparison shows, as numbers by name, from (this, seed).
    """

    made: Attributions
    cohort: Cohort
    asked: tuple[Asked, ...]
    contrasts: Contrasts | None = None
    by: str = GROUP
    naive: Attributions | None = None
    extra: Callable[[Drawn, int], Mapping[str, float]] | None = None

    @property
    def member(self) -> Bool:
        """Mask (n,) of the rows at level b."""
        at: Bool = self.cohort.grouping(GROUP).codes == 1
        return at

    @property
    def known(self) -> Bool:
        """Mask (n,) of the rows of known group."""
        return self.cohort.grouping(GROUP).known


def people_of(member: Bool, **columns: object) -> pd.DataFrame:
    """A table of n people with their group and further columns, rows named in order."""
    rows = [f"r{i:05d}" for i in range(len(member))]
    return pd.DataFrame({GROUP: np.where(member, *LEVELS[::-1]), **columns}, index=rows)


def cohort_of(x: Float, people: pd.DataFrame, **roles: object) -> Cohort:
    """A cohort of rows x (n, p) with features g0, g1, ... unless `features` are among the roles."""
    names = roles.pop("features", None) or [f"g{j}" for j in range(x.shape[1])]
    groups = Groups.from_labels(GROUP, people[GROUP], levels=LEVELS, reference=LEVELS[0])
    roles.setdefault("unit", "row")
    return Cohort(x, people, names, groups=[groups], **roles)  # type: ignore[arg-type]


def middle(x: Float, cohort: Cohort) -> Float:
    """The mean row (p,) of a background in which both groups weigh alike."""
    codes = cohort.grouping(GROUP).codes
    mean: Float = np.mean([x[codes == g].mean(axis=0) for g in (0, 1)], axis=0)
    return mean


def record(
    values: Float, cohort: Cohort, *, base: float = 0.0, scale: str = "margin"
) -> Attributions:
    """Attributions (n, p) that add up to the output by construction."""
    single = values.astype(np.float32)
    output = single.sum(axis=1, dtype=np.float64) + base
    features = Features(cohort.features.names)
    return Attributions.from_arrays(
        single, rows=list(cohort.rows), features=features, output=output, base=base, scale=scale
    )


def linear(x: Float, weights: Float, cohort: Cohort) -> Attributions:
    """w_j (x_j - m_j): the Shapley values of a linear model, in closed form."""
    return record(weights * (x - middle(x, cohort)), cohort)


def sampled(x: Float, weights: Float, cohort: Cohort, rng: np.random.Generator) -> Attributions:
    """The same, by an explainer that samples: its error is a fifth of an attribution's SD.

    Without it the attribution of a linear model is a function of its own value, and a test given
    the value has nothing to be wrong about.
    """
    exact = weights * (x - middle(x, cohort))
    return record(exact + NOISE * exact.std(axis=0) * rng.normal(size=exact.shape), cohort)


def moved(step: Float, cohort: Cohort, output: Float | None = None) -> Contrasts:
    """Common contrasts (n, p) known in closed form; `step` is f at high minus f at low."""
    names = cohort.features.names
    state = ("low",) * len(names), ("high",) * len(names)
    return Contrasts(cohort.rows, names, *state, step, step, "output", "identity", "", output)


def same_step(weights: Float, cohort: Cohort, reach: Float | float = 2.0) -> Contrasts:
    """Contrasts of a linear model: the same change of the output for everyone."""
    return moved(np.tile(weights * reach, (cohort.n, 1)), cohort)


def nothing_planted(question: str, p: int) -> Asked:
    """Every subject is null, with a true difference of 0."""
    return Asked(question, np.zeros(p, dtype=bool), np.ones(p, dtype=bool), np.zeros(p))


def first_planted(question: str, p: int, count: int, effect: Float, **own: object) -> Asked:
    """The first `count` of p subjects are planted, all others null."""
    planted = np.arange(p) < count
    return Asked(question, planted, ~planted, effect, **own)  # type: ignore[arg-type]
