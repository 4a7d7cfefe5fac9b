"""Differences that a person answers for: waivers.toml beside the plan, and what they do to a gate.

    [[waiver]]
    id = "E-0a1b2c3d4e"                # of a finding, as gate.json and the page give it
    reason = "Known; the next version is trained on both sites."
    person = "A. Reader, safety board"
    until = 2027-03-31                 # the last day on which it holds

A waiver takes one *different* from what fails a gate. It makes nothing pass that could not be told
or asked, it never takes anything from the record, and it ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from evenlight.data.nearest import hint
from evenlight.data.plain_files import read_toml
from evenlight.data.shown import short
from evenlight.errors import PlanError
from evenlight.findings import Gate, Waiver

FILE = "waivers.toml"

LONGEST = 1000
"""Characters of a reason, at most."""

KEYS = ("id", "reason", "person", "until")


def read_waivers(path: str | Path, *, on: str) -> tuple[Waiver, ...]:
    """The waivers of a TOML file that hold `on` a day (YYYY-MM-DD); none where there is no file.

    Raises PlanError for a file that is no TOML or too large, and as `checked_waivers`.
    """
    place = Path(path)
    if not place.is_file():
        return ()
    return checked_waivers(read_toml(place, error=PlanError), on=on)


def checked_waivers(data: Mapping[str, Any], *, on: str) -> tuple[Waiver, ...]:
    """Waivers from plain data, each whole, once, and not past its day.

    Raises PlanError with the place in the file, what is wrong there, and the remedy.

    >>> one = {"id": "E-1", "reason": "Known.", "person": "A.", "until": date(2027, 1, 31)}
    >>> checked_waivers({"waiver": [one]}, on="2027-01-31")[0].until
    '2027-01-31'
    """
    for key in data:
        if key != "waiver":
            raise PlanError(f"{FILE}: unknown key {key!r}{hint(key, ['waiver'])}")
    given = data.get("waiver", [])
    if not isinstance(given, list):
        raise PlanError(f"{FILE}: write each waiver below a line [[waiver]], with two brackets")
    made = tuple(_waiver(f"{FILE}: waiver {i}", own) for i, own in enumerate(given, 1))
    for waiver in made:
        if sum(other.id == waiver.id for other in made) > 1:
            raise PlanError(f"{FILE}: {waiver.id!r} is waived twice; keep one")
    ended(made, on=on)
    return made


def ended(waivers: Sequence[Waiver], *, on: str) -> None:
    """Raise PlanError for the first waiver whose last day is before `on` (YYYY-MM-DD)."""
    for waiver in waivers:
        if waiver.until < on:
            raise PlanError(
                f"the waiver of {waiver.id!r} ended on {waiver.until} (today is {on}); mend what "
                "it waives, or let a person set a new day and say why"
            )


def waived(before: Gate, after: Gate, waivers: Sequence[Waiver]) -> Gate:
    """The gate under waivers: `before` judged all results, `after` those that are not waived.

    Only a gate that failed is changed by waivers: it may be *waived*, still fail for what is left,
    or have no verdict where more than differences is in its way.

    >>> failed, passed = Gate("failed", 1, "Different."), Gate("passed", 0, "")
    >>> waived(failed, passed, [Waiver("E-1", "Known.", "A.", "2027-01-31", needed=True)]).word
    'waived'
    """
    given = tuple(waivers)
    if before.exit_code != 1:
        return replace(before, waivers=given)
    if after.exit_code:
        return replace(after, waivers=given)
    needed = [waiver for waiver in given if waiver.needed]
    first = min(waiver.until for waiver in needed)
    many = "difference is" if len(needed) == 1 else "differences are"
    told = f"It would fail: {len(needed)} {many} waived, until {first}. {before.reason}"
    return Gate("waived", 0, told, given)


def unknown(made: Gate, ids: Sequence[str], questions: Mapping[str, Sequence[str]]) -> Gate:
    """The gate, which has no verdict and stops with code 2 where waivers name what is not there.

    `ids` are those waived that nothing measured has; `questions` gives for the id of a question
    those of the differences that it lists.
    """
    if not ids:
        return made
    told = [_unknown(one, questions) for one in ids]
    return replace(made, word="no verdict", exit_code=PlanError.exit_code, reason=" ".join(told))


def _unknown(one: str, questions: Mapping[str, Sequence[str]]) -> str:
    if one not in questions:
        return f"{FILE} waives {short(one)!r}, and nothing measured has that id: see gate.json."
    listed = ", ".join(questions[one][:5]) or "it lists none"
    return f"{FILE} waives the question {one}; waive single differences that it lists: {listed}."


def _waiver(where: str, own: Any) -> Waiver:
    if not isinstance(own, Mapping):
        raise PlanError(f"{where} is not a table of {', '.join(KEYS)}")
    for key in own:
        if key not in KEYS:
            raise PlanError(f"{where}: unknown key {key!r}{hint(str(key), KEYS)}")
    lacking = [key for key in KEYS if key not in own]
    if lacking:
        raise PlanError(f"{where} has no {lacking[0]}; a waiver has {', '.join(KEYS)}")
    until = own["until"]
    if not isinstance(until, date) or isinstance(until, datetime):
        raise PlanError(f"{where}: until is a day without quotes, as 2027-03-31, not {until!r}")
    texts = {key: _text(f"{where}: {key}", own[key]) for key in ("id", "reason", "person")}
    return Waiver(texts["id"], texts["reason"], texts["person"], until.isoformat())


def _text(where: str, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise PlanError(f"{where} is a text in quotes that says something, not {value!r}")
    if len(text) > LONGEST:
        raise PlanError(f"{where} has {len(text)} characters; at most {LONGEST}")
    return text
