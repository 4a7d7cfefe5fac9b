"""A small audit as files, run in this process, and the digest of what it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from evenlight.api import run
from evenlight.energy import TIMED
from evenlight.journal.effort import Effort
from evenlight.record import Audit

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
[explain]
method = "shapley"
repeats = 1
[measure]
further = {further}
"""


def project(folder: Path, *, people: int = 60, further: str = "false") -> Path:
    """A plan, a formula and a table of people; the plan's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    race = np.where(np.arange(people) % 2 == 0, "A", "B")
    x = rng.normal(size=(people, 2))
    table = pd.DataFrame(
        {"id": [f"p{i}" for i in range(people)], "race": race, "a": x[:, 0], "b": x[:, 1],
         "y": x.sum(axis=1) + rng.normal(size=people)}
    )  # fmt: skip
    table.to_csv(folder / "people.csv", index=False)
    (folder / "score.csv").write_text("term,weight\nintercept,0\na,1\nb,1\n")
    (folder / "audit.toml").write_text(PLAN.format(further=further))
    return folder / "audit.toml"


@contextmanager
def no_pages() -> Iterator[None]:
    """The page is drawn in seconds, and is made of the record alone: here it is left out."""
    with patch("evenlight.api.report"):
        yield


def audited(plan: Path, *, keep_work: bool = False, jobs: int = 1) -> Audit:
    """The audit of a project, without its page, on a day that is always the same."""
    with patch.dict(os.environ, SOURCE_DATE_EPOCH="1700000000"), no_pages():
        return run(plan, plan.parent / "out", effort=Effort(jobs, keep_work))


def digest(folder: Path) -> str:
    """Of everything in an output folder, but for the seconds that it took."""
    state = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state.update(path.relative_to(folder).as_posix().encode() + b"\x1f")
            state.update(_timeless(path))
    return state.hexdigest()


def _timeless(path: Path) -> bytes:
    if path.name != "audit.json":
        return path.read_bytes()
    held = json.loads(path.read_bytes())
    for name in TIMED:
        held["provenance"].pop(name)
    return json.dumps(held, sort_keys=True).encode()


def tiles(plan: Path) -> list[Path]:
    """The tiles of a project's work."""
    return sorted((plan.parent / ".out.work").glob("*.tile"))
