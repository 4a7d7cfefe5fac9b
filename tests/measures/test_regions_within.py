"""Which regions tell what changes from image to image of a patient: planted marks, and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.cohorts.phantom import NOTHING, Phantom, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import GroupError
from evenlight.measures.regions_telling import RegionsTelling, regions_telling
from evenlight.measures.regions_within import regions_within


def seen(people: int = 60, *, images: int = 2, rng: int = 0, sick: bool = False) -> Phantom:
    """People with images in turn of view AP and PA, of which those of view PA have the mark.

    `sick`: each image has an outcome of its own, which goes with the view.
    """
    made = phantom(people, images=images, planted=NOTHING, rng=rng)
    view = np.tile(["AP", "PA"], people * images // 2)
    x = made.clean.copy()
    x[np.ix_(view == "PA", [0])] = np.where(made.mark, made.bright, x[view == "PA"][:, :1])
    table = made.cohort.people.assign(view=view)
    if sick:
        odds = np.where(view == "AP", 0.7, 0.3)
        ill = np.random.default_rng(rng).random(len(odds)) < odds
        x[:, 0] += ill[:, None, None] * made.lesion
        table = table.assign(ill=ill.astype(int))
    cohort = Cohort(x, table, made.cohort.features, outcome="ill", unit="person", groups=["group"])
    return replace(made, cohort=cohort)


def read(made: Phantom, *, marked: float) -> Attributions:
    """A linear model of the lesion's region and, if asked, of the mark's."""
    x = made.cohort.dense()
    weights = made.lesion / made.lesion.sum() * 5 + marked * made.mark / made.mark.sum()
    values = (weights * (x - x.mean(axis=0))).astype(np.float32)
    output = values.reshape(len(x), -1).sum(axis=1, dtype=np.float64)
    return Attributions.from_arrays(
        values, rows=list(made.cohort.rows), features=made.cohort.features, output=output, base=0.0
    )


def asked(made: Phantom, *, marked: float = 2.0) -> RegionsTelling:
    """Regions that tell the view inside people."""
    return regions_within(read(made, marked=marked), made.cohort, by="view", sets=made.regions)


def test_the_mark_of_a_view_is_named_inside_patients() -> None:
    """The corner tells the view of all and carries; where it is not read it tells only."""
    made = seen()
    found, unread = asked(made), asked(made, marked=0.0)
    assert (found.given, found.levels) == (("unit",), ("AP", "PA"))
    assert found.candidates() == (made.mark_region,)
    at = 0, found.sets.index(made.mark_region)
    assert found.tells[at] == 1.0
    assert found.share_low[at] > 0.5
    assert unread.reading[at] == "tells only"
    with pytest.raises(GroupError, match="in more than one group"):
        regions_telling(read(made, marked=2.0), made.cohort, by="view", sets=made.regions)


def test_without_a_view_no_region_tells_or_carries() -> None:
    """Labels that go with nothing: of 20 cohorts, at most three have a q or limits below."""
    wrong = 0
    for seed in range(20):
        made = phantom(30, images=2, planted=NOTHING, side=24, rng=seed)
        table = made.cohort.people.assign(view=np.tile(["AP", "PA"], 30))
        blank = Cohort(
            made.clean, table, made.cohort.features, outcome="ill", unit="person", groups=["group"]
        )
        found = asked(replace(made, cohort=blank))
        wrong += bool((found.reading != "neither shown").any())
    assert wrong <= 3


def test_an_outcome_of_each_image_is_held() -> None:
    """The lung tells the view where AP comes with illness, and no longer among equal outcomes."""
    made = seen(300, rng=3, sick=True)
    found = asked(made)
    assert found.given == ("unit", "unit and outcome")
    lung = found.sets.index(made.lesion_region)
    assert found.reading[:, lung].tolist() == ["tells and carries", "neither shown"]
    assert found.candidates() == (made.mark_region,)


def test_the_order_of_rows_changes_no_number() -> None:
    """The same record from rows that come in another order."""
    made = seen(20, rng=4)
    turned = made.take(np.random.default_rng(0).permutation(made.cohort.n))
    pd.testing.assert_frame_equal(asked(made).to_frame(), asked(turned).to_frame())


def test_strata_other_than_the_view_are_held() -> None:
    """A scanner that changes inside people is a condition; the view itself is none."""
    made = seen(30, images=4, rng=5)
    table = made.cohort.people.assign(scanner=np.tile(["s", "s", "t", "t"], 30))
    cohort = Cohort(
        made.cohort.x, table, made.cohort.features, outcome="ill", unit="person",
        strata=["scanner", "view"],
    )  # fmt: skip
    found = asked(replace(made, cohort=cohort))
    assert found.given == ("unit", "unit, outcome and strata")
    assert found.candidates() == (made.mark_region,)
    alone = asked(replace(made, cohort=cohort.altered(strata=("view",))))
    assert alone.given == ("unit",)


def test_too_few_patients_with_both_are_said() -> None:
    """Ten patients with both views are not asked, and the reason names the views."""
    made = seen(10, rng=6)
    found = asked(made)
    assert (found.reading == "cannot be asked").all()
    assert "fewer than 11 units have images of both AP and PA" in str(found.tells_reason[0, 0])


def test_rows_that_did_not_converge_leave_no_share() -> None:
    """What positions tell stays, what the output takes from there is not told."""
    made = seen(30, rng=7)
    maps = read(made, marked=2.0)
    lost = replace(maps, converged=np.arange(60) >= 8)
    found = regions_within(lost, made.cohort, by="view", sets=made.regions)
    assert np.isfinite(found.tells).all()
    assert np.isnan(found.share).all()
    assert "did not converge" in str(found.share_reason[0, 0])


def test_what_is_no_question_inside_units_is_an_error() -> None:
    """A label of people, and more than two levels, are named."""
    made = seen(12, rng=8)
    maps = read(made, marked=2.0)
    with pytest.raises(GroupError, match="ask regions_telling"):
        regions_within(maps, made.cohort, by="group", sets=made.regions)
    three = pd.Series(np.tile(["AP", "PA", "LL"], 8), index=made.cohort.rows)
    with pytest.raises(GroupError, match=r"3 levels .*set the others to missing"):
        regions_within(maps, made.cohort, by=Groups.from_labels("view", three), sets=made.regions)
