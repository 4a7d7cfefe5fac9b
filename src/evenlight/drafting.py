"""A first plan from a table of people: every guess has its reason, and a person decides.

Guesses go by the names of columns and the kinds of their values; nothing is modelled, and no value
or count of people is written. What cannot be guessed stands as a line to fill in.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evenlight import files
from evenlight.data.shown import short
from evenlight.drafting_roles import LISTED, Guess, guessed
from evenlight.errors import CohortError, InputError
from evenlight.modalities.annotated import read_obs
from evenlight.modalities.tables import frame_of
from evenlight.plan import LARGEST_PLAN, Plan

NAME = "audit.toml"

MODELS = (".onnx", ".skops", ".safetensors", ".pt", ".pth", ".pkl", ".joblib")
"""How files end that may hold a model."""

TERMS = {"term", "weight"}
"""Columns of a formula as a table."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that was written: what was guessed (by key, with the reason), what is left to say."""

    path: Path
    guesses: Mapping[str, str]
    open: tuple[str, ...]


def draft(data: str | Path, out: str | Path | None = None) -> Draft:
    """Write a plan for a table of people (.csv, .tsv, .parquet), by default audit.toml beside it.

    Of an .h5ad file the table is obs, and one of its matrices what the model sees.

    Raises InputError for what is no table, where the plan exists, and where the table would not lie
    beside the plan.
    """
    table = Path(data)
    path = table.parent / NAME if out is None else Path(out)
    _placed(table, path)
    people, matrices = read_obs(table) if table.suffix == ".h5ad" else (_read(table), ())
    if table.suffix == ".h5ad" and not matrices:
        raise InputError(f"{table.name!r} holds no matrix, neither X nor a layer")
    guesses, left = guessed(people, _terms(table), matrices)
    model = _model(table, people)
    text = "\n".join(_text(table, path, (model, *guesses), left)) + "\n"
    if len(text.encode()) > LARGEST_PLAN:
        raise InputError(
            f"{table.name!r} has {len(people.columns)} columns, too many for a plan to list; audit "
            "it from Python (read_anndata, or Cohort)"
        )
    Plan.from_data(tomllib.loads(text), name=path.name)
    files.folder(path.parent)
    files.write(path, text)
    made = {one.key: one.why for one in (model, *guesses) if one.value is not None}
    todo = tuple(f"{one.key}: {one.why}" for one in (model, *guesses) if one.value is None)
    return Draft(path, made, todo)


def _placed(table: Path, path: Path) -> None:
    if table.is_dir():
        raise InputError(
            f"{table.name!r} is a folder; write a plan with [cohort.images] for images (docs/plan)"
        )
    if not table.is_file():
        raise InputError(f"there is no table {table.name!r}")
    if path.exists():
        raise InputError(f"{path.name!r} exists; name another file with --out, or delete it first")
    if not table.resolve().is_relative_to(path.parent.resolve()):
        raise InputError(f"{table.name!r} must lie beside the plan; write the plan to its folder")


def _read(table: Path) -> pd.DataFrame:
    try:
        people = frame_of(table)
    except CohortError:
        raise
    except (ValueError, UnicodeDecodeError) as error:  # pandas' own errors are ValueErrors
        told = short(str(error), 200)
        raise InputError(
            f"{table.name!r} is no table ({told}); give a .csv, .tsv, .parquet or .h5ad file"
        ) from None
    if not len(people) or len(people.columns) < 2:
        raise InputError(
            f"{table.name!r} holds no people in columns that commas (.tsv: tabs) divide"
        )
    return people


def _formulas(table: Path) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Tables beside the people that hold a formula."""
    for path in sorted(table.parent.glob("*.csv")):
        if path.resolve() == table.resolve():
            continue
        try:
            head = pd.read_csv(path)
        except (ValueError, UnicodeDecodeError, OSError):
            continue
        if set(head.columns) >= TERMS:
            yield path, head


def _terms(table: Path) -> tuple[str, ...]:
    """The terms of the one formula beside the people."""
    found = list(_formulas(table))
    return tuple(found[0][1]["term"].astype(str)) if len(found) == 1 else ()


def _model(table: Path, people: pd.DataFrame) -> Guess:
    """The one model that lies beside the people."""
    held = [path.name for path in sorted(table.parent.iterdir()) if path.suffix in MODELS]
    formulas = [path.name for path, _ in _formulas(table)]
    if len(held) + len(formulas) != 1:
        many = "several may be one" if held or formulas else "none lies beside the table"
        return Guess("model.table", None, f"name the model, as a table or weights: {many}")
    if formulas:
        return Guess("model.table", formulas[0], "the one table beside it with terms and weights")
    return Guess("model.weights", held[0], "the one file beside it that may hold a model")


def _text(
    table: Path, path: Path, guesses: tuple[Guess, ...], left: tuple[str, ...]
) -> Iterator[str]:
    """The lines of the plan."""
    place = table.resolve().relative_to(path.parent.resolve()).as_posix()
    yield "# A plan of evenlight, guessed from names and kinds of columns. Look at every line: who"
    yield "# is compared, and given what, is decided by people and not by the names of columns."
    yield f"# Then: evenlight check {short(path.name)}"
    yield ""
    yield "[model]"
    yield from _lines(one for one in guesses if one.key.startswith("model."))
    yield ""
    yield "[cohort]"
    yield f"table = {_toml(place)}"
    yield from _lines(one for one in guesses if one.key.startswith("cohort."))
    if left:
        shown = ", ".join(short(name, 40) for name in left[:LISTED])
        more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
        yield f"# no role was found for: {shown}{more}"
    yield ""
    yield "# Three questions are asked where none is named: of performance, use and reliance, by"
    yield "# the first grouping. Name at most five, and let those block that may stop a release."
    yield "# [[question]]"
    yield '# measure = "performance"   # or use, attribution, reliance'
    yield '# grouping = "sex"'
    yield "# blocks = true"


def _lines(guesses: Iterator[Guess]) -> Iterator[str]:
    for one in guesses:
        key = one.key.partition(".")[2]
        if one.value is None:
            yield f"# {key} = ...   # to do: {one.why}"
        else:
            yield f"# guessed: {one.why}"
            yield f"{key} = {_toml(one.value)}"


def _toml(value: Any) -> str:
    """A text, a number, or a list of texts as TOML.

    >>> _toml("a b"), _toml(("x", "y"))
    ('"a b"', '["x", "y"]')
    """
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=False)
        return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04X}", plain)
    if not isinstance(value, tuple):
        return str(value)
    each = [_toml(one) for one in value]
    if len(each) <= LISTED:
        return f"[{', '.join(each)}]"
    rows = [", ".join(each[i : i + LISTED]) for i in range(0, len(each), LISTED)]
    return "[\n  " + ",\n  ".join(rows) + ",\n]"
