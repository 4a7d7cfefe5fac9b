"""What a framework asks, what of it this audit answers, and what its author must add.

A framework is a TOML file in `reports/frameworks/`: its version, status and source, and items, each
in our words with the evidence that answers it (`reports.evidence`) and the author's keys
(`evenlight.about`). An item has one of three states. There is no score: counts of states say how
much was written down, not how good it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from evenlight.about import FILE, PROMPTS
from evenlight.data.intake import NO_SPLIT
from evenlight.data.nearest import hint
from evenlight.data.shown import short
from evenlight.errors import PlanError, UnknownName
from evenlight.findings import Finding
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.evidence import Evidence, evidence
from evenlight.reports.evidence_measured import of_images
from evenlight.reports.evidence_stated import WRITES, flat

State = Literal["filled from evidence", "needs author", "not applicable"]
STATES: tuple[State, ...] = ("filled from evidence", "needs author", "not applicable")

Only = Literal["", "images", "development", "evaluation"]
BEYOND: Mapping[str, str] = {
    "images": "No images were audited.",
    "development": "The author says that the study is an evaluation.",
    "evaluation": "The author says that the study is a development.",
}
"""Why an item that is asked of some audits only is not asked of this one."""

NOT_FIXED = (
    "The digest of the plan was not given in advance (--plan-digest), so that nothing shows that "
    "its criteria are older than the results."
)
"""What is open where criteria must have been set before the test."""

CHECKED = "Items and numbers were checked on {date} against {against}"
SAYS = "The author says: {text}"
ELSEWHERE = "The audited data are of the {audited}; this is about the {asked}."
FILLED = "{states}. Of those filled, in the author's words alone: {alone}."


@dataclass(frozen=True, slots=True)
class Item:
    """One thing asked: `evidence` answers it if all of it is there, `beside` belongs to it.

    `needs` and `author` are keys of about.toml; without the first, evidence does not answer it, and
    without the second something remains to be added. `only` says of which audits it is asked.
    `source` says of which data: those of another leave it open, and never make it inapplicable.
    `fixed`: evidence answers it only if the plan's digest was given before the audit.
    """

    id: str
    asks: str
    evidence: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    only: Only = ""
    source: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework as of its file; `checked_on` None: never held against its own text."""

    id: str
    name: str
    version: str
    status: str
    status_on: date
    source: str
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    checked_on: date | None = None
    checked_against: str = ""
    risk_file: bool = False

    @property
    def checked(self) -> str:
        """Whether items and numbers were held against the framework's own text, in a sentence."""
        if self.checked_on is None:
            return spoken("Items and numbers were not checked against the text of the framework.")
        return spoken(CHECKED, date=self.checked_on, against=self.checked_against)


@dataclass(frozen=True, slots=True)
class Answered:
    """One item of this audit: its state, pointers into audit.json, a sentence, what is open."""

    item: Item
    state: State
    pointers: tuple[str, ...]
    sentence: str
    add: str


@cache
def known() -> tuple[str, ...]:
    """The frameworks that there are, by id."""
    found = (path.name for path in files("evenlight.reports").joinpath("frameworks").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def read(name: str) -> Framework:
    """The framework of this id; UnknownName with the nearest."""
    if name not in known():
        raise UnknownName(f"no framework {name!r}{hint(name, known())}")
    path = files("evenlight.reports").joinpath("frameworks", f"{name}.toml")
    data = tomllib.loads(path.read_text("utf-8"))
    items = tuple(Item(**_tupled(item)) for item in data.pop("item"))
    return Framework(items=items, **_tupled(data))


def asked(audit: Audit) -> tuple[str, ...]:
    """The frameworks that the plan names, by id."""
    return tuple(audit.plan.get("report", {}).get("frameworks", ()))


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}


def checked(about: Mapping[str, Any]) -> None:
    """Raise PlanError where about.toml calls something not applicable that nobody asks."""
    for name, waived in about.get("not_applicable", {}).items():
        if name not in known():
            raise PlanError(f"{FILE}: not_applicable: no framework {name!r}{hint(name, known())}")
        ids = [item.id for item in read(name).items]
        for one in waived:
            if one not in ids:
                near = hint(one, ids)
                raise PlanError(f"{FILE}: not_applicable: {name} has no item {one!r}{near}")


def answered(audit: Audit, framework: Framework) -> tuple[Answered, ...]:
    """Every item with its state in this audit."""
    checked(audit.about)
    found = evidence(audit)
    return tuple(_answered(audit, framework.id, item, found) for item in framework.items)


