"""The verb: what a model says of everyone once the data are changed as they are in practice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import EXPLAINED, STEPPED, Perturbed
from evenlight.data.steps import in_words
from evenlight.errors import ModelError
from evenlight.explainers.draws import Keys, row_keys
from evenlight.models.headed import by_head
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.explaining import Explaining, How, explaining
from evenlight.probes.perturbations.drawing import changed, ready, within
from evenlight.probes.perturbations.needs import suited
from evenlight.probes.perturbations.perturbation import Of, Perturbation, Suite
from evenlight.probes.perturbations.suites import Asked, suite_of
from evenlight.stats.rowwise import largest_kept, mass_moved, rank_agreement


def _one_suite(cohort: Cohort, own: dict[str, Any]) -> dict[str, Any]:
    """The suite made for the whole cohort, before the rows of each head are asked."""
    return {**own, "suite": suite_of(own["suite"], cohort)}


@by_head(_one_suite)
def perturb(
    model: object,
    cohort: Cohort,
    *,
    suite: Asked,
    target: int | str | None = None,
    explain: How | None = None,
    draws: int = 1,
    rng: np.random.Generator | int = 0,
) -> Perturbed:
    """Margin and response of every row before and after each step of a suite.

    Parameters
    ----------
    suite
        a name (counts, expression, genotypes, sequence, imaging, tabular), {"name": ...,
        declarations} as {"name": "expression", "scale": "log2"}, a `Suite`, one `Perturbation`, or
        a function of the cohort.
    explain
        the name of an explainer, or {"method": name, its options}: attributions are then compared
        row by row, before and after, with one background. One-hot columns count as one variable.
    draws
        how often each step is drawn; the outputs of each draw are kept.
    rng
        its numbers belong to a row: no answer depends on the order of rows, or on the size of the
        blocks in which they are read. Only one block of changed rows is in memory at a time.

    Raises
    ------
    UnknownName
        for a suite that is not there, with the nearest name.
    CohortError
        where the data are not what a perturbation asks for, saying what was found.
    ModelError
        for a model that does not fit, or that fails on changed rows: the step is named.

    >>> import pandas as pd
    >>> from evenlight.probes.perturbations.genotypes import flipped
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.array([[0.0], [2.0]]), people, ["snp"])
    >>> turn = Perturbation("flips", flipped, (1.0,), "share of variants", "dosage", "2 - x",
    ...                     common=lambda rng: np.array([0]), by_row=False)
    >>> made = perturb(lambda x: x[:, 0], cohort, suite=turn)
    >>> made.before.tolist(), made.after.tolist(), made.steps
    ([0.0, 2.0], [[2.0, 0.0]], ('flips, 1 share of variants',))
    """
    if draws < 1:
        raise ModelError(f"draws is {draws}; a perturbation is drawn once or more")
    made = suite_of(suite, cohort)
    columns = suited(cohort, made)
    prepared = prepare(model, cohort, target=target)
    generator = np.random.default_rng(rng)
    run = int(generator.integers(2**62))
    how = None if explain is None else explaining(prepared, cohort, explain, rng=generator)
    here = _Run(prepared, cohort, made, columns, run, draws, how)
    return here.record(_swept(here))


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One call of the verb."""

    prepared: Prepared
    cohort: Cohort
    suite: Suite
    columns: Mapping[str, Int | None]
    run: int
    draws: int
    how: Explaining | None

    @property
    def steps(self) -> list[tuple[Perturbation, float]]:
        """Each perturbation at each of its strengths, (s,)."""
        return [(p, float(s)) for p in self.suite.perturbations for s in p.strengths]

    def record(self, found: _Found) -> Perturbed:
        """What was found, as a record."""
        prepared, adapted = self.prepared, self.prepared.adapted
        said = found.numbers
        explained = {} if self.how is None else {name: said[name] for name in EXPLAINED}
        return Perturbed(
            self.cohort.rows, self.suite.name, tuple(p.name for p, _ in self.steps),
            np.array([s for _, s in self.steps]), tuple(p.unit for p, _ in self.steps),
            prepared.output, adapted.respond(prepared.output), said["margins"], said["responses"],
            prepared.target, str(adapted.link), adapted.scale, adapted.unit, adapted.score_only,
            "" if self.how is None else self.how.method, shared=shared_by(self.suite),
            cohort_digest=self.cohort.digest, notes=(*self.suite.notes, *found.notes), **explained,
        )  # fmt: skip


