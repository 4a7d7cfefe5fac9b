"""A view that changes inside people: in a plan, in the record, among findings, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.api import report
from evenlight.auditing import audit
from evenlight.cohorts.phantom import NOTHING, Phantom, phantom
from evenlight.data.cohort import Cohort
from evenlight.errors import PlanError
from evenlight.explainers.explain import explain
from evenlight.measures.regions_within import regions_within
from evenlight.measures.testing import Testing
from evenlight.plan import Plan
from evenlight.plan_people import RegionsPlan
from evenlight.record import Audit
from tests.audits.test_looked_audit import SIDE, asked, network
from tests.html_tree import tree

WITHIN = {"within": "view"}


def twice(people: int = 60, *, marked: str = "PA") -> Phantom:
    """People with an image of each view; those of one view have the mark."""
    made = phantom(people, images=2, side=SIDE, planted=NOTHING, rng=5)
    view = np.tile(["AP", "PA"], people)
    x = made.clean.copy()
    x[np.ix_(view == marked, [0])] = np.where(made.mark, made.bright, x[view == marked][:, :1])
    cohort = Cohort(
        x, made.cohort.people.assign(view=view), made.cohort.features, outcome="ill",
        unit="person", groups=["group"], strata=["view"],
    )  # fmt: skip
    return replace(made, cohort=cohort)


def made_of(people: Phantom, **more: Any) -> Audit:
    """An audit of these people, without maps."""
    plan = asked(regions=WITHIN, maps={"compare": False}, **more)
    return audit(network(people), people.cohort, plan=plan, sets=people.regions)


@pytest.fixture(scope="module", name="people")
def _people() -> Phantom:
    return twice()


@pytest.fixture(scope="module", name="found")
def _found(people: Phantom) -> Audit:
    return made_of(people)


def test_the_view_is_in_the_record_and_among_findings(found: Audit, people: Phantom) -> None:
    """The mark's corner tells the view inside people, in the words of that; nobody's gate is it."""
    (inside,) = found.further.region_within
    assert (inside.grouping, inside.levels) == ("view", ("AP", "PA"))
    assert inside.candidates() == (people.mark_region,)
    (region,) = [f for f in found.findings if f.kind == "region" and f.grouping == "view"]
    assert (region.subject, region.view, region.severity) == (people.mark_region, "unit", "watch")
    assert "tells view among images of one person (2 AUC" in region.sentence
    assert "% of the square of the output's difference, as far as people share it, " in (
        region.sentence
    )
    assert "gate of reliance" not in region.sentence
    again = Audit.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert set(found.tables()["region_within"]["grouping"]) == {"view"}


def test_the_verb_gives_the_same_answer(found: Audit, people: Phantom) -> None:
    """What the plan asks is what `regions_within` says of the same attributions."""
    assert found.plan["regions"]["within"] == ["view"]
    made = explain(network(people), people.cohort, method="ig", baseline="mean")
    own = regions_within(made, people.cohort, by="view", sets=people.regions, testing=Testing())
    (inside,) = found.further.region_within
    np.testing.assert_allclose(inside.share, own.share, atol=1e-4)
    np.testing.assert_array_equal(inside.reading, own.reading)


def test_the_page_has_a_part_of_it(found: Audit, tmp_path: Path) -> None:
    """Beside the groupings of people, with its sentence and its table, and a word on methods."""
    root = tree(report(found, tmp_path).read_text())
    (b7,) = [n for n in root.all("section") if n.attributes["id"] == "b7"]
    assert [h.text() for h in b7.all("h3")] == ["By group", "By view"]
    text = b7.text()
    assert "Candidates for a shortcut among images of one person: marker corner." in text
    assert "T9, within people." in text
    assert "as far as people share it" in text
    methods = next(n for n in root.all("section") if n.attributes["id"] == "c1").text()
    assert "Regions by view, from image to image of a person" in methods


def test_where_no_view_is_read_nothing_is_named() -> None:
    """The mark in the images of neither view: no candidate, and the page says so."""
    nobody = twice(marked="none")
    made = made_of(nobody, measure={"further": False})
    assert made.further.region_within[0].candidates() == ()
    assert not [f for f in made.findings if f.kind == "region"]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("group", r"regions\.within: group: no unit has images of both a and b; ask regions_tell"),
        ("veiw", r"regions\.within: .*veiw"),
        ("three", r"regions\.within: three: images have 3 levels"),
    ],
)
def test_what_cannot_be_asked_is_an_error_before_any_compute(
    people: Phantom, column: str, told: str
) -> None:
    """A column of people, one that is not there, and one of three levels."""
    three = np.resize(["s", "t", "u"], people.cohort.n)
    cohort = people.cohort.altered(people=people.cohort.people.assign(three=three))
    with pytest.raises(PlanError, match=told):
        audit(
            lambda x: 1 / 0, cohort, plan=asked(regions={"within": [column]}), sets=people.regions
        )


def test_it_is_asked_of_regions_of_images() -> None:
    """A table has none; and a plan says one name, or several."""
    people = pd.DataFrame({"g": ["a", "b"] * 20, "v": ["x", "y"] * 20})
    table = Cohort(np.eye(40), people, groups=["g"], unit="row")
    with pytest.raises(PlanError, match=r"regions\.within = 'v' is of regions of images"):
        audit(lambda x: 1 / 0, table, plan=Plan.from_data({"regions": {"within": ["v"]}}))
    assert RegionsPlan.model_validate(WITHIN).within == ("view",)
    with pytest.raises(PlanError, match="list the names"):
        Plan.from_data({"regions": {"within": 3}})
