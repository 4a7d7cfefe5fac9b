"""Any model behind one contract."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from torch import nn

from evenlight.data.coefficients import CoefficientTable, Link
from evenlight.data.feature_list import FeatureList
from evenlight.errors import ModelError
from evenlight.models.adapted import Adapted, Declared, Gives, Inputs
from evenlight.models.estimators import adapt_estimator
from evenlight.models.functions import adapt_function
from evenlight.models.hazards import adapt_hazards, is_hazards
from evenlight.models.listed import listed_names
from evenlight.models.networks import adapt_network
from evenlight.models.outputs import check_link
from evenlight.models.tables import adapt_table


def adapt(
    model: object,
    *,
    link: Link | None = None,
    gives: Gives | None = None,
    targets: Sequence[str] | None = None,
    features: Sequence[str] | FeatureList | None = None,
    unit: str = "",
    inputs: Inputs | None = None,
    codes: bool = False,
) -> Adapted:
    """`model` as `Adapted`: a torch module, an estimator or pipeline, a table, or a function.

    Parameters
    ----------
    model
        one that is adapted already is returned as it is.
    link
        identity, square, logit, softmax, log or horvath: response from margin. Left out,
        classifiers, networks and functions are read by the kind of the cohort's outcome (binary:
        logit, categorical: softmax, else identity).
    gives
        "margin" or "response": what the model's output is.
    targets, features
        names of the outputs (t,), and of the columns (p,) that the model was trained on: a
        `FeatureList` that is bound to weights must be of these weights.
    unit
        of the response, such as "mg a week".
    inputs
        for a network whose forward takes several inputs: the name of each (a parameter of forward,
        else in its order) to the features it is made of, or to (features, shape of one row); of
        images to its channels. Every feature belongs to one input.
    codes
        a network whose inputs are whole numbers for an embedding (tokens, categories).

    Raises
    ------
    ModelError
        for something that is no model, or options that do not suit it.

    >>> table = CoefficientTable("dose", 1.0, {"age": 2.0}, link="square")
    >>> import numpy as np
    >>> adapted = adapt(table)
    >>> adapted.margin(np.array([[1.0]])).tolist(), adapted.response(np.array([[1.0]])).tolist()
    ([[3.0]], [[9.0]])
    """
    check_link(link, gives)
    names = listed_names(model, features)
    declared = Declared(link, gives, _names(targets), names, unit, inputs, codes)
    if isinstance(model, Adapted | CoefficientTable):
        if declared != Declared():
            raise ModelError(f"{model.name} has its link, targets and unit already; leave them out")
        return model if isinstance(model, Adapted) else adapt_table(model)
    if inspect.isclass(model):
        raise ModelError(f"{model.__name__} is a class; hand over a fitted instance of it")
    if isinstance(model, nn.Module):
        return adapt_network(model, declared)
    if inputs is not None or codes:
        raise ModelError(f"inputs= and codes= are for networks, not for a {type(model).__name__}")
    if is_hazards(model):
        return adapt_hazards(model, declared)
    if any(hasattr(model, method) for method in ("predict", "predict_proba", "decision_function")):
        return adapt_estimator(model, declared)
    if callable(model):
        return adapt_function(model, declared)
    if hasattr(model, "aligned"):
        raise ModelError(
            f"a {type(model).__name__} counts alleles of its own; hand over score.aligned(cohort)"
        )
    raise ModelError(
        f"a {type(model).__name__} is no model; pass a torch module, a fitted estimator, a "
        "CoefficientTable or a function of x (for a file see evenlight.models.load)"
    )


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
