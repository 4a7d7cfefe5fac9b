"""Whole audits that are stopped, killed and robbed of their disk, and taken up again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from evenlight.auditing import audit
from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.demo import network
from evenlight.energy import TIMED
from evenlight.errors import InputError, NoVerdict
from evenlight.explainers.explain import explain
from evenlight.forks import usual
from evenlight.journal import Work
from evenlight.journal.effort import Effort
from evenlight.plan import Plan
from tests.breaking import KINDS, swept
from tests.journaled import audited, digest, project, tiles

STEP = 23
"""Of all faults every so many are tried here; `python -m tests.breaking` tries every one."""


@pytest.mark.parametrize("kind", KINDS)
def test_55_a_fault_of_the_disk_gives_the_right_answer_or_can_be_taken_up(
    kind: str, tmp_path: Path
) -> None:
    """The n-th write, sync, rename, opening or read fails: right, or stopped and then right."""
    found = list(swept(tmp_path, kind, first=1 + KINDS.index(kind), step=STEP))
    assert found
    assert {word for _, word in found} <= {"right", "taken up"}


def test_49_fifty_kills_and_one_digest(tmp_path: Path, root: Path) -> None:
    """Killed, terminated and interrupted at random: no tile is made twice, and one digest is."""
    kills = int(os.environ.get("EVENLIGHT_KILLS", "50"))
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "killed.py"), str(tmp_path), str(kills), "0"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert len(found["digests"]) == 1
    assert found["kills"] >= kills
    assert found["again"] == 0
    assert found["slowest"] < 10
    assert set(found["codes"]) <= {"finished", "SIGKILL -9", "SIGTERM 3", "SIGINT 3"}


def test_50_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    """Exit 3 with the command, gate.json without a verdict, and what was finished is there."""
    plan = project(tmp_path)
    audited(plan)
    right = digest(tmp_path / "out")
    with (
        patch("evenlight.measured.verb.looked", side_effect=KeyboardInterrupt),
        pytest.raises(NoVerdict, match=r"stopped; .*`evenlight run .*audit.toml --out .*out` goes"),
    ):
        audited(plan)
    kept = tiles(plan)
    assert len(kept) > 5
    assert json.loads((tmp_path / "out" / "gate.json").read_text())["verdict"] == "no verdict"
    audited(plan)
    assert digest(tmp_path / "out") == right
    assert not (tmp_path / ".out.work").exists()


def test_61_another_plan_is_never_mixed_with_work_that_was_begun(tmp_path: Path) -> None:
    """The work of one plan stops another, with what differs, and is left as it was."""
    plan = project(tmp_path)
    with (
        patch("evenlight.measured.verb.looked", side_effect=KeyboardInterrupt),
        pytest.raises(NoVerdict),
    ):
        audited(plan)
    kept = tiles(plan)
    plan.write_text(plan.read_text() + "[policy]\nalpha = 0.01\n")
    with pytest.raises(InputError, match=r"\.out\.work holds work that was begun otherwise \(plan"):
        audited(plan)
    assert tiles(plan) == kept


def test_64_files_that_change_while_the_audit_runs_are_told(tmp_path: Path) -> None:
    """Nothing is written of data that may be of two states."""
    plan = project(tmp_path)

    def changed(*given: object, **own: object) -> object:
        with (tmp_path / "people.csv").open("a") as file:
            file.write("\n")
        return audit(*given, **own)  # type: ignore[arg-type]

    with patch("evenlight.api.audit", changed), pytest.raises(InputError, match=r"people\.csv"):
        audited(plan)
    assert not (tmp_path / "out" / "audit.json").exists()


def test_a_run_with_wrong_input_leaves_no_work(tmp_path: Path) -> None:
    """It would only stand in the way of the run after."""
    plan = project(tmp_path)
    with (
        patch("evenlight.measured.verb.looked", side_effect=InputError("no")),
        pytest.raises(InputError, match="no"),
    ):
        audited(plan)
    assert not (tmp_path / ".out.work").exists()


def test_66_processes_change_no_bit(tmp_path: Path) -> None:
    """Two processes and one give the same bytes of everything."""
    one, two = project(tmp_path / "1", further="true"), project(tmp_path / "2", further="true")
    with _one_thread():
        audited(one)
    audited(two, jobs=2)
    assert digest(one.parent / "out") == digest(two.parent / "out")


def _one_thread() -> AbstractContextManager[None]:
    return Effort(jobs=2).threads()


def test_an_audit_in_memory_is_taken_up_with_the_same_bits(tmp_path: Path) -> None:
    """Without work, with it, and from it: one record, and the third computes nothing."""
    cohort = warfarin().take(np.arange(0, 4800, 12))
    plan = Plan.from_data({"measure": {"further": False}, "holds": {"forks": ["seed"]}})
    made = []
    with patch("evenlight.auditing.usual", lambda *given: usual(*given)[:1]):
        for work in (None, tmp_path / "w", tmp_path / "w"):
            made.append(audit(PHARMACOGENETIC, cohort, plan=plan, work=work))
    texts = []
    for one in made:
        held = json.loads(one.to_json())
        for name in TIMED:
            held["provenance"].pop(name)
        texts.append(json.dumps(held))
    assert texts[0] == texts[1] == texts[2]
    assert [tile.name for tile in (tmp_path / "w").glob("fork-*.tile")]


@pytest.mark.parametrize("method", ["shapley", "ig"])
def test_blocks_of_rows_are_kept_and_taken(method: str, tmp_path: Path) -> None:
    """An explanation that was stopped explains no row of a finished block again."""
    cohort = warfarin(features="without race").take(np.arange(300))
    model = network(cohort.take(np.arange(50)))
    asked: Callable[..., Any] = partial(explain, model, cohort, method=method)
    with (
        Work(tmp_path / "w") as work,
        patch("evenlight.explainers.sweep.MOST_ROWS", 100),
        patch("evenlight.explainers.shapley.HELD", 2**14),
        patch("evenlight.demo.EPOCHS", 1),
    ):
        journal = work.begin({})
        plain, first = asked(), asked(tiles=journal.rows("x"))
        blocks = len(journal.made)
        assert blocks > 1
        sorted((tmp_path / "w").glob("*.tile"))[0].unlink()
        again = asked(tiles=journal.rows("x"))
        assert (len(journal.made), len(journal.taken)) == (blocks + 1, blocks - 1)
    for one in (first, again):
        assert one.values.tobytes() == plain.values.tobytes()
        assert one.converged.tobytes() == plain.converged.tobytes()


def test_63_neither_clock_nor_zone_changes_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that jumps back, and another time zone, give the same bytes."""
    plan = project(tmp_path)
    audited(plan)
    right = digest(tmp_path / "out")
    now = iter(range(2_000_000_000, 0, -3600))
    monkeypatch.setattr("time.time", lambda: float(next(now)))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    audited(plan)
    assert digest(tmp_path / "out") == right
    monkeypatch.undo()
    time.tzset()


def test_62_tiles_are_told_apart_where_cases_are_not(tmp_path: Path) -> None:
    """Names of tiles are of small letters, so that no file system takes one for another."""
    plan = project(tmp_path, further="true")
    audited(plan, keep_work=True)
    names = [tile.name for tile in tiles(plan)]
    assert len(names) > 15
    assert all(re.fullmatch(r"[a-z0-9.-]{1,80}", name) for name in names)


def test_62_a_place_without_renames_is_told_before_any_compute(tmp_path: Path) -> None:
    """The manifest is written as every tile is: what cannot be done fails there."""
    plan = project(tmp_path)
    with (
        patch("evenlight.measured.explaining.explain", side_effect=AssertionError("computed")),
        patch("evenlight.files.os.replace", side_effect=OSError(95, "Operation not supported")),
        pytest.raises(NoVerdict, match="Operation not supported"),
    ):
        audited(plan)
