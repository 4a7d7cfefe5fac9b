"""Explanations that cannot be trusted take with them what rests on them, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Single
from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.doubts import doubts
from evenlight.explainers.explain import explain
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.record import Audit
from evenlight.reports import build
from evenlight.results import Measures
from tests.html_tree import tree

P = 6
QUESTIONS = [
    {"measure": "performance", "grouping": "race"},
    {"measure": "use", "grouping": "race"},
    {"measure": "attribution", "grouping": "race"},
    {"measure": "reliance", "grouping": "race", "given": "outcome"},
]
Wrong = Callable[[Attributions, Cohort], Single]


def model() -> nn.Sequential:
    """A smooth network of six features."""
    torch.manual_seed(3)
    first = nn.Linear(P, 12)
    made = nn.Sequential(first, nn.Tanh(), nn.Linear(12, 1))
    with torch.no_grad():
        first.weight.mul_(1.5)
    return made


def people() -> Cohort:
    """Two groups with other values of the first feature, and an outcome that follows the model."""
    rng = np.random.default_rng(0)
    n = 240
    x = rng.normal(size=(n, P))
    x[1::2, 0] += 1.0
    with torch.no_grad():
        y = model()(torch.tensor(x, dtype=torch.float32)).numpy().ravel()
    table = pd.DataFrame(
        {"race": np.where(np.arange(n) % 2 == 0, "A", "B"), "y": y + 0.2 * rng.normal(size=n)},
        index=[f"p{i:03d}" for i in range(n)],
    )
    names = [f"f{j}" for j in range(P)]
    return Cohort(x, table, names, outcome="y", groups=["race"], unit="row")


def audited(repeats: int = 1) -> Audit:
    """The audit with questions about everything."""
    plan = Plan.from_data({"question": QUESTIONS, "explain": {"repeats": repeats}})
    return audit(model(), people(), plan=plan)


def planted(monkeypatch: pytest.MonkeyPatch, wrong: Wrong) -> Audit:
    """The audit with attributions of which some are wrong, and other draws of them likewise."""

    def explained(of: object, cohort: Cohort, **own: object) -> Attributions:
        made = explain(of, cohort, **own)  # type: ignore[call-overload]
        assert isinstance(made, Attributions)
        return replace(made, values=wrong(made, cohort))

    monkeypatch.setattr(sys.modules["evenlight.measured.explaining"], "explain", explained)
    return audited()


@pytest.fixture(scope="module")
def right() -> Audit:
    """With the attributions as they are."""
    return audited()


def verdicts(made: Audit) -> dict[str, str]:
    """The answers by measure."""
    return {answer.measure: answer.verdict for answer in made.answers}


def shuffled(made: Attributions, cohort: Cohort) -> Single:
    """Each feature has the attributions of another."""
    return np.roll(made.values, 2, axis=1)


def ten_times(made: Attributions, cohort: Cohort) -> Single:
    """The right order, the wrong size."""
    return 10 * made.values


def noisy_in_b(made: Attributions, cohort: Cohort) -> Single:
    """Noise on the attributions of one group."""
    out = made.values.copy()
    at = cohort.grouping("race").members("B")
    noise = np.random.default_rng(1).normal(size=out[at].shape)
    out[at] += (0.8 * out.std() * noise).astype(np.float32)
    return out


def test_right_explanations_are_answered(right: Audit) -> None:
    """Nothing is withheld: the planted difference of values is found."""
    assert set(right.qualities[0].trust) == {"reliable"}
    assert verdicts(right)["attribution"] == "different"
    assert "not_estimable" not in verdicts(right).values()
    assert not [w for w in right.warnings if "unreliable" in w]


@pytest.mark.parametrize("wrong", [shuffled, ten_times, noisy_in_b])
def test_wrong_explanations_are_not_compared(
    right: Audit, monkeypatch: pytest.MonkeyPatch, wrong: Wrong
) -> None:
    """Attributions and reliance are not estimable, with the reason; a doubt is told."""
    made = planted(monkeypatch, wrong)
    found = verdicts(made)
    assert found["attribution"] == found["reliance"] == "not_estimable"
    answer = next(a for a in made.answers if a.measure == "attribution")
    assert "Why: explanation unreliable: " in answer.sentence
    assert "unreliable" in made.qualities[0].trust
    assert any("By race, explanation unreliable: " in w for w in made.warnings)
    assert made.gate().word == "no verdict"
    assert not [f for f in made.findings if f.kind == "attribution" and f.verdict == "different"]


@pytest.mark.parametrize("wrong", [shuffled, noisy_in_b])
def test_performance_and_use_need_no_attributions(
    right: Audit, monkeypatch: pytest.MonkeyPatch, wrong: Wrong
) -> None:
    """Their verdicts and sentences are those of the audit with right explanations."""
    made = planted(monkeypatch, wrong)
    for one, other in zip(right.answers, made.answers, strict=True):
        if one.measure in ("performance", "use"):
            assert other.verdict == one.verdict
    a, b = right.performances[0], made.performances[0]
    np.testing.assert_array_equal(a.difference, b.difference)
    here, there = right.comparisons[0], made.comparisons[0]
    v = here.view("use")
    assert there.verdict[v].tolist() == here.verdict[v].tolist()
    raw = [c.effect[v] * c.views[v].unit for c in (here, there)]
    np.testing.assert_allclose(raw[0], raw[1], rtol=1e-12)
    np.testing.assert_array_equal(right.sensitivities[0].margin, made.sensitivities[0].margin)


def test_noise_in_one_group_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference in quality itself is listed, with interval and verdict."""
    made = planted(monkeypatch, noisy_in_b)
    found = [f for f in made.findings if f.kind == "quality"]
    assert {"stability", "agreement"} <= {f.subject for f in found}
    assert {f.severity for f in found} == {"watch"}
    assert all("in B than in A (95 % interval" in f.sentence for f in found)
    assert dict(zip(made.qualities[0].levels, made.qualities[0].trust, strict=True)) == {
        "A": "reliable", "B": "unreliable",
    }  # fmt: skip


