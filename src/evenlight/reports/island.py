"""A table of any length as one compressed text, which the page's script shows fifty rows at a time.

Every column is a list of templates, the template of each row, and the whole numbers that stand in
it: `+0.21 [0.12, 0.31]` is the template `+2 [2, 2]` (each a number of decimals) with 21, 12, 31.
What cannot be shown has a template without numbers, the reason, here as everywhere.

Bytes: the length of the head (4, little-endian), the head as JSON, then planes of one byte a row:
template, and of each number its least byte first (0, -1, 1, -2, ... are 0, 1, 2, 3, ...). The
second and third number are kept as their distances from the first. The last planes hold the pointer
of each row, which goes on from those of the view that is shown (`reports.pointing`).
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.data.digits import ABSENT, MOST, UNSEEN
from evenlight.data.shown import short
from evenlight.language import spoken

MARK = "\x01"
"""Stands on both sides of a number of decimals; no name that is shown can hold it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `codes` (n,) point into `templates`, `numbers` (n,) each fill their places.

    `signs` names the sign (icon) that stands beside a text: verdicts have one.
    """

    head: str
    templates: tuple[str, ...]
    codes: Int
    numbers: tuple[Int, ...] = ()
    signs: Mapping[str, str] | None = None


def words(head: str, texts: Sequence[str] | Text, signs: Mapping[str, str] | None = None) -> Column:
    """A column of words of which many are alike."""
    found, codes = np.unique(np.asarray(texts, dtype=str), return_inverse=True)
    return Column(head, tuple(found.tolist()), codes.astype(np.int64), (), signs)


def names(head: str, texts: Sequence[str]) -> Column:
    """A column of names, as they are shown."""
    return Column(head, tuple(short(t) for t in texts), np.arange(len(texts)))


def estimates(
    head: str, value: Float, limits: tuple[Float, Float], reason: Text, *, signed: bool = False
) -> Column:
    """A column as `data.digits.estimate` writes each row; a `signed` one with `+` as well."""
    low, high = limits
    whole = np.isfinite(value) & np.isfinite(high - low)
    places = np.where(whole, _bearable(low, high), 3)
    places = np.where(whole & signed, _apart_from_0(low, high, places), places)
    sign = "+" if signed else ""
    forms: list[str] = []
    for j, known in enumerate(np.isfinite(value).tolist()):
        if not known:
            forms.append(str(reason[j]) or spoken(ABSENT))
            continue
        at = int(places[j])
        limit = f"[{_slot(at)}, {_slot(at)}]" if whole[j] else spoken("[no interval]")
        forms.append(f"{_slot(at, sign)} {limit}")
    made = words(head, forms)
    scaled = [_scaled(a, places) for a in (value, low, high)]
    return Column(head, made.templates, made.codes, tuple(scaled))


def chances(head: str, p: Float, absent: str) -> Column:
    """A column as `data.digits.probability` writes each row."""
    tiny, known = p < 0.001, np.isfinite(p)
    places = np.where(p < 0.1, 3, 2)
    below = "<\N{NO-BREAK SPACE}0.001"
    forms = np.where(places == 3, _slot(3), _slot(2)).astype("<U40")
    forms[tiny], forms[~known] = below, absent
    made = words(head, forms)
    return Column(head, made.templates, made.codes, (_scaled(np.where(tiny, 0, p), places),))


def _slot(places: int, sign: str = "") -> str:
    return f"{MARK}{sign}{places}{MARK}"


def _scaled(values: Float, places: Int) -> Int:
    told = np.where(np.isfinite(values), values, 0.0)
    whole: Int = np.rint(told * 10.0**places).astype(np.int64)
    return whole


def _bearable(low: Float, high: Float) -> Int:
    """Decimals of each row, as `data.digits.estimate` chooses them."""
    width, largest = high - low, np.fmax(np.abs(low), np.abs(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = np.clip(1 - np.floor(np.log10(width)), 0, MOST)
        three = np.maximum(2 - np.floor(np.log10(largest)), 0)
    wide = np.where(np.isfinite(width) & (width > 0), wide, 3)
    told = np.where(width < largest / 1000, three, np.fmax(np.fmin(wide, three), wide - 1))
    made: Int = np.nan_to_num(np.where(largest < UNSEEN, 3, told), nan=3).astype(np.int64)
    return made


def _apart_from_0(low: Float, high: Float, places: Int) -> Int:
    """`places`, or more of each row, as `data.digits.estimate` shows that 0 is left out."""
    limit = np.where(low * high > 0, np.fmin(np.abs(low), np.abs(high)), np.inf)
    told = places
    for more in (2, 1, 0):
        at = np.minimum(places + more, np.maximum(places, MOST))
        told = np.where(limit * 10.0**at > 0.5, at, told)
    return np.where(np.isfinite(limit), told, places)


def packed(
    columns: Sequence[Column], views: Sequence[tuple[str, Sequence[int], str]], refs: Int
) -> str:
    """The table as base64; `refs` (n,) are the places of its rows in arrays of the record.

    Each of `views` is a name, the columns that it shows, and the pointers of these arrays.
    """
    heads, planes = [], []
    for column in columns:
        first = column.numbers[0] if column.numbers else None
        apart = [n if first is None or i == 0 else n - first for i, n in enumerate(column.numbers)]
        own = [_planes(column.codes), *(_planes(_unsigned(n)) for n in apart)]
        planes += [plane for some in own for plane in some]
        about = {"head": column.head, "planes": [len(some) for some in own]}
        signs = {} if column.signs is None else {"signs": dict(column.signs)}
        heads.append({**about, "templates": column.templates, **signs})
    places = _planes(refs)
    head = {"rows": len(columns[0].codes), "columns": heads, "views": [list(v) for v in views],
            "refs": len(places)}  # fmt: skip
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    whole = len(text).to_bytes(4, "little") + text + b"".join(planes + places)
    return b64encode(zlib.compress(whole, 9)).decode()


def _unsigned(values: Int) -> Int:
    return np.where(values < 0, -2 * values - 1, 2 * values)


def _planes(values: Int) -> list[bytes]:
    """The least byte of every value, then the next, as many as the largest needs."""
    many = (int(values.max(initial=0)).bit_length() + 7) // 8
    return [((values >> 8 * i) & 255).astype(np.uint8).tobytes() for i in range(many)]
