"""Partners of trees by contrasts and by interactions; the group as the one that interacts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.errors import AttributionError, InputError
from evenlight.explainers.trees import interactions
from evenlight.measures.paired import partners_from
from evenlight.measures.partners import Partner, partners
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.probes.contrasts import contrasts


def genes(rng: np.random.Generator, n: int, p: int = 30) -> tuple[Float, Float]:
    """Genotypes of two groups of n / 2: 3 to 5 are commoner in the first; and who is in it."""
    first = np.arange(n) < n // 2
    rate = np.where(first[:, None] & (np.arange(p) >= 3) & (np.arange(p) < 6), 0.6, 0.2)
    rate[:, :3] = 0.4
    return rng.binomial(2, rate).astype(float), first.astype(float)


def cohort_of(x: Float, first: Float, features: Features | None = None) -> Cohort:
    """People in groups A (the first) and B."""
    people = pd.DataFrame(
        {"race": np.where(first == 1, "A", "B")}, index=[f"p{i:04d}" for i in range(len(x))]
    )
    return Cohort(x, people, features, groups=["race"], unit="row")


def setting_of(cohort: Cohort, values: Float) -> tuple[Attributions, Setting]:
    """Attributions of some values, and the setting by race."""
    raw = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=values.sum(axis=1),
        base=0.0,
    )  # fmt: skip
    made, _ = as_variables(raw, cohort)
    return made, setting(cohort, "race", kept=made.converged)


def differs(p: int, *which: int) -> Text:
    """Verdicts of one contrast (1, p): different for some subjects."""
    return np.where(np.isin(np.arange(p), which), "different", "similar")[None]


def test_partners_of_deep_trees_are_named() -> None:
    """Depth-3 boosting, three genes, each with its own partner: named first in all, of 30."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng, right = np.random.default_rng(0), []
    for seed in range(3):
        x, _ = genes(rng, 800)
        y = sum(x[:, j] * (x[:, j + 3] > 0) for j in range(3)) + rng.normal(size=800)
        model = ensemble.GradientBoostingRegressor(max_depth=3, n_estimators=80, random_state=seed)
        model.fit(x, y)
        x, first = genes(rng, 300)
        cohort = cohort_of(x, first)
        made, here = setting_of(cohort, x)
        found = partners(contrasts(model, cohort), made, here, differs(30, 0, 1, 2))
        right += [it.names[:1] == (f"x{int(it.subject[1:]) + 3}",) for it in found]
        assert (found[0].level, found[0].reference) == here.groups.contrasts()[0]
    assert sum(right) == len(right) == 9


def test_the_group_itself_is_named_where_it_interacts() -> None:
    """The group is an input that steepens x0; ancestry-informative bystanders are never named."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        x, first = genes(rng, 300)
        x = np.column_stack([x, first])
        names = Features((*(f"g{j}" for j in range(30)), "is_first"))
        cohort = cohort_of(x, first, names)
        made, here = setting_of(cohort, x)

        def model(x: Float) -> Float:
            return np.asarray(x[:, :30].sum(axis=1) + x[:, 0] * x[:, 30])

        (found,) = partners(contrasts(model, cohort), made, here, differs(31, 0))
        assert found.names == ("is_first",)
        np.testing.assert_allclose(found.shares, 1.0)


def test_nobody_is_named_for_chance() -> None:
    """A change of output that differs by group and by nothing that is known: no names."""
    rng = np.random.default_rng(2)
    x, first = genes(rng, 300)
    cohort = cohort_of(x, first)
    made, here = setting_of(cohort, x)
    hidden = dict(zip(cohort.rows.tolist(), first + rng.normal(size=300), strict=True))
    told = contrasts(lambda x: np.asarray(x.sum(axis=1)), cohort)
    margin = told.margin.copy()
    margin[:, 0] = [hidden[row] for row in told.rows.tolist()]
    object.__setattr__(told, "margin", margin)
    (found,) = partners(told, made, here, differs(30, 0))
    assert (found.names, found.shares) == ((), ())


def test_a_one_hot_partner_is_one_variable() -> None:
    """Columns of one variable explain together, under the name of the variable."""
    rng = np.random.default_rng(3)
    first = (np.arange(300) < 150).astype(float)
    rate = np.where(first[:, None] == 1, [0.2, 0.3, 0.5], [0.6, 0.3, 0.1])
    state = (rng.uniform(size=(300, 1)) > rate.cumsum(axis=1)).sum(axis=1)
    x = np.column_stack([rng.normal(size=300), state == 1, state == 2, rng.normal(size=300)])
    coded = Indicators("geno", {"g1": "AG", "g2": "GG"}, "AA")
    cohort = cohort_of(x.astype(float), first, Features(("a", "g1", "g2", "z"), None, (coded,)))
    made, here = setting_of(cohort, x.astype(float))

    def model(x: Float) -> Float:
        return np.asarray(x[:, 0] * (1 + x[:, 1] + 2 * x[:, 2]) + 0.1 * x[:, 0] * x[:, 3])

    (found,) = partners(contrasts(model, cohort), made, here, differs(3, 0))
    assert found.names == ("geno",)
    assert abs(found.shares[0] - 1) < 0.1


def test_interactions_name_partners_exactly() -> None:
    """A tree's table of pairs: the partner's share of the difference of slope is nearly all."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(4)
    x, _ = genes(rng, 800, p=10)
    y = sum(x[:, j] * (x[:, j + 3] > 0) for j in range(3)) + 0.5 * rng.normal(size=800)
    model = ensemble.GradientBoostingRegressor(max_depth=3, n_estimators=60, random_state=0)
    model.fit(x, y)
    x, first = genes(rng, 200, p=10)
    cohort = cohort_of(x, first)
    table = interactions(model, cohort)
    made, here = setting_of(cohort, table.attributions())
    found = partners_from(table, made, here, differs(10, 0, 1, 2))
    assert [it.names[0] for it in found] == ["x3", "x4", "x5"]
    assert all(0.5 < it.shares[0] < 1.5 for it in found)


def test_interactions_of_others_are_refused() -> None:
    """Other rows or features than the attributions: an error that says so."""
    rng = np.random.default_rng(5)
    x, first = genes(rng, 60, p=4)
    cohort, other = cohort_of(x, first), cohort_of(x[10:50], first[10:50])
    tree = pytest.importorskip("sklearn.tree").DecisionTreeRegressor(random_state=0)
    table = interactions(tree.fit(x, x.sum(axis=1)), other)
    made, here = setting_of(cohort, x)
    with pytest.raises(AttributionError, match="made on another cohort"):
        partners_from(table, made, here, differs(4, 0))
    sets = FeatureSets.from_lists({"a": ["x0", "x1"], "b": ["x2", "x3"]}, cohort.features.names)
    pairs = interactions(tree, cohort, players=sets)
    with pytest.raises(AttributionError, match="other subjects"):
        partners_from(pairs, made, here, differs(4, 0))


def test_a_partner_has_a_share() -> None:
    """As many shares as names."""
    with pytest.raises(InputError, match="1 partners have 0 shares"):
        Partner("A", "B", "x0", ("x1",), ())
