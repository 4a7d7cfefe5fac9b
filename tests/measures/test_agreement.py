"""Agreement between groups: noise is not disagreement, a planted one is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import InputError
from evenlight.measures.agreement import RankAgreement, agree


def explained(values: Float, **columns: object) -> tuple[Attributions, Cohort]:
    """Attributions of people, every second of whom is B."""
    n = len(values)
    base = {"race": np.where(np.arange(n) % 2 == 0, "A", "B")}
    people = pd.DataFrame({**base, **columns}, index=[f"p{i}" for i in range(n)])
    strata = [name for name in columns if name == "site"]
    cohort = Cohort(values, people, groups=["race"], strata=strata, unit="row")
    made = Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )
    return made, cohort


def steep(rng: np.random.Generator, n: int = 300, p: int = 100) -> Float:
    """Attributions whose sizes fall from feature to feature, the same in everyone."""
    return rng.normal(size=(n, p)) * np.exp(0.7 * rng.normal(size=p))


def test_eight_of_ten_shared_is_what_no_difference_looks_like() -> None:
    """150 + 150, 100 features, nothing planted: Jaccard near 0.8, and so is what is expected."""
    found = [
        agree(*explained(steep(np.random.default_rng([0, s]))), by="race", draws=100)
        for s in range(20)
    ]
    seen = np.mean([f.value[0, 1] for f in found])
    expected = np.mean([f.expected[0, 1] for f in found])
    assert 0.72 < seen < 0.92
    assert abs(seen - expected) < 0.05
    assert np.mean([f.p[0] <= 0.05 for f in found]) < 0.15
    assert all((f.high[0] == 1).all() for f in found if (f.p[0] >= 0.05).all())


def test_another_ranking_is_found() -> None:
    """Features used three times as much in B: less agreement than chance, limits below 1."""
    rng = np.random.default_rng(1)
    phi = steep(rng)
    phi[1::2, rng.choice(100, 25, replace=False)] *= 3
    found = agree(*explained(phi), by="race", draws=299)
    assert (found.p[0] <= 0.01).all()
    assert (found.value[0] < found.expected_low[0]).all()
    assert (found.low <= found.value).all()
    assert found.high[0, 2] < 1


def test_another_mix_of_sites_is_no_disagreement() -> None:
    """Sites rank features differently and groups are unequally spread over them."""
    rng = np.random.default_rng(2)
    n = 600
    site = np.where(rng.random(n) < np.where(np.arange(n) % 2, 0.8, 0.2), "s1", "s2")
    scale = {name: np.exp(rng.normal(size=40)) for name in ("s1", "s2")}
    phi = rng.normal(size=(n, 40)) * np.stack([scale[s] for s in site])
    crude = agree(*explained(phi), by="race", draws=199)
    within = agree(*explained(phi, site=site), by="race", draws=199)
    assert (crude.p[0] <= 0.01).all()
    assert np.median(within.p[0]) > 0.05


def test_sets_agree_where_credit_moves_between_collinear_features() -> None:
    """Twins share credit otherwise in B: features disagree, the sums over twins do not."""
    rng = np.random.default_rng(3)
    total = rng.normal(size=(300, 12)) * np.linspace(0.5, 3, 12)
    share = np.where(np.arange(300)[:, None] % 2, rng.random(12), rng.random(12))
    phi = np.hstack([total * share, total * (1 - share)])
    made, cohort = explained(phi)
    names = cohort.features.names
    members = {f"c{j}": [names[j], names[j + 12]] for j in range(12)}
    sets = FeatureSets.from_lists(members, names)
    by_set = agree(made, cohort, by="race", sets=sets, k=3, draws=199)
    assert by_set.subjects[0] == "c0"
    single = agree(made, cohort, by="race", k=3, draws=199)
    assert by_set.value[0, 2] > 0.9 > single.value[0, 2]
    assert single.p[0, 2] < 0.01 < by_set.p[0, 2]


def test_the_record_survives_json_and_says_why_it_is_silent() -> None:
    """A group of ten has a reason in place of numbers."""
    rng = np.random.default_rng(4)
    made, _ = explained(steep(rng, 130, 20))
    race = np.array(["A"] * 60 + ["B"] * 60 + ["C"] * 10)
    people = pd.DataFrame({"race": race}, index=made.rows)
    cohort = Cohort(made.values, people, groups=["race"], unit="row")
    found = agree(made, cohort, by="race", draws=100)
    assert len(found.to_frame()) == 12
    assert np.isnan(found.value).sum() == 8
    assert plain(restore(RankAgreement, plain(found))) == plain(found)
    with pytest.raises(InputError, match="k is 20 of 20"):
        agree(made, cohort, by="race", k=20)
