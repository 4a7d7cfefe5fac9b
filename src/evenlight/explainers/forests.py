"""The trees of a fitted estimator: which of its attributes hold them, and how they add up.

Nothing here is taken on trust: `explainers.trees` runs the trees on the rows and compares them with
the model's own margin before it explains anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.explainers.boosters import lightgbm_trees, xgboost_trees
from evenlight.explainers.ensembles import Ensemble, leaves, stacked
from evenlight.models.adapted import Adapted

Reader = Callable[[Any, int], Ensemble]


def unsuited(adapted: Adapted) -> str:
    """Why a model cannot be explained by its trees; "" where that can be tried.

    It looks at what the model has, and computes nothing. A pipeline suits if its last step does and
    the others pass everything through. Of several classes the margin is no sum of trees.
    """
    name = adapted.name
    if adapted.estimator is None:
        return f"{name} is no ensemble of trees"
    *before, last = _steps(adapted.estimator)
    if _reader(last) is None:
        return f"{name} is no ensemble of trees"
    changed = [type(step).__name__ for step in before if step not in (None, "passthrough")]
    if changed:
        return f"the trees of {name} see the features only after {', '.join(changed)}"
    if adapted.link == "softmax":
        return f"{name} has several classes, and the log odds of one of them are no sum of trees"
    return ""


def read(adapted: Adapted, column: int) -> Ensemble:
    """The trees of one target.

    Raises ModelError, with the reason, for a model without trees or whose trees do not say it all.
    """
    why = unsuited(adapted)
    if why:
        raise ModelError(why)
    last = _steps(adapted.estimator)[-1]
    reader = _reader(last)
    assert reader is not None
    two = len(adapted.targets) == 2 and len(getattr(last, "classes_", ())) == 2
    try:
        trees = reader(last, 0 if two else column)
        return trees.turned() if two and column == 0 else trees
    except ModelError as error:
        raise ModelError(f"the trees of {adapted.name} cannot be read: {error}") from error


def _steps(model: Any) -> list[Any]:
    """The steps of a pipeline, else the model alone."""
    return [step for _, step in model.steps] if hasattr(model, "steps") else [model]


def _reader(model: Any) -> Reader | None:
    if hasattr(model, "get_booster") or hasattr(model, "inplace_predict"):
        return xgboost_trees
    if hasattr(model, "booster_") or hasattr(model, "dump_model"):
        return lightgbm_trees
    if hasattr(model, "_predictors"):
        return _histogram
    grown = np.asarray(getattr(model, "estimators_", [model]), dtype=object)
    if grown.size == 0 or not all(hasattr(tree, "tree_") for tree in grown.flat):
        return None
    return _boosted if grown.ndim == 2 else _averaged


def _averaged(model: Any, column: int) -> Ensemble:
    """One tree, or the mean of several: `tree_.value` is (nodes, outputs, classes)."""
    grown = getattr(model, "estimators_", [model])
    classes = getattr(model, "classes_", None)
    at = (column, 0) if classes is None else (0, column + 1 if len(classes) == 2 else column)
    trees = [_cart(tree.tree_, tree.tree_.value[:, at[0], at[1]] / len(grown)) for tree in grown]
    return stacked(trees, single=True)


def _boosted(model: Any, column: int) -> Ensemble:
    """Gradient boosting: `estimators_` is (rounds, outputs)."""
    grown = [tree.tree_ for tree in model.estimators_[:, column]]
    trees = [_cart(tree, tree.value[:, 0, 0] * model.learning_rate) for tree in grown]
    return stacked(trees, single=True)


def _cart(tree: Any, values: Values) -> Values:
    nodes, inner = leaves(values), tree.children_left >= 0
    nodes["feature"][inner] = tree.feature[inner]
    nodes["threshold"], nodes["missing"] = tree.threshold, tree.missing_go_to_left
    nodes["left"], nodes["right"] = tree.children_left, tree.children_right
    return nodes


def _histogram(model: Any, column: int) -> Ensemble:
    """Histogram gradient boosting, which compares in float64."""
    trees = []
    for grown in model._predictors:
        held = grown[column].nodes
        if held["is_categorical"].any():
            raise ModelError("it codes categories of its own")
        nodes, inner = leaves(held["value"]), held["is_leaf"] == 0
        nodes["feature"][inner] = held["feature_idx"][inner]
        nodes["threshold"], nodes["missing"] = held["num_threshold"], held["missing_go_to_left"]
        nodes["left"], nodes["right"] = held["left"], held["right"]
        trees.append(nodes)
    return stacked(trees, single=False)
