"""People of whom some may not be told of, a model, and plans; beside them what an attacker does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.models.adapt import adapt
from evenlight.plan import Plan
from evenlight.record import Audit

FEATURES = ("g0", "g1", "g2", "dose")

PLAN: Mapping[str, Any] = {
    "policy": {"threshold": 0.5},
    "uncertainty": {"levels": [0.9]},
    "measure": {"genotypes": ["dose"]},
}


def people(
    hidden: int = 5,
    unknown: int = 3,
    *,
    redrawn: int | None = None,
    shown: Sequence[int] = (90, 70),
) -> tuple[Float, pd.DataFrame]:
    """Features and a table of A and B, of `hidden` people of C and some of unknown race.

    `redrawn` makes those of C and of unknown race other people: values, outcome, sex and age.
    """
    rng = np.random.default_rng(0)
    race = np.repeat(np.array(["A", "B", "C", "unknown"]), [*shown, hidden, unknown])
    u = len(race)
    table = pd.DataFrame(
        {
            "race": race,
            "sex": rng.choice(["f", "m"], u),
            "age": rng.integers(40, 75, u).astype(float),
        },
        index=[f"p{i:04d}" for i in range(u)],
    )
    x = rng.normal(size=(u, len(FEATURES)))
    x[race == "B"] += 0.3
    x[:, -1] = rng.integers(0, 3, u)
    few = np.isin(race, ["C", "unknown"])
    if redrawn is not None:
        other = np.random.default_rng(1 + redrawn)
        m = int(few.sum())
        x[few] = 1 + 1.5 * other.normal(size=(m, len(FEATURES)))
        x[few, -1] = other.integers(0, 3, m)
        table.loc[few, "sex"] = other.choice(["f", "m"], m)
        table.loc[few, "age"] = other.integers(40, 75, m).astype(float)
    risk = model(x)
    table["y"] = (rng.random(u) < risk).astype(int)
    if redrawn is not None:
        table.loc[few, "y"] = 1 - table.loc[few, "y"]
    return x, table


def model(x: Float) -> Float:
    """A risk that uses the first features, and the second more where the first is high."""
    margin = x[:, 0] + 0.5 * x[:, 1] * (x[:, 0] > 0) + 0.4 * (x[:, -1] - 1)
    return np.asarray(1 / (1 + np.exp(-margin)))


def audited(
    x: Float, table: pd.DataFrame, *, groups: Sequence[str] = ("race",), plan: Any = PLAN
) -> Audit:
    """The audit of the model on these people."""
    cohort = Cohort(
        x, table, FEATURES, outcome="y", unit="row", groups=list(groups),
        strata=[name for name in ("sex",) if name not in groups],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return audit(
            adapt(model, link="logit", gives="response"), cohort, plan=Plan.from_data(plan)
        )


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and word of a JSON document, with its pointer."""
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], f"{at}/{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, f"{at}/{i}")
    else:
        yield at, value


def pointers(made: Audit) -> dict[str, Any]:
    """Every leaf of audit.json by its pointer."""
    return dict(leaves(json.loads(made.to_json())))
