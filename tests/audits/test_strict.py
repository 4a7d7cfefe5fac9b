"""Faults 11 and 26: features without names, values in other units, and a gate that is strict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from evenlight.api import run
from evenlight.auditing import audit
from evenlight.check import check
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.errors import ModelError, NoVerdict, PlanError
from evenlight.findings import Gate
from evenlight.gates import strictly
from evenlight.load import load_model
from evenlight.measured.certain import strange_values, uncertain
from evenlight.models.adapt import adapt
from evenlight.models.listed import feature_list
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.record import Audit

NAMES = ["age", "crp", "bmi"]
PLAN = """
[model]
weights = "net.safetensors"
builder = "tests.audits.test_strict:built"
link = "logit"
LISTED

[cohort]
table = "people.csv"
id = "id"
features = ["age", "crp", "bmi"]
outcome = "ill"
unit = "row"
groups = ["sex"]

[measure]
further = false

[[question]]
measure = "performance"
grouping = "sex"

[policy]
strict = ["features"]
"""


def built() -> nn.Module:
    """A network without weights of its own."""
    return nn.Linear(3, 1)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A network, its sealed list, people and a plan, side by side."""
    torch.manual_seed(0)
    network = built()
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    feature_list(network, NAMES, source="train.py").save(tmp_path / "net.features.json")
    rng = np.random.default_rng(0)
    people = pd.DataFrame(rng.normal(size=(200, 3)), columns=NAMES)
    people["ill"], people["sex"] = rng.integers(0, 2, 200), ["f", "m"] * 100
    people.insert(0, "id", [f"p{i:03d}" for i in range(200)])
    people.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path


def plan(folder: Path, listed: str, text: str = PLAN) -> Path:
    """The plan with or without the list."""
    (folder / "audit.toml").write_text(text.replace("LISTED", listed))
    return folder / "audit.toml"


def test_11_without_a_list_a_strict_gate_gives_no_verdict(folder: Path) -> None:
    """A width alone is not enough where the plan is strict: exit 3, told before and after."""
    asked = plan(folder, "")
    lines = list(check(asked, trust="import"))
    assert lines[-1].startswith("strict   The model names no features: the 3 columns")
    found = run(asked, folder / "out", trust="import")
    assert (found.verdict.word, found.verdict.exit_code) == ("no verdict", 3)
    assert "The model names no features" in found.verdict.reason
    with pytest.raises(NoVerdict, match="names no features"):
        found.gate().raise_for_status()


def test_11_with_its_list_the_same_plan_is_answered(folder: Path) -> None:
    """A sealed list that is bound to these weights makes the inputs certain."""
    asked = plan(folder, 'features = "net.features.json"')
    assert not [line for line in check(asked, trust="import") if line.startswith("strict")]
    found = run(asked, folder / "out", trust="import")
    assert (found.verdict.word, found.verdict.exit_code) == ("not gated", 0)


def test_26_a_summary_of_training_makes_the_values_certain_or_says_why_not(folder: Path) -> None:
    """Beside the plan it stands for the training people; other units are no verdict."""
    features = 'features = "net.features.json"\ntraining = "training.npz"'
    strict = PLAN.replace('["features"]', "true")
    x = np.random.default_rng(1).normal(size=(300, 3))
    TrainingSummary.of(x, NAMES).save(folder / "training.npz")
    asked = plan(folder, features, strict)
    assert not [line for line in check(asked, trust="import") if line.startswith("strict")]
    found = run(asked, folder / "like", trust="import")
    assert (found.verdict.word, found.verdict.exit_code) == ("not gated", 0)
    TrainingSummary.of(2.0 ** (x + 8), NAMES).save(folder / "training.npz")
    told = [line for line in check(asked, trust="import") if line.startswith("strict")]
    other = run(asked, folder / "unlike", trust="import")
    assert len(told) == 1
    assert (other.verdict.word, other.verdict.exit_code) == ("no verdict", 3)
    assert any("training" in words for words in other.warnings)


def test_26_a_file_that_is_no_summary_is_an_error(folder: Path) -> None:
    """It names the key of the plan."""
    (folder / "training.npz").write_bytes(b"not a summary")
    with pytest.raises(PlanError, match=r"model\.training"):
        list(check(plan(folder, 'training = "training.npz"'), trust="import"))


