"""The list of faults holds every number, and each test that it names is there."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.perform import perform
from evenlight.measures.rely import rely
from evenlight.probes.predict import predict

HERE = Path(__file__).parent
FAULTS: Mapping[str, Any] = tomllib.loads((HERE / "faults.toml").read_text(encoding="utf-8"))
ROWS = 81
"""Faults that have a number."""

OMICS = (10, 11, 14, 19, 25, 26, 27, 30, 32, 33)
"""Those that files of omics bring, of which nothing is left open."""

PUBLISHED = "Which mistakes in my data can it not see?"
"""The part of docs/faq.md that names what nothing in the data could always tell."""


def listed(faults: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every fault, by its number or in words."""
    yield from ((name, fault) for name, fault in faults.items() if name != "E")
    for part in faults.get("E", {}).values():
        yield from part.items()


@cache
def always_run(path: Path) -> frozenset[str]:
    """Functions of a file that are tests, and always run."""
    if not path.is_file():
        return frozenset()
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = " ".join(ast.unparse(mark) for mark in node.decorator_list)
            if "skip" not in marks and "xfail" not in marks:
                found.add(node.name)
    return frozenset(found)


def absent(fault: Mapping[str, Any], folder: Path = HERE) -> list[str]:
    """Node ids of a fault that lead to no test."""
    split = [(node, *node.partition("::")[::2]) for node in fault.get("tests", [])]
    return [node for node, file, name in split if name not in always_run(folder / file)]


def faulty(fault: Mapping[str, Any]) -> str:
    """What is wrong with an entry, "" where nothing is."""
    strange = set(fault) - {"fault", "tests", "cannot"}
    if strange:
        return f"unknown keys {sorted(strange)}"
    if not any(fault.get(key) for key in ("tests", "cannot")):
        return "neither a test nor a reason"
    twice = len(fault.get("tests", [])) != len(set(fault.get("tests", [])))
    return "a test is named twice" if twice else ""


def test_every_number_is_listed() -> None:
    """Each of the 81 faults has an entry and a name, in their order."""
    numbers = [name for name in FAULTS if name != "E"]
    assert numbers == [str(k + 1) for k in range(ROWS)]
    assert all(FAULTS[name]["fault"] for name in numbers)


@pytest.mark.parametrize(
    ("name", "fault"), [pytest.param(*one, id=one[0]) for one in listed(FAULTS)]
)
def test_each_fault_has_tests_or_a_reason(name: str, fault: Mapping[str, Any]) -> None:
    """What is named is there and runs; what cannot be tested says why."""
    assert faulty(fault) == ""
    assert absent(fault) == []


@pytest.mark.parametrize("row", OMICS)
def test_nothing_of_omics_is_left_open(row: int) -> None:
    """The faults that files of omics bring are tests, and none is put off."""
    assert FAULTS[str(row)]["tests"]
    assert "cannot" not in FAULTS[str(row)]


def test_every_numbered_fault_has_a_test() -> None:
    """Of what has a number nothing is beyond telling."""
    numbered = [fault for name, fault in FAULTS.items() if name != "E"]
    assert all(fault.get("tests") and "cannot" not in fault for fault in numbered)


def counted(every: Mapping[str, Mapping[str, Any]], published: str) -> tuple[int, int]:
    """How many mistakes are caught, and how many more are named: a `cannot` is never caught."""
    caught = [fault for fault in every.values() if fault.get("tests") and "cannot" not in fault]
    named = [
        name for name, fault in every.items() if "cannot" in fault and f"**{name}**" in published
    ]
    return len(caught), len(named)


