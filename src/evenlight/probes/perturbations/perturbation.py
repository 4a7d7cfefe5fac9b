"""A change of the data with its strengths in field units, and a named collection of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import InputError, UnknownName

Needs = Literal["numbers", "counts", "log counts", "dosage", "image", "codes"]
NEEDS: tuple[Needs, ...] = get_args(Needs)
"""What a perturbation asks of the data (`evenlight.probes.perturbations.needs` checks it)."""

Of = Callable[[Values, float, np.random.Generator], Values]


@dataclass(frozen=True, slots=True, eq=False)
class Perturbation:
    """One change of the data: `of(values, strength, rng)` of rows (m, *s) gives rows (m, *s).

    Parameters
    ----------
    name
        what is changed, in the field's words.
    of
        a pure function that leaves its argument as it is, keeps shape and kind of number, and
        changes nothing at strength 0. Without `common`, its third argument belongs to the row.
    strengths
        ascending and above 0, in `unit`.
    unit
        what a strength is counted in: "share of reads lost", "degrees", "pixels".
    needs
        what it asks of the data, one of `NEEDS`.
    source
        the formula, or who described it.
    common
        draws what all rows share (the effect of a batch, the genes that are lost): a function of a
        generator. Its answer is handed to `of` as `shared=`, the same for all strengths, so that
        what is changed at one strength is changed at every larger one.
    by_row
        whether `of` draws something of its own for each row; False lets it take rows together.
    only
        the features that it changes, () for all of x: `of` is given their columns (m, q) alone.

    >>> from evenlight.probes.perturbations.counts import thinned
    >>> Perturbation("depth", thinned, (0.1, 0.5), "share of reads lost", "counts", "binomial")
    Perturbation depth: 0.1, 0.5 share of reads lost
    """

    name: str
    of: Callable[..., Values]
    strengths: tuple[float, ...]
    unit: str
    needs: Needs
    source: str
    common: Callable[[np.random.Generator], Any] | None = None
    by_row: bool = True
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or not self.unit or not self.source:
            raise InputError("a perturbation needs a name, the unit of its strength, and a source")
        if self.needs not in NEEDS:
            raise UnknownName(f"{self.name}: needs {self.needs!r}; known: {', '.join(NEEDS)}")
        steps = np.array(self.strengths, dtype=np.float64)
        if steps.ndim != 1 or not len(steps) or not np.isfinite(steps).all():
            raise InputError(f"{self.name}: strengths are {self.strengths}; list finite numbers")
        if steps[0] <= 0 or (np.diff(steps) <= 0).any():
            raise InputError(
                f"{self.name}: strengths {self.strengths} must ascend and be above 0; strength 0 "
                "is what the data are before"
            )

    def drawn(self, rng: np.random.Generator) -> Of:
        """`of` with what all rows share drawn from `rng`; itself where they share nothing."""
        return self.of if self.common is None else partial(self.of, shared=self.common(rng))

    def at(self, *strengths: float) -> Perturbation:
        """The same at other strengths."""
        return replace(self, strengths=tuple(float(s) for s in strengths))

    def __repr__(self) -> str:
        told = ", ".join(f"{s:g}" for s in self.strengths)
        return f"Perturbation {self.name}: {told} {self.unit}"


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """Perturbations that belong together, made for one cohort.

    `only` names the features that they change, () for all of x; a perturbation that names its own
    keeps them, so that those of several suites may stand in one. `scale` is what the data were
    declared to be; `notes` are sentences about what was assumed or left out.
    """

    name: str
    perturbations: tuple[Perturbation, ...]
    only: tuple[str, ...] = ()
    scale: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [p.name for p in self.perturbations]
        if not names:
            raise InputError(f"the suite {self.name!r} holds no perturbation")
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise InputError(f"the suite {self.name!r} names {twice[0]!r} twice; rename one")
        if self.only:
            own = tuple(p if p.only else replace(p, only=self.only) for p in self.perturbations)
            object.__setattr__(self, "perturbations", own)

    def taking(self, *names: str) -> Suite:
        """The same with some of its perturbations, in the order of `names`.

        Raises UnknownName, listing what there is.
        """
        known = {p.name: p for p in self.perturbations}
        for name in names:
            if name not in known:
                raise UnknownName(
                    f"the suite {self.name!r} has no {name!r}; it has {', '.join(known)}"
                )
        return replace(self, perturbations=tuple(known[n] for n in names))

    def __repr__(self) -> str:
        told = ", ".join(p.name for p in self.perturbations)
        return f"Suite {self.name}: {told}"
