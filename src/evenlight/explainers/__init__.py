"""Explainers: what each feature adds to each row's output. One file each, and a table of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from evenlight.errors import UnknownName

EXPLAINERS: Mapping[str, str] = {
    "ig": "evenlight.explainers.path:explain",
    "linear": "evenlight.explainers.linear:explain",
    "occlusion": "evenlight.explainers.occlusion:explain",
    "shapley": "evenlight.explainers.shapley:explain",
    "smoothgrad": "evenlight.explainers.smoothgrad:explain",
}
"""Name to "module:function"; nothing is imported before it is asked for."""

TOGETHER: Mapping[str, str] = {"ig": "evenlight.explainers.path:explain_all"}
"""Those that take several `targets=` in one pass and give a tuple."""


def load(name: str, table: Mapping[str, str] = EXPLAINERS) -> Callable[..., Any]:
    """The explainer called `name`.

    >>> load("gradients")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    evenlight.errors.UnknownName: no explainer 'gradients'; known: ...
    """
    if name not in table:
        raise UnknownName(f"no explainer {name!r}; known: {', '.join(sorted(table))}")
    module, _, function = table[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
