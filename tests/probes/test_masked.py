"""Samples, pieces and what the model does when pieces are replaced, against loops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.models.probe import prepare
from evenlight.probes.masked import Rows, tried
from evenlight.probes.pieces import Pieces, pieces_of
from evenlight.probes.sample import balanced_sample
from evenlight.stats.fidelity import curve_sizes
from tests.probes.test_faithfulness import people


def test_the_areas_equal_loops_over_every_reference() -> None:
    """Deletion and insertion from their definition, with the probe's own random orders."""
    cohort = people(30, p=5)
    model = prepare(lambda x: x[:, 0] * x[:, 1] + np.sin(x[:, 2]) - x[:, 3], cohort)
    x = cohort.dense()[:6]
    rng = np.random.default_rng(3)
    phi, refs = rng.normal(size=(6, 5)), cohort.dense()[10:34].reshape(-1, 5)[:18].reshape(6, 3, 5)
    away = model.margin(refs.reshape(-1, 5)).reshape(6, 3)
    rows, pieces = Rows(x, refs, phi, model.margin(x), away), pieces_of(cohort)
    made = tried(model, rows, pieces, (5,), [np.random.default_rng(i) for i in range(6)])
    for i in range(6):
        deletion, insertion = slow_areas(model.margin, x[i], refs[i], phi[i], i)
        assert made.deletion[i] == pytest.approx(deletion, abs=1e-12)
        assert made.insertion[i] == pytest.approx(insertion, abs=1e-12)
        np.testing.assert_allclose(made.second[i], slow_second(model.margin, x[i], refs[i]))


def slow_areas(margin: object, x: Float, refs: Float, phi: Float, seed: int) -> tuple[float, float]:
    """Both areas of one row, reference by reference and step by step."""
    rng, q = np.random.default_rng(seed), len(x)
    order = sorted(range(q), key=lambda j: -phi[j])

    def output(own: set[int], ref: Float) -> float:
        point = [x[j] if j in own else ref[j] for j in range(q)]
        return float(margin(np.array([point]))[0])  # type: ignore[operator]

    def area(orders: list[list[int]], *, taken: bool, ref: Float) -> float:
        total = 0.0
        for own in orders:
            sets = [set(own[k:]) if taken else set(own[:k]) for k in curve_sizes(q)]
            curve = [output(s, ref) for s in sets]
            steps = np.diff(curve_sizes(q)) / q
            pairs = zip(steps, pairwise(curve), strict=True)
            total += sum(w * (a + b) / 2 for w, (a, b) in pairs)
        return total / len(orders)

    out = []
    for ref in refs:
        place = rng.permutation(q)
        random = [int(j) for j in np.argsort(place)]
        chance = area([random, random[::-1]], taken=False, ref=ref)
        gone, put = area([order], taken=True, ref=ref), area([order], taken=False, ref=ref)
        out.append((chance - gone, put - chance))
    return float(np.mean(out, axis=0)[0]), float(np.mean(out, axis=0)[1])


def slow_second(margin: object, x: Float, refs: Float) -> Float:
    """The mean of taking each piece away last and putting it in first."""
    out = np.zeros((len(refs), len(x)))
    for k, ref in enumerate(refs):
        for j in range(len(x)):
            less, more = x.copy(), ref.copy()
            less[j], more[j] = ref[j], x[j]
            f = margin(np.stack([x, less, more, ref]))  # type: ignore[operator]
            out[k, j] = (f[0] - f[1] + f[2] - f[3]) / 2
    return np.asarray(out.mean(axis=0))


def test_samples_are_balanced_over_groups_and_units() -> None:
    """Equal cells as far as they have people; each person once before any is drawn again."""
    n = 400
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "race": rng.choice(["A", "B", "C"], size=n, p=[0.9, 0.07, 0.03]),
            "sex": rng.choice(["f", "m"], size=n),
            "who": [f"u{i // 2}" for i in range(n)],
        },
        index=[f"r{i:03d}" for i in range(n)],
    )
    table[["race", "sex"]] = table.groupby("who")[["race", "sex"]].transform("first")
    cohort = Cohort(np.zeros((n, 1)), table, ["x"], groups=["race", "sex"], unit="who")
    chosen = balanced_sample(cohort, 60, seed=0)
    drawn = table.iloc[chosen]
    assert len(chosen) == len(np.unique(chosen)) == 60
    cells = table.groupby("who")[["race", "sex"]].first().value_counts()
    for cell, have in cells.items():
        here = drawn[(drawn["race"] == cell[0]) & (drawn["sex"] == cell[1])]  # type: ignore[index]
        assert min(have, 8) <= here["who"].nunique()
        assert here["who"].is_unique or here["who"].nunique() == have
    first = table.iloc[balanced_sample(cohort, 60, seed=1)]
    assert set(first.index) != set(drawn.index)
    many = pd.DataFrame({"site": [f"s{i % 15}" for i in range(n)]}, index=table.index)
    wide = Cohort(np.zeros((n, 1)), many, ["x"], groups=["site"], unit="row")
    counts = many.iloc[balanced_sample(wide, 60, seed=0)]["site"].value_counts()
    assert counts.tolist() == [20] * 15


def test_pieces_of_a_sequence_are_blocks() -> None:
    """Positions next to each other go together, whatever the length."""
    table = pd.DataFrame({"g": ["a", "b"]}, index=["x", "y"])
    cohort = Cohort(np.zeros((2, 100, 5)), table, ["s"], groups=["g"], unit="row")
    made: Pieces = pieces_of(cohort)
    assert made.count == 8 * 5
    short = pieces_of(Cohort(np.zeros((2, 3, 7)), table, ["s"], groups=["g"], unit="row"))
    assert short.label.reshape(3, 7).tolist() == [list(range(7))] * 3
