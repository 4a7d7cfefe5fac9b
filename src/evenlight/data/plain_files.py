"""TOML and JSON that people write or keep, read without trusting size or form."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenlight.errors import InputError

LARGEST = 2**20
"""Bytes of a file that a person writes, at most."""

DEEPEST = 16
"""Tables in tables of a file that a person writes, at most."""

_YAML = re.compile(r"(?m)^\s*(-\s+\w|[\w\"']+\s*:(\s|$))")


def read_toml(
    path: Path, *, error: type[InputError] = InputError, largest: int = LARGEST
) -> dict[str, Any]:
    """The tables of a TOML file; `error` names the file where it is none.

    Files that are absent, larger than `largest`, not UTF-8, nested deeper than 16, with a key that
    is there twice, or JSON or YAML are errors, and none is an internal fault.
    """
    text = _text(path, error, largest)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise error(f"{path.name} is nested too deep to be read") from None
    except ValueError as problem:  # TOMLDecodeError, and numbers of thousands of digits
        raise error(f"{path.name} is not TOML: {str(problem)[:200]}{_other(text)}") from None
    if _depth(data) > DEEPEST:
        raise error(f"{path.name} is nested deeper than {DEEPEST} tables")
    return data


def read_json(path: Path, *, error: type[InputError] = InputError, largest: int = LARGEST) -> Any:
    """What a JSON file holds; `error` names the file where it is none.

    So are a key that is there twice, of which programs differ in which they take, and nesting so
    deep that it cannot be read.
    """
    text = _text(path, error, largest)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise error(f"{path.name} is nested too deep to be read") from None
    except ValueError as problem:
        raise error(f"{path.name} is not JSON: {str(problem)[:200]}") from None


def _text(path: Path, error: type[InputError], largest: int) -> str:
    if not path.is_file():
        raise error(f"there is no file {path.name!r}")
    if path.stat().st_size > largest:
        raise error(f"{path.name} is larger than {largest} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{path.name} is no text in UTF-8: {problem}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:60]!r} is there twice")
    return made


def _other(text: str) -> str:
    """What the text seems to be, as the end of a sentence."""
    if text.lstrip()[:1] == "{":
        return "; it looks like JSON, where TOML writes key = value"
    if _YAML.search(text):
        return "; it looks like YAML, where TOML writes key = value below a [table]"
    return ""


def _depth(data: object) -> int:
    """How deep tables and lists lie in one another, without going deeper than is allowed."""
    layer: list[object] = [data]
    depth = -1
    while layer and depth <= DEEPEST:
        inner: list[object] = []
        for one in layer:
            if isinstance(one, Mapping | list):
                inner += one.values() if isinstance(one, Mapping) else one
        layer, depth = inner, depth + 1
    return depth
