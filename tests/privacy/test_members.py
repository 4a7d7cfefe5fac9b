"""Whether an attacker who knows a person's whole row can tell, from what was written, who is in.

The attack is that of Homer et al. (2008, PLoS Genet 4:e1000167), as Sankararaman et al. (2009, Nat
Genet 41:965) made it sharp, on means of attributions in place of allele frequencies: the statistic
of a person y is sum_j (m_j - r_j) (y_j - r_j) / v_j, with what was told of the group (m) and a
reference of other people (r, v). With p independent features and n people in the mean its expected
separation is sqrt(p / n) SDs: exact means of few people on many features do tell. The test measures
what the record of small groups beside a hidden one adds or takes away, and what it tells of the
hidden people, who are in no mean.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from evenlight.arrays import Bool, Float
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.small_groups import least_shown

P = 40
SHOWN, HIDDEN, OTHERS = 60, 8, 400
WEIGHTS = np.linspace(0.5, 1.5, P)


def score(rows: Float) -> Float:
    """The model: a sum."""
    return np.asarray(rows @ WEIGHTS)


def attack(told: Float, exact: Float, people: Float, reference: Float) -> Float:
    """The statistic of each person (n,), from a mean (p,) as told; features without one are left.

    `exact` (p,) says where something is told.
    """
    use = np.isfinite(told) & np.isfinite(exact)
    middle, spread = reference[:, use].mean(axis=0), reference[:, use].var(axis=0)
    return np.asarray(((told[use] - middle) * (people[:, use] - middle) / spread).sum(axis=1))


def auc(inside: Float, outside: Float) -> float:
    """How often a member scores above another person."""
    return float((inside[:, None] > outside).mean() + 0.5 * (inside[:, None] == outside).mean())


@pytest.fixture(scope="module")
def found() -> dict[str, list[float]]:
    """The attack's AUC on shown and on hidden people, over cohorts, and with exact means."""
    out: dict[str, list[float]] = {"told": [], "exact": [], "hidden": [], "solved": []}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(2 * SHOWN + HIDDEN, P))
        race = np.repeat(["A", "B", "C"], [SHOWN, SHOWN, HIDDEN])
        people = pd.DataFrame(
            {"race": race, "all": np.where(np.arange(len(race)) % 2, "x", "y")},
            index=[f"p{i:03d}" for i in range(len(race))],
        )
        cohort = Cohort(x, people, unit="row", groups=["race", "all"])
        base = np.zeros((20, P))
        made = explain(score, cohort, background=base)
        records = {
            by: compare(made, cohort, by=by, testing=Testing(draws=199), rng=0)
            for by in ("race", "all")
        }
        phi = np.asarray(made.values, dtype=np.float64)
        other = rng.normal(size=(OTHERS, P)) * WEIGHTS
        half = OTHERS // 2
        reference, strangers = other[:half], other[half:]
        a: Bool = race == "A"
        exact = phi[a].mean(axis=0)
        means = records["race"].mean[0]
        out["told"].append(_auc(means, phi[a], strangers, reference))
        out["exact"].append(_auc(exact, phi[a], strangers, reference))
        c = race == "C"
        out["hidden"].append(_auc(means, phi[c], strangers, reference))
        whole = sum(
            records["all"].mean[k] * int((people["all"] == level).sum())
            for k, level in enumerate(records["all"].levels)
        )
        left = (whole - SHOWN * (means + records["race"].mean[1])) / HIDDEN
        out["solved"].append(_auc(left, phi[c], strangers, reference))
        true = phi[c].mean(axis=0)
        out.setdefault("were known", []).append(_auc(true, phi[c], strangers, reference))
    return out


def _auc(told: Float, inside: Float, outside: Float, reference: Float) -> float:
    return auc(attack(told, told, inside, reference), attack(told, told, outside, reference))


def test_the_attack_works_where_means_are_exact(found: dict[str, list[float]]) -> None:
    """Otherwise nothing would be proved: exact means of 60 tell who is in, as theory says."""
    assert np.mean(found["exact"]) > 0.65
    assert np.mean(found["were known"]) > 0.9


def test_told_means_tell_less_than_exact_ones(found: dict[str, list[float]]) -> None:
    """Steps of a table with a hidden part take some of it away, and add nothing."""
    assert np.mean(found["told"]) < np.mean(found["exact"])


def test_hidden_people_are_not_found(found: dict[str, list[float]]) -> None:
    """They are in no mean: from the table they are strangers.

    Solved for over all features they are found less often than if their mean were told, and no more
    often than a member of the smallest group that is shown: steps of many features average out.
    """
    error = np.std(found["hidden"], ddof=1) / np.sqrt(len(found["hidden"]))
    assert abs(np.mean(found["hidden"]) - 0.5) < 3 * error + 0.02
    assert np.mean(found["solved"]) < np.mean(found["were known"]) - 0.03
    assert np.mean(found["solved"]) < ndtr(np.sqrt(P / least_shown()) / np.sqrt(2)) + 0.02
