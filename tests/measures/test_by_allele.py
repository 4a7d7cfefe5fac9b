"""Letter by letter: planted differences of use, what is split, and what is not shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.errors import FeatureError, GroupError, UnknownName
from evenlight.measures.alleles import Alleles
from evenlight.measures.by_allele import by_allele
from evenlight.measures.testing import Testing


def world(
    n: int = 300, *, share: float = 0.5, use: float = 0.0, rare: int = 0, seed: int = 0
) -> tuple[Attributions, Cohort]:
    """A letter T or G, G with probability 1/2 in A and `share` in B; in B it adds `use` more."""
    rng = np.random.default_rng(seed)
    b = np.arange(n) % 2 == 1
    g = rng.random(n) < np.where(b, share, 0.5)
    letter = np.where(g, "G", "T").astype(object)
    letter[np.flatnonzero(b)[:rare]] = "C"
    x = np.column_stack([letter == "G", letter == "C", rng.normal(size=n)]).astype(float)
    noise = rng.normal(scale=0.5, size=n)
    values = np.column_stack([(x[:, 0] - 0.5) * (1 + use * b) + 0.1 * noise, x[:, 2]])
    people = pd.DataFrame({"group": np.where(b, "B", "A")}, index=[f"p{i:03d}" for i in range(n)])
    coded = Indicators("site", {"site G": "G", "site C": "C"}, "T")
    features = Features(("site G", "site C", "other"), None, (coded,))
    cohort = Cohort(x, people, features, groups=["group"], unit="row")
    made = Attributions.from_arrays(
        values, rows=list(cohort.rows), features=["site", "other"], output=values.sum(axis=1),
        base=0.0,
    )  # fmt: skip
    return replace(made, cohort_digest=cohort.digest), cohort


def test_other_letters_are_a_difference_of_value() -> None:
    """Carriers of one letter are alike; the difference of means is of who carries it."""
    found = by_allele(*world(share=0.9, n=600), "site", by="group")
    assert found.states == ("T", "G")
    assert found.contrasts == (("B", "A"),)
    assert found.verdict.tolist() == [["similar"], ["similar"]]
    assert found.value[0] > 0.2
    assert abs(found.use[0]) < 0.03
    np.testing.assert_allclose(found.delta, found.value + found.use + found.outside)


def test_the_same_letter_that_counts_otherwise_is_found_with_its_sign() -> None:
    """In B both letters count for more, G upwards and T downwards."""
    found = by_allele(*world(use=0.6), "site", by="group")
    assert found.verdict.tolist() == [["different"], ["different"]]
    t, g = found.effect[:, 0]
    assert t < 0 < g
    assert found.p.max() < 0.01
    unit = found.unit
    assert g == pytest.approx(0.3 / unit, abs=0.05)


def test_numbers_are_those_of_a_loop() -> None:
    """Counts, shares and means of carriers, and the difference of means without strata."""
    made, cohort = world(n=200, use=0.4, share=0.7)
    found = by_allele(made, cohort, "site", by="group")
    letter = np.where(cohort.dense()[:, 0] == 1, "G", "T")
    group = cohort.people["group"].to_numpy()
    for s, state in enumerate(found.states):
        for k, level in enumerate(found.levels):
            own = (letter == state) & (group == level)
            assert found.count[s, k] == own.sum()
            assert found.share[s, k] == pytest.approx(own.sum() / (group == level).sum())
            assert found.mean[s, k] * found.unit == pytest.approx(made.values[own, 0].mean())
        assert found.effect[s, 0] == pytest.approx(found.mean[s, 1] - found.mean[s, 0])
    delta = made.values[group == "B", 0].mean() - made.values[group == "A", 0].mean()
    assert found.delta[0] * found.unit == pytest.approx(delta, abs=1e-6)


def test_strata_are_held() -> None:
    """A use that differs between sites, not groups, is no difference within sites."""
    made, cohort = world(n=400)
    rng = np.random.default_rng(5)
    b = cohort.people["group"].to_numpy() == "B"
    site = np.where(rng.random(400) < np.where(b, 0.8, 0.2), "s1", "s2")
    g = cohort.dense()[:, 0]
    values = made.values.copy()
    values[:, 0] += ((site == "s1") * 0.5).astype(np.float32)
    people = cohort.people.assign(place=site)
    other = Cohort(
        cohort.x, people, cohort.features, groups=["group"], strata=["place"], unit="row"
    )
    own = replace(
        made, values=values, output=values.sum(axis=1, dtype=np.float64), cohort_digest=""
    )
    within = by_allele(own, other, "site", by="group")
    across = by_allele(own, cohort, "site", by="group")
    assert np.abs(within.effect).max() < 0.05 < np.abs(across.effect).min()
    assert 0 < g.mean() < 1


def test_a_letter_that_few_carry_is_not_shown() -> None:
    """Seven people with C: no count, mean or test of theirs, and no sum that would tell them."""
    found = by_allele(*world(rare=7), "site", by="group")
    at = found.states.index("C")
    b = found.levels.index("B")
    assert np.isnan(found.mean[at]).all()
    assert np.isnan(found.count[at, b])
    assert found.cell_reason[at].tolist() == ["nobody", "suppressed (<11)"]
    assert found.reason[at, 0].startswith("fewer than 11 carriers of C")
    assert found.rounded
    counts = found.count[np.isfinite(found.count)]
    assert (counts % 5 == 0).all()
    assert found.split_states == ("T", "G")


def test_carriers_of_one_group_alone_are_outside() -> None:
    """Forty people of one group with a letter that the other lacks."""
    found = by_allele(*world(rare=40), "site", by="group")
    assert found.split_states == ("T", "G", "C")
    assert abs(found.outside[0]) > 1e-4
    assert found.verdict[found.states.index("C"), 0] == "not_estimable"


def test_numbers_of_few_values_have_states() -> None:
    """A count of motifs or a genotype; a measured value has too many."""
    made, cohort = world()
    count = np.random.default_rng(1).integers(0, 3, size=cohort.n).astype(float)
    other = Cohort(
        np.column_stack([count, cohort.dense()[:, 2]]), cohort.people, ["site", "other"],
        groups=["group"], unit="row",
    )  # fmt: skip
    own = replace(made, cohort_digest="")
    assert by_allele(own, other, "site", by="group").states == ("0", "1", "2")
    with pytest.raises(FeatureError, match="'other' has 300 values; wanted at most 24 states"):
        by_allele(own, other, "other", by="group")
    with pytest.raises(UnknownName, match="no subject 'sight'; known: site, other"):
        by_allele(own, other, "sight", by="group")


def test_order_of_rows_changes_nothing() -> None:
    """Rows are matched by id."""
    made, cohort = world(use=0.3)
    turned = cohort.take(np.random.default_rng(3).permutation(cohort.n))
    one = by_allele(made, cohort, "site", by="group", rng=1)
    two = by_allele(made, turned, "site", by="group", rng=1)
    np.testing.assert_allclose(one.effect, two.effect)
    np.testing.assert_allclose(one.low, two.low)


def test_the_record_goes_to_json_and_back() -> None:
    """With its reasons; tables have one row a state and contrast, and one a contrast."""
    found = by_allele(*world(rare=7), "site", by="group")
    again = restore(Alleles, plain(found))
    np.testing.assert_array_equal(again.count, found.count)
    assert again.split_states == found.split_states
    assert len(found.to_frame()) == 3
    assert found.split_frame()["value"].tolist() == found.value.tolist()
    assert "Alleles of site by group: T: " in repr(found)


def test_one_group_is_nothing_to_compare() -> None:
    """As everywhere."""
    made, cohort = world()
    alone = cohort.altered(people=cohort.people.assign(group="A"), groups=())
    with pytest.raises(GroupError, match="nothing to compare"):
        by_allele(replace(made, cohort_digest=""), alone, "site", by="group")


def test_false_alarms_stay_within_alpha() -> None:
    """Without a difference of use, some letter is called different in about 5 % of worlds."""
    quick = Testing(draws=400, alpha=0.05)
    alarms = [
        bool((by_allele(*world(n=120, share=0.7, seed=s), "site", by="group", testing=quick,
                        rng=s).p <= 0.05).any())
        for s in range(60)
    ]  # fmt: skip
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
