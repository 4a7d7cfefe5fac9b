"""The examples for pipelines run: what a runner would do with each is done here, without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from torch import nn

from evenlight.cohorts import warfarin
from evenlight.errors import GateFailed
from evenlight.findings import Gate
from evenlight.record import Audit
from tests.audits.test_testing import PLAN

PROGRAM = "import sys; from evenlight.cli import main; sys.argv[0] = 'evenlight'; main()"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A plan whose question fails, its formula and people, and `evenlight` and `python` to run."""
    rows = (f"p{i},{'AB'[i % 2]},{i % 7},{i % 5},{i % 7 + i % 5 + i % 3 + i % 2 * 9}\n"
            for i in range(240))  # fmt: skip
    (tmp_path / "people.csv").write_text("id,race,a,b,y\n" + "".join(rows))
    (tmp_path / "score.csv").write_text("term,weight\nintercept,1\na,1\nb,1\n")
    (tmp_path / "audit.toml").write_text(PLAN)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, begins in (("evenlight", f'-c "{PROGRAM}" '), ("python", "")):
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {begins}"$@"\n')
        path.chmod(0o700)
    return tmp_path


def done(script: str, folder: Path, **env: str) -> int:
    """The exit code of a script as runners start it: bash that stops at the first error."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path, **env}).returncode


def read(root: Path, name: str) -> Any:
    """An example of YAML; `on:` of a workflow reads as True there."""
    return yaml.safe_load((root / "examples" / "pipelines" / name).read_text())


@pytest.mark.slow
def test_the_workflow_of_github_stops_where_the_gate_stops(root: Path, project: Path) -> None:
    """Its steps run in order; the last one fails, and what was found is shown before."""
    steps = read(root, "github_workflow.yml")["jobs"]["audit"]["steps"]
    asked = {"GITHUB_OUTPUT": str(project / "out"), "GITHUB_STEP_SUMMARY": str(project / "sum")}
    ran = {
        step["name"]: done(step["run"], project, **asked)
        for step in steps
        if "run" in step and step["name"] != "install"
    }
    assert ran == {"audit": 0, "show": 0, "gate": 1}
    assert (project / "out").read_text() == "code=1\n"
    assert (project / "sum").read_text().startswith("## evenlight: gate failed")
    assert (project / "audit" / "gate.github.txt").read_text().startswith("::error title=Gate")
    assert (project / "audit" / "gate.junit.xml").is_file()


@pytest.mark.slow
def test_the_job_of_gitlab_stops_where_the_gate_stops(root: Path, project: Path) -> None:
    """The job ends with the gate's code, and the reports that it names are there."""
    job = read(root, "gitlab_ci.yml")["audit"]
    assert done("\n".join(job["script"]), project) == 1
    for name in job["artifacts"]["reports"].values():
        assert (project / name).is_file(), name


@pytest.mark.slow
def test_the_rule_of_snakemake_stops_where_the_gate_stops(root: Path, project: Path) -> None:
    """Its shell command gives the outputs that it names, and the gate's code."""
    text = (root / "examples" / "pipelines" / "Snakefile").read_text()
    script = text.split('"""')[1]
    names = {"{input.plan}": "audit.toml", "{log}": "audit.log", "{output.gate}": "gate.json",
             "{output.table}": "evenlight_mqc.json"}  # fmt: skip
    for place, name in names.items():
        assert place in script
        script = script.replace(place, name)
    assert done(script, project) == 1
    assert json.loads((project / "gate.json").read_text())["verdict"] == "failed"
    assert json.loads((project / "evenlight_mqc.json").read_text())["id"] == "evenlight"


class Run:
    """A run of a tracking server that keeps what it is told."""

    def __init__(self, told: dict[str, Any]):
        self.told, self.info = told, SimpleNamespace(run_id="run-1")

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *error: object) -> None:
        self.told["ended"] = True


@pytest.fixture
def examples(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the examples, from which they can be imported."""
    monkeypatch.syspath_prepend(root / "examples" / "pipelines")
    yield root / "examples" / "pipelines"
    for name in ("mlflow_step", "lightning_callback"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("examples")
def test_the_step_of_mlflow_logs_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Metrics, tags and the folder reach the server while the run is open; the code is returned."""
    told: dict[str, Any] = {}
    server = ModuleType("mlflow")
    vars(server).update(
        start_run=lambda run_name: Run(told),
        log_metrics=lambda metrics: told.update(metrics=metrics, late="ended" in told),
        set_tags=lambda tags: told.update(tags=tags),
        log_artifacts=lambda place, artifact_path: told.update(files=(place, artifact_path)),
    )
    monkeypatch.setitem(sys.modules, "mlflow", server)
    import mlflow_step  # type: ignore[import-not-found]

    code = mlflow_step.main(tmp_path / "audit")
    assert Audit.load(tmp_path / "audit").gate().exit_code == code
    assert told["metrics"]["audit.exit_code"] == code
    assert told["tags"]["audit.verdict"] in capsys.readouterr().out
    assert told["files"] == (str(tmp_path / "audit"), "audit")
    assert (told["late"], told["ended"]) == (False, True)


@pytest.mark.usefixtures("examples")
def test_the_callback_of_lightning_raises_where_the_gate_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It audits in eval mode, hands the network back in training mode, and raises the gate."""
    library = ModuleType("lightning")
    vars(library).update(Callback=object, LightningModule=nn.Module, Trainer=object)
    monkeypatch.setitem(sys.modules, "lightning", library)
    import lightning_callback  # type: ignore[import-not-found]

    held = warfarin(split="test", features="without race")
    callback = lightning_callback.AuditCallback(held, lightning_callback.PLAN, tmp_path / "audit")
    module = lightning_callback.Doses(held.x.shape[1]).train()
    callback.on_fit_end(SimpleNamespace(is_global_zero=False), module)
    assert not (tmp_path / "audit").exists()
    callback.on_fit_end(SimpleNamespace(is_global_zero=True), module)
    assert module.network.training
    assert (tmp_path / "audit" / "report.html").is_file()
    found = Audit.load(tmp_path / "audit")
    failed = replace(found, verdict=Gate("failed", 1, "Different."))
    monkeypatch.setattr(lightning_callback.ev, "audit", lambda *given, **named: failed)
    with pytest.raises(GateFailed):
        callback.on_fit_end(SimpleNamespace(is_global_zero=True), module)
