"""Help: each command shows an example that is right, and a shell can complete it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from evenlight.cli import COMMANDS
from evenlight.cli.reading import Form
from evenlight.reports.exporters import FORMATS
from tests.command_line import evenlight

EXAMPLES = {name: example for name, _, example in COMMANDS}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_command_has_help_with_an_example(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example stands in the help, begins with the command, and each of its options is known."""
    monkeypatch.setenv("COLUMNS", "200")
    said = evenlight(name, "--help", folder=tmp_path)
    words = shlex.split(EXAMPLES[name])
    assert said.returncode == 0
    assert f"Example: {EXAMPLES[name]}" in said.stdout
    assert words[:2] == ["evenlight", name]
    assert evenlight(*words[1:], "--help", folder=tmp_path).returncode == 0
    for option in (word for word in words if word.startswith("-")):
        assert option in said.stdout, option


def test_each_command_of_the_list_is_in_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The help of the program names every command and every exit code; so does docs/cli.md."""
    monkeypatch.setenv("COLUMNS", "200")
    said = evenlight("--help", folder=tmp_path).stdout
    assert all(name in said for name in EXAMPLES)
    assert all(f"{code} " in said for code in range(6))


def test_the_page_names_each_command_and_its_example(root: Path) -> None:
    """docs/cli.md has every command with the example of its help."""
    page = (root / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [name for name in EXAMPLES if f"`evenlight {name}" not in page] == []
    assert [own for own in EXAMPLES.values() if own not in page] == []


def test_the_forms_of_the_help_are_those_of_the_exporters() -> None:
    """The list is written twice, since the exporters are too heavy for the help."""
    assert [form.value for form in Form] == list(FORMATS)


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    """`--version` prints it and ends."""
    from evenlight import __version__

    said = evenlight("--version", folder=tmp_path)
    assert (said.returncode, said.stdout) == (0, f"evenlight {__version__}\n")


def completed(typed: str) -> str:
    """What bash is offered for what was typed."""
    words = shlex.split(typed)
    at = str(len(words) if typed.endswith(" ") else len(words) - 1)
    asked = {"_EVENLIGHT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": at}
    code = "import sys; sys.argv = ['evenlight']; from evenlight.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True
    )
    return done.stdout


def test_a_shell_completes_commands_options_and_forms() -> None:
    """Of what was begun, the words that it can become."""
    assert completed("evenlight com").split() == ["compare"]
    assert "--dry-run" in completed("evenlight purge --").split()
    assert "junit" in completed("evenlight export audit ju").split()
