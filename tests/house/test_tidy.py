"""What would make the code untidy is found: late changes, dead functions, long files, cut text.

Each list of exceptions may only shrink: an entry that is no longer needed is a failure too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LONGEST, LONGEST_TEST = 300, 400
"""Most lines of a file of the package, and of a file of tests."""

LATE = {"data/cohort.py:_set", "data/rows.py:_set"}
"""Functions that fill in a frozen record at its birth, for one that makes itself."""

UNCALLED = {
    "cli._options",
    "stats.association.expected_information",
    "measures.paired.partners_from",
    "probes.perturbations.drawing.perturbed_rows",
    "reports.sections.again.refits_table",
    "reports.sections.again.replication_table",
    "reports.sections.again.versions_table",
    "stats.rank_tests.rank_tests",
    "stats.regression.analyst",
    "testing.assert_audit",
    "testing.pytest_configure",
}
"""Functions that nothing in the package calls, and no public name leads to."""

LONG = {
    "src/evenlight/__init__.py",
    "tests/made_audit.py",
    "tests/measures/test_fragility.py",
    "tests/measures/test_shortcut.py",
}
"""Files that are longer than that."""


@pytest.fixture(scope="module")
def parsed(root: Path) -> dict[str, ast.Module]:
    """Every file of the package by its path in it."""
    folder = root / "src" / "evenlight"
    return {
        p.relative_to(folder).as_posix(): ast.parse(p.read_text()) for p in folder.rglob("*.py")
    }


def late_changes(tree: ast.Module) -> set[str]:
    """Functions that call object.__setattr__ on something else than the record being made."""
    return {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "object.__setattr__"
        and not (function.name in ("__init__", "__post_init__") and _of_self(call))
    }


def _of_self(call: ast.Call) -> bool:
    return isinstance(call.args[0], ast.Name) and call.args[0].id == "self"


def module_of(path: str) -> str:
    """The name of a module below the package, from the path of its file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def uncalled(parsed: dict[str, ast.Module]) -> set[str]:
    """Functions and classes that no other code of the package names.

    A name counts as used where it is imported from its module, is an attribute of anything, stands
    in a text that is but a name (as in tables of names), or is read in its own module outside of
    itself. What a decorator of the command line registers is used.
    """
    nodes = [node for tree in parsed.values() for node in ast.walk(tree)]
    imported = {
        (str(node.module).removeprefix("evenlight").removeprefix("."), alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    read = {path: [(part, _read(part)) for part in tree.body] for path, tree in parsed.items()}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named |= (
                set(re.split(r"[.:]", node.value))
                if re.fullmatch(r"[\w.:]+", node.value)
                else set()
            )
    return {
        f"{module_of(path)}.{one.name}"
        for path, tree in parsed.items()
        for one in _defined(tree)
        if (module_of(path), one.name) not in imported
        and one.name not in named
        and not any(one.name in names for other, names in read[path] if other is not one)
    }


def _defined(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("__"):
            continue
        if not any(ast.unparse(d).startswith("app.command") for d in node.decorator_list):
            yield node


def _read(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def cut_texts(tree: ast.Module) -> list[str]:
    """Calls of np.full that keep the first letter of a text: dtype str_ has the width 1 there."""
    return [
        ast.unparse(call)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "np.full"
        and any(
            ast.unparse(k.value) in ("np.str_", "str") for k in call.keywords if k.arg == "dtype"
        )
        and not (isinstance(call.args[1], ast.Constant) and call.args[1].value == "")
    ]


def test_records_change_only_at_birth(parsed: dict[str, ast.Module]) -> None:
    """A frozen record is filled in where it is made; a cohort changes by `Cohort.altered`."""
    found = {f"{path}:{name}" for path, tree in parsed.items() for name in late_changes(tree)}
    assert found == LATE


def test_every_function_is_called(parsed: dict[str, ast.Module]) -> None:
    """What only its own tests call is taken out."""
    assert uncalled(parsed) == UNCALLED


def test_no_file_is_long(root: Path) -> None:
    """At most 300 lines of the package, and 400 of tests."""
    found = {
        path.relative_to(root).as_posix()
        for folder, most in (("src/evenlight", LONGEST), ("tests", LONGEST_TEST))
        for path in (root / folder).rglob("*.py")
        if len(path.read_text().splitlines()) > most
    }
    assert found == LONG


def test_no_text_is_cut_to_a_letter(parsed: dict[str, ast.Module]) -> None:
    """Arrays of a reason hold all of it."""
    assert {path: cut_texts(tree) for path, tree in parsed.items() if cut_texts(tree)} == {}


def test_the_searches_can_fail() -> None:
    """A late change, a function without a caller and a text that is cut are found, others not."""
    late = "def f(made):\n    object.__setattr__(made, 'x', 1)\n"
    own = "class A:\n    def __post_init__(self):\n        object.__setattr__(self, 'x', 1)\n"
    assert late_changes(ast.parse(late)) == {"f"}
    assert late_changes(ast.parse(own)) == set()
    room = {
        "a.py": ast.parse("def one(): ...\ndef two(): one()\ndef three(): three()\n"),
        "b/__init__.py": ast.parse("from evenlight.a import two\nTABLE = {'x': 'a:four'}\n"),
    }
    assert uncalled(room) == {"a.three"}
    cut = "np.full(3, why, dtype=np.str_), np.full(3, '', dtype=np.str_), np.full(3, why)"
    assert cut_texts(ast.parse(cut)) == ["np.full(3, why, dtype=np.str_)"]
