"""Rows, methods and networks on which wrong numbers were seen elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain

RNG = np.random.default_rng(0)
N = 36
X = RNG.normal(size=(N, 4))
PEOPLE = pd.DataFrame({"y": X[:, 0]}, [f"r{i:02d}" for i in range(N)])
COHORT = Cohort(X, PEOPLE, list("abcd"), outcome="y", unit="row")
BACK = (X[:6] + X[6:12]) / 2
GRADIENTS = ("ig", "captum.ig", "captum.deeplift")
SAMPLED = ("smoothgrad", "captum.gradient_shap", "shap.gradient")
BLACK_BOX = ("shapley", "occlusion", "shap.permutation", "shap.kernel", "captum.occlusion")
EVERY = (*GRADIENTS, *SAMPLED, *BLACK_BOX)
"""Methods for networks."""

COMPLETE = ("ig", "captum.ig", "captum.deeplift", "shapley", "shap.permutation", "shap.kernel")
"""Those whose attributions add up."""

OWN: dict[str, dict[str, Any]] = {"captum.ig": {"steps": 512}}


def explained(module: Any, method: str, cohort: Cohort = COHORT, **own: Any) -> Attributions:
    """The attributions over the same background; captum's fixed nodes are many."""
    asked = {**OWN.get(method, {}), **own}
    found: Attributions = explain(module, cohort, method=method, background=BACK, **asked)
    return found


def network(*between: nn.Module) -> nn.Sequential:
    """A small network."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), *(between or (nn.ReLU(),)), nn.Linear(6, 1))
