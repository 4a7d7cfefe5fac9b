"""Cells of donors: attributions by donor and cell type, and what a model wants its values to be.

A donor is what is sampled, a cell is not. Adding the cells of a donor up, or averaging them, keeps
attributions exact: what adds up to the output of each cell adds up to the mean of the outputs.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from evenlight.arrays import Bool, Int
from evenlight.data.annotated import MEANT
from evenlight.data.assay import WORDS, assay_of
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.groups import Groups
from evenlight.data.library_size import sampled
from evenlight.errors import AttributionError, CohortError, EvenlightWarning
from evenlight.modalities.bulk import Bulk, each_type, known_of, standard
from evenlight.small_groups import least_shown

How = Literal["mean", "sum", "standardised"]

LEAST = 10
"""Fewest cells of a donor, or of one type of a donor, that are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Pseudobulk:
    """m rows, each the cells of one donor, or of one type of a donor; `cells` (m,) counts them."""

    attributions: Attributions
    cohort: Cohort
    cells: Int

    def __post_init__(self) -> None:
        if not self.attributions.n == self.cohort.n == len(self.cells):
            raise AttributionError(
                f"{self.attributions.n} attributions, {self.cohort.n} rows and {len(self.cells)} "
                "counts of cells do not match"
            )


def pseudobulk(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | None = None,
    how: How = "mean",
    least: int = LEAST,
) -> Pseudobulk:
    """Attributions and x of the cells of each donor (the cohort's unit) as one row.

    Parameters
    ----------
    by
        a column of people, the cell type: one row is then a donor and a type.
    how
        "mean" or "sum" of the cells; "standardised" gives one row a donor, in which each type
        weighs the same for everyone, so that donors with other shares of the types can be compared
        (direct standardisation; Kitagawa 1955, JASA 50:1168). The weight of a type is its mean
        share over donors; types that fewer than 80 % of them have are left out, and so are donors
        without one of the others.
    least
        a donor, or a type of a donor, with fewer cells is left out; the notes say how many.

    Cells that did not converge or have no type are left out. Columns of people that differ within a
    row are averaged (`library_size` is added up), or dropped where they are text.

    Raises CohortError without a unit, for an outcome or a stratum that differs within a row, or
    where nothing is left; AttributionError for maps.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"donor": ["d", "d", "e", "e"]}, index=list("abcd"))
    >>> cohort = Cohort(np.array([[1.0], [3.0], [5.0], [5.0]]), people, ["g"], unit="donor")
    >>> phi = Attributions.from_arrays(
    ...     2 * cohort.x, rows=cohort.rows, features=["g"], output=2 * cohort.x[:, 0], base=0.0
    ... )
    >>> made = pseudobulk(phi, cohort, least=2)
    >>> made.attributions.values.tolist(), made.cohort.rows.tolist(), made.cells.tolist()
    ([[4.0], [10.0]], ['d', 'e'], [2, 2])
    """
    if how not in get_args(How) or (how == "standardised" and by is None):
        raise CohortError(f"how={how!r} with by={by!r}; wanted mean, sum, or standardised with by=")
    made = attributions.at(cohort)
    if made.values.ndim != 2 or cohort.x.ndim != 2:
        raise AttributionError("attributions of cells are a table; sum maps with .by(sets) first")
    bulk = (
        standard(cohort, made.converged, by, least=least)
        if how == "standardised" and by is not None
        else each_type(cohort, made.converged, by, least=least, sums=how == "sum")
    )
    people, roles = known_of(cohort, bulk, None if how == "standardised" else by)
    whole = Cohort(bulk.added(cohort.x, cohort.order), people, cohort.features, **roles)
    whole = whole.altered(
        notes=(*cohort.notes, *bulk.notes), event=cohort.event, split=cohort.split,
        source=cohort.source,
    )  # fmt: skip
    return Pseudobulk(_gathered(made, cohort, whole, bulk, how), whole, bulk.cells)


def _gathered(
    made: Attributions, cohort: Cohort, whole: Cohort, bulk: Bulk, how: str
) -> Attributions:
    """The attributions of the rows of a pseudobulk, completeness looked at anew."""
    values = bulk.added(made.values, cohort.order).astype(np.float32)
    both = bulk.added(np.column_stack([made.output, made.base]), cohort.order)
    error, converged = residual(values, both[:, 0], both[:, 1])
    return replace(
        made, rows=whole.rows, values=values, output=both[:, 0].copy(), base=both[:, 1].copy(),
        error=error, converged=converged, spread=None, sensitivity=None,
        settings={**made.settings, "pseudobulk": how}, cohort_digest=whole.digest,
    )  # fmt: skip


def by_type(bulk: Pseudobulk, *, by: str) -> dict[str, Pseudobulk]:
    """A pseudobulk of donors and types, taken apart by type: one row a donor in each.

    Types that fewer than 11 donors have are left out, since nothing could be told of them.
    """
    if by not in bulk.cohort.people.columns:
        raise CohortError(f"by: the pseudobulk has no column {by!r}; make it with by={by!r}")
    found = Groups.from_labels(by, bulk.cohort.people[by])
    masks = {level: found.codes == i for i, level in enumerate(found.levels)}
    return {k: _taken(bulk, m) for k, m in masks.items() if m.sum() >= least_shown()}


def _taken(bulk: Pseudobulk, at: Bool) -> Pseudobulk:
    """Some of the rows."""
    cohort, made = bulk.cohort.take(at), bulk.attributions
    some = {name: getattr(made, name)[at] for name in ("rows", "values", "output", "base", "error")}
    found = replace(made, **some, converged=made.converged[at], cohort_digest=cohort.digest)
    return Pseudobulk(found, cohort, bulk.cells[at])


def warn_of_counts(cohort: Cohort) -> str:
    """A warning, and what it says, of counts where adata records a logarithm; "" elsewhere.

    Nobody said what the model expects: where it is counts, saying so ends the warning.
    """
    told = next((note for note in cohort.notes if note.endswith(MEANT)), "")
    if told:
        warnings.warn(
            f"{told} Leave layer= out or name another one; if the model was trained on counts, say "
            'so: expects="counts".',
            EvenlightWarning,
            stacklevel=3,
        )
    return told


def check_values(cohort: Cohort, expects: str) -> str:
    """What the values of x are, in a sentence; a warning where the model expects other ones.

    `expects` is "counts", "scaled counts", "log counts", "shares", "log-ratios", "dosage" or
    "numbers" (anything). Raises CohortError for another word.
    """
    words = {str(kind): said for kind, said in WORDS.items()}
    if expects not in words:
        raise CohortError(f"expects={expects!r}; wanted one of {', '.join(words)}")
    found = assay_of(sampled(cohort.x, cohort.rows))
    same = {"counts": ("counts", "dosage")}.get(expects, (expects,))  # few or binarised counts
    if found.kind in (*same, "numbers") or expects == "numbers":
        return found.sentence
    told = f"The model expects {words[expects]}. {found.sentence}"
    warnings.warn(
        f"{told} Name another layer, or bring x to what the model was trained on.",
        EvenlightWarning,
        stacklevel=2,
    )
    return told
