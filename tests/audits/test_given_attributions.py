"""An audit of attributions that were made elsewhere: no model, and a page that says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import AttributionError, InputError, PlanError
from evenlight.measured.attributed import NO_MODEL, predicted_by
from evenlight.measures.compare import compare
from evenlight.measures.perform import perform
from evenlight.plan import Plan
from evenlight.record import Audit
from evenlight.reports import write

NAMES = ["age", "bmi", "crp"]
N = 240
SOON = Plan.from_data({"measure": {"further": False}})


def people(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, Any]:
    """Values, people of two ancestries, and the margin of a model that uses bmi in one of them."""
    rng, ids = np.random.default_rng(seed), [f"p{i:03d}" for i in range(N)]
    ancestry = np.array(["A", "B"] * (N // 2))
    x = pd.DataFrame(rng.normal(size=(N, 3)), index=ids, columns=NAMES)
    x["age"] += ancestry == "B"
    phi = (
        x.to_numpy()
        * np.array([1.0, 0.8, 0.2])
        * np.stack([np.ones(N), ancestry == "B", np.ones(N)], 1)
    )
    case = (rng.random(N) < expit(phi.sum(axis=1))).astype(int)
    table = {"ancestry": ancestry, "case": case, "dose": phi.sum(axis=1) + rng.normal(size=N)}
    table |= {"days": rng.exponential(np.exp(-phi.sum(axis=1))), "died": 1}
    return x, pd.DataFrame(table, index=ids), phi


def given(outcome: Any = "case", **own: Any) -> tuple[Attributions, Cohort]:
    """The attributions of all people, as they come from elsewhere, and their cohort."""
    x, table, phi = people()
    cohort = Cohort(x, table, outcome=outcome, groups=["ancestry"], unit="row")
    chance = own.get("scale") == "probability"
    values, base = (0.05 * phi, 0.5) if chance else (phi, 0.0)
    output = values.sum(axis=1) + base
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=NAMES, output=output, base=base, **own
    )
    return made, cohort


@pytest.fixture(scope="module")
def found() -> Audit:
    """The audit of attributions whose outputs are said to be log odds."""
    return audit(*given(link="logit", method="shap"))


def test_attributions_performance_and_reliance_are_measured(found: Audit) -> None:
    """The default asks about the outputs, the attributions and reliance; all three are answered."""
    assert [a.measure for a in found.answers] == ["performance", "attribution", "reliance"]
    assert all(a.verdict != "not_estimable" for a in found.answers)
    own = compare(*given(link="logit", method="shap"), by="ancestry")
    np.testing.assert_allclose(found.comparisons[0].effect[0], own.effect[0])
    metrics = found.performances[0].to_frame().query("part == 'overall'").set_index("metric")
    assert np.isfinite(metrics.loc[["auroc", "brier"], "value"]).all()
    unasked = (*found.sensitivities, *found.flips, *found.further.shortcuts)
    assert unasked == ()
    assert (found.qualities[0].trust == "unknown").all()
    assert found.qualities[0].evaluations == 0


def test_the_record_and_the_page_say_that_there_was_no_model(found: Audit, tmp_path: Path) -> None:
    """One sentence on what was not asked, in the record, on the page and in its methods."""
    assert found.warnings[0].startswith("Only attributions were given, made elsewhere (shap)")
    assert (found.model.name, found.model.kind) == ("given attributions (shap)", "attributions")
    page = write(found, tmp_path).read_text()
    assert "Audit of given attributions (shap)" in page
    assert "Only attributions were given, made elsewhere (shap), and no model." in page
    assert "what takes the model was not checked" in page
    assert "made elsewhere, and only held against the outputs of 240 rows" in page
    assert "0 evaluations of the model" not in page
    again = Audit.from_json(found.to_json())
    assert again.to_json() == found.to_json()


def test_rows_are_matched_by_id_and_change_no_digest(found: Audit) -> None:
    """In another order of rows the same attributions have one digest and one answer."""
    made, cohort = given(link="logit", method="shap")
    order = np.random.default_rng(1).permutation(N)
    names = ("rows", "values", "output", "base", "error", "converged")
    turned = replace(made, **{name: getattr(made, name)[order] for name in names})
    again = audit(turned, cohort)
    assert again.model.digest == found.model.digest
    assert again.answers == found.answers


def test_a_score_is_no_probability_unless_it_is_said_to_be() -> None:
    """Without a link outputs rank people; with one, or as probabilities, more is told."""
    told = {}
    for name, own in {
        "none": {},
        "logit": {"link": "logit"},
        "chance": {"scale": "probability"},
    }.items():
        made, cohort = given(**own)
        frame = perform(predicted_by(made, cohort), cohort, by="ancestry").to_frame()
        whole = frame[frame["part"] == "overall"].set_index("metric")["value"]
        told[name] = {metric: bool(np.isfinite(whole[metric])) for metric in ("auroc", "brier")}
    both = {"auroc": True, "brier": True}
    assert told == {"none": {"auroc": True, "brier": False}, "logit": both, "chance": both}
    silent = audit(*given(), plan=SOON)
    assert any('say link="logit" where the attributions are made' in w for w in silent.warnings)
    assert silent.answers[0].verdict != "not_estimable"


@pytest.mark.parametrize(
    ("outcome", "metric"), [("dose", "mae"), (Survival("days", "died"), "concordance_uno")]
)
def test_other_outcomes_are_held_to_the_outputs(outcome: object, metric: str) -> None:
    """A dose to the outputs as they are, a survival time to them as the log of a hazard."""
    made = audit(*given(outcome), plan=SOON)
    told = made.performances[0].to_frame().query("part == 'overall'").set_index("metric")
    value = float(told["value"].to_numpy()[list(told.index).index(metric)])
    assert np.isfinite(value)
    assert value > 0.7


def test_use_is_told_at_the_same_own_value_and_never_by_moving_a_model() -> None:
    """A plan may ask for use: bmi, which counts in one ancestry, is found by attributions alone."""
    plan = {"question": [{"measure": "use", "grouping": "ancestry"}], "measure": {"further": False}}
    made = audit(*given(link="logit"), plan=Plan.from_data(plan))
    assert made.answers[0].verdict == "different"
    assert made.answers[0].parts[0].subject == "bmi"
    assert made.answers[0].sentence.startswith("Per SD of its own value, the attribution of bmi")


def test_what_needs_the_model_is_refused_before_any_compute() -> None:
    """Features that are not the cohort's, plans that call the model, and what serves one."""
    made, cohort = given()
    values, table, _ = people()
    other = Cohort(values.rename(columns={"crp": "hb"}), table, outcome="case", groups=["ancestry"])
    with pytest.raises(AttributionError, match="the features of the attributions are not the"):
        audit(made, other)
    for part in ({"holds": {"forks": True}}, {"holds": {"perturb": "tabular"}},
                 {"uncertainty": {"levels": [0.9]}}, {"reliance": {"layers": "all"}},
                 {"explain": {"repeats": 3}}):  # fmt: skip
        section, name = next((s, n) for s, own in part.items() for n in own)
        with pytest.raises(PlanError, match=rf"asks for {section}\.{name}.*{NO_MODEL}"):
            audit(made, cohort, plan=Plan.from_data(part))
    with pytest.raises(InputError, match="twin=, device= serves a model"):
        audit(made, cohort, twin=cohort, device="cuda")
    with pytest.raises(AttributionError, match="link is 'log odds'; wanted one of identity"):
        given(link="log odds")


def test_the_gate_can_fail_and_be_strict() -> None:
    """A question that blocks fails the gate as in any audit; what no model tells is not certain."""
    asked = [{"measure": "attribution", "grouping": "ancestry", "blocks": True}]
    plan = {"question": asked, "measure": {"further": False}}
    made = audit(*given(), plan=Plan.from_data(plan))
    assert (made.verdict.word, made.verdict.exit_code) == ("failed", 1)
