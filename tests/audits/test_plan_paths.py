"""Faults 74, 75 and 80: what a plan names lies beside it, and is read without running its code."""

from __future__ import annotations

import pickle
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from safetensors.torch import save_file
from sklearn.linear_model import LinearRegression, LogisticRegression
from torch import nn

from evenlight.errors import ModelError, PlanError, Refused
from evenlight.load import inside, load_cohort, load_model
from evenlight.models.probe import prepare
from evenlight.plan import Plan

OUT = (
    "../secret.csv", "a/../../secret.csv", "/etc/passwd", "link.csv", "folder/secret.csv",
    "chain.csv", "./../secret.csv", "..",
)  # fmt: skip
"""Names that lead out of the folder: upwards, from the root, and by links."""

NOT_THERE = (
    "~/secret.csv", "~root/.ssh/id_rsa", "%2e%2e/secret.csv", "..%2fsecret.csv", "..\\secret.csv",
    "$HOME/secret.csv", "file:///etc/passwd", "http://localhost/secret.csv",
    "\uff0e\uff0e/secret.csv", "C:\\secret.csv", "secret.csv ", ".", "pipe", "secret",
)  # fmt: skip
"""Names that other programs read as something else, and here are plain names of no file."""

NO_NAME = ("", "a\0b", "a\nb", "x" * 5000, "a/" * 600, "circle/x", "\x1b[2Ja.csv")
"""Names that no file has."""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A plan's folder, with links out of it, and a secret beside it."""
    (tmp_path / "secret.csv").write_text("id,age\np1,5\n")
    made = tmp_path / "plan"
    made.mkdir()
    (made / "link.csv").symlink_to(tmp_path / "secret.csv")
    (made / "chain.csv").symlink_to(made / "link.csv")
    (made / "folder").symlink_to(tmp_path, target_is_directory=True)
    (made / "circle").symlink_to(made / "circle")
    (made / "own.csv").write_text("id,age\np1,5\n")
    (made / "alias.csv").symlink_to(made / "own.csv")
    return made


@pytest.mark.parametrize("name", OUT)
def test_75_a_path_that_leads_out_is_an_error(folder: Path, name: str) -> None:
    """Fault 75: a plan that somebody sent shows no other file of whoever runs it."""
    with pytest.raises(PlanError, match="leads out of the plan's folder"):
        inside(folder, name)


@pytest.mark.parametrize("name", NOT_THERE)
def test_75_nothing_in_a_path_is_expanded(folder: Path, name: str) -> None:
    """Homes, variables, percent codes, addresses and other systems' paths are plain names."""
    with pytest.raises(PlanError, match="there is no file"):
        inside(folder, name)


@pytest.mark.parametrize("name", NO_NAME)
def test_75_what_is_no_path_is_an_error(folder: Path, name: str) -> None:
    """Empty names, control characters, endless ones and links in a circle are no internal fault."""
    with pytest.raises(PlanError, match=r"is no name of a file|there is no file"):
        inside(folder, name)


def test_files_beside_the_plan_are_found(folder: Path) -> None:
    """By their name, a longer way, or a link that stays inside."""
    for name in ("own.csv", "./own.csv", "../plan/own.csv", "alias.csv"):
        assert inside(folder, name).name == "own.csv"


@pytest.mark.parametrize("key", ["table", "weights", "features", "training", "people"])
def test_75_every_file_of_a_plan_stays_inside(folder: Path, key: str) -> None:
    """Model, weights, list, training and people: no key reads a file from elsewhere."""
    outside = "../secret.csv"
    model: dict[str, Any] = {"weights": "own.csv", "builder": "m:f"}
    if key == "table":
        model = {"table": outside}
    elif key != "people":
        model = model | {key: outside}
    plan = Plan.from_data({"model": model, "cohort": {"table": outside, "features": ["age"]}})
    with pytest.raises(PlanError, match="leads out of the plan's folder"):
        _read(key, plan, folder)


def _read(key: str, plan: Plan, folder: Path) -> object:
    from evenlight.load import load_training

    if key == "training":
        return load_training(plan, folder)
    return (
        load_cohort(plan, folder) if key == "people" else load_model(plan, folder, trust="import")
    )


@pytest.mark.parametrize(
    "builder", ["os.system", "os:system;x", "__import__('os')", "a.b", "../m:f", "m:f()", "m:f g"]
)
def test_80_a_builder_is_a_name_and_nothing_else(folder: Path, builder: str) -> None:
    """Fault 80: dotted paths without a function, calls and expressions are never looked up."""
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(2, dtype=np.float32)}, folder / "w.safetensors")
    plan = Plan.from_data({"model": {"weights": "w.safetensors", "builder": builder}})
    with pytest.raises((PlanError, ValueError), match='wanted "module:function"'):
        load_model(plan, folder, trust="import")


