"""What a whole audit must show on real patients and a published formula."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evenlight.cohorts import CLINICAL, PHARMACOGENETIC
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.perform import perform
from evenlight.probes.contrasts import contrasts
from evenlight.probes.predict import predict
from evenlight.record import Audit
from evenlight.reports import build
from tests import slow
from tests.html_tree import tree
from tests.pointed import Record, lost, pieces
from tests.reports.test_pointers import FIXED

BLACK = "Black or African American"

WHOLE = (500_000, 8_000)
"""Bytes and elements of a page of all that is asked by default, by race and sex."""


@pytest.mark.parametrize(
    ("formula_name", "expected"),
    [
        ("pharmacogenetic", {"Asian": 6.546, BLACK: 12.002, "White": 9.236, "unknown": 7.288}),
        ("clinical", {"Asian": 7.049, BLACK: 12.275, "White": 11.188, "unknown": 9.286}),
    ],
)
def test_mean_absolute_error_by_race(
    patients: Cohort, formula_name: str, expected: dict[str, float]
) -> None:
    """The MAE of both formulas by race, in mg a week, as published data and coefficients give."""
    model = {"pharmacogenetic": PHARMACOGENETIC, "clinical": CLINICAL}[formula_name]
    if model is CLINICAL:
        patients = only(patients, tuple(CLINICAL.weights))
    made = perform(predict(model, patients), patients, by="race")
    found = dict(zip(made.parts, made.value[:, made.metric("mae")], strict=True))
    for part, mae in expected.items():
        assert found[part] == pytest.approx(mae, abs=6e-4), part
    assert made.units[made.metric("mae")] == "mg a week"


def only(cohort: Cohort, names: tuple[str, ...]) -> Cohort:
    """The same people with some of the columns."""
    index = [cohort.features.place[n] for n in names]
    return Cohort(
        cohort.dense()[:, index], cohort.people, names, outcome="dose", unit="row",
        groups=cohort.groups, strata=cohort.strata,
    )  # fmt: skip


def test_vkorc1_differs_by_value_and_is_used_alike(formula: Audit) -> None:
    """Black against White: a large difference in attribution, from other genotypes alone."""
    race = formula.comparisons[0]
    c, j = race.contrast(BLACK, "White"), race.subjects.index("VKORC1")
    signed, use = race.view("signed"), race.view("use")
    assert race.verdict[signed, c, j] == "different"
    assert race.low[signed, c, j] > 0.4
    assert race.mechanism[signed, c, j] == "value"
    assert race.verdict[use, c, j] == "similar"
    assert race.effect[use, c, j] == 0.0


def test_vkorc1_moves_the_dose_further_in_some(formula: Audit) -> None:
    """On the dose scale G/G to A/A is 17.8, 18.5, 19.3 mg for Asian, White and Black patients."""
    made = formula.sensitivities[0]
    j = made.subjects.index("VKORC1")
    assert (made.low_state[j], made.high_state[j]) == ("G/G", "A/A")
    found = dict(zip(made.levels, -made.response[:, j], strict=True))
    assert found == pytest.approx({"White": 18.49, "Asian": 17.77, BLACK: 19.25}, abs=0.005)
    np.testing.assert_allclose(made.margin[:, j], -1.6974, atol=1e-9)


def test_race_itself_is_direct_and_flips_the_dose(formula: Audit) -> None:
    """Race: mechanism direct; Black recorded as White +3.57 mg, White as Black -3.05 mg."""
    race = formula.comparisons[0]
    assert (race.mechanism[..., race.subjects.index("race")] == "direct").all()
    flip = formula.flips[0]
    assert flip.mean[flip.pairs.index((BLACK, "White"))] == pytest.approx(3.57, abs=0.005)
    assert flip.mean[flip.pairs.index(("White", BLACK))] == pytest.approx(-3.05, abs=0.005)


def test_asian_against_white_cannot_be_asked_within_site(formula: Audit) -> None:
    """Of 1,159 Asian patients 35 are at a site with two or more of each."""
    race = formula.comparisons[0]
    c = race.contrast("Asian", "White")
    assert (race.verdict[:, c] == "not_estimable").all()
    assert race.reason[0, c, 0].startswith("35 of 1,159 units in Asian are in a stratum")
    answer = next(a for a in formula.answers if a.measure == "use")
    assert "Asian against White: cannot be asked here" in answer.sentence


def test_black_against_white_speaks_for_the_overlap(formula: Audit) -> None:
    """71 % of Black and 54 % of White patients are kept, and it is said."""
    race = formula.comparisons[0]
    c = race.contrast(BLACK, "White")
    assert race.n[0, c].tolist() == [472, 1478]
    assert "71 % of Black or African American and 54 % of White" in race.population[0, c]


def test_shares_add_up_to_eta_squared(formula: Audit, patients: Cohort) -> None:
    """sum_j B_j equals the between-race share of the output's variance to 1e-8."""
    made = formula.reliances[0]
    f = explain(PHARMACOGENETIC, patients).total()
    g = patients.grouping("race").codes
    f, g = f[g >= 0], g[g >= 0]
    means = np.array([f[g == code].mean() for code in g])
    assert made.raw_total[0] == pytest.approx(means.var() / f.var(), abs=1e-8)
    assert made.raw[0].sum() == pytest.approx(made.raw_total[0], abs=1e-12)


