"""Estimators that hold other estimators: which of them is audited."""

from __future__ import annotations

from copy import copy
from typing import Any

_HOLDS = ("calibrated_classifiers_", "final_estimator_", "named_estimators_")
"""Attributes of what combines or calibrates other models: one answer of several."""


def chosen(model: Any) -> tuple[Any, tuple[str, ...]]:
    """The estimator that answers, and what is to be said about it.

    A search (GridSearchCV, RandomizedSearchCV) answers by its `best_estimator_`, which is audited
    and trained anew with the settings that were found. What averages, stacks or calibrates other
    models answers by itself.
    """
    best = _best(model)
    if best is not None:
        inside, notes = chosen(best)
        return inside, (_found(model, best), *notes)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    best = _best(last)
    if best is not None:
        inside, notes = chosen(_ending(model, best))
        return inside, (_found(last, best), *notes)
    if not any(hasattr(last, held) for held in _HOLDS):
        return model, ()
    return model, (
        f"{type(last).__name__} combines other models: they are not looked into, and the whole is "
        "asked from outside, by sampled Shapley values, even where they are linear or trees.",
    )


def _best(model: Any) -> Any:
    """The best model of a search that was fitted, else None; what only passes it on has none."""
    return getattr(model, "__dict__", {}).get("best_estimator_")


def _found(search: Any, best: Any) -> str:
    name = type(search).__name__
    return f"{name} chose a {type(best).__name__}: that best_estimator_ is audited."


def _ending(pipeline: Any, last: Any) -> Any:
    """The same fitted pipeline with another last step."""
    made = copy(pipeline)
    made.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], last)]
    return made
