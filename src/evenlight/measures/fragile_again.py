"""Further draws of what all rows share in a perturbation, beside the draw that is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import EXPLAINED, STEPPED, Perturbed
from evenlight.errors import InputError

ONCE = (
    "What all rows share in a draw (the genes that are lost, the shift of a batch) was drawn "
    "{times} in {steps}: {what} there speak for {these}. Repeats with other seeds make them "
    "speak for others (perturb_again)."
)

SAME = 1e-5
"""Outputs of one model on the same rows agree to this part of their largest."""


def redrawn(made: Perturbed, repeats: Sequence[Perturbed], cohort: Cohort) -> list[Perturbed]:
    """`made` with those steps drawn again that each repeat holds; the others as they are.

    Raises InputError where a repeat is none: other steps, target, model or draws, or the same
    numbers.
    """
    if isinstance(repeats, Perturbed):
        raise InputError("repeats is one record of perturbations; pass a list of them")
    return [_exchanged(made, one.at(cohort), repeats[0].steps) for one in repeats]


def _exchanged(made: Perturbed, again: Perturbed, steps: tuple[str, ...]) -> Perturbed:
    place = {step: i for i, step in enumerate(made.steps)}
    strange = [step for step in again.steps if step not in place]
    if strange or again.steps != steps or again.target != made.target:
        raise InputError(
            f"a repeat has other steps ({', '.join(strange[:3]) or 'than another repeat'}) or "
            "another target than the perturbations"
        )
    if again.draws != made.draws:
        raise InputError(
            f"a repeat is of {again.draws} draws and what it repeats of {made.draws}; say the same "
            "draws= of both"
        )
    far = np.abs(again.before - made.before).max(initial=0.0)
    if far > SAME * np.abs(made.before).max(initial=0.0):
        raise InputError("a repeat is of another model: its outputs before any change differ")
    at = [place[step] for step in again.steps]
    if again.size.any() and np.array_equal(again.margins, made.margins[at]):
        raise InputError("a repeat has the same numbers as the perturbations; give another rng")
    explained = EXPLAINED if made.method and again.method == made.method else ()
    own = {name: getattr(made, name).copy() for name in (*STEPPED, *explained)}
    for name, values in own.items():
        values[at] = getattr(again, name)
    return replace(made, **own)


def drawn_once(made: Perturbed, repeats: Sequence[Perturbed]) -> tuple[str, ...]:
    """Sentences: which steps were drawn once for everyone, and what therefore speaks for that draw.

    All views of a step that no repeat holds; those of attributions where no repeat explains.
    """
    shared = [step for step, p in zip(made.steps, made.perturbation, strict=True)
              if p in made.shared]  # fmt: skip
    held = set(repeats[0].steps) if repeats else set()
    out = [_told(made, [step for step in shared if step not in held], "answers")]
    if made.method and not all(one.method == made.method for one in repeats):
        again = [step for step in shared if step in held]
        out.append(_told(made, again, "agreement, overlap and moved mass of attributions"))
    return tuple(sentence for sentence in out if sentence)


def _told(made: Perturbed, steps: Sequence[str], what: str) -> str:
    if not steps:
        return ""
    one = made.draws == 1
    times, these = ("once", "that draw") if one else (f"{made.draws} times", "those draws")
    named = "; ".join(steps[:3]) + (f"; and {len(steps) - 3} more" if len(steps) > 3 else "")
    return ONCE.format(times=times, steps=named, what=what, these=these)
