"""Performance along continuous ancestry and the distance from the training data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.special import expit

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.data.scores import Scores
from evenlight.data.training import TrainingSummary
from evenlight.errors import CohortError, FeatureError, UnknownName
from evenlight.measures.along import PerformanceAlong
from evenlight.measures.perform_along import perform_along


def people(n: int = 600, seed: int = 0, *, unit: str = "row") -> tuple[Cohort, Predictions, Axes]:
    """A dose whose error grows along PC1 and not along PC2."""
    rng = np.random.default_rng(seed)
    pcs = rng.normal(size=(n, 2))
    truth = rng.normal(size=n)
    said = truth + rng.normal(size=n) * np.exp(0.5 * pcs[:, 0])
    table = pd.DataFrame(
        {
            "dose": truth,
            "case": (rng.uniform(size=n) < expit(truth)).astype(int),
            "person": [f"u{i // 2}" for i in range(n)],
        },
        index=[f"p{i:04d}" for i in range(n)],
    )
    axes = Axes("pcs", pcs, table.index.to_numpy(dtype=np.str_))
    cohort = Cohort(
        np.column_stack([truth, pcs]),
        table,
        ["t", "a", "b"],
        outcome="dose",
        unit=unit,
        axes=[axes],
    )
    return cohort, Predictions(cohort.rows, said, said, "dose", "identity"), axes


def test_error_that_grows_along_an_axis_is_found_there_only() -> None:
    """MAE rises along PC1, its curve too; along PC2, and for the bias, nothing is seen."""
    cohort, said, axes = people()
    made = perform_along(said, cohort, along="pcs")
    assert made.components == ("PC1", "PC2")
    assert made.low[0, 0] > 0.2
    assert made.p_maxt[0, 0] < 0.01
    assert (made.p[1:, 0] > 0.01).all()
    assert (made.p[:, 1] > 0.01).all()
    assert made.curve[0, 0, -1] > made.curve[0, 0, 0] + 0.5
    assert made.band_low[0, 0, -1] > made.band_high[0, 0, 0]
    same = perform_along(said, cohort, along=axes)
    assert plain(same) == plain(made)


def test_the_slope_is_per_standard_deviation_of_units() -> None:
    """Two rows of a person count as one; the slope is numpy's on the persons' means."""
    cohort, said, axes = people(unit="person")
    made = perform_along(said, cohort, along="pcs")
    assert made.n == 300
    loss = np.abs(said.response - cohort.y).reshape(-1, 2).mean(axis=1)
    pc = axes.values[:, 0].reshape(-1, 2).mean(axis=1)
    assert made.slope[0, 0] == pytest.approx(np.polyfit(pc / pc.std(), loss, 1)[0])


def test_events_have_auroc_beside_their_loss() -> None:
    """A binary outcome: Brier score, calibration residual, and AUROC near each point."""
    cohort, _, axes = people(1500)
    case = Cohort(cohort.x, cohort.people, ["t", "a", "b"], outcome="case", unit="row")
    noisy = np.where(axes.values[:, 0] > 0.5, axes.values[:, 1], cohort.y)
    made = perform_along(
        Predictions(cohort.rows, noisy, expit(noisy), "case", "logit"), case, along=axes
    )
    assert made.curves == ("brier", "bias", "auroc")
    ranked = made.curve[0, 2]
    assert ranked[0] > 0.65 > 0.6 > ranked[-1]
    assert (made.worth >= 11).all()


def test_distance_from_the_training_data_is_mahalanobis() -> None:
    """With all directions it is scipy's; with some, the rest is set against its mean variance."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3)) @ np.array([[2.0, 0.5, 0], [0, 1, 0.3], [0, 0, 0.2]])
    made = TrainingSummary.of(x, ("t", "a", "b"))
    inverse = np.linalg.inv(np.cov(x, rowvar=False))
    wanted = [mahalanobis(row, x.mean(axis=0), inverse) for row in x[:20]]
    np.testing.assert_allclose(made.distances(x[:20]), wanted)
    short = TrainingSummary.of(x, ("t", "a", "b"), components=1)
    assert short.principal.directions.shape == (3, 1)
    assert (short.distances(x) ** 2).mean() == pytest.approx(3, rel=0.01)
    assert plain(restore(TrainingSummary, plain(made))) == plain(made)


def test_loss_far_from_the_training_data_is_seen() -> None:
    """A model that was trained near 0 errs far from it."""
    cohort, _, axes = people()
    far = np.abs(axes.values).max(axis=1)
    said = cohort.y + far * np.random.default_rng(3).normal(size=600)
    summary = TrainingSummary.of(np.random.default_rng(4).normal(size=(300, 2)), ("a", "b"))
    made = perform_along(
        Predictions(cohort.rows, said, said, "dose", "identity"), cohort, along=summary
    )
    assert made.components == ("distance",)
    assert made.low[0, 0] > 0
    with pytest.raises(FeatureError, match="1 features that the cohort has not"):
        perform_along(
            Predictions(cohort.rows, said, said, "dose", "identity"),
            cohort,
            along=TrainingSummary.of(np.arange(30.0)[:, None], ["gone"]),
        )


def test_too_few_near_a_point_are_not_shown() -> None:
    """Twelve people are fewer than eleven units' worth near any point."""
    cohort, said, axes = people(12)
    made = perform_along(said, cohort, along=axes)
    assert (made.worth[made.curve_reason[:, 0] == ""] >= 11).all()
    assert np.isnan(made.curve[made.curve_reason != ""]).all()
    assert (made.curve_reason != "").any()


def test_what_cannot_be_asked_says_so() -> None:
    """No axes of that name; a censored time; an axis on which all stand at one place."""
    cohort, said, axes = people(60)
    with pytest.raises(UnknownName, match=r"no axes 'pc'.*\['pcs'\]"):
        perform_along(said, cohort, along="pc")
    table = cohort.people.assign(time=1.0 + np.arange(60), seen=1)
    late = Cohort(cohort.x, table, ["t", "a", "b"], outcome=Survival("time", "seen"), unit="row")
    with pytest.raises(CohortError, match="a censored time has none"):
        perform_along(said, late, along=axes)
    still = perform_along(said, cohort, along=Axes("one", np.ones((60, 1)), cohort.rows))
    assert still.reason[0, 0] == "everybody has the same place on this axis"


def test_the_record_survives_json_and_the_order_of_rows() -> None:
    """Same people, other order, same bytes; and back from JSON; scores work too."""
    cohort, said, axes = people(200)
    made = perform_along(said, cohort, along=axes)
    turned = cohort.take(np.random.default_rng(1).permutation(200))
    assert plain(perform_along(said, turned, along=axes)) == plain(made)
    assert plain(restore(PerformanceAlong, plain(made))) == plain(made)
    scored = Scores.of(cohort.rows, {"dice": np.abs(said.response)})
    assert perform_along(scored, cohort, along=axes).losses == ("dice",)
    assert len(made.to_frame()) == 4
