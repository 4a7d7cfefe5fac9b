"""Explainers: what each feature adds to each row's output. One file each, and a table of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from evenlight.data.nearest import nearest
from evenlight.errors import UnknownName

EXPLAINERS: Mapping[str, str] = {
    "captum.deeplift": "evenlight.explainers.captum_methods:deeplift",
    "captum.gradcam": "evenlight.explainers.captum_maps:gradcam",
    "captum.gradient_shap": "evenlight.explainers.captum_methods:gradient_shap",
    "captum.ig": "evenlight.explainers.captum_methods:ig",
    "captum.occlusion": "evenlight.explainers.captum_maps:occlusion",
    "ig": "evenlight.explainers.path:explain",
    "linear": "evenlight.explainers.linear:explain",
    "occlusion": "evenlight.explainers.occlusion:explain",
    "shap.gradient": "evenlight.explainers.shap_methods:gradient",
    "shap.kernel": "evenlight.explainers.shap_methods:kernel",
    "shap.permutation": "evenlight.explainers.shap_methods:permutation",
    "shap.tree": "evenlight.explainers.shap_methods:tree",
    "shapley": "evenlight.explainers.shapley:explain",
    "smoothgrad": "evenlight.explainers.smoothgrad:explain",
    "trees": "evenlight.explainers.trees:explain",
}
"""Name to "module:function"; nothing is imported before it is asked for."""

UNORDERED = ("captum.deeplift", "captum.gradcam", "captum.ig")
"""Those whose last bits depend on the order of the rows."""

TOGETHER: Mapping[str, str] = {"ig": "evenlight.explainers.path:explain_all"}
"""Those that take several `targets=` in one pass and give a tuple."""


def load(name: str, table: Mapping[str, str] = EXPLAINERS) -> Callable[..., Any]:
    """The explainer called `name`.

    >>> load("gradients")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    evenlight.errors.UnknownName: no explainer 'gradients'; did you mean 'shap.gradient'? known: ...
    """
    if name not in table:
        near = nearest(name, table)
        hint = f"did you mean {near!r}? " if near else ""
        raise UnknownName(f"no explainer {name!r}; {hint}known: auto, {', '.join(sorted(table))}")
    module, _, function = table[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