def test_signed_differences_add_up_to_the_gap_within_site(formula: Audit, patients: Cohort) -> None:
    """Over all variables they are the site-stratified gap of the output, with no remainder."""
    race = formula.comparisons[0]
    c, v = race.contrast(BLACK, "White"), race.view("signed")
    total = race.effect[v, c].sum() * race.views[v].unit
    assert total == pytest.approx(race.gap[c], abs=1e-8)
    assert abs(race.unexplained[c]) < 1e-6
    margin = predict(PHARMACOGENETIC, patients).margin
    groups, site = patients.grouping("race"), patients.stratum
    a, b = groups.members(BLACK), groups.members("White")
    shared = [
        s for s in np.unique(site) if min((a & (site == s)).sum(), (b & (site == s)).sum()) >= 2
    ]
    keep = (a | b) & np.isin(site, shared)
    d, _ = slow.contrast(margin[keep], np.flatnonzero(keep), site[keep], a[keep])
    assert race.gap[c] == pytest.approx(d, abs=1e-6)


def test_every_difference_by_race_equals_loops(formula: Audit, patients: Cohort) -> None:
    """The engine's D and interval centre are those of a brute-force loop, for each variable."""
    race = formula.comparisons[0]
    made = explain(PHARMACOGENETIC, patients).by(patients.features.variables())
    groups, site = patients.grouping("race"), patients.stratum
    c, v = race.contrast(BLACK, "White"), race.view("signed")
    a, b = groups.members(BLACK), groups.members("White")
    shared = [
        s for s in np.unique(site) if min((a & (site == s)).sum(), (b & (site == s)).sum()) >= 2
    ]
    keep = (a | b) & np.isin(site, shared)
    for j in range(len(race.subjects)):
        phi = made.values[keep, j].astype(float)
        d, _ = slow.contrast(phi, np.flatnonzero(keep), site[keep], a[keep])
        assert race.effect[v, c, j] * race.views[v].unit == pytest.approx(d, abs=1e-9)


def test_the_reliance_on_race_is_carried_by_supported_variables(formula: Audit) -> None:
    """The output follows race mostly via VKORC1; its attribution predicts dose in each group."""
    made = formula.reliances[0]
    g = made.condition("outcome")
    assert made.total_verdict[g].tolist()[:2] == ["different", "similar"]
    assert made.subjects[int(made.share[g].argmax())] == "VKORC1"
    assert made.support[made.subjects.index("VKORC1")].startswith("supported")
    assert made.support[made.subjects.index("race")] == "unresolved"


def test_the_sensitivity_to_the_background_is_told(formula: Audit) -> None:
    """Other draws of the background move attributions by a stated amount, and no difference."""
    told = formula.model.probes[-1]
    assert told.startswith("With 5 other draws of the background attributions move by 0.0")
    assert told.endswith("(4,811 rows).")
    assert formula.comparisons[0].repeats == 5
    assert np.nanmax(formula.comparisons[0].background_share) == 0.0
    assert len(formula.warnings) == 2  # no split was declared, sex was not asked about


def test_the_explanations_of_a_formula_are_exact(formula: Audit) -> None:
    """Closed form: borne out to the last digit in every group, and nothing is withheld."""
    for made in formula.qualities:
        for name, value in (("deletion", 1.0), ("insertion", 1.0), ("agreement", 0.0)):
            np.testing.assert_allclose(made.value[:, made.metric(name)], value, atol=1e-4)
        assert set(made.trust) == {"reliable"}
        assert made.unreliable == ""
    assert formula.qualities[0].method == "linear"


def test_order_of_patients_and_names_of_groups_change_nothing(patients: Cohort) -> None:
    """Rows shuffled, columns reordered, labels renamed: the same comparison."""
    order = np.random.default_rng(0).permutation(patients.n)
    names = {"White": "w", "Asian": "x", BLACK: "y"}
    people = patients.people.assign(race=patients.people["race"].replace(names)).iloc[order]
    race = Groups.from_labels("race", people["race"], levels=["w", "x", "y"])
    again = Cohort(
        patients.dense()[order], people, patients.features, outcome="dose", unit="row",
        groups=[race, *patients.groups[1:]], strata=["site"],
    )  # fmt: skip
    one, other = (
        compare(explain(PHARMACOGENETIC, c), c, by="race", contrasts=contrasts(PHARMACOGENETIC, c))
        for c in (patients, again)
    )
    for name in ("effect", "low", "high", "p", "p_maxt", "q"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(one, name), rtol=1e-6, err_msg=name
        )
    assert (one.verdict == other.verdict).all()
    assert (one.mechanism == other.mechanism).all()


def test_every_number_of_its_page_is_one_of_the_record(formula: Audit) -> None:
    """Each number of the demo's page stands in audit.json, where the page says that it does."""
    page = build(formula)
    root, record = tree(page), Record(json.loads(formula.to_json()))
    assert len(page.encode()) <= WHOLE[0]
    assert sum(1 for _ in root.walk()) <= WHOLE[1]
    assert not lost(root, record)
    told = list(pieces(root, record, FIXED))
    assert len(told) > 1000
    assert not [(piece.text, piece.wrong()) for piece in told if piece.wrong()]
