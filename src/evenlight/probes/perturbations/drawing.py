"""Random numbers that belong to a row, and rows changed with them.

A row's numbers are a function of (run, row id, perturbation, draw) alone: they depend neither on
the rows beside it nor on the size of a block. They are the same at all strengths, so that a
dose-response compares like with like. The generator is Philox (Salmon 2011), keyed by run and row
as in `evenlight.explainers.draws`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.random import Generator, Philox

from evenlight.arrays import Int, Text, Values
from evenlight.errors import ModelError
from evenlight.explainers.draws import Keys, row_keys
from evenlight.probes.perturbations.perturbation import Of, Perturbation

PERTURBED = 2
"""The last word of the counter; `explainers.draws` holds the others."""

EVERYONE = "\x1feveryone"
"""The row to which belongs what all rows share: no row id holds this mark."""


def generators(keys: Keys, name: str, draw: int = 0) -> Iterator[Generator]:
    """One generator for each row of `keys` (n, 2), in turn: each is good until the next is asked.

    >>> keys = row_keys(3, np.array(["ann", "bob"]))
    >>> both = [rng.random() for rng in generators(keys, "noise")]
    >>> both[1] == next(generators(keys[1:], "noise")).random()
    True
    """
    source = Philox(key=0, counter=0)
    rng = Generator(source)
    state: Any = source.state
    word = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    for key in keys:
        state["state"]["key"][:] = key
        state["state"]["counter"][:] = np.array((0, word, draw, PERTURBED), dtype=np.uint64)
        source.state = state
        yield rng


def shared_rng(run: int, name: str, draw: int = 0) -> Generator:
    """The generator of what all rows share in one draw of a perturbation."""
    return next(generators(row_keys(run, np.array([EVERYONE])), name, draw))


def ready(perturbation: Perturbation, run: int, draw: int = 0) -> Of:
    """The function of one draw of a perturbation, what all rows share drawn already."""
    return perturbation.drawn(shared_rng(run, perturbation.name, draw))


def changed(
    perturbation: Perturbation, of: Of, values: Values, strength: float, keys: Keys, draw: int = 0
) -> Values:
    """Rows (m, *s) changed, each with its own random numbers; `of` is what `ready` gave.

    Raises ModelError where a perturbation changes the shape of a row, or writes into what it was
    given.
    """
    given = values.view()
    given.flags.writeable = False  # blocks of an array are views of the cohort's own data
    if not perturbation.by_row:
        return _one(perturbation, of, given, strength, np.random.default_rng(0))
    out = np.empty_like(values)
    for i, rng in enumerate(generators(keys, perturbation.name, draw)):
        out[i] = _one(perturbation, of, given[i : i + 1], strength, rng)[0]
    return out


def within(values: Values, columns: Int | None, change: Callable[[Values], Values]) -> Values:
    """Rows with `change` made to some columns, or to all of them; `values` stay as they are.

    >>> within(np.eye(2), np.array([1]), lambda x: x + 5.0).tolist()
    [[1.0, 5.0], [0.0, 6.0]]
    """
    if columns is None:
        return change(values)
    made = values.copy()
    made[:, columns] = change(np.ascontiguousarray(values[:, columns]))
    return made


def perturbed_rows(
    perturbation: Perturbation,
    values: Values,
    strength: float,
    *,
    rows: Text,
    run: int,
    draw: int = 0,
) -> Values:
    """Rows (m, *s) with ids `rows` (m,) after one perturbation at one strength.

    The same bytes as in any other block or order of rows; to change rows twice, call it twice.

    >>> from evenlight.probes.perturbations.counts import dropout
    >>> lose = Perturbation("dropout", dropout, (0.5,), "share of values", "counts", "Bernoulli")
    >>> x, rows = np.ones((2, 8)), np.array(["ann", "bob"])
    >>> both = perturbed_rows(lose, x, 0.5, rows=rows, run=1)
    >>> bool((both[1:] == perturbed_rows(lose, x[1:], 0.5, rows=rows[1:], run=1)).all())
    True
    """
    of = ready(perturbation, run, draw)
    return changed(perturbation, of, values, strength, row_keys(run, rows), draw)


def _one(
    perturbation: Perturbation, of: Of, before: Values, strength: float, rng: Generator
) -> Values:
    """What `of` makes of some rows, checked."""
    try:
        after = of(before, strength, rng)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ModelError(
            f"{perturbation.name} writes into the rows that it was given; let it change a copy"
        ) from error
    if np.shape(after) != before.shape:
        raise ModelError(
            f"{perturbation.name}: rows of shape {before.shape} became {np.shape(after)}; a "
            "perturbation keeps the shape"
        )
    return after
