"""An audit with sets: tested before features, from a file or from the data, and on the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight import reports
from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import PlanError
from evenlight.load import load_sets
from evenlight.plan import Plan
from evenlight.record import Audit

GENES = ("g1", "g2", "g3", "g4")
MODEL = CoefficientTable("score", 0.0, dict.fromkeys(GENES, 1.0))


def people(shift: float) -> Cohort:
    """200 people; in B the first two genes, which go together, are higher by `shift`."""
    rng = np.random.default_rng(0)
    race = np.where(np.arange(200) % 2 == 0, "A", "B")
    x = rng.normal(size=(200, 4))
    x[:, 1] = x[:, 0] + 0.3 * x[:, 1]
    x[race == "B", :2] += shift
    table = pd.DataFrame(
        {"race": race, "y": x.sum(axis=1) + rng.normal(size=200)},
        index=[f"p{i:03d}" for i in range(200)],
    )
    return Cohort(x, table, GENES, outcome="y", unit="row", groups=["race"])


def plan(**sets: object) -> Plan:
    """A small plan with sets."""
    return Plan.from_data({"explain": {"repeats": 0}, "measure": {"further": False}, "sets": sets})


def test_sets_are_tested_before_their_features(tmp_path: Path) -> None:
    """The set that differs opens, the other does not; both stand on the page and in JSON."""
    sets = FeatureSets.from_lists({"one": GENES[:2], "two": GENES[2:]}, GENES, kind="pathway")
    made = audit(MODEL, people(1.0), plan=plan(), sets=sets)
    tree = made.further.hierarchies[0]
    assert (tree.set_q[0] <= 0.05).tolist() == [True, False]
    assert set(tree.row_set.tolist()) == {0}
    page = reports.write(made, tmp_path).read_text()
    assert "Sets first, by race" in page
    assert Audit.from_json(made.to_json()).to_json() == made.to_json()


def test_clusters_come_from_the_data_where_the_plan_says_so(tmp_path: Path) -> None:
    """Two genes that go together are one set, and where nothing differs that is said."""
    made = audit(MODEL, people(0.0), plan=plan(clusters=True))
    tree = made.further.hierarchies[0]
    assert len(tree.sets) == 3
    assert sorted(tree.size.tolist()) == [1, 1, 2]
    assert "Of 3 sets of features none differs by race" in reports.write(made, tmp_path).read_text()


def test_a_plan_names_a_file_of_sets(tmp_path: Path) -> None:
    """A GMT file beside the plan; one elsewhere, or both ways at once, is an error."""
    (tmp_path / "sets.gmt").write_text("one\tdescription\tg1\tg2\ntwo\t\tg3\tg4\tg9\n")
    found = load_sets(plan(gmt="sets.gmt"), tmp_path, people(0.0))
    assert found is not None
    assert found.names == ("one", "two")
    with pytest.raises(PlanError, match="leads out of the plan's folder"):
        load_sets(plan(gmt="../sets.gmt"), tmp_path, people(0.0))
    with pytest.raises(PlanError, match="give gmt or clusters, not both"):
        plan(gmt="sets.gmt", clusters=True)
