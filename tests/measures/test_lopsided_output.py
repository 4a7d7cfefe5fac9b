"""One mistaken cell blows up the SD of the output: nothing is then called similar in that unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.by_allele import by_allele
from evenlight.measures.compare import compare
from evenlight.measures.fragility import fragility
from evenlight.measures.rely import rely
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.probes.contrasts import contrasts
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.suites_tables import tabular
from evenlight.stats.lopsided import lopsided


def risk(x: np.ndarray) -> np.ndarray:
    """A margin in which the first feature counts for one sex only."""
    out: np.ndarray = x[:, 0] * (1 - 1.5 * x[:, 2]) + 0.4 * x[:, 1]
    return out


def people(*, wrong: int) -> Cohort:
    """400 people; `wrong` of them have 9999 in place of a value of the second feature."""
    rng = np.random.default_rng(0)
    male = np.arange(400) % 2
    x = np.column_stack([rng.normal(size=(400, 2)), male])
    x[:wrong, 1] = 9999.0
    table = pd.DataFrame({"sex": np.where(male, "m", "f")})
    return Cohort(x, table, ["age", "crea", "male"], groups=["sex"], unit="row")


@pytest.mark.parametrize("wrong", [1, 4])
def test_a_code_in_few_cells_makes_nothing_similar(wrong: int) -> None:
    """What differs when the cells are right is not *similar* when they are wrong, but withheld."""
    model = adapt(risk, link="logit", gives="margin")
    found = {}
    for n in (0, wrong):
        cohort = people(wrong=n)
        made = explain(model, cohort)
        moved = contrasts(prepare(model, cohort), cohort)
        found[n] = compare(made, cohort, by="sex", contrasts=moved), rely(made, cohort, by="sex")
    assert (found[0][0].verdict == "different").any()
    compared, relied = found[wrong]
    assert (compared.verdict == "not_estimable").all()
    assert (relied.verdict == "not_estimable").all()
    told = str(compared.reason[0, 0, 0])
    assert "most of it through crea" in told
    assert "400" in told
    assert np.isnan(compared.effect).all()


def test_small_changes_are_not_similar_in_the_sd_of_one_cell() -> None:
    """What a perturbation does to two groups is told in no SD that is one person's."""
    prepared = prepare(adapt(risk, link="logit", gives="margin"), people(wrong=1))
    cohort = people(wrong=1)
    made = perturb(prepared, cohort, suite=tabular(cohort), rng=0)
    with pytest.raises(ModelError, match="make nearly all of the variance of the output"):
        fragility(made, cohort, by="sex", rng=0)


def test_letters_are_not_similar_in_the_sd_of_one_cell() -> None:
    """Contributions of an allele by group are told in no SD that is one person's."""
    rng = np.random.default_rng(0)
    cohort = people(wrong=1)
    x = np.column_stack([rng.integers(0, 3, 400), np.asarray(cohort.x)[:, 1]]).astype(float)
    own = Cohort(x, cohort.people, ["rs1", "crea"], groups=["sex"], unit="row")
    made = explain(adapt(lambda a: 0.3 * a[:, 0] + a[:, 1], link="logit", gives="margin"), own)
    with pytest.raises(AttributionError, match="make nearly all of the variance of the output"):
        by_allele(made, own, "rs1", by="sex", rng=0)


def test_heavy_tails_are_not_lopsided() -> None:
    """Log-normal and t3 outputs, and a carrier in fifty, have a scale of their own."""
    rng = np.random.default_rng(1)
    none = np.zeros(300, dtype=np.int64)
    for _ in range(50):
        assert not lopsided(rng.lognormal(size=300), none).size
        assert not lopsided(rng.standard_t(3, size=300), none).size
        assert not lopsided(rng.normal(size=300) + 5 * (rng.random(300) < 0.02), none).size


def test_an_audit_with_a_code_in_one_cell_has_no_verdict() -> None:
    """The gate that fails for a difference does not pass because of one mistaken cell."""
    question = {"measure": "use", "grouping": "sex", "blocks": True}
    plan = Plan.from_data({"question": [question], "explain": {"repeats": 0}})
    model = adapt(risk, link="logit", gives="margin")
    right, wrong = (audit(model, people(wrong=n), plan=plan) for n in (0, 1))
    assert right.gate().word == "failed"
    assert (wrong.gate().word, wrong.gate().exit_code) == ("no verdict", 3)
    assert "most of it through crea" in wrong.answers[0].sentence


def test_an_output_of_the_other_class_is_told() -> None:
    """An AUROC wholly below a half, in every part, is a question to whoever named the event."""
    cohort = people(wrong=0)
    rng = np.random.default_rng(2)
    case = (risk(np.asarray(cohort.x)) + rng.normal(size=400) > 0).astype(int)
    plan = Plan.from_data({"measure": {"further": False}, "explain": {"repeats": 0}})
    model = adapt(risk, link="logit", gives="margin")
    told = []
    for outcome in (case, 1 - case):
        table = cohort.people.assign(case=outcome)
        own = Cohort(
            cohort.x, table, list(cohort.features.names), outcome="case", groups=["sex"], unit="row"
        )
        told.append(any("wrong way round" in w for w in audit(model, own, plan=plan).warnings))
    assert told == [False, True]
