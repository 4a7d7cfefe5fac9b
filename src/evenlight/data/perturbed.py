"""What `perturb` returns: the output of a model before and after changes of the data.

n rows, s steps (each a perturbation at one strength), d draws of each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.steps import in_words
from evenlight.errors import ModelError, UnknownName

FLAT = ("before", "response_before")
STEPPED = ("margins", "responses")
EXPLAINED = ("agreement", "overlap", "moved")
"""Fields by shape: (n,), (s, n, d), and (s, n) where attributions were made, else (0, n)."""


@dataclass(frozen=True, slots=True, eq=False)
class Perturbed:
    """Margins and responses before and after each of s steps, row by row and draw by draw.

    `perturbation`, `strength`, `unit` (s,) say what was done: steps of one perturbation stand
    together and ascend. `before`, `response_before` (n,) are of the data as recorded; `margins`,
    `responses` (s, n, d) of each draw: whatever is no mean of them (a decision, a rank) is judged
    draw by draw and then averaged. `shared` names the perturbations in which all rows of a draw
    share something. `score_only`: see `Predictions`.

    Where attributions were made (`method`): `agreement` (s, n) Spearman's correlation of |phi|
    before and after, `overlap` (s, n) the share of the ten largest that are still among them (of
    all, where there are fewer), `moved` (s, n) half the L1 distance of |phi| normalised to 1, from
    0 (the same) to 1 (elsewhere altogether); each of a draw's own, then averaged. Else (0, n).
    """

    rows: Text
    suite: str
    perturbation: tuple[str, ...]
    strength: Float
    unit: tuple[str, ...]
    before: Float
    response_before: Float
    margins: Float
    responses: Float
    target: str
    link: str
    scale: str = "margin"
    response_unit: str = ""
    score_only: bool = False
    method: str = ""
    agreement: Float = field(default_factory=lambda: np.zeros((0, 0)))
    overlap: Float = field(default_factory=lambda: np.zeros((0, 0)))
    moved: Float = field(default_factory=lambda: np.zeros((0, 0)))
    shared: tuple[str, ...] = ()
    cohort_digest: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, s = len(self.rows), len(self.perturbation)
        explained = s if self.method else 0
        wanted: dict[str, tuple[int, ...]] = dict.fromkeys(FLAT, (n,))
        wanted["strength"] = (s,)
        wanted |= dict.fromkeys(STEPPED, (s, n, self.draws))
        if not self.method and not self.agreement.size:
            for name in EXPLAINED:
                object.__setattr__(self, name, np.zeros((0, n)))
        wanted |= dict.fromkeys(EXPLAINED, (explained, n))
        for name, shape in wanted.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise ModelError(f"{name} has shape {found.shape}, wanted {shape}")
            bad = int((~np.isfinite(found)).sum())
            if bad:
                raise ModelError(f"{name} holds {bad} values that are not finite")
        self._steps()

    def _steps(self) -> None:
        s = len(self.perturbation)
        if not s or len(self.unit) != s or self.draws < 1:
            raise ModelError(f"{s} steps, {len(self.unit)} units and {self.draws} draws do not fit")
        for i in range(1, s):
            same = self.perturbation[i] == self.perturbation[i - 1]
            if same and self.strength[i] <= self.strength[i - 1]:
                raise ModelError(f"the strengths of {self.perturbation[i]!r} do not ascend")
            if not same and self.perturbation[i] in self.perturbation[:i]:
                raise ModelError(f"the steps of {self.perturbation[i]!r} do not stand together")
        strange = sorted(set(self.shared) - set(self.perturbation))
        if strange:
            raise ModelError(f"shared names {strange[0]!r}, which is no perturbation here")

    @property
    def steps(self) -> tuple[str, ...]:
        """Each step in words, (s,)."""
        return in_words(self.perturbation, self.strength, self.unit)

    @property
    def draws(self) -> int:
        """How often each step was drawn."""
        return int(self.margins.shape[-1])

    @property
    def after(self) -> Float:
        """The mean margin over draws (s, n)."""
        return _mean(self.margins)

    @property
    def response(self) -> Float:
        """The mean response over draws (s, n)."""
        return _mean(self.responses)

    @property
    def change(self) -> Float:
        """Mean margin after, minus margin before, (s, n)."""
        return self.after - self.before

    @property
    def size(self) -> Float:
        """The mean over draws of |margin - margin before|, (s, n)."""
        return _mean(np.abs(self.margins - self.before[:, None]))

    @property
    def spread(self) -> Float:
        """The standard deviation of the margin over draws (s, n), 0 with one draw."""
        spread: Float = self.margins.std(axis=-1, ddof=min(self.draws - 1, 1))
        return spread

    def of(self, name: str) -> list[int]:
        """The positions of the steps of one perturbation, in ascending strength.

        Raises UnknownName, listing what there is.
        """
        found = [i for i, known in enumerate(self.perturbation) if known == name]
        if not found:
            known = ", ".join(dict.fromkeys(self.perturbation))
            raise UnknownName(f"no perturbation {name!r} here; there are {known}")
        return found

    def at(self, cohort: Cohort) -> Perturbed:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise ModelError("these perturbations were made on another cohort; perturb anew")
        if np.array_equal(self.rows, cohort.rows):
            return self
        index = align.match(self.rows, cohort.rows, what="perturbed rows")
        taken = {name: getattr(self, name)[..., index] for name in (*FLAT, *EXPLAINED)}
        taken |= {name: getattr(self, name)[:, index] for name in STEPPED}
        return replace(self, rows=cohort.rows, **taken)

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, step, outputs before and after, means over draws.

        Individual data: keep with the patients' data.
        """
        n, s = len(self.rows), len(self.perturbation)
        columns = {
            "row": np.tile(self.rows, s),
            "perturbation": np.repeat(np.array(self.perturbation, dtype=object), n),
            "strength": np.repeat(self.strength, n),
            "unit": np.repeat(np.array(self.unit, dtype=object), n),
            "before": np.tile(self.before, s),
            "response_before": np.tile(self.response_before, s),
        }
        wide = ("after", "response", "size", "spread", *(EXPLAINED if self.method else ()))
        return pd.DataFrame(columns | {name: getattr(self, name).ravel() for name in wide})

    def __repr__(self) -> str:
        kinds = len(dict.fromkeys(self.perturbation))
        most = int(np.argmax(self.size.mean(axis=1)))
        return (
            f"Perturbed by {self.suite}: {kinds} perturbations in {len(self.perturbation)} steps, "
            f"{len(self.rows)} rows; moving most: {self.steps[most]}"
        )


def _mean(values: Float) -> Float:
    """The mean over draws, the last axis; of one draw its own bytes."""
    mean: Float = values[..., 0] if values.shape[-1] == 1 else values.mean(axis=-1)
    return mean
