"""What a newcomer hands over by mistake is named, with its remedy; nothing crashes on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Predictions
from evenlight.errors import (
    CohortError,
    FeatureError,
    GroupError,
    InputError,
    PlanError,
    UnknownName,
)
from evenlight.load import load_cohort
from evenlight.measures.agreement import agree
from evenlight.measures.compare import compare
from evenlight.measures.coverage import label_coverage
from evenlight.measures.globally import globally
from evenlight.measures.intersect import intersect
from evenlight.measures.judging import Judging
from evenlight.measures.match import match
from evenlight.measures.perform import perform
from evenlight.measures.rate import rate
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.tip import tip
from evenlight.measures.versions import versions
from evenlight.plan import Plan
from evenlight.reports.sections import decisions

QUICK = Testing(draws=199)


def people(n: int = 200, **columns: Any) -> pd.DataFrame:
    """People of two groups and two sexes, with a 0/1 outcome."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"g": rng.choice(["a", "b"], n), "sex": rng.choice(["f", "m"], n), "y": np.arange(n) % 2},
        index=[f"p{i:03d}" for i in range(n)],
    )
    return table.assign(**columns)


def explained(table: pd.DataFrame, **roles: object) -> tuple[Cohort, Attributions]:
    """A cohort of three features, the last one constant, and attributions that are the values."""
    values = np.random.default_rng(1).normal(size=(len(table), 3))
    values[:, 2] = 0.0
    kept = {"outcome": "y", "unit": "row", **roles}
    cohort = Cohort(values, table, ["a", "b", "still"], **kept)  # type: ignore[arg-type]
    made = Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )
    return cohort, made


def predicted(cohort: Cohort, margin: Float) -> Predictions:
    """Probabilities of the outcome."""
    return Predictions(cohort.rows, margin, expit(margin), "y", "logit")


def test_15_a_constant_feature_is_no_fault_of_an_intersection() -> None:
    """Its cells are 0 and pool to 0, its interaction has p of 1."""
    cohort, made = explained(people())
    found = intersect(made, cohort, by=["g", "sex"], testing=QUICK)
    assert (found.mean[:, 2] == 0).all()
    assert (found.pooled[:, 2] == 0).all()
    assert (found.p[2], found.tau[2]) == (1.0, 0.0)
    assert np.isfinite(found.pooled).all()


def test_counts_of_cells_do_not_tell_how_many_are_unknown() -> None:
    """Six women of unknown group: women in all less the cells of women would tell them."""
    table = people()
    women, men = (np.flatnonzero(table["sex"] == s) for s in ("f", "m"))
    table.iloc[np.r_[women[:6], men[:14]], 0] = "unknown"
    found = intersect(*explained(table)[::-1], by=["g", "sex"], testing=QUICK)
    assert (found.count % 5 == 0).all()
    whole = intersect(*explained(people())[::-1], by=["g", "sex"], testing=QUICK)
    assert not (whole.count % 5 == 0).all()
    assert whole.count.sum() == 200


def test_03_one_level_cannot_be_crossed() -> None:
    """A grouping with one level is named, and one that nobody has."""
    cohort, made = explained(people(g="a", h="unknown"))
    with pytest.raises(GroupError, match=r"g: nothing to compare, all rows .* in \['a'\]"):
        intersect(made, cohort, by=["g", "sex"])
    with pytest.raises(GroupError, match="h: nothing to compare, no row has a known group"):
        compare(made, cohort, by="h")


def test_a_ranking_of_few_features_needs_no_k() -> None:
    """The top k are half of three features; two are no ranking."""
    cohort, made = explained(people())
    assert agree(made, cohort, by="g", draws=100).k == 1
    with pytest.raises(InputError, match=r"k is 3 of 3 subjects.* k must be 1 to 2"):
        agree(made, cohort, by="g", k=3)
    sets = FeatureSets.from_lists({"s": ["a"], "t": ["b", "still"]}, ["a", "b", "still"])
    with pytest.raises(InputError, match="2 subjects; at least 3"):
        agree(made, cohort, by="g", sets=sets)
    assert repr(sets) == "FeatureSets: 2 sets (set) of 3 features: s, t"


