"""What a judge says of a generator's answers to everyone's own input, ready for `perform`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.intake import need_columns
from evenlight.data.scores import Scores
from evenlight.errors import ModelError
from evenlight.models.scored import Generator, Judge, score_of

BLOCK = 64
"""Inputs that a generator is given at once."""


def judged(
    generator: Generator, judges: Mapping[str, Judge], cohort: Cohort, *, inputs: str
) -> Scores:
    """Scores (n, q) of the answers to a column of people, such as the prompt that each would send.

    `judges` maps the name of a score to its judge: `{"refused": ..., "unsupported": ...}`. Each
    input is answered once. `perform(judged(...), cohort, by="sex")` then gives the rate of refusals
    or unsupported statements in each group, with limits and differences.

    Raises
    ------
    ModelError
        where answers or scores are not one for each input, or a score is infinite.
    CohortError
        for an unknown column.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"asks": ["a", "bb"]}, index=["p1", "p2"])
    >>> cohort = Cohort(np.zeros((2, 1)), people, unit="row")
    >>> long = judged(list, {"long": lambda asked, said: [len(s) > 1 for s in said]}, cohort,
    ...               inputs="asks")
    >>> long.names, long.values.tolist()
    (('long',), [[0.0], [1.0]])
    """
    need_columns(cohort.people, [inputs])
    if not judges:
        raise ModelError("there is no judge; name at least one score")
    asked = cohort.people[inputs].tolist()
    found = np.empty((cohort.n, len(judges)))
    for start in range(0, cohort.n, BLOCK):
        at = cohort.order[start : start + BLOCK]
        some = [asked[i] for i in at.tolist()]
        answers = generator(some)
        for j, judge in enumerate(judges.values()):
            found[at, j] = score_of(judge, some, answers)
    name = getattr(generator, "__name__", "generator")
    return Scores.of(cohort.rows, dict(zip(judges, found.T, strict=True)), target=name)
