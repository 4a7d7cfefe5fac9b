"""A generator and a judge of its answers as a model: rows in, one score a row out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import ModelError

Generator = Callable[[Any], Sequence[Any]]
"""Inputs (m of them) to m answers: text, images, anything that the judge reads."""

Judge = Callable[[Any, Sequence[Any]], Any]
"""Inputs and answers to m numbers, such as 1 where an answer was refused or made up."""


def scored(generator: Generator, judge: Judge) -> Callable[[Any], Float]:
    """The judge's score of what the generator answers, as a function of the inputs.

    A function of rows is a model: `adapt`, `predict` and every probe take it. The generator must
    answer the same each time (greedy decoding, or a seed that belongs to the input); a random one
    is refused when it is adapted.

    Raises ModelError where answers or scores are not one for each input.

    >>> total = scored(lambda rows: rows.sum(axis=1), lambda rows, said: said > 2)
    >>> total(np.array([[1.0, 0.0], [2.0, 1.0]])).tolist()
    [0.0, 1.0]
    """

    def score(inputs: Any) -> Float:
        return score_of(judge, inputs, generator(inputs))

    score.__name__ = getattr(generator, "__name__", "generator")
    return score


def score_of(judge: Judge, inputs: Any, answers: Sequence[Any]) -> Float:
    """What a judge says of answers, (m,); ModelError unless there is one number for each input."""
    if len(answers) != len(inputs):
        raise ModelError(f"{len(answers)} answers to {len(inputs)} inputs; wanted one for each")
    made = np.asarray(judge(inputs, answers), dtype=np.float64)
    if made.shape != (len(inputs),):
        raise ModelError(
            f"the judge gave shape {made.shape} for {len(inputs)} answers; wanted one number for "
            "each"
        )
    return made
