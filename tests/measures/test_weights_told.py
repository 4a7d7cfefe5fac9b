"""Sampling weights in associations, slices, levers and leakage: used, or said to be unused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.doubts import unused_roles
from evenlight.measures.associate import associate
from evenlight.measures.leak import leak
from evenlight.measures.lever import Levers
from evenlight.measures.levers import levers
from evenlight.measures.slices import slices
from evenlight.probes.residualise import residualise
from evenlight.probes.shuffle import shuffle
from tests.lever_world import NAMES, SETS, model
from tests.lever_world import cohort as world

ONE = np.ones(400)
UNLIKE = np.random.default_rng(5).uniform(0.2, 5.0, 400)
GONE = np.where(np.arange(400) % 8 == 0, 0.0, 1.0)
"""Weights of 400 people: all alike, unlike, and none for one person in eight."""


def people(weight: np.ndarray | None, **roles: Any) -> Cohort:
    """The same 400 people under sampling weights, None without."""
    made = world(400)
    table = made.people.assign(site=np.array(["p", "q", "r"])[np.arange(400) % 3], w=weight)
    given = {"outcome": "y", "unit": "row", "weights": None if weight is None else "w", **roles}
    return Cohort(made.columns(range(4)), table, NAMES, groups=["anc"], **given)


def without(**roles: Any) -> Cohort:
    """Those of the 400 who have a weight above 0, unweighted."""
    return people(None, **roles).take(np.flatnonzero(GONE))


def told() -> str:
    """What the report says of weights."""
    (said,) = unused_roles(people(UNLIKE))
    return said


def test_associations_count_everybody_once_and_it_is_said() -> None:
    """Weights change nothing in an association, those of 0 as well, and the report says so."""
    found = [plain(associate(people(w), by="anc")) for w in (None, UNLIKE, GONE)]
    assert found[0] == found[1] == found[2]
    once = told().split("Reliance")[1].split(" count every unit once")[0]
    assert "associations of features" in once
    assert "those of weight 0 as well" in told()


@pytest.mark.parametrize("site", [False, True])
def test_leakage_weighs_strata_alone_and_it_is_said(site: bool) -> None:
    """In one stratum weights change no AUC, over several they do; nobody of weight 0 enters."""
    roles = {"outcome": "y" if site else None}
    plain_, weighed, alike = (
        leak("values", people(w, **roles), by="anc", draws=100).auc[0, 0]
        for w in (None, UNLIKE, ONE)
    )
    assert plain_ == pytest.approx(alike)
    assert (plain_ == pytest.approx(weighed, abs=1e-12)) is not site
    gone, left = (leak("values", c, by="anc", draws=100) for c in (people(GONE), without()))
    assert gone.auc[0, 0] == pytest.approx(left.auc[0, 0])
    assert "what representations tell of a group leave out units of weight 0" in told()
    assert "strata of such a probe weigh by their units' weights" in told()


def moved(cohort: Cohort) -> Levers:
    """Residuals and shuffles."""
    made = [verb(model, cohort, by="anc", sets=SETS) for verb in (residualise, shuffle)]
    return levers(made, cohort, by="anc")


def test_levers_weigh_performance_alone_and_it_is_said() -> None:
    """Gaps and closures are as without weights, performance is not; both notes say so."""
    one, two = moved(people(None)), moved(people(UNLIKE))
    pd.testing.assert_frame_equal(one.closing.to_frame(), two.closing.to_frame())
    assert not np.allclose(one.table.before, two.table.before)
    assert "in gaps and closures each person counts once" in " ".join(two.notes)
    assert "The gaps of the lever table" in told()
    gone = moved(people(GONE)).closing
    assert set(gone.n_level + gone.n_reference) == {350.0}


def test_slices_use_weights() -> None:
    """Effects are weighted, those of alike weights as without; nobody of weight 0 enters."""

    def found(cohort: Cohort) -> pd.DataFrame:
        margin = model(cohort.columns(range(4)))
        said = Predictions(cohort.rows, margin, 1 / (1 + np.exp(-margin)), "y", "logit")
        return slices(said, cohort, over=["anc", "site"], depth=1, rng=3).to_frame()

    one = found(people(None))
    pd.testing.assert_frame_equal(one, found(people(ONE)))
    assert not np.allclose(one.effect, found(people(UNLIKE)).effect[: len(one)])
    pd.testing.assert_frame_equal(found(people(GONE)), found(without()))
    assert "and the worst slices. Reliance" in told()
