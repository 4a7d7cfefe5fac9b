"""Maps beside a hidden part are told to steps, and say the same."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.data.cohort import Cohort
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.mapped import MapComparison
from tests.mapped_world import QUICK, chests, linear, looking


@pytest.fixture(scope="module")
def both() -> tuple[MapComparison, MapComparison]:
    """Maps by group with five people of a third one, and of the others alone."""
    made = chests()
    phi = linear(made.cohort, looking(made))
    people = made.cohort.people.copy()
    people["third"] = people["group"].astype(str)
    people.loc[people.index[:5], "third"] = "c"
    cohort = Cohort(
        made.cohort.dense(), people, made.cohort.features, outcome="ill", unit="person",
        groups=["third"],
    )  # fmt: skip
    rest = np.arange(5, cohort.n)
    alone = cohort.take(rest)
    found = compare_maps(phi, cohort, by="third", regions=made.regions, testing=QUICK)
    return found, compare_maps(
        phi.at(alone), alone, by="third", regions=made.regions, testing=QUICK
    )


def test_numbers_of_a_map_beside_a_hidden_part_have_few_digits(
    both: tuple[MapComparison, MapComparison],
) -> None:
    """Differences, Z and clusters are told to steps; those of a table without one are finer."""
    found, alone = both
    told = np.unique(found.effect[np.isfinite(found.effect)])
    assert max(len(f"{abs(v):.9g}".split("e")[0].replace(".", "").strip("0")) for v in told) <= 3
    np.testing.assert_array_equal(found.z * 2, np.round(found.z * 2))
    assert len(told) < len(np.unique(alone.effect[np.isfinite(alone.effect)])) / 4
    for one in found.clusters:
        assert one.peak_z * 2 == round(one.peak_z * 2)
        assert one.p in {d * 10.0**k for k in range(-5, 1) for d in (1, 2, 5)}


def test_what_is_found_is_the_same(both: tuple[MapComparison, MapComparison]) -> None:
    """Verdicts and the places of clusters are those before rounding."""
    found, alone = both
    pairs = [found.contrasts.index(pair) for pair in alone.contrasts if "c" not in pair]
    there = [i for i, pair in enumerate(alone.contrasts) if "c" not in pair]
    np.testing.assert_array_equal(found.verdict[:, pairs], alone.verdict[:, there])
    assert (found.verdict[:, pairs] == "different").any()
    np.testing.assert_allclose(found.z[:, pairs], alone.z[:, there], atol=0.2501)
    seen = np.abs(found.effect[:, pairs] - alone.effect[:, there])
    assert np.nanmax(seen) < np.nanmax(np.abs(alone.effect))
