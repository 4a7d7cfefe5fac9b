"""The trees of xgboost and lightgbm, from the JSON that these libraries write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from evenlight.arrays import Values
from evenlight.errors import ModelError
from evenlight.explainers.ensembles import Ensemble, leaves, stacked


def xgboost_trees(model: Any, column: int) -> Ensemble:
    """The trees of one output of an xgboost model, of its scikit-learn class or a Booster.

    xgboost compares in float32, and goes left where the value is *less* than the threshold.
    """
    missing = getattr(model, "missing", np.nan)
    if missing is not None and not np.isnan(missing):
        raise ModelError(f"it reads the value {missing} as missing")
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
    held = learner["gradient_booster"]
    weights = held.get("weight_drop")
    held = held.get("gbtree", held)["model"]
    if "trees" not in held:
        raise ModelError("it is a linear booster without trees")
    used = _xgboost_rounds(model, held)
    chosen = [i for i, k in enumerate(held["tree_info"][:used]) if k == column]
    read = [_xgboost_tree(held["trees"][i], 1.0 if weights is None else weights[i]) for i in chosen]
    return stacked([nodes for nodes, _ in read], single=True, members=[table for _, table in read])


def _xgboost_rounds(model: Any, held: Any) -> int:
    """Trees that the model's `predict` uses: those up to the best round after early stopping."""
    best = getattr(model, "best_iteration", None) if hasattr(model, "get_booster") else None
    ends = held.get("iteration_indptr")
    return len(held["trees"]) if best is None or ends is None else int(ends[best + 1])


def _xgboost_tree(tree: Any, weight: float) -> tuple[Values, Values]:
    if int(tree["tree_param"].get("size_leaf_vector", 1) or 1) > 1:
        raise ModelError("its leaves hold several outputs each")
    at = np.array(tree["split_conditions"], dtype=np.float32)
    nodes = leaves(at * np.float64(weight))
    inner = np.array(tree["left_children"]) >= 0
    nodes["feature"][inner] = np.array(tree["split_indices"])[inner]
    nodes["left"], nodes["right"] = tree["left_children"], tree["right_children"]
    nodes["threshold"] = np.nextafter(at, np.float32(-np.inf))
    nodes["missing"] = tree["default_left"]
    members: list[Values] = [np.zeros(0, dtype=bool)]
    for node, categories in _xgboost_categories(tree):
        nodes["start"][node], nodes["size"][node] = sum(map(len, members)), max(categories) + 1
        members.append(np.isin(np.arange(max(categories) + 1), categories))
        sides = nodes["left"][node], nodes["right"][node]
        nodes["right"][node], nodes["left"][node] = sides
        nodes["missing"][node] = 1 - nodes["missing"][node]
    return nodes, np.concatenate(members)


def _xgboost_categories(tree: Any) -> Iterator[tuple[int, list[int]]]:
    """Each node that splits by category, and the categories that go right there."""
    parts = zip(tree["categories_segments"], tree["categories_sizes"], strict=True)
    for node, (start, size) in zip(tree["categories_nodes"], parts, strict=True):
        yield node, tree["categories"][start : start + size]


def lightgbm_trees(model: Any, column: int) -> Ensemble:
    """The trees of one output of a lightgbm model, of its scikit-learn class or a Booster."""
    held = (model.booster_ if hasattr(model, "booster_") else model).dump_model()
    every = int(held["num_tree_per_iteration"])
    mine = held["tree_info"][column::every]
    weight = 1.0 / len(mine) if held.get("average_output") else 1.0
    read = [_lightgbm_tree(tree["tree_structure"], weight) for tree in mine]
    return stacked([nodes for nodes, _ in read], single=False, members=[table for _, table in read])


def _lightgbm_tree(root: Any, weight: float) -> tuple[Values, Values]:
    found = [root]
    for part in found:
        found += [part["left_child"], part["right_child"]] if "split_feature" in part else []
    nodes = leaves(np.array([part.get("leaf_value", 0.0) for part in found]) * weight)
    members: list[Values] = [np.zeros(0, dtype=bool)]
    child = 1
    for node, part in zip(nodes, found, strict=True):
        if "split_feature" not in part:
            continue
        node["left"], node["right"], child = child, child + 1, child + 2
        node["feature"] = part["split_feature"]
        if part["missing_type"] == "Zero":
            raise ModelError("it reads the value 0 as missing")
        if part["decision_type"] == "<=":
            node["threshold"] = part["threshold"]
            lost = part["default_left"] if part["missing_type"] == "NaN" else part["threshold"] >= 0
            node["missing"] = lost
            continue
        categories = [int(c) for c in part["threshold"].split("||")]
        node["start"], node["size"] = sum(map(len, members)), max(categories) + 1
        members.append(np.isin(np.arange(max(categories) + 1), categories))
    return nodes, np.concatenate(members)
