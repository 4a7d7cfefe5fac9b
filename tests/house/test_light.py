"""Importing stays light: nothing heavy is loaded before it is used."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from collections.abc import Sequence

import pytest

import evenlight

MODELS = ("torch", "captum", "shap", "sklearn")
TABLES = ("pandas", "scipy.stats")

HELP = """
import sys
from importlib.metadata import entry_points
sys.argv = ["evenlight", "--help"]
(main,) = entry_points(group="console_scripts", name="evenlight")
try:
    main.load()()
except SystemExit as end:
    assert not end.code, end.code
"""
"""What the installed command does when asked for help."""


def loaded(code: str, heavy: Sequence[str]) -> list[str]:
    """Which of the `heavy` modules a fresh Python holds after it ran `code`."""
    tail = (
        f"\nimport json, sys\nprint(json.dumps([m for m in {list(heavy)!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_bare_import_is_light() -> None:
    """`import evenlight` loads no model library, no pandas and no scipy.stats."""
    assert loaded("import evenlight", MODELS + TABLES) == []


def test_reports_need_no_model() -> None:
    """A page can be made where no model library is installed."""
    assert loaded("import evenlight.reports", MODELS) == []


def test_help_is_light() -> None:
    """`evenlight --help` loads no model library."""
    assert loaded(HELP, MODELS) == []


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import evenlight, pandas", ["pandas"]),
        ("import evenlight\ndef late():\n    import sklearn\nlate()", ["sklearn"]),
        (HELP + "    import sklearn", ["sklearn"]),
    ],
    ids=["at the top", "inside a function", "after the help"],
)
def test_the_check_can_fail(code: str, seen: list[str]) -> None:
    """A heavy import is seen wherever it happens."""
    assert [m for m in loaded(code, MODELS + TABLES) if m in seen] == seen


def test_no_public_name_is_hidden_by_a_module() -> None:
    """Whatever is loaded first, `ev.audit` is the verb: no module of the package has its name."""
    modules = {found.name for found in pkgutil.iter_modules(evenlight.__path__)}
    packages = {name for name in modules if inspect.ismodule(getattr(evenlight, name, None))}
    assert modules & set(evenlight.__all__) <= {"cohorts", "hf", "pl", "qualify", "tl"}
    assert {"cohorts", "qualify"} <= packages
