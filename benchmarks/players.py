"""Shapley values beside shap: walks behind the stem, walks of any model, and trees."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
import shap
import torch
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor

import evenlight as ev
from benchmarks.bench import Cost, cost, head, line
from benchmarks.networks import omics
from evenlight.data.attributions import Attributions
from evenlight.explainers import shapley, trees
from evenlight.explainers.background import draw
from evenlight.models.probe import prepare


def cohort(x: np.ndarray, case: np.ndarray | None = None) -> ev.Cohort:
    """Rows without people to speak of."""
    people = pd.DataFrame(
        {"sex": np.resize(["f", "m"], len(x))}, index=[f"r{i:05d}" for i in range(len(x))]
    )
    outcome = None if case is None else "case"
    return ev.Cohort(x, people if case is None else people.assign(case=case), outcome=outcome,
                     groups=["sex"])  # fmt: skip


def runner(
    model: object, people: ev.Cohort, explain: Callable[..., Attributions], rows: int
) -> tuple[Callable[..., Attributions], np.ndarray]:
    """An explainer of the first rows, its checks done before, and the background's rows."""
    few = people.take(np.arange(rows))
    prepared = prepare(model, few, target=0 if rows < people.n else None)
    background = draw(people, rng=np.random.default_rng(0))

    def run(seed: int = 0, **own: object) -> Attributions:
        rng = np.random.default_rng(seed)
        return explain(prepared, few, target=None, background=background, rng=rng, **own)

    return run, background.rows


def walks() -> None:
    """A network of 2,000 features: one sweep over 100 background rows, and equal error."""
    head("Shapley values, MLP 2,000-256-64-1, 100 background rows, 1 row")
    module, rng = omics(2_000, 1, hidden=(256, 64)), np.random.default_rng(0)
    people = cohort(rng.normal(size=(200, 2_000)).astype(np.float32))
    run, backs = runner(ev.adapt(module, link="identity"), people, shapley.explain, 2)
    x = people.dense(np.arange(1))

    def margin(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.tensor(rows, dtype=torch.float32))[:, 0].numpy()

    def theirs(seed: int = 0) -> np.ndarray:
        masker = shap.maskers.Independent(backs, max_samples=len(backs))
        made = shap.PermutationExplainer(margin, masker, seed=seed)
        return made(x, max_evals=2 * 2_000 + 1, silent=True).values[0]

    def one_pass() -> None:
        for _ in range(100):
            margin(np.repeat(x, 2 * 1_999, axis=0))

    limit = cost(one_pass, 1)
    line("the bare forward passes of 100 walks (the limit)", limit)
    found: list[np.ndarray] = []
    peer = cost(lambda: found.append(theirs()), 1)
    line("shap PermutationExplainer, one walk over all 100 (the peer)", peer, limit=limit)
    own = half(cost(lambda: run(walks=100), 2))
    line("evenlight, 100 walks", own, peer=peer, limit=limit, note="the same walks")
    truth = run(seed=99, walks=4_000).values[0]
    error = np.linalg.norm(found[0] - truth) / np.linalg.norm(truth)
    few = next(k for k in range(2, 101) if _apart(run, k, truth) <= error)
    line(f"evenlight, {few} walks", half(cost(lambda: run(walks=few), 3)), peer=peer,
         note=f"equal error: {_apart(run, few, truth):.1%}, shap {error:.1%}")  # fmt: skip


def _apart(run: Callable[..., Attributions], k: int, truth: np.ndarray) -> float:
    """The error of k walks, the middle of five seeds, relative to the length of the truth."""
    every = [np.linalg.norm(run(seed=s, walks=k).values[0] - truth) for s in range(5)]
    return float(np.median(every) / np.linalg.norm(truth))


def half(both: Cost) -> Cost:
    """The cost of one of two rows."""
    return Cost(both.seconds / 2, both.megabytes, both.repeats)


def genome() -> None:
    """Twenty thousand genes, which permutation explainers at the input cannot walk."""
    head(
        "Shapley values, MLP 20,000-512-128-2, 100 background rows, a row, until the spread is 5 %"
    )
    module = omics(20_000, 2)
    people = cohort(np.random.default_rng(0).normal(size=(120, 20_000)).astype(np.float32))
    run, _ = runner(ev.adapt(module, link="identity"), people, shapley.explain, 2)
    found: list[Attributions] = []
    own = half(cost(lambda: found.append(run(budget=10**9)), 1))
    made = found[0]
    assert made.spread is not None
    spread = np.linalg.norm(made.spread[0]) / np.linalg.norm(made.values[0])
    note = f"spread {spread:.1%} after {made.settings['walks'][1]:.0f} walks"
    line("evenlight (the goal: a minute)", own, note=note)


def black_box() -> None:
    """What is spent beside the model, for each row that it is asked about."""
    head("Shapley values of any function, 20 features, 100 background rows, 200 rows: overhead")
    asked = [0]

    def model(x: np.ndarray) -> np.ndarray:
        asked[0] += len(x)
        return x[:, 0] * x[:, 1] + x[:, 2]

    people = cohort(np.random.default_rng(0).normal(size=(200, 20)))
    run, backs = runner(ev.adapt(model, link="identity"), people, shapley.explain, 200)
    x = people.dense()

    def theirs() -> object:
        masker = shap.maskers.Independent(backs, max_samples=len(backs))
        made = shap.PermutationExplainer(model, masker, seed=0)
        return made(x, max_evals=41, silent=True).values

    def per_row(name: str, work: Callable[[], object], peer: float | None = None) -> float:
        asked[0] = 0
        work()
        rows = asked[0]
        spent = cost(work, 3)
        bare = cost(lambda: [model(np.zeros((4_000, 20))) for _ in range(rows // 4_000)], 3)
        each = (spent.seconds - bare.seconds) / rows * 1e6
        less = "" if peer is None else f", {peer / each:.1f} times less"
        line(name, spent, limit=bare, note=f"{rows:,} model rows, {each:.2f} us beside each{less}")
        return each

    shaps = per_row("shap PermutationExplainer (the peer)", theirs)
    per_row("evenlight", lambda: run(walks=100), shaps)


def forests() -> None:
    """Interventional values of trees, with all cores."""
    head(f"Trees, interventional, 100 background rows, {os.cpu_count()} cores, by the clock")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1_000, 20)).astype(np.float32).astype(np.float64)
    y = x[:, 0] * x[:, 1] + x[:, 2] + 0.3 * rng.normal(size=1_000)
    for name, model, people in (
        ("random forest, 100 trees of depth 8",
         RandomForestRegressor(100, max_depth=8, random_state=0).fit(x, y), cohort(x)),
        ("histogram boosting, 200 trees",
         HistGradientBoostingClassifier(max_iter=200, random_state=0).fit(x, y > 0),
         cohort(x, (y > 0).astype(int))),
    ):  # fmt: skip
        run, backs = runner(model, people, trees.explain, people.n)
        own_values = run().values
        explainer = shap.TreeExplainer(model, backs, feature_perturbation="interventional")
        theirs = np.asarray(explainer.shap_values(x, check_additivity=False))
        peer = cost(lambda e=explainer: e.shap_values(x, check_additivity=False), 1, wall=True)
        line(f"{name}: shap TreeExplainer (the peer)", peer)
        apart = np.abs(own_values - theirs).max() / np.abs(theirs).max()
        line(f"{name}: evenlight", cost(run, 3, wall=True), peer=peer, note=f"apart {apart:.0e}")