def test_axes_are_read_or_refused_by_name() -> None:
    """Lists are numbers; frames, text, and a single column of no width are named."""
    assert Axes("pcs", [[0, 1], [2, 3]]).values.dtype == np.float64  # type: ignore[arg-type]
    wrong: list[tuple[object, str]] = [
        (pd.DataFrame({"PC1": [0.0]}), r"rows=frame.index"),
        (np.array([["a"]]), "no number"),
        (np.zeros(3), r"one axis is \(n, 1\)"),
    ]
    for values, told in wrong:
        with pytest.raises(GroupError, match=told):
            Axes("pcs", values)  # type: ignore[arg-type]
    cohort, _ = explained(people())
    axes = Axes("pcs", np.zeros((200, 1)))
    with pytest.raises(GroupError, match="never cut into groups; compare, axes_omnibus"):
        cohort.grouping(axes)  # type: ignore[arg-type]


def test_a_gmt_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Neither an absent file nor a folder ends in an error of the operating system."""
    for path in (tmp_path / "none.gmt", tmp_path):
        with pytest.raises(FeatureError, match="cannot be read"):
            FeatureSets.from_gmt(path, ["a"])


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: Judging(alpha=5), "alpha is 5"),
        (lambda: Judging(margins={"auroc": -1}), "margin of auroc is -1"),
        (lambda: Judging(mae_share=0), "margin of mae_share is 0"),
        (lambda: Judging(threshold=float("nan")), "threshold is nan"),
    ],
)
def test_how_performance_is_judged_is_checked(made: Callable[[], Judging], told: str) -> None:
    """Margins are positive, error rates small, thresholds numbers."""
    with pytest.raises(InputError, match=told):
        made()


def test_21_a_threshold_of_a_probability_lies_between_0_and_1() -> None:
    """Thirty per cent is 0.3, not 30."""
    cohort, made = explained(people())
    with pytest.raises(InputError, match="threshold is 30; it is a probability"):
        perform(predicted(cohort, made.total()), cohort, by="g", judging=Judging(threshold=30))


def test_raters_are_a_list_of_different_columns() -> None:
    """One name, and one name twice, are refused."""
    cohort, _ = explained(people(r1=1, r2=0))
    with pytest.raises(CohortError, match="ratings is the text 'r1'"):
        rate(cohort, by="g", ratings="r1")
    with pytest.raises(CohortError, match="a column occurs twice"):
        rate(cohort, by="g", ratings=["r1", "r1"])


def test_versions_are_two() -> None:
    """One explanation, or three, are no pair."""
    cohort, made = explained(people())
    for given in (made, (made, made, made)):
        with pytest.raises(InputError, match="explanations are two"):
            versions(given, cohort, by="g")  # type: ignore[arg-type]


def test_a_view_that_was_not_computed_is_an_input_error() -> None:
    """The error is of evenlight's tree, and names the views there are."""
    cohort, made = explained(people())
    found = compare(made, cohort, by="g", testing=QUICK)
    with pytest.raises(UnknownName, match="no view use, nothing, margin; known"):
        found.view("use")
    with pytest.raises(UnknownName, match="no contrast"):
        found.contrast("b", "c")


def test_a_probability_has_no_support_in_a_continuous_outcome() -> None:
    """A classifier audited on numbers: support says why there is none."""
    cohort, made = explained(people(y=np.arange(200) / 7.0))
    made.settings["link"] = "logit"  # type: ignore[index]
    found = rely(made, cohort, by="g", testing=QUICK)
    assert "not one under the link logit" in found.support_reason[0]


