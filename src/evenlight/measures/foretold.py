"""What a model foretells of each row, classes or a number, beside what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError, InputError, ModelError
from evenlight.measures.judging import Judging
from evenlight.measures.perform import outcome_case

CHANCES = ("logit", "softmax")
"""Links whose response is a probability."""

SUMS_TO = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """n rows: probabilities `p` (n, c) of `classes`, or numbers `said` (n,) where there are none.

    `y` (n,) holds codes of classes or numbers, NaN unknown, or is None without an outcome. Of an
    ensemble of m: `member_p` (m, n, c), or `member_said` and `member_var` (m, n).
    """

    target: str
    unit: str
    classes: tuple[str, ...]
    y: Float | None
    p: Float
    said: Float
    member_p: Float | None = None
    member_said: Float | None = None
    member_var: Float | None = None

    @property
    def known(self) -> Bool:
        """Rows (n,) that can enter: those of known outcome, or all where there is no outcome."""
        if self.y is None:
            return np.ones(len(self.said), dtype=bool)
        return np.asarray(np.isfinite(self.y))

    @property
    def members(self) -> int:
        """How many members the ensemble has, 0 without one."""
        held = self.member_p if self.classes else self.member_said
        return 0 if held is None else len(held)

    def take(self, rows: Int) -> Foretold:
        """The same of some rows."""
        of = self.member_p
        held = [None if v is None else v[:, rows] for v in (self.member_said, self.member_var)]
        return replace(
            self, y=None if self.y is None else self.y[rows], p=self.p[rows], said=self.said[rows],
            member_p=None if of is None else of[:, rows], member_said=held[0], member_var=held[1],
        )  # fmt: skip


def foretold(
    predictions: Predictions | Sequence[Predictions],
    cohort: Cohort,
    ensemble: Ensemble | Sequence[Ensemble] | None = None,
) -> Foretold:
    """Predictions, outcome and members in the cohort's order.

    One `Predictions` of a categorical outcome is asked of its class against all others; one for
    each class of all of them. Raises CohortError for survival, ModelError where the predictions are
    no probabilities, or not of every class.
    """
    if cohort.outcome_kind == "survival":
        raise CohortError(
            "intervals for survival times are not made: some times are only known to be longer, "
            "and a set that holds them needs a model of who stops being followed (Candes, Lei and "
            "Ren 2023); ask for concordance with perform, or for a binary outcome at a fixed time"
        )
    said = list(predictions) if isinstance(predictions, Sequence) else [predictions]
    own = [] if ensemble is None else _listed(ensemble)
    for one in (*said, *own):
        if not isinstance(one, Predictions | Ensemble):
            raise InputError(
                f"a {type(one).__name__} is no prediction; pass ev.predict(model, cohort), and "
                "what ev.members gave as ensemble="
            )
    made, grown = [p.at(cohort) for p in said], [e.at(cohort) for e in own]
    if own and len(own) != len(said):
        raise ModelError(f"{len(own)} ensembles for {len(said)} predictions; give one for each")
    for one, members in zip(made, grown, strict=False):
        members.suits(one)
    if isinstance(predictions, Sequence):
        return _all_classes(made, grown, cohort)
    return _one(made[0], grown[0] if grown else None, cohort)


def _listed(ensemble: Ensemble | Sequence[Ensemble]) -> list[Ensemble]:
    return [ensemble] if isinstance(ensemble, Ensemble) else list(ensemble)


def _one(made: Predictions, grown: Ensemble | None, cohort: Cohort) -> Foretold:
    """One target: a number, or the event and its absence."""
    y = None if cohort.outcome is None else outcome_case(made, cohort, Judging()).y
    if cohort.outcome_kind == "continuous" or (y is None and made.link not in CHANCES):
        spread = None if grown is None else grown.variances
        held = None if grown is None else grown.responses
        return Foretold(
            made.target, made.unit, (), y, np.empty((len(made.response), 0)), made.response,
            member_said=held, member_var=spread,
        )  # fmt: skip
    made.need_probability("entropy and no conformal sets")
    p = _pair(made.response, made.target)
    of = None if grown is None else _pair(grown.responses, made.target)
    classes = (f"not {made.target}", made.target)
    return Foretold(made.target, "", classes, y, p, made.response, member_p=of)


def _pair(response: Float, target: str) -> Float:
    """Probabilities (..., 2) of no event and the event."""
    outside = int(((response < 0) | (response > 1)).sum())
    if outside:
        raise ModelError(
            f"{outside} predictions of {target} lie outside 0 to 1, and are no probabilities; "
            'adapt the model with link="logit"'
        )
    return np.stack([1 - response, response], axis=-1)


def _all_classes(made: list[Predictions], grown: list[Ensemble], cohort: Cohort) -> Foretold:
    """One prediction for each class of a categorical outcome, in the sorted order of classes."""
    if cohort.outcome_kind != "categorical" or not isinstance(cohort.outcome, str):
        raise CohortError(
            f"a list of predictions is for the classes of a categorical outcome, not of a "
            f"{cohort.outcome_kind} one; pass one Predictions"
        )
    for one in made:
        one.need_probability("entropy and no conformal sets")
    column = cohort.people[cohort.outcome]
    classes = tuple(sorted({str(v) for v in column[column.notna()]}))
    named = [one.target for one in made]
    if sorted(named) != list(classes):
        raise ModelError(
            f"the predictions are of {sorted(named)}, the classes of {cohort.outcome!r} are "
            f"{list(classes)}; give one Predictions for each class"
        )
    order = [named.index(c) for c in classes]
    p = _shares(np.stack([made[i].response for i in order], axis=-1))
    of = _shares(np.stack([grown[i].responses for i in order], axis=-1)) if grown else None
    return Foretold(cohort.outcome, "", classes, cohort.y, p, p.max(axis=1), member_p=of)


def _shares(p: Float) -> Float:
    """Probabilities (..., c) that add up to 1; ModelError where they do not."""
    total = p.sum(axis=-1)
    wrong = int(((np.abs(total - 1) > SUMS_TO) | (p < 0).any(axis=-1)).sum())
    if wrong:
        raise ModelError(
            f"the probabilities of all classes do not add up to 1 in {wrong} of {total.size} rows "
            f"({total.min():.3g} to {total.max():.3g}); predict every class with one model"
        )
    out: Float = p / total[..., None]
    return out
