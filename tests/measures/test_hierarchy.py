"""Sets before features: planted sets are opened, the rest stays closed, records fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.data.sums import summed
from evenlight.errors import InputError
from evenlight.measures.clusters import clusters
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.globally import globally
from evenlight.measures.hierarchy import hierarchy
from evenlight.measures.nested import Hierarchy
from evenlight.measures.testing import Testing

N = 300
QUICK = Testing(draws=500)
SETS = {"moved": [0, 1, 2, 3], "opposed": [4, 5, 6, 7], "still": [8, 9, 10, 11]}


def planted(seed: int = 0) -> tuple[Attributions, Cohort, FeatureSets]:
    """B has more of x0 and x1; x4 and x5 move against each other; correlated within sets."""
    rng = np.random.default_rng(seed)
    phi = rng.normal(size=(N, 12)) + 0.8 * np.repeat(rng.normal(size=(N, 3)), 4, axis=1)
    phi[1::2, :2] += 1.2
    phi[1::2, 4] += 1.2
    phi[1::2, 5] -= 1.2
    made, cohort = explained(phi)
    names = cohort.features.names
    lists = {name: [names[j] for j in own] for name, own in SETS.items()}
    lists["both"] = [*lists["moved"], names[8]]
    return made, cohort, FeatureSets.from_lists(lists, names)


def explained(phi: Float, features: Features | None = None) -> tuple[Attributions, Cohort]:
    """People of two races with these attributions."""
    race = np.where(np.arange(len(phi)) % 2 == 0, "A", "B")
    people = pd.DataFrame({"race": race}, index=[f"p{i}" for i in range(len(phi))])
    cohort = Cohort(phi, people, features, groups=["race"], unit="row")
    made = Attributions.from_arrays(
        phi,
        rows=list(people.index),
        features=cohort.features,
        output=phi.sum(axis=1),
        base=0.0,
    )
    return made, cohort


def compared(seed: int = 0) -> tuple[Comparison, Comparison, FeatureSets]:
    """The comparison of the sums, that of the features, and the sets."""
    made, cohort, sets = planted(seed)
    of_sets = compare(summed(made, sets), cohort, by="race", testing=QUICK)
    return of_sets, compare(made, cohort, by="race", testing=QUICK), sets


def test_planted_sets_are_opened_and_their_features_named() -> None:
    """Overlapping sets too; nothing is tested inside a set that does not differ."""
    found = hierarchy(*compared())
    assert (found.set_q[0] <= 0.05).tolist() == [True, True, False, True]
    frame = found.to_frame()
    assert set(frame["set"]) == {"moved", "opposed", "both"}
    hits = frame[frame["found"]]
    assert hits.groupby("set")["subject"].apply(list).to_dict() == {
        "moved": ["x0", "x1"], "opposed": ["x4", "x5"], "both": ["x0", "x1"],
    }  # fmt: skip
    assert ((hits["low"] > 0) | (hits["high"] < 0)).all()
    assert "3 of 4 sets differ" in repr(found)


def test_effects_that_cancel_need_their_members() -> None:
    """By its sum alone the set of opposed features stays closed."""
    parts = compared()
    assert hierarchy(*parts, gate="sum").set_q[0, 1] > 0.05
    assert hierarchy(*parts, gate="members").set_q[0, 1] <= 0.05


def test_the_error_of_a_sum_knows_the_correlation_of_its_members() -> None:
    """It is larger than that of independent members, and equals the sum's own."""
    of_sets, of_features, _ = compared()
    v = of_sets.view("signed")
    alone = np.sqrt((of_features.se[v, 0, :4] ** 2).sum())
    assert of_sets.se[v, 0, 0] > 1.3 * alone
    assert of_sets.effect[v, 0, 0] == pytest.approx(of_features.effect[v, 0, :4].sum(), abs=1e-5)


def test_whole_explanations_come_first_where_they_are_given() -> None:
    """Three levels; where the whole does not differ, no set is tested and it is said."""
    made, cohort, sets = planted()
    of_sets, of_features, _ = compared()
    whole = globally(made, cohort, by="race", sets=sets, draws=199)
    found = hierarchy(of_sets, of_features, sets, whole=whole)
    assert found.levels == 3
    assert found.contrast_q[0] <= 0.05
    assert (found.set_q[0] <= 0.05).sum() == 3
    calm = replace(whole, energy_p=np.full((1, 1), 0.4))
    closed = hierarchy(of_sets, of_features, sets, whole=calm)
    assert np.isnan(closed.set_q).all()
    assert "as a whole were not found to differ" in closed.set_reason[0, 0]
    assert len(closed.to_frame()) == 0


def test_the_record_survives_json() -> None:
    """With and without rows."""
    found = hierarchy(*compared())
    assert plain(restore(Hierarchy, plain(found))) == plain(found)
    assert len(found.sets_frame()) == 4
    assert found.sets_frame()["size"].tolist() == [4, 4, 4, 5]


def test_a_set_that_differs_like_all_others_is_not_special() -> None:
    """Every feature is shifted alike: all sets are opened, none is competitive."""
    rng = np.random.default_rng(6)
    phi = rng.normal(size=(N, 12))
    phi[1::2] += 1.0
    made, cohort = explained(phi)
    names = cohort.features.names
    lists = {name: [names[j] for j in own] for name, own in SETS.items()}
    sets = FeatureSets.from_lists(lists, names)
    of_sets = compare(made.by(sets), cohort, by="race", testing=QUICK)
    found = hierarchy(of_sets, compare(made, cohort, by="race", testing=QUICK), sets)
    assert (found.set_q <= 0.05).all()
    assert (found.competitive_p > 0.05).all()
    planted_p = hierarchy(*compared()).competitive_p[0]
    assert planted_p[0] == planted_p[[0, 2]].min()


def test_records_that_do_not_fit_are_refused() -> None:
    """Other sets, other alphas, an unknown gate."""
    of_sets, of_features, sets = compared()
    with pytest.raises(InputError, match="make it of summed"):
        hierarchy(of_features, of_features, sets)
    with pytest.raises(InputError, match="alpha"):
        hierarchy(replace(of_sets, alpha=0.1), of_features, sets)
    with pytest.raises(InputError, match="no features of the sets"):
        hierarchy(of_sets, replace(of_features, subjects=tuple("abcdefghijkl")), sets)
    with pytest.raises(InputError, match="gate"):
        hierarchy(of_sets, of_features, sets, gate="max")  # type: ignore[arg-type]


def test_clusters_of_values_and_of_attributions() -> None:
    """Columns that go together are one set; columns of one variable are never parted."""
    rng = np.random.default_rng(4)
    factor = rng.normal(size=(N, 2))
    phi = np.repeat(factor, 3, axis=1) + 0.2 * rng.normal(size=(N, 6))
    made, cohort = explained(phi)
    assert clusters(made, cohort, of="attributions").names == ("x0 and 2 more", "x3 and 2 more")
    assert clusters(made, cohort).owners().tolist() == [0, 0, 0, 1, 1, 1]
    state = rng.integers(3, size=N)
    x = np.column_stack([state == 1, state == 2, factor[:, 0], factor[:, 0]]).astype(float)
    coded = Indicators("v", {"v1": "one", "v2": "two"}, "none")
    made, cohort = explained(x, Features(("v1", "v2", "a", "b"), None, (coded,)))
    assert clusters(made, cohort).owners().tolist() == [0, 0, 1, 1]