def test_nine_in_ten_silent_mistakes_are_caught_or_named(root: Path) -> None:
    """A mistake that no error tells is caught, or the page on limits names it; both are counted."""
    text = (root / "docs" / "faq.md").read_text("utf-8")
    published = text.partition(f"## {PUBLISHED}\n")[2].partition("\n## ")[0]
    every = {name: fault for part in FAULTS["E"].values() for name, fault in part.items()}
    caught, named = counted(every, published)
    assert caught + named >= 0.9 * len(every)
    assert f"Of {len(every)} such mistakes {caught} are caught or told" in published
    assert f"{named} leave no sure trace" in published
    assert set(re.findall(r"\*\*(.+?)\*\*", published)) == {
        n for n, f in every.items() if "cannot" in f
    }


def test_what_cannot_be_caught_is_not_counted_as_caught() -> None:
    """A reason is no test, a test beside a reason is no proof, and a name must be published."""
    every: dict[str, dict[str, Any]]
    every = {"a": {"tests": ["t"]}, "b": {"tests": ["t"], "cannot": "x"}, "c": {"cannot": "x"}}
    assert counted(every, "") == (1, 0)
    assert counted(every, "**b**: so.") == (1, 1)


def test_the_list_can_fail(tmp_path: Path) -> None:
    """A test that is gone, skipped or hidden in another is found, and so is an empty entry."""
    (tmp_path / "test_a.py").write_text(
        "@pytest.mark.skip(reason='later')\ndef test_b(): ...\ndef test_c():\n  def test_d(): ...\n"
    )
    nodes = [f"test_a.py::{name}" for name in ("test_b", "test_c", "test_d", "test_e")]
    assert absent({"tests": [*nodes, "test_z.py::test_c"]}, tmp_path) == [
        nodes[0], *nodes[2:], "test_z.py::test_c",
    ]  # fmt: skip
    assert faulty({"fault": "x"}) == "neither a test nor a reason"
    assert faulty({"missing": "x"}) == "unknown keys ['missing']"
    assert faulty({"tests": ["a", "a"]}) == "a test is named twice"
    assert faulty({"test": ["a"]}) == "unknown keys ['test']"


N = 80
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 5))
PEOPLE = pd.DataFrame(
    {"sex": ["f", "m"] * (N // 2), "dose": X[:, 0] + RNG.normal(size=N)},
    index=[f"p{i:02d}" for i in range(N)],
)
W = np.array([1.0, -0.5, 0.25, 0.0, 2.0])


def model(x: Any) -> Any:
    """A function that no explainer opens."""
    return np.tanh(x[:, 0] * x[:, 1]) + x @ W


def answers(x: Any, people: pd.DataFrame = PEOPLE) -> tuple[str, Any, list[Any]]:
    """Digest, attributions in the order of ids, and records as plain data."""
    cohort = Cohort(x, people, outcome="dose", groups=["sex"])
    made = explain(model, cohort)
    found = (
        compare(made, cohort, by="sex"), rely(made, cohort, by="sex"),
        perform(predict(model, cohort), cohort, by="sex"),
    )  # fmt: skip
    return cohort.digest, made.values[cohort.order], [plain(record) for record in found]


def same(one: tuple[str, Any, list[Any]], other: tuple[str, Any, list[Any]]) -> None:
    """Raise AssertionError where a byte differs."""
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])
    np.testing.assert_equal(one[2], other[2])


def test_30_any_layout_gives_the_same_bytes(tmp_path: Path) -> None:
    """Fault 30: holes, backwards, columns first, read-only, mapped and big-endian arrays."""
    wanted = answers(X)
    np.save(tmp_path / "x.npy", X)
    fixed = X.copy()
    fixed.flags.writeable = False
    for x in (
        np.repeat(X, 2, axis=1)[:, ::2], np.ascontiguousarray(X[::-1])[::-1], np.asfortranarray(X),
        fixed, np.load(tmp_path / "x.npy", mmap_mode="r"), X.astype(">f8"),
    ):  # fmt: skip
        same(answers(x), wanted)


def test_33_an_audit_does_not_know_the_order_of_rows() -> None:
    """Fault 33: attributions, differences, reliance and performance are the same to the bit."""
    order = np.random.default_rng(1).permutation(N)
    same(answers(X[order], PEOPLE.iloc[order]), answers(X))
