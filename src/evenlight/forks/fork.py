"""A fork: one choice of an audit made otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError

CHANGES = ("model", "cohort", "method", "background", "seed")
"""What a fork may choose otherwise, beside options of the explanation."""


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """One choice made otherwise: `name` is the kind of choice, `setting` how it was made.

    Another `model` (a training seed, a prompt, `ev.Embeddings` of another layer) or `cohort` (the
    same people: values prepared, an outcome defined otherwise), or both; another `method`,
    `background` or `options` of the explanation; or another `seed`. What is None stays as audited.
    Forks of one name are of one kind and count together (`Specification.share`).

    >>> forks = [Fork("training seed", "2", model=print), Fork("explainer", "ig", method="ig")]
    >>> [(fork.name, fork.setting) for fork in forks]
    [('training seed', '2'), ('explainer', 'ig')]

    Raises InputError for a fork without a name or setting, one that changes nothing, and what is no
    cohort, method, mapping of options or seed.
    """

    name: str
    setting: str
    model: object | None = None
    cohort: Cohort | None = None
    method: str | None = None
    background: Cohort | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    def __post_init__(self) -> None:
        for what in ("name", "setting"):
            value = getattr(self, what)
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"a fork's {what} is {value!r}; wanted words, as 'explainer'")
        told = f"the fork {self.name}, {self.setting}"
        for what, kind in (("cohort", Cohort), ("background", Cohort), ("method", str)):
            value = getattr(self, what)
            if value is not None and not isinstance(value, kind):
                raise InputError(
                    f"{told}: {what} is a {type(value).__name__}; wanted a {kind.__name__}"
                )
        if not isinstance(self.options, Mapping):
            raise InputError(f"{told}: options is a {type(self.options).__name__}; wanted a dict")
        if self.seed is not None and (
            not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0
        ):
            raise InputError(f"{told}: seed is {self.seed!r}; wanted a whole number from 0")
        if not self.options and all(getattr(self, what) is None for what in CHANGES):
            raise InputError(f"{told} changes nothing; give one of {', '.join(CHANGES)}, options")

    @property
    def explains_only(self) -> bool:
        """Whether what the model says of every row stays: only its explanation is made otherwise.

        A seed draws the intervals of other measures anew, and is no such fork.
        """
        return self.model is None and self.cohort is None and self.seed is None


def sound(forks: Sequence[object], cohort: Cohort) -> tuple[Fork, ...]:
    """The forks, before anything is computed.

    Raises InputError for what is no fork, forks that share name and setting, and a cohort that is
    not of the same people.
    """
    seen = set()
    for fork in forks:
        if not isinstance(fork, Fork):
            raise InputError(f"forks holds a {type(fork).__name__}; wanted Fork(name, setting, ..)")
        if (fork.name, fork.setting) in seen:
            raise InputError(
                f"two forks are {fork.name}, {fork.setting}; name their settings apart"
            )
        seen.add((fork.name, fork.setting))
        if fork.cohort is not None:
            same_people(fork.cohort, cohort, f"the cohort of {fork.name}, {fork.setting}")
    return tuple(fork for fork in forks if isinstance(fork, Fork))


def same_people(other: Cohort, cohort: Cohort, told: str) -> None:
    """Raise InputError unless two cohorts are of the same rows of the same units.

    Outcome and labels may be defined otherwise: this is a choice as well.
    """
    if not np.array_equal(np.sort(other.rows), np.sort(cohort.rows)):
        raise InputError(
            f"{told} has other rows ({other.n}) than the audited one ({cohort.n}); a fork changes "
            "values, not people"
        )
    if not np.array_equal(
        other.units[align.match(other.rows, cohort.rows, what=told)], cohort.units
    ):
        raise InputError(
            f"{told} has other units than the audited one; name the same column with unit="
        )
