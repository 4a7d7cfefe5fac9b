"""Nothing that names a person, a place or a date of the data is in any byte that a run writes."""

from __future__ import annotations

import gzip
import re
import stat
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.api import run
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightError
from evenlight.journal.effort import Effort
from evenlight.record import Audit
from evenlight.reports.exporters import FORMATS, export
from tests.privacy.world import FEATURES, people

CANARIES = ("CANARYID", "CANARYNAME", "1931-07-14", "CANARYPLACE", "CANARYDONOR")

PLAN = """
[model]
table = "score.csv"
link = "logit"
[cohort]
table = "CANARYPLACE-export.csv"
id = "mrn"
features = ["g0", "g1", "g2", "dose"]
outcome = "y"
unit = "donor"
groups = ["race"]
strata = ["sex"]
[groups.race]
column = "race"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a table whose ids, names, dates and place are canaries; the folder of the plan."""
    folder = tmp_path_factory.mktemp("CANARYPLACE-ward-7")
    x, table = people(hidden=5, unknown=3)
    table.insert(0, "mrn", [f"CANARYID{i:05d}" for i in range(len(table))])
    table["donor"] = [f"CANARYDONOR{i:05d}" for i in range(len(table))]
    table["name"], table["born"] = "CANARYNAME Miller", "1931-07-14"
    for j, name in enumerate(FEATURES):
        table[name] = x[:, j]
    table.to_csv(folder / "CANARYPLACE-export.csv", index=False)
    terms = "".join(f"{name},0.5\n" for name in FEATURES)
    (folder / "score.csv").write_text(f"term,weight\nintercept,0\n{terms}")
    (folder / "audit.toml").write_text(PLAN)
    return folder


@pytest.fixture(scope="module")
def written(project: Path) -> Path:
    """The output folder, with everything that exporters make of it."""
    out = project / "out"
    made: Audit = run(project / "audit.toml", out, effort=Effort(keep_work=True))
    export(made, out, list(FORMATS))
    return out


def test_no_byte_holds_a_canary(project: Path, written: Path) -> None:
    """Every file that the run left, names of files, and what is packed inside them."""
    given = {"CANARYPLACE-export.csv", "score.csv", "audit.toml"}
    files = [p for p in project.rglob("*") if p.is_file() and p.name not in given]
    assert len(files) > 40
    assert any(p.suffix == ".parquet" for p in files)
    for path in files:
        for canary in CANARIES:
            inside = str(path.relative_to(project))
            assert canary not in inside
            found = [at for at in _opened(path) if canary.encode() in at]
            if canary == "CANARYPLACE":  # the plan names its own table, and is in the record
                found = [
                    f for f in found if canary.encode() in f.replace(b"CANARYPLACE-export.csv", b"")
                ]
            assert not found, f"{canary} in {inside}"


def test_the_canary_would_be_found(project: Path) -> None:
    """In plain, in a compressed island and in a compressed file."""
    text = (project / "CANARYPLACE-export.csv").read_bytes()
    island = b"<script>" + _base64(zlib.compress(text)) + b"</script>"
    for content in (text, island, gzip.compress(text)):
        path = project / "try.bin"
        path.write_bytes(content)
        assert any(b"CANARYID" in at for at in _opened(path))
        path.unlink()


def test_only_the_owner_can_read(written: Path) -> None:
    """Folders are 0700, files 0600, also those of unfinished work and of exporters."""
    work = written.parent / f".{written.name}.work"
    assert work.is_dir()
    for path in (written, work, *written.rglob("*"), *work.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path.name


@pytest.mark.parametrize("wrong", ["twice", "lost", "extra", "gap", "outcome", "donor", "label"])
def test_no_error_holds_a_canary(wrong: str) -> None:
    """What is wrong is told by position and count."""
    x, table = people()
    table.index = [f"CANARYID{i:05d}" for i in range(len(table))]
    table["donor"] = [f"CANARYDONOR{i // 2:05d}" for i in range(len(table))]
    frame = pd.DataFrame(x, columns=list(FEATURES), index=table.index)
    options: dict[str, Any] = {"outcome": "y", "unit": "row", "groups": ["race"]}
    table, frame, options = _spoilt(wrong, table, frame, options)
    with pytest.raises(EvenlightError) as error:
        _ = Cohort(frame, table, **options).y
    assert not any(canary in str(error.value) for canary in CANARIES)


def _spoilt(
    wrong: str, table: pd.DataFrame, frame: pd.DataFrame, options: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """The same people with one thing wrong."""
    if wrong == "twice":
        table.index = [*table.index[:-1], table.index[0]]
    elif wrong == "lost":
        table = table.iloc[:-2]
    elif wrong == "extra":
        frame = frame.iloc[:-2]
    elif wrong == "gap":
        frame.iloc[3, 1] = np.inf
    elif wrong == "outcome":
        table["y"] = "CANARYNAME " + table["y"].astype(str) + table.index
        options["outcome_kind"] = "continuous"
    elif wrong == "donor":
        options["unit"] = "donor"
        table["race"] = np.where(np.arange(len(table)) % 2, "A", "B")
    else:
        options["unit"] = "nobody"
    return table, frame, options


def _base64(content: bytes) -> bytes:
    return b64encode(content)


def _opened(path: Path) -> list[bytes]:
    """The bytes of a file, and those of what is packed in it: tables, gzip, islands of base64."""
    content = path.read_bytes()
    found = [content]
    if path.suffix == ".parquet":
        found.append(pd.read_parquet(path).to_csv().encode())
    if path.suffix == ".npz" or content[:2] == b"PK":
        found += [part.tobytes() for part in np.load(path).values()]
    if content[:2] == b"\x1f\x8b":
        found.append(gzip.decompress(content))
    for part in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", content):
        try:
            held = b64decode(part, validate=True)
        except ValueError:
            continue
        found.append(held)
        for wide in (15, 47, -15):
            try:
                found.append(zlib.decompress(held, wide))
                break
            except zlib.error:
                continue
    return found
