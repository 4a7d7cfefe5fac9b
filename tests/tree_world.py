"""Models of trees, the cohorts they were fitted on, and the definition of what they add."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from evenlight.data.cohort import Cohort

RNG = np.random.default_rng(0)
N = 160
X = RNG.normal(size=(N, 5))
X[:, 4] = RNG.integers(0, 4, N)
SCORE = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + (X[:, 4] == 2) + 0.3 * RNG.normal(size=N)
CASE = (SCORE > 0.3).astype(int)
KIND = np.digitize(SCORE, [-0.3, 0.6])
PEOPLE = pd.DataFrame(
    {"case": CASE, "score": SCORE, "kind": KIND.astype(str)}, [f"r{i:03d}" for i in range(N)]
)
NAMES = list("abcde")
CASES = Cohort(X, PEOPLE, NAMES, outcome="case", unit="row")
SCORES = Cohort(X, PEOPLE, NAMES, outcome="score", unit="row")
KINDS = Cohort(X, PEOPLE, NAMES, outcome="kind", unit="row")
BACK = (X[10:16] + X[20:26]) / 2  # inside the data, equal to no row
BACK[:, 4] = X[10:16, 4]
QUIET: Any = {"n_estimators": 12, "n_jobs": 1}
CLASSIFIERS: dict[str, Any] = {
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(8, random_state=0),
    "extra": ExtraTreesClassifier(8, random_state=0),
    "gradient": GradientBoostingClassifier(n_estimators=12),
    "histogram": HistGradientBoostingClassifier(max_iter=12),
    "xgboost": xgboost.XGBClassifier(**QUIET),
    "xgboost dart": xgboost.XGBClassifier(**QUIET, booster="dart", rate_drop=0.4),
    "xgboost forest": xgboost.XGBRFClassifier(**QUIET),
    "lightgbm": lightgbm.LGBMClassifier(**QUIET, verbose=-1),
    "lightgbm forest": lightgbm.LGBMClassifier(
        **QUIET, verbose=-1, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6
    ),
}
REGRESSORS: dict[str, Any] = {
    "tree regressor": DecisionTreeRegressor(random_state=0),
    "forest regressor": RandomForestRegressor(8, random_state=0),
    "extra regressor": ExtraTreesRegressor(8, random_state=0),
    "gradient regressor": GradientBoostingRegressor(n_estimators=12),
    "histogram regressor": HistGradientBoostingRegressor(max_iter=12),
    "xgboost regressor": xgboost.XGBRegressor(**QUIET),
    "lightgbm regressor": lightgbm.LGBMRegressor(**QUIET, verbose=-1),
}


def fitted(name: str) -> tuple[Any, Cohort]:
    """One of the models, fitted, and its cohort."""
    if name in CLASSIFIERS:
        return CLASSIFIERS[name].fit(X, CASE), CASES
    return REGRESSORS[name].fit(X, SCORE), SCORES
