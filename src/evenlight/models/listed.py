"""Models that carry no names of features: the list that says them, and what is said without one."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.errors import ModelError
from evenlight.models.adapted import Adapted


def feature_list(model: object, names: Sequence[str], *, source: str = "") -> FeatureList:
    """The names of a model's inputs in their order, sealed, and bound to a network's weights.

    To be written where the model was trained, and handed over as `adapt(model, features=...)`.

    Parameters
    ----------
    model
        a torch module, to whose weights the list is bound; anything else has none.
    source
        who says so: a script, a table, a person's role.

    Raises
    ------
    ModelError
        where the model says how many inputs it has, and there are other names than that.

    >>> made = feature_list(nn.Linear(2, 1), ["TP53", "MYC"], source="train.py")
    >>> len(made.model), made.names
    (64, ('TP53', 'MYC'))
    """
    width = getattr(model, "n_features_in_", None)
    if width is not None and int(width) != len(names):
        raise ModelError(
            f"{type(model).__name__} was fitted on {width} features; {len(names)} names are given"
        )
    return FeatureList(tuple(names), weights_digest(model), source)


def weights_digest(model: object) -> str:
    """sha256 of names, shapes and values of a network's parameters and buffers; "" without any.

    A compiled or data-parallel wrapper has the digest of what it holds.
    """
    model = getattr(model, "_orig_mod", model)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        model = model.module
    if not isinstance(model, nn.Module):
        return ""
    state = sha256()
    held = sorted(model.state_dict().items())
    for name, tensor in held:
        array = np.ascontiguousarray(tensor.detach().cpu().double().numpy(), dtype="<f8")
        state.update(f"{name}|{array.shape}|".encode())
        state.update(array.tobytes())
    return state.hexdigest() if held else ""


def listed_names(
    model: object, features: Sequence[str] | FeatureList | None
) -> tuple[str, ...] | None:
    """The names that are given for a model; ModelError for a list of another model's weights."""
    if features is None:
        return None
    if isinstance(features, FeatureList) and features.model:
        here = weights_digest(model)
        if here != features.model:
            raise ModelError(
                f"the list of features belongs to weights {features.model[:12]}, the model has "
                f"{here[:12] or 'none'}: take the list that was written with this model, or make "
                "one where it was trained, feature_list(model, names)"
            )
    return tuple(features)


def unlisted(adapted: Adapted, cohort: Cohort) -> tuple[str, ...]:
    """What is said of a model that names no features: a width alone proves no order."""
    if adapted.features is not None or cohort.x.ndim != 2 or cohort.x.shape[1] < 2:
        return ()
    return (
        f"The model names no features: the {cohort.x.shape[1]} columns of the cohort are taken in "
        "their order, on the word of whoever handed both over. A list that is sealed where the "
        "model was trained (feature_list) would be checked by name.",
    )
