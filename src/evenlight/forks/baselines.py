"""What attributions are measured from, as a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenlight.arrays import Values
from evenlight.explainers.image_baselines import IMAGES
from evenlight.forks.alternatives import alternatives
from evenlight.forks.fork import Fork


def baselines(chosen: Sequence[str] | Mapping[str, Values] = IMAGES) -> tuple[Fork, ...]:
    """A fork of kind *baseline* for each of several baselines of "ig" or "shapley".

    Words ("mean", "rows", and of images "black", "blur", "inpaint"), or arrays (*s) or (b, *s) or
    functions by name. There is no right one: black and the mean are no image of anybody, a blur
    keeps what is large, and a filled frame keeps the edge; an answer that needs one of them
    depends on it.

    >>> [(fork.name, fork.setting) for fork in baselines(("black", "blur"))]
    [('baseline', 'black'), ('baseline', 'blur')]

    Raises InputError where there are none.
    """
    named = chosen if isinstance(chosen, Mapping) else {word: word for word in chosen}
    return alternatives("baseline", {name: {"baseline": one} for name, one in named.items()})
