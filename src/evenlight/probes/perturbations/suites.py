"""Named suites: each a function of a cohort that gives perturbations made for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from evenlight.data.cohort import Cohort
from evenlight.data.nearest import hint
from evenlight.errors import InputError, UnknownName
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.perturbations.suites_images import imaging
from evenlight.probes.perturbations.suites_omics import counts, expression, genotypes
from evenlight.probes.perturbations.suites_sequences import sequence
from evenlight.probes.perturbations.suites_tables import tabular

SUITES: Mapping[str, Callable[..., Suite]] = {
    "counts": counts,
    "expression": expression,
    "genotypes": genotypes,
    "sequence": sequence,
    "imaging": imaging,
    "tabular": tabular,
}

Asked = str | Mapping[str, Any] | Suite | Perturbation | Callable[[Cohort], Suite]


def suite(name: str, cohort: Cohort, **declared: Any) -> Suite:
    """The suite called `name`, made for a cohort, with what is declared about its data.

    Raises UnknownName with the nearest name, InputError for a declaration that it does not take,
    and CohortError where the data are not what it asks for.
    """
    if name not in SUITES:
        raise UnknownName(f"no suite {name!r}{hint(str(name), list(SUITES))}")
    takes = [p for p in signature(SUITES[name]).parameters if p != "cohort"]
    strange = [word for word in declared if word not in takes]
    if strange:
        raise InputError(
            f"the suite {name!r} takes {', '.join(takes)}, not {strange[0]!r}"
            f"{hint(strange[0], takes)}"
        )
    return SUITES[name](cohort, **declared)


def suite_of(asked: Asked, cohort: Cohort) -> Suite:
    """The suite that is asked for.

    By its name, {"name": ..., declarations}, one perturbation, a function of the cohort, or itself.
    """
    if isinstance(asked, Suite):
        return asked
    if isinstance(asked, Perturbation):
        return Suite(asked.name, (asked,))
    if isinstance(asked, str):
        return suite(asked, cohort)
    if isinstance(asked, Mapping):
        declared = dict(asked)
        if "name" not in declared:
            raise InputError(f"suite={declared} has no name; known: {', '.join(SUITES)}")
        return suite(str(declared.pop("name")), cohort, **declared)
    made = asked(cohort) if callable(asked) else asked
    if not isinstance(made, Suite):
        raise InputError(f"suite gave a {type(made).__name__}; wanted a Suite or one of its names")
    return made