def shared_by(suite: Suite) -> tuple[str, ...]:
    """The perturbations of a suite in which all rows of a draw share something."""
    return tuple(p.name for p in suite.perturbations if p.common is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Arrays by name, (s, n, draws) or (s, n), and what is to be told."""

    numbers: dict[str, Float]
    notes: tuple[str, ...] = ()


def _swept(here: _Run) -> _Found:
    """All steps of all rows, block by block."""
    shape = (len(here.steps), here.cohort.n)
    found = {name: np.empty((*shape, here.draws)) for name in STEPPED}
    if here.how is not None:
        found |= {name: np.zeros(shape) for name in EXPLAINED}
    drawn = {p.name: [ready(p, here.run, d) for d in range(here.draws)] for p, _ in here.steps}
    unsure = 0
    for part, x in here.cohort.blocks():
        keys = row_keys(here.run, here.cohort.rows[part])
        own = None if here.how is None else here.how.of(part, x)
        unsure += 0 if own is None else own[1]
        for i, (perturbation, strength) in enumerate(here.steps):
            ofs = drawn[perturbation.name]
            rows = _changed(here, perturbation, strength, ofs, x, keys)
            name = in_words([perturbation.name], [strength], [perturbation.unit])[0]
            step = _Step(here, part, name)
            unsure += step.tell(found, i, rows, None if own is None else own[0])
    notes = (f"{unsure} explanations did not converge, before or after.",) if unsure else ()
    return _Found(found, notes)


def _changed(
    here: _Run, perturbation: Perturbation, strength: float, ofs: Sequence[Of], x: Float, keys: Keys
) -> Iterator[Float]:  # fmt: skip
    """Rows (m, *s) after each draw of one step."""
    columns = here.columns[perturbation.name]
    for draw, of in enumerate(ofs):
        how = partial(changed, perturbation, of, strength=strength, keys=keys, draw=draw)
        yield within(x, columns, how)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step of one block of rows."""

    here: _Run
    part: slice
    name: str

    def tell(
        self, found: dict[str, Float], i: int, draws: Iterator[Float], own: Values | None
    ) -> int:
        """Put the answers of all draws into row i of `found`; how many rows did not converge."""
        unsure, respond = 0, self.here.prepared.adapted.respond
        for d, x in enumerate(draws):
            margin = self.margin(x)
            found["margins"][i, self.part, d] = margin
            found["responses"][i, self.part, d] = respond(margin)
            if own is None or self.here.how is None:
                continue
            sizes, lost = self.here.how.of(self.part, x)
            unsure += lost
            for name, of in zip(EXPLAINED, (rank_agreement, largest_kept, mass_moved), strict=True):
                found[name][i, self.part] += of(own, sizes) / self.here.draws
        return unsure

    def margin(self, x: Float) -> Float:
        """Margins (m,) of changed rows; ModelError names the step where there are none."""
        try:
            said = self.here.prepared.margin(x)
        except ValueError as error:
            raise ModelError(
                f"after {self.name}: {str(error).splitlines()[0]}{_gaps(x)}"
            ) from error
        bad = ~np.isfinite(said)
        if bad.any():
            row = np.arange(self.here.cohort.n)[self.part][int(bad.argmax())]
            raise ModelError(
                f"after {self.name} the output is not finite in {int(bad.sum())} of {len(bad)} "
                f"rows (first at position {row}){_gaps(x)}"
            )
        return said


def _gaps(x: Float) -> str:
    """What to say where changed rows hold missing values."""
    if not np.isnan(x).any():
        return ""
    return '; the changed rows hold NaN: say missing="mean" or "median" in the suite'
