"""No sentence that the package can write promises what an audit cannot tell.

All text of the source is read, not only what one record happens to say: a sentence for a rare case
is judged as well. Parts of an f-string that are filled in later are left out.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

NEVER = re.compile(
    r"\b(?:(?:un)?fair(?:ness|ly)?|unbiased|safe(?:ly|ty is shown)?|complian(?:t|ce)|"
    r"certif(?:ied|ies|icates?)|prove[sdn]?|proofs?|pre-?registered|biolog(?:y|ical)|"
    r"caus(?:es|ed|ing|al|ally))\b",
    re.IGNORECASE,
)
"""Words of a judgement that no audit of recorded labels can make."""

OPEN = re.compile(
    r"whether|or not|candidate|consistent with|needs|would need|which |not shown|: \{\}",
    re.IGNORECASE,
)
"""What leaves it open whether something is a shortcut; as a bare verdict the word may not stand."""

BLAMED = re.compile(
    r"\b(?:because of|due to|owing to|caused by|driven by)\s+(?:the\s+|their\s+)?"
    r"(?:race|ancestry|ethnicity|sex|gender|group|\{\})",
    re.IGNORECASE,
)
"""A recorded label told as what makes people differ."""

ALLOWED = {
    "reports/words.py": {"not a certificate of any kind"},
    "reports/words_reading.py": {
        "is that shown to be a shortcut?",
        "so the model is fair, and safe for all groups.",
        "Whether it is a shortcut was not asked",
    },
    "reports/sections/regions_told.py": {"T9, shortcuts"},
    "measures/shortcuts.py": {"Shortcut by {}", "Shortcut.{} is missing"},
    "qualify/reliance/gate.py": {"causal sets"},
    "qualify/reliance/table.py": {"causal sets", "shortcut found", "called a shortcut"},
    "qualify/reliance/worlds.py": {"genic shortcut", "ancestries, shortcut"},
    "qualify/cases/phantoms.py": {"chest, shortcut", "head, shortcut"},
    "qualify/profiles.py": {
        *("chest, shortcut", "head, shortcut"),
        *("oligogenic shortcut", "ancestries, shortcut"),
    },
}
"""What is said of the page itself, names of a table and a class, and simulated worlds: how those
were made is known.
"""


def told(source: str) -> Iterator[str]:
    """The text of a file of Python that is no docstring; what is filled in is {}."""
    tree = ast.parse(source)
    aside = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            aside |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in aside:
            text = node.value
            yield text if isinstance(text, str) else ""


def shared(text: str, allowed: set[str]) -> list[str]:
    """The forbidden words of one text."""
    for phrase in allowed:
        text = text.replace(phrase, " ")
    found = [*NEVER.findall(text), *BLAMED.findall(text)]
    bare = " " in text and "shortcut" in text.lower() and not OPEN.search(text)
    return [*found, "shortcut"] if bare else found


def values(table: object, key: str = "") -> Iterator[str]:
    """All texts of a TOML file but names and ids, which are those of others."""
    if isinstance(table, dict):
        for name, value in table.items():
            yield from values(value, name)
    elif isinstance(table, list):
        for value in table:
            yield from values(value, key)
    elif isinstance(table, str) and key not in ("id", "name", "version", "source", "status"):
        yield table


@pytest.fixture(scope="module")
def package(root: Path) -> Path:
    """The folder of the package."""
    return root / "src" / "evenlight"


def test_no_sentence_of_the_source_says_more_than_is_known(package: Path) -> None:
    """Of thousands of texts none is a judgement, a bare verdict, or blames a label."""
    found, many = [], 0
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).as_posix()
        for text in told(path.read_text(encoding="utf-8")):
            many += " " in text
            found += [(place, word, text) for word in shared(text, ALLOWED.get(place, set()))]
    assert found == []
    assert many > 2000


def test_no_framework_is_asked_in_words_of_judgement(package: Path) -> None:
    """What we write of frameworks and their items is free of these words; names are theirs."""
    texts = [
        (path.name, text)
        for path in sorted(package.rglob("*.toml"))
        for text in values(tomllib.loads(path.read_text(encoding="utf-8")))
    ]
    assert len(texts) > 300
    assert [(name, text) for name, text in texts if shared(text, set())] == []


def test_no_word_of_the_script_is_one_of_them(package: Path) -> None:
    """The one script of the page is held to the same."""
    assert NEVER.findall((package / "reports" / "page.js").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("place", sorted(ALLOWED))
def test_each_exception_is_still_needed(place: str, package: Path) -> None:
    """An exception whose sentence is gone goes too."""
    texts = " ".join(told((package / place).read_text(encoding="utf-8")))
    assert all(phrase in texts for phrase in ALLOWED[place])


@pytest.mark.parametrize(
    "text",
    [
        "The model is fair.",
        "This proves it.",
        "A certified audit",
        "It is a shortcut.",
        "Verdict: shortcut",
        "Errors due to race are large.",
        "Race causes it.",
        "safe",
        "pre-registered plan",
        "Compliance: full",
    ],
)
def test_what_may_not_be_said_is_found(text: str) -> None:
    """Each kind of such a sentence is found, in an f-string as well."""
    assert shared(text, set())
    assert any(shared(said, set()) for said in told(f'x = f"{text} {{x}} of 3"'))


@pytest.mark.parametrize(
    "text",
    [
        "The output is consistent with a shortcut.",
        "Whether this is a shortcut is unresolved",
        "A difference is no evidence of harm.",
        "unsafe-looking-id",
    ],
)
def test_what_is_open_may_be_said(text: str) -> None:
    """A question, and a word that only looks alike, stand."""
    assert not shared(text, set())


def test_docstrings_are_not_told() -> None:
    """What is written for whoever reads the code is no sentence of the page."""
    assert list(told('"""A fair one."""\ndef f():\n    """Safe."""\n    return "said"')) == ["said"]