def _answered(audit: Audit, name: str, item: Item, found: Mapping[str, Evidence]) -> Answered:
    said = audit.about.get("not_applicable", {}).get(name, {}).get(item.id)
    if said:
        place = "/".join(("/about/not_applicable", name, _escaped(item.id)))
        return Answered(item, "not applicable", (place,), spoken(SAYS, text=flat(said)), "")
    beyond = _beyond(item.only, audit)
    if beyond:
        return Answered(item, "not applicable", (), beyond, "")
    keys = (*item.needs, *item.author)
    missing = [key for key in keys if key not in audit.about]
    lacks = [found[key] for key in item.evidence if not found[key].there]
    elsewhere = _elsewhere(audit, item)
    if elsewhere:
        return Answered(item, "needs author", (), "", f"{elsewhere} {_open((), missing)}".strip())
    late = [spoken(NOT_FIXED)] if item.fixed and not audit.plan_fixed else []
    done = not (lacks or late or set(missing) & set(item.needs if item.evidence else keys))
    named = [found[key] for key in (*item.evidence, *item.beside)]
    given = [key for key in keys if key in audit.about]
    where = (*(p for one in named for p in one.pointers), *(f"/about/{key}" for key in given))
    return Answered(
        item,
        "filled from evidence" if done else "needs author",
        tuple(dict.fromkeys(where)),
        _sentence(audit, named, given),
        " ".join(filter(None, (*late, _doubt(audit, keys), _open(lacks, missing)))),
    )


def _beyond(only: Only, audit: Audit) -> str:
    """Why an item is not asked of this audit; "" where it is, or where nobody can say."""
    study = audit.about.get("study")
    outside = {
        "images": not of_images(audit),
        "development": study == "evaluation",
        "evaluation": study == "development",
    }
    return spoken(BEYOND[only]) if outside.get(only, False) else ""


def _elsewhere(audit: Audit, item: Item) -> str:
    """Why the audited data do not answer an item on data of one source; "" where they do."""
    said = audit.about.get("audited_source")
    if item.source in ("", said):
        return ""
    if said is None:
        return _ask("audited_source")
    return spoken(ELSEWHERE, audited=said, asked=item.source)


def _doubt(audit: Audit, keys: Sequence[str]) -> str:
    """What the record has against the author's word that test data are apart; "" where nothing."""
    return NO_SPLIT if "independence" in keys and NO_SPLIT in audit.cohort.notes else ""


def _sentence(audit: Audit, named: Sequence[Evidence], given: Sequence[str]) -> str:
    """What is there of the first that is there: of the record, else in the author's words."""
    told = next((one.sentence for one in named if one.there), "")
    if told or not given:
        return told
    return spoken(WRITES, text=short(flat(audit.about[given[0]]), 300))


def _open(lacks: Sequence[Evidence], keys: Sequence[str]) -> str:
    """What the author must add: evidence that is missing, and texts."""
    return " ".join((*(one.sentence for one in lacks), *map(_ask, keys)))


def _ask(key: str) -> str:
    """What is asked of the author, with its key in about.toml."""
    return f"{spoken(PROMPTS[key])} ({key})."


def counts(rows: Sequence[Answered]) -> dict[State, int]:
    """How many items are in each state; never a share of all."""
    return {state: sum(row.state == state for row in rows) for state in STATES}


def summary(rows: Sequence[Answered]) -> str:
    """The counts in a sentence, with those that rest on nothing but the author's word."""
    found = counts(rows)
    told = "; ".join(f"{spoken(STATES[i])}: {found[STATES[i]]}" for i in range(len(STATES)))
    filled = [row for row in rows if row.state == "filled from evidence"]
    alone = sum(all(p.startswith("/about/") for p in row.pointers) for row in filled)
    return spoken(FILLED, states=told, alone=alone)


def risk_file(audit: Audit) -> tuple[list[tuple[Finding, str]], list[str]]:
    """Findings above *info* with their entry in the risk file ("" none), and entries of none.

    A finding without an entry has an unknown risk, never a low one.
    """
    entries: Mapping[str, str] = audit.about.get("risks", {})
    rows = [(f, entries.get(f.id, "")) for f in audit.findings if f.severity != "info"]
    ids = {finding.id for finding in audit.findings}
    return rows, [name for name in entries if name not in ids]


def _escaped(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