def test_11_columns_in_another_order_are_an_error_then(folder: Path) -> None:
    """With the list columns that are exchanged are found by name before any compute."""
    turned = PLAN.replace('["age", "crp", "bmi"]', '["crp", "age", "bmi"]')
    asked = plan(folder, 'features = "net.features.json"', turned)
    with pytest.raises(ModelError, match="in another order"):
        list(check(asked, trust="import"))


def test_11_a_list_that_was_changed_or_of_other_weights_is_refused(folder: Path) -> None:
    """The seal tells an edit, the digest a list of another network."""
    asked = Plan.from_toml(plan(folder, 'features = "net.features.json"'))
    file = folder / "net.features.json"
    text = file.read_text()
    file.write_text(text.replace('"crp"', '"CRP"'))
    with pytest.raises(PlanError, match=r"model\.features: .*changed after it was sealed"):
        load_model(asked, folder, trust="import")
    feature_list(nn.Linear(3, 1), NAMES).save(file)
    with pytest.raises(ModelError, match="belongs to weights"):
        load_model(asked, folder, trust="import")
    file.unlink()
    with pytest.raises(PlanError, match=r"there is no file 'net\.features\.json' beside the plan"):
        load_model(asked, folder, trust="import")


def trained(seed: int) -> Cohort:
    """People with three measures, a model's training or those that it is asked of."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {"sex": ["f", "m"] * 100, "ill": rng.integers(0, 2, 200)},
        index=[f"{seed}-{i:03d}" for i in range(200)],
    )
    x = rng.normal(size=(200, 3)) + 5
    return Cohort(x, people, NAMES, outcome="ill", groups=["sex"], unit="row")


def strict_audit(cohort: Cohort, training: Cohort | None) -> Audit:
    """A formula, asked by a plan that is strict about values."""
    plan = Plan.from_data({
        "measure": {"further": False}, "policy": {"strict": ["values"]},
        "question": [{"measure": "performance", "grouping": "sex"}],
        "reliance": {"refits": 5}, "explain": {"repeats": 0},
    })  # fmt: skip
    model = adapt(CoefficientTable("risk", 0.0, {"age": 1.0, "crp": 0.5}, link="logit"))
    return audit(model, cohort, plan=plan, twin=training)


def test_26_values_that_were_not_trained_on_stop_a_strict_gate() -> None:
    """Fault 26: values in another unit than training's are told, and pass no strict gate."""
    cohort = trained(1)
    other = Cohort(
        cohort.dense() * 1000, cohort.people, NAMES, outcome="ill", groups=["sex"], unit="row"
    )
    for people, training, code, word in (
        (cohort, trained(2), 0, ""),
        (cohort, None, 3, "Nothing is known of the values"),
        (other, trained(2), 3, "3 of 3 features are apart"),
    ):
        prepared = prepare(lambda x: x[:, 0], people)
        unsure = uncertain(prepared, people, training)
        gate = strictly(Gate("passed", 0, ""), Policy(strict=("values",)), unsure)
        assert gate.exit_code == code
        assert word in gate.reason
    assert strange_values(cohort, trained(2)) == ()
    assert "apart" in strange_values(other, trained(2))[0]


def test_26_an_audit_without_training_people_says_so() -> None:
    """A plan that is strict about values cannot pass where nobody told what was trained on."""
    found = strict_audit(trained(1), None)
    assert (found.verdict.word, found.verdict.exit_code) == ("no verdict", 3)
    assert "Nothing is known of the values" in found.verdict.reason


def test_a_list_goes_with_weights() -> None:
    """A formula names its terms: a list beside it would be a second truth."""
    with pytest.raises(PlanError, match="beside its weights"):
        Plan.from_data({"model": {"table": "score.csv", "features": "list.json"}})
    with pytest.raises(PlanError, match="strict"):
        Plan.from_data({"policy": {"strict": ["feature"]}})


def test_a_gate_that_stops_keeps_its_reason() -> None:
    """Strictness turns a pass into no verdict, and leaves failures and other stops as they are."""
    told = {"features": "The model names no features."}
    for word, code, wanted in (("passed", 0, 3), ("not gated", 0, 3), ("failed", 1, 1)):
        made = strictly(Gate(word, code, "why"), Policy(strict=True), told)
        assert made.exit_code == wanted
        assert strictly(Gate(word, code, "why"), Policy(), told).exit_code == code
        assert strictly(Gate(word, code, "why"), Policy(strict=True), {}).exit_code == code