def test_records_do_not_say_that_nothing_differs_where_nothing_could_be_asked() -> None:
    """Six people of known group: one line of each record says that it could not be told."""
    table = people()
    table.iloc[6:, 0] = "unknown"
    cohort, made = explained(table)
    said = predicted(cohort, made.total())
    assert "0 of 0 comparisons that can be made" in repr(globally(made, cohort, by="g", draws=199))
    assert "no interaction can be tested" in repr(intersect(made, cohort, by=["g", "sex"]))
    assert "cannot be compared" in repr(label_coverage(made, cohort, by="g"))
    assert "no verdict that could be overturned" in repr(tip(said, cohort, by="g"))
    assert "0 of 1 contrasts have pairs enough" in repr(match(said, cohort, by="g"))


def test_pairs_do_not_tell_how_few_have_none() -> None:
    """39 of 40 find a partner: the one who does not is told by no count."""
    n = 120
    groups = np.where(np.arange(n) < 40, "a", "b")
    values = np.repeat(np.random.default_rng(0).normal(size=(40, 3)), 3, axis=0)
    values = np.vstack([values[::3], values.reshape(40, 3, 3)[:, 1:].reshape(80, 3)])
    values[0] += 9.0
    table = people(n, g=groups)
    cohort = Cohort(values, table, ["a", "b", "c"], outcome="y", unit="row")
    found = match(predicted(cohort, values[:, 0]), cohort, by=Groups.from_labels("g", table["g"]))
    assert found.pairs.tolist() == [40.0]
    assert found.share.tolist() == [1.0]


@pytest.mark.parametrize(
    ("columns", "roles", "told"),
    [
        ({"w": -1.0}, {"weights": "w"}, "weights 'w': 200 of 200 rows"),
        ({"d": np.arange(200).astype(str)}, {"covariates": ["d"]}, "'d' has 200 categories"),
        ({"g": "a"}, {}, "g: nothing to compare"),
    ],
)
def test_what_no_comparison_can_use_is_told_before_anything_is_explained(
    columns: dict[str, Any], roles: dict[str, Any], told: str
) -> None:
    """An audit stops before its first stage."""
    cohort, _ = explained(people(**columns), groups=["g", "sex"], **roles)
    stages: list[str] = []
    with pytest.raises(InputError, match=told):
        audit(lambda x: x[:, 0], cohort, progress=stages.append)
    assert stages == []


def test_pairs_that_are_too_few_are_one_short_cell_of_the_page() -> None:
    """The reason stands once, without words for programmers."""
    table = people()
    table.iloc[6:, 0] = "unknown"
    cohort, made = explained(table)
    text = str(decisions.pairs("t3", match(predicted(cohort, made.total()), cohort, by="g")))
    assert text.count("suppressed (&lt;11)") == 1
    assert "not told" not in text


def test_a_misspelt_column_of_ids_is_named(tmp_path: Path) -> None:
    """Also where groupings are read from columns of their own."""
    (tmp_path / "t.csv").write_text("id,a,g\np1,1,x\np2,2,y\n", encoding="utf-8")
    data = {"table": "t.csv", "id": "idd", "features": ["a"], "groups": ["g"]}
    plan = Plan.from_data({"cohort": data, "groups": {"g": {"column": "g"}}})
    with pytest.raises(PlanError, match="no column 'idd'"):
        load_cohort(plan, tmp_path)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"margin": "a"}, "margin is 'a'; it is a number"),
        ({"draws": 500.5}, "draws is 500.5; it is a number"),
        ({"alphas": {"usee|nothing": 0.01}}, "alphas names 'usee|nothing'"),
    ],
)
def test_how_to_test_is_checked(own: dict[str, object], message: str) -> None:
    """A word for a number, half a draw, a view that there is not."""
    with pytest.raises(InputError, match=re.escape(message)):
        Testing(**own)  # type: ignore[arg-type]


def test_testing_is_a_record() -> None:
    """A dict in its place is named."""
    with pytest.raises(InputError, match="testing is a dict"):
        asked_for({"margin": 0.1})  # type: ignore[arg-type]
