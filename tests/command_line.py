"""The command line in this process, and the smallest project that it can audit."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd

from evenlight.cli import main

PLAN = """
[model]
table = "score.csv"
[cohort]
table = "people.csv"
id = "id"
features = ["a", "b"]
outcome = "y"
unit = "row"
groups = ["race"]
[groups.race]
column = "race"
order = ["A", "B"]
"""


def evenlight(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a folder, in this process: a new one loads its libraries for seconds."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    command = ["evenlight", *words]
    with chdir(folder), redirect_stdout(out), redirect_stderr(err), catch_warnings():
        simplefilter("default")
        with patch.object(sys, "argv", command):
            try:
                main()
            except SystemExit as left:
                code = int(left.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def data(*words: str, folder: Path) -> Any:
    """What a command prints with --json, all of it."""
    return json.loads(evenlight(*words, "--json", folder=folder).stdout)


def process(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own."""
    command = [sys.executable, "-m", "evenlight", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def begun(folder: Path) -> Path:
    """A folder with a plan, a formula and a table of 240 people."""
    rng = np.random.default_rng(0)
    race = np.where(np.arange(240) % 2 == 0, "A", "B")
    x = rng.normal(size=(240, 2))
    people = pd.DataFrame(
        {"id": [f"p{i}" for i in range(240)], "race": race, "a": x[:, 0], "b": x[:, 1],
         "y": x.sum(axis=1) + rng.normal(size=240)}
    )  # fmt: skip
    people.to_csv(folder / "people.csv", index=False)
    (folder / "score.csv").write_text("term,weight\nintercept,0\na,1\nb,1\n")
    (folder / "audit.toml").write_text(PLAN)
    return folder
