"""A finding for each answer that depends on a choice that could have been made otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.findings import Answer, Finding
from evenlight.judge import hold_id
from evenlight.measures.specification import HOLDS, Specification
from evenlight.measures.specification_words import counted, left
from evenlight.measures.words import SPOKEN


def unheld(made: Specification, answers: Sequence[Answer], target: str) -> list[Finding]:
    """Findings on the answers that are `fragile`: their share of forks is below 80 %.

    The share is balanced over kinds of choice, or that of one kind is below one half.
    """
    by_id = {answer.id: answer for answer in answers}
    return [
        _finding(made, k, by_id[made.ids[k]], target) for k in np.flatnonzero(made.fragile).tolist()
    ]


def _finding(made: Specification, k: int, answer: Answer, target: str) -> Finding:
    numbers = {
        "effect": float(made.share[k]),
        "margin": HOLDS,
        "n": float(made.counted[:, k].sum()),
    }
    return Finding(
        id=hold_id(answer, target),
        kind="hold",
        grouping=answer.grouping,
        contrast="",
        subject=answer.question,
        view="forks",
        target=target,
        verdict="different",
        severity="watch",
        primary=True,
        mechanism="",
        evidence=numbers,
        sentence=_sentence(made, k, answer),
    )


def _sentence(made: Specification, k: int, answer: Answer) -> str:
    said, told = SPOKEN[answer.verdict], counted(made, k)
    if made.answered[k]:
        return (
            f'The answer to "{answer.question}", {said}, holds under {told}: it depends on the '
            f"choice.{left(made, k)}"
        )
    return (
        f'"{answer.question}" is open as audited ({said}), and under {told}: whether it can be '
        f"told depends on the choice.{left(made, k)}"
    )
