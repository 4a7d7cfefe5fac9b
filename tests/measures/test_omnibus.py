"""One test over all groups, or over all axes: who enters, what is found, what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight import codec
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.errors import EvenlightWarning
from evenlight.measures import testing as how
from evenlight.measures.axes_omnibus import AxesOmnibus, axes_omnibus
from evenlight.measures.omnibus import Omnibus, omnibus
from tests.given import made_of

QUICK = how.Testing(draws=499)


def cohort_of(labels: list[str], p: int, **roles: object) -> Cohort:
    """People with these labels, two sites and a binary outcome."""
    n = len(labels)
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {"race": labels, "site": rng.choice(["s", "t"], n), "y": rng.integers(0, 2, n)},
        index=[f"p{i:05d}" for i in range(n)],
    )
    return Cohort(np.zeros((n, p)), people, unit="row", groups=["race"], **roles)  # type: ignore[arg-type]


def test_one_group_of_five_that_differs_is_found() -> None:
    """The planted subject differs, within sites and given the outcome; no other one does."""
    labels = [f"g{i % 5}" for i in range(300)]
    cohort = cohort_of(labels, 6, strata=["site"], outcome="y")
    values = np.random.default_rng(1).normal(size=(300, 6))
    values[:, 0] += 1.2 * (np.array(labels) == "g3")
    values[:, 1] *= 1 + 2 * (np.array(labels) == "g2")
    found = omnibus(made_of(cohort, values), cohort, by="race", testing=QUICK)
    assert [v.key for v in found.views][:2] == ["signed|nothing|margin", "magnitude|nothing|margin"]
    assert (found.p_maxt[[0, 2], 0] <= 0.01).all()
    assert (found.rank_p[0, 0], found.p_maxt[0, 1:].min() > 0.05) == (pytest.approx(0.002), True)
    assert found.units.tolist() == [300] * 4
    assert codec.restore(Omnibus, codec.plain(found)).to_frame().equals(found.to_frame())
    assert "5 levels" in repr(found)


def test_five_hundred_sites_are_cut_to_fifty_and_said_so() -> None:
    """Of 60 sites of 12 and 440 of 2 people the 50 first large ones enter; the note counts all."""
    labels = [f"s{i:03d}" for i in range(60) for _ in range(12)]
    labels += [f"x{i:03d}" for i in range(440) for _ in range(2)]
    cohort = cohort_of(labels, 2)
    values = np.random.default_rng(2).normal(size=(len(labels), 2))
    with pytest.warns(EvenlightWarning, match="race has 500 levels"):
        found = omnibus(made_of(cohort, values), cohort, by="race", testing=how.Testing(draws=100))
    assert len(found.levels) == 50
    assert "440 levels with fewer than 11 units" in found.note
    assert "10 levels beyond the 50 largest" in found.note


def test_without_a_stratum_that_holds_all_levels_only_pairs_are_left() -> None:
    """Three groups at sites of two each: no number, and the reason names pairs."""
    labels = ["a"] * 40 + ["b"] * 40 + ["c"] * 40
    cohort = cohort_of(labels, 2)
    people = cohort.people.assign(site=["s"] * 40 + ["s", "t"] * 20 + ["t"] * 40)
    again = Cohort(np.zeros((120, 2)), people, unit="row", strata=["site"])
    values = np.random.default_rng(3).normal(size=(120, 2))
    found = omnibus(made_of(again, values), again, by="race", testing=QUICK)
    assert np.isnan(found.statistic).all()
    assert "in pairs only" in found.reason[0, 0]


def test_a_slope_in_two_axes_and_a_curve_are_told_apart() -> None:
    """Subject 0 follows both axes, subject 1 their square: slopes see the first, distances both."""
    rng = np.random.default_rng(4)
    at = rng.normal(size=(150, 2))
    cohort = cohort_of(["a", "b"] * 75, 4, strata=["site"])
    values = rng.normal(size=(150, 4))
    values[:, 0] += 0.5 * at[:, 0] + 0.5 * at[:, 1]
    values[:, 1] += 1.5 * at[:, 0] ** 2
    found = axes_omnibus(
        made_of(cohort, values),
        cohort,
        Axes("pcs", at, cohort.rows),
        testing=how.Testing(draws=199),
    )
    assert found.wald_p_maxt[0] <= 0.01
    assert found.dependence_p_maxt[1] <= 0.01
    assert (found.wald_p_maxt[2:] > 0.05).all()
    assert (found.dependence_p_maxt[2:] > 0.05).all()
    assert codec.restore(AxesOmnibus, codec.plain(found)).to_frame().equals(found.to_frame())


def test_distances_between_many_units_are_taken_of_a_part() -> None:
    """Of 1,200 units 1,000 are drawn for distances, and the note says so."""
    rng = np.random.default_rng(5)
    cohort = cohort_of(["a", "b"] * 600, 1)
    found = axes_omnibus(
        made_of(cohort, rng.normal(size=(1200, 1))),
        cohort,
        Axes("pcs", rng.normal(size=(1200, 1)), cohort.rows),
        testing=how.Testing(draws=100),
    )
    assert found.note.startswith("Distances are taken between 1,000 of 1,200")
    assert found.units == 1200


def test_why_an_axis_cannot_be_asked_is_told_in_full() -> None:
    """An axis that is the site over again: each subject has the whole reason."""
    cohort = cohort_of(["a", "b"] * 30, 2, strata=["site"])
    values = np.random.default_rng(6).normal(size=(60, 2))
    site = (cohort.people["site"] == cohort.people["site"].iloc[0]).to_numpy(dtype=float)
    found = axes_omnibus(
        made_of(cohort, values),
        cohort,
        Axes("pcs", site[:, None], cohort.rows),
        testing=how.Testing(draws=100),
    )
    assert len(set(found.reason)) == 1
    assert found.reason[0].startswith("PC1 ")
    assert np.isnan(found.wald_p).all()