def test_the_page_warns_above_what_cannot_be_trusted(
    right: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A banner in the sections on features and reliance, and the failed checks in T10."""
    good = tree(build(right))
    assert not [n for n in good.walk() if "banner" in n.classes()]
    root = tree(build(planted(monkeypatch, noisy_in_b)))
    sections = {n.attributes.get("id"): n for n in root.all("section")}
    for key in ("b3", "b4"):
        banners = [n for n in sections[key].walk() if "banner" in n.classes()]
        assert banners
        assert "in B, where at" in banners[0].text()
    grades = [n.text().strip() for n in sections["b8"].walk() if "grade" in n.classes()]
    assert "failed" in grades
    assert "passed" in grades
    assert "These explanations are not reliable" in sections["b8"].text()


def test_the_plan_says_how_many_other_backgrounds() -> None:
    """None, or as many as asked; the record tells it, and the probe how far they move."""
    none = audited(repeats=0)
    assert none.comparisons[0].repeats == 0
    assert none.model.probes[-1].startswith("With another draw of the background attributions move")
    assert none.model.probes[-1].endswith("of their typical size (200 rows).")
    two = audited(repeats=2)
    assert two.comparisons[0].repeats == 2
    assert two.model.probes[-1].startswith("With 2 other draws of the background")
    assert np.isfinite(two.comparisons[0].background_share).all()


def test_much_noise_of_the_explainer_is_told(right: Audit) -> None:
    """More than a tenth of a difference's variance from walks or background: a doubt."""
    cohort, one = people(), right.comparisons[0]
    made = explain(model(), cohort, method="ig")
    share = np.full(one.noise_share.shape, 0.02)

    def told(**own: object) -> list[str]:
        noisy = replace(one, **own)  # type: ignore[arg-type]
        return [w for w in doubts(made, Measures(comparisons=(noisy,)), Policy()) if "makes" in w]

    assert told(noise_share=share, background_share=share) == []
    share[0, 2] = 0.25
    assert told(noise_share=share, background_share=np.zeros_like(share)) == [
        "By race, Monte Carlo error of the explainer makes up to 25 % of the variance of a "
        "difference (f2, B against A); more walks would sharpen it."
    ]
    assert "the draw of the background makes up to 25 %" in told(background_share=share)[0]


def test_quality_is_in_the_record_and_its_tables(right: Audit) -> None:
    """To JSON and back without loss, and as two tables."""
    again = Audit.from_json(right.to_json())
    assert again.to_json() == right.to_json()
    tables = right.tables()
    made = right.qualities[0]
    assert len(tables["quality"]) == made.value.size
    words = set(tables["quality_differences"]["verdict"])
    assert words <= {"similar", "cannot_tell", "not_estimable", ""}
