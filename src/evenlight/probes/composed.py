"""Several perturbations at once, each at a strength of its own, in the order of their suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.steps import in_words
from evenlight.errors import ModelError
from evenlight.explainers.draws import row_keys
from evenlight.models.probe import Prepared
from evenlight.probes.perturbations.drawing import changed, ready, within
from evenlight.probes.perturbations.needs import suited
from evenlight.probes.perturbations.perturbation import Suite


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A model, people, and the perturbations of a suite that are applied to them together."""

    prepared: Prepared
    cohort: Cohort
    suite: Suite
    columns: Mapping[str, Int | None]

    def sizes(self, rows: Int, strength: Float, *, run: int, draw: int = 0) -> Float:
        """|margin after - margin before| (m,) of `rows` (m,), each perturbation at its strength.

        A strength of 0 leaves a perturbation out. The random numbers of a row are those of `run`
        and `draw`, the same at all strengths.
        """
        out, own = np.empty(len(rows)), self.cohort.take(rows)
        before = self.prepared.output[rows]
        for part, x in own.blocks():
            after = self._margin(self._changed(own, part, x, strength, run, draw), strength)
            out[part] = np.abs(after - before[part])
        return out

    def _changed(
        self, own: Cohort, part: slice, x: Float, strength: Float, run: int, draw: int
    ) -> Float:  # fmt: skip
        keys = row_keys(run, own.rows[part])
        for one, s in zip(self.suite.perturbations, strength.tolist(), strict=True):
            if s > 0:
                of = ready(one, run, draw)
                how = partial(changed, one, of, strength=s, keys=keys, draw=draw)
                x = within(x, self.columns[one.name], how)
        return x

    def _margin(self, x: Float, strength: Float) -> Float:
        try:
            said = self.prepared.margin(x)
        except ValueError as error:
            first = str(error).splitlines()[0]
            raise ModelError(f"after {self.told(strength)}: {first}") from error
        bad = int((~np.isfinite(said)).sum())
        if bad:
            raise ModelError(
                f"after {self.told(strength)} the output is not finite in {bad} of {len(said)} "
                "rows; state smaller bounds"
            )
        return said

    def told(self, strength: Float) -> str:
        """The perturbations that are applied, in words."""
        every = self.suite.perturbations
        names, units = ([getattr(p, of) for p in every] for of in ("name", "unit"))
        told = in_words(names, strength, units, digits=".3g")
        return (
            " and ".join(one for one, s in zip(told, strength, strict=True) if s > 0) or "nothing"
        )


def composed(prepared: Prepared, cohort: Cohort, suite: Suite) -> Composed:
    """Check that the data are what each perturbation asks for; CohortError says what was found."""
    return Composed(prepared, cohort, suite, suited(cohort, suite))