def test_80_no_other_key_names_code() -> None:
    """The schema of a plan has one field that is imported, and it needs trust."""
    text = str(Plan.model_json_schema())
    assert not any(word in text for word in ("import_path", "callable", "class_path", "__"))


class Canary:
    """A pickle that plants a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.path)!r}, 'w').close()",)


@pytest.mark.parametrize("ending", ["pkl", "joblib", "pt", "bin", "safetensors", "onnx", "skops"])
def test_70_a_pickle_in_a_plan_is_refused(folder: Path, ending: str) -> None:
    """Fault 70: whatever it calls itself, the canary stays unwritten."""
    (folder / f"m.{ending}").write_bytes(pickle.dumps(Canary(folder / "canary")))
    plan = Plan.from_data({"model": {"weights": f"m.{ending}", "builder": "m:f"}})
    for trust in (None, "import"):
        with pytest.raises(Refused, match="could run any code"):
            load_model(plan, folder, trust=trust)
    assert not (folder / "canary").exists()


def test_what_was_trusted_stands_on_the_page(folder: Path) -> None:
    """A model from a trusted pickle is checked like any other, and its checks say so."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    table = pd.DataFrame(x, columns=["a", "b"]).assign(
        ill=(x[:, 0] > 0).astype(int), sex=["f", "m"] * 30
    )
    model = LogisticRegression().fit(table[["a", "b"]], table["ill"])
    joblib.dump(model, folder / "m.joblib")
    table.to_csv(folder / "people.csv", index=False)
    digest = sha256((folder / "m.joblib").read_bytes()).hexdigest()
    cohort = {"table": "people.csv", "features": ["a", "b"], "outcome": "ill", "groups": ["sex"]}
    asked = Plan.from_data({"cohort": cohort})
    plan = asked.model_copy(
        update={"model": asked.model.model_copy(update={"weights": "m.joblib"})}
    )
    made = load_model(plan, folder, trust=f"sha256:{digest}")
    told = prepare(made, load_cohort(plan, folder)).checked
    assert any("trusted by its digest" in line and digest in line for line in told)


def test_a_plan_says_whether_weights_give_margins(folder: Path) -> None:
    """A regressor of log odds is read as such where the plan says so; of a formula it is known."""
    x = np.random.default_rng(0).normal(size=(60, 2))
    table = pd.DataFrame(x, columns=["a", "b"]).assign(
        ill=(x[:, 0] > 0).astype(int), sex=["f", "m"] * 30
    )
    model = LinearRegression().fit(table[["a", "b"]], 3 * x[:, 0])
    joblib.dump(model, folder / "m.joblib")
    table.to_csv(folder / "people.csv", index=False)
    people = {"table": "people.csv", "features": ["a", "b"], "outcome": "ill", "groups": ["sex"]}
    about = {"weights": "m.joblib", "link": "logit"}
    trust = f"sha256:{sha256((folder / 'm.joblib').read_bytes()).hexdigest()}"
    plan = Plan.from_data({"model": about, "cohort": people})
    cohort = load_cohort(plan, folder)
    with pytest.raises(ModelError, match='say gives="margin" if the model gives margins'):
        prepare(load_model(plan, folder, trust=trust), cohort)
    asked = Plan.from_data({"model": {**about, "gives": "margin"}, "cohort": people})
    made = prepare(load_model(asked, folder, trust=trust), cohort)
    np.testing.assert_allclose(made.output, 3 * x[:, 0], atol=1e-9)
    with pytest.raises(PlanError, match="gives is of what weights give; leave it out"):
        Plan.from_data({"model": {"table": "score.csv", "gives": "margin"}})


def test_48_the_plan_says_which_file_of_weights_is_meant(tmp_path: Path) -> None:
    """With its digest the file is read; another file of the same name stops, named, with both."""
    file = tmp_path / "net.safetensors"
    save_file(nn.Linear(2, 1).state_dict(), file)
    meant = sha256(file.read_bytes()).hexdigest()
    about = {"weights": file.name, "builder": "os:path"}
    plan = Plan.from_data({"model": {**about, "digest": f"sha256:{meant}"}})
    with pytest.raises(Refused, match="would be imported"):
        load_model(plan, tmp_path)
    save_file(nn.Linear(2, 1).state_dict(), file)
    other = sha256(file.read_bytes()).hexdigest()
    with pytest.raises(
        PlanError, match=rf"sha256 is {other[:12]}..., and model.digest {meant[:12]}"
    ):
        load_model(plan, tmp_path)
    with pytest.raises(PlanError, match="digest"):
        Plan.from_data({"model": {**about, "digest": "abc"}})
    with pytest.raises(PlanError, match="name it by weights or table"):
        Plan.from_data({"model": {"builtin": "warfarin.clinical", "digest": meant}})
