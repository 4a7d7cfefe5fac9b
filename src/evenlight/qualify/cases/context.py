"""Context shift: a feature is used alike, but its partner in an interaction differs by group."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from evenlight.arrays import Bool, Float
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.policy import Margins
from evenlight.probes.contrasts import contrasts
from evenlight.qualify.drawn import Asked, Drawn, cohort_of, middle, moved, people_of, record

FEATURES = 20
PAIRS = 3
FRESH = 5_000
LARGE = 0.25
MARGIN = Margins().attribution
STRENGTH = 1.0
SHIFT = 1.0
REACH = 2.56
"""Between the 10th and the 90th percentile of a normal, in SD."""


def product(rng: np.random.Generator) -> Drawn:
    """200 + 200 people, f = w'x + sum x_j x_k over three pairs; each k stands higher in group b."""
    x, member = _people(rng, 400)
    cohort = cohort_of(x, people_of(member))
    weights = rng.normal(size=FEATURES) * 0.5
    values, mean = weights * (x - middle(x, cohort)), middle(x, cohort)
    for j, k in _pairs():
        a, b, both = x[:, j], x[:, k], middle((x[:, j] * x[:, k])[:, None], cohort)[0]
        values[:, j] += STRENGTH / 2 * (a * mean[k] - both + a * b - b * mean[j])
        values[:, k] += STRENGTH / 2 * (b * mean[j] - both + a * b - a * mean[k])
    step = np.tile(weights, (len(x), 1))
    for j, k in _pairs():
        step[:, j] += STRENGTH * x[:, k]
        step[:, k] += STRENGTH * x[:, j]
    return Drawn(record(values, cohort), cohort, (_asked(),), moved(REACH * step, cohort))


def trees(rng: np.random.Generator) -> Drawn:
    """The same people and outcome, learned by boosting with depth 3 from 2,000 others.

    Trees make interactions of their own, so the truth is that of the fitted model, over 5,000 fresh
    people of each group: beyond 0.25 SD(f) is planted, within the margin null.
    """
    train, _ = _people(rng, 2000)
    model = GradientBoostingRegressor(
        n_estimators=100, max_depth=3, learning_rate=0.1, subsample=0.5,
        random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    weights = rng.normal(size=FEATURES) * 0.5
    model.fit(train, _output(train, weights) + 0.5 * rng.normal(size=len(train)))
    x, member = _people(rng, 400)
    cohort: Cohort = cohort_of(x, people_of(member))
    made = explain(model, cohort, method="trees", seed=0)
    ends = (-REACH / 2, REACH / 2)
    found = contrasts(model, cohort, levels={name: ends for name in cohort.features.names})
    return Drawn(made, cohort, (_truth(model, rng),), found)


def _truth(model: GradientBoostingRegressor, rng: np.random.Generator) -> Asked:
    """What the fitted model's own use differs by, between fresh people of the two groups."""
    x, member = _people(rng, 2 * FRESH)
    f = model.predict(x)
    sd = np.sqrt((f[member].var() + f[~member].var()) / 2)
    effect = np.empty(FEATURES)
    for j in range(FEATURES):
        low, high = x.copy(), x.copy()
        low[:, j], high[:, j] = -REACH / 2, REACH / 2
        step = model.predict(high) - model.predict(low)
        effect[j] = step[member].mean() - step[~member].mean()
    planted, null = np.abs(effect) > LARGE * sd, np.abs(effect) <= MARGIN * sd
    partners = {f"g{j}": f"g{k}" for j, k in _pairs() if planted[j]}
    return Asked("use", planted, null, effect, "context", partners)


def _people(rng: np.random.Generator, n: int) -> tuple[Float, Bool]:
    member = np.arange(n) < n // 2
    x = rng.normal(size=(n, FEATURES))
    for _, k in _pairs():
        x[member, k] += SHIFT
    return x, member


def _output(x: Float, weights: Float) -> Float:
    both = sum(x[:, j] * x[:, k] for j, k in _pairs())
    return np.asarray(x @ weights + STRENGTH * both)


def _pairs() -> list[tuple[int, int]]:
    return [(i, PAIRS + i) for i in range(PAIRS)]


def _asked() -> Asked:
    """The first of each pair differs in use, by the shift of its partner; nothing else does."""
    planted, effect = np.arange(FEATURES) < PAIRS, np.zeros(FEATURES)
    effect[:PAIRS] = REACH * STRENGTH * SHIFT
    partners = {f"g{j}": f"g{k}" for j, k in _pairs()}
    return Asked("use", planted, ~planted, effect, "context", partners)
