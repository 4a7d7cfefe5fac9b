"""Explainers: what each feature adds to each row's output. One file each, and a table of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from evenlight.errors import UnknownName

if TYPE_CHECKING:
    from evenlight.data.attributions import Attributions

    Explainer = Callable[..., Attributions]

EXPLAINERS: Mapping[str, str] = {
    "ig": "evenlight.explainers.path:explain",
    "linear": "evenlight.explainers.linear:explain",
    "occlusion": "evenlight.explainers.occlusion:explain",
    "shapley": "evenlight.explainers.shapley:explain",
}
"""Name to "module:function"; nothing is imported before it is asked for."""


def load(name: str) -> Explainer:
    """The explainer called `name`.

    >>> load("gradients")
    Traceback (most recent call last):
    evenlight.errors.UnknownName: no explainer 'gradients'; known: ig, linear, occlusion, shapley
    """
    if name not in EXPLAINERS:
        raise UnknownName(f"no explainer {name!r}; known: {', '.join(sorted(EXPLAINERS))}")
    module, _, function = EXPLAINERS[name].partition(":")
    found: Explainer = getattr(import_module(module), function)
    return found
