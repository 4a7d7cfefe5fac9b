"""The plan completed for one model and one cohort: its default questions can be asked of both."""

from __future__ import annotations

import warnings

from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.models.adapt import adapt
from evenlight.models.probe import Prepared, settled
from evenlight.plan import Plan


def completed_for(plan: Plan, model: object, cohort: Cohort) -> Plan:
    """`plan.completed`; of a model without a margin the default asks for attribution, not use.

    The vote of a random forest has no scale on which a change could be the same for everyone. The
    model is looked at only where the plan asks no question of its own.

    Raises PlanError as `Plan.completed` does, ModelError for a model that does not fit.

    >>> import numpy as np, pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> people = pd.DataFrame({"ill": [0, 0, 1, 1], "sex": list("fmfm")}, list("abcd"))
    >>> x = np.eye(4)
    >>> cohort = Cohort(x, people, outcome="ill", groups=["sex"], unit="row")
    >>> tree = DecisionTreeClassifier().fit(x, people["ill"])
    >>> [q.measure for q in completed_for(Plan(), tree, cohort).question]
    ['performance', 'attribution', 'reliance']
    """
    usual = plan.completed(cohort)
    if plan.question or _has_margin(model, cohort):
        return usual
    return plan.completed(cohort, margin=False)


def _has_margin(model: object, cohort: Cohort) -> bool:
    """Whether an estimator gives more than a probability; networks and functions always do."""
    adapted = model.adapted if isinstance(model, Prepared) else adapt(model)
    if adapted.kind != "sklearn":
        return adapted.scale == "margin"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # kept when it is prepared
        return settled(adapted, cohort).scale == "margin"
