"""Small audits of one question: two groups, three features, and a model whose errors are known."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.plan import Plan
from evenlight.record import Audit

QUESTIONS: tuple[dict[str, Any], ...] = (
    {"measure": "performance", "grouping": "site", "blocks": True},
    {"measure": "attribution", "grouping": "site", "subject": "age"},
)

PLAN: dict[str, Any] = {
    "measure": {"further": False},
    "explain": {"repeats": 0},
    "question": list(QUESTIONS),
}

NAMES = ("age", "dose", "spare")


def people(
    n: int = 400, *, seed: int = 0, worse: float = 0.0, names: tuple[str, ...] = NAMES
) -> Cohort:
    """People of two sites; the outcome follows the features, with more noise at site b."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    site = np.where(np.arange(n) % 2, "b", "a")
    noise = rng.normal(size=n) * (1 + worse * (site == "b"))
    ids = [f"P{i}" for i in range(n)]
    table = pd.DataFrame({"site": site, "y": x @ [1.0, 0.5, 0.0] + noise}, index=ids)
    return Cohort(
        pd.DataFrame(x, index=ids, columns=list(NAMES))[list(names)],
        table, outcome="y", groups=["site"], unit="row",
    )  # fmt: skip


def model(weight: float = 1.0) -> CoefficientTable:
    """The formula, with another weight of age in another version."""
    return CoefficientTable("formula", 0.0, {"age": weight, "dose": 0.5, "spare": 0.0}, target="y")


@cache
def audited(n: int = 400, seed: int = 0, worse: float = 0.0, weight: float = 1.0) -> Audit:
    """An audit of one version of the model."""
    return audit(model(weight), people(n, seed=seed, worse=worse), plan=Plan.from_data(PLAN))
