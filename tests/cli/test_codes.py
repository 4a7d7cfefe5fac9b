"""Exit codes of any command: one table, whatever ends it; nothing on stdout that is no result."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from evenlight.errors import GateFailed, InputError, NoVerdict, Refused
from evenlight.findings import Gate
from tests.command_line import evenlight
from tests.judged import judged


@pytest.mark.parametrize("words", [(), ("--json",)])
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (GateFailed("different"), 1, "evenlight: different"),
        (InputError("wrong"), 2, "evenlight: wrong"),
        (PermissionError(errno.EACCES, "Permission denied", "audit.json"), 2, "Permission denied"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), 2, "Is a directory"),
        (NoVerdict("unfinished"), 3, "evenlight: unfinished"),
        (KeyboardInterrupt(), 3, "stopped; nothing was judged"),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "No space left"),
        (Refused("a pickle"), 4, "evenlight: a pickle"),
        (RuntimeError("a fault"), 5, "a fault of evenlight, not of your input"),
        (MemoryError(), 5, "a fault of evenlight"),
        (OSError(errno.EIO, "Input/output error"), 5, "a fault of evenlight"),
    ],
)
def test_whatever_ends_a_command_has_its_code(
    error: BaseException,
    code: int,
    said: str,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line on stderr; a traceback only for what is no fault of the input; stdout is empty."""

    def fails(*given: object) -> Gate:
        raise error

    monkeypatch.setattr("evenlight.standing.standing", fails)
    done = evenlight("gate", "audit", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert ("Traceback" in done.stderr) == (code == 5)
    assert done.stderr.count("evenlight: ") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nowhere.toml"),
        ("run", "nowhere.toml"),
        ("explain", "nowhere.toml"),
        ("compare", "nowhere.toml"),
        ("rely", "nowhere.toml"),
        ("init", "nowhere.csv"),
        ("gate", "nowhere"),
        ("report", "nowhere"),
        ("export", "nowhere", "junit"),
        ("export", "nowhere", "junitt"),
        ("export", "nowhere"),
        ("diff", "nowhere", "elsewhere"),
        ("diff", "nowhere"),
        ("pool", "nowhere", "elsewhere"),
        ("verify", "nowhere"),
        ("purge", "nowhere"),
        ("purge", "nowhere", "--force"),
        ("qualify", "shorter"),
        ("frobnicate",),
        (),
    ],
)
def test_what_is_not_there_is_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit 2 for every command, no traceback, and nothing is made."""
    done = evenlight(*words, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_error_cannot_move_the_cursor(tmp_path: Path) -> None:
    """A name with an escape is spelled out on the terminal."""
    done = evenlight("run", "no\x1b[2Jwhere.toml", folder=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(("word", "code"), [("failed", 1), ("passed", 0)])
def test_a_reader_that_has_left_changes_no_code(word: str, code: int, tmp_path: Path) -> None:
    """`evenlight gate audit | true` ends with the gate's code, and says nothing of the pipe."""
    judged(Gate(word, code, "Why.")).save(tmp_path / "audit")
    command = [sys.executable, "-m", "evenlight", "gate", "audit"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        said = run.stderr.read()
        assert run.wait(timeout=120) == code
    assert said == b""


def test_codes_are_those_of_gate_json(tmp_path: Path) -> None:
    """What `gate --json` prints, gate.json holds, and the code is the same."""
    judged(Gate("failed", 1, "Different.")).save(tmp_path / "audit")
    done = evenlight("gate", "audit", "--json", folder=tmp_path)
    held = json.loads((tmp_path / "audit" / "gate.json").read_text())
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == held["exit_code"] == 1
    assert told == {name: held[name] for name in ("verdict", "exit_code", "reason", "waivers")}
