"""How large a page may be: bytes and elements, for few features, many, and very many."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from evenlight import reports
from evenlight.data.digits import MINUS, estimate, fixed, probability
from evenlight.reports.island import MARK, Column, chances, estimates, names, packed, words
from evenlight.reports.page import js
from tests.html_tree import tree
from tests.wide_audit import wide_audit

BUDGETS = {
    "50 features, 2 groups": (50, 2, False, 250_000),
    "2,000 features, 5 groups": (2000, 5, False, 800_000),
    "20,000 features, 5 groups crossed with sex": (20_000, 5, True, 3_000_000),
}
NODES = 5000
VIEWS: list[tuple[str, list[int], str]] = [("all", [0, 1, 2, 3], "subjects")]
POINTERS = 150_000
"""Bytes that may say where the numbers stand in the record."""


@pytest.mark.parametrize("case", BUDGETS)
def test_a_page_keeps_within_its_bytes_and_elements(case: str) -> None:
    """Pages of 50, 2,000 and 20,000 features stay below 0.25, 0.8 and 3 MB and 5,000 elements.

    Of that 150 kB may be pointers.
    """
    features, groups, crossed, most = BUDGETS[case]
    page = reports.build(wide_audit(features, groups, crossed=crossed))
    assert len(page.encode()) <= most
    assert sum(1 for _ in tree(page).walk()) <= NODES
    told = re.findall(r' data-(?:ref|base|of)="[^"]*"', page)
    assert sum(len(one.encode()) for one in told) <= POINTERS


@pytest.mark.slow
@pytest.mark.parametrize("features", [2000, 20_000])
def test_69_a_page_of_forty_groups_keeps_within_its_bytes_and_elements(features: int) -> None:
    """2,000 and 20,000 features in 40 groups crossed with sex: 3 MB, 8,000 elements, no warning."""
    page = reports.build(wide_audit(features, 40, crossed=True))
    assert len(page.encode()) <= 3_000_000
    assert sum(1 for _ in tree(page).walk()) <= 8000
    assert "8 widest of 39 contrasts" in page


def test_the_script_is_small() -> None:
    """The one script has at most 20 kB, and neither fetches, evaluates nor writes HTML."""
    assert len(js().encode()) <= 20_000
    assert not re.search(
        r"fetch\(|XMLHttp|eval\(|innerHTML|outerHTML|insertAdjacent|import\(", js()
    )
    assert "</" not in js()


def unpacked(text: str) -> list[list[str]]:
    """Every column of an island as text."""
    return island(text)[1]


def island(text: str) -> tuple[dict[str, Any], list[list[str]], list[int]]:
    """Head, columns as text, and the place of each row, by the letter of the form: a slow twin."""
    data = zlib.decompress(b64decode(text))
    at = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:at])
    out = []
    for about in head["columns"]:
        values = []
        for many in about["planes"]:
            found = [0] * head["rows"]
            for k in range(many):
                for i in range(head["rows"]):
                    found[i] += data[at + i] << (8 * k)
                at += head["rows"]
            values.append(found)
        numbers = [[-(v + 1) // 2 if v % 2 else v // 2 for v in one] for one in values[1:]]
        for later in numbers[1:]:
            later[:] = [v + w for v, w in zip(later, numbers[0], strict=True)]
        out.append(
            [_told(about, values[0][i], [n[i] for n in numbers]) for i in range(head["rows"])]
        )
    rows = head["rows"]
    planes = [data[at + k * rows : at + (k + 1) * rows] for k in range(head["refs"])]
    assert at + rows * head["refs"] == len(data)
    return (
        head,
        out,
        [sum(plane[i] << 8 * k for k, plane in enumerate(planes)) for i in range(rows)],
    )


def _told(about: dict[str, list[str]], code: int, numbers: list[int]) -> str:
    parts = about["templates"][code].split(MARK)
    for k in range(1, len(parts), 2):
        value, places = numbers[(k - 1) // 2], int(parts[k].replace("+", ""))
        plus = "+" if value > 0 and "+" in parts[k] else MINUS if value < 0 else ""
        parts[k] = plus + fixed(abs(value) / 10**places, places)
    return "".join(parts)


def test_an_island_holds_what_the_page_would_write() -> None:
    """Estimates of every size, missing ones, p-values and words come back as they were."""
    rng = np.random.default_rng(1)
    n = 3000
    value = rng.normal(size=n) * 10.0 ** rng.uniform(-8, 7, size=n)
    half = np.abs(value) * 10.0 ** rng.uniform(-5, 1, size=n)
    low, high = value - half, value + half
    reason = np.full(n, "", dtype="<U40")
    value[::7], reason[::7] = np.nan, "suppressed (<11)"
    low[3::11] = np.nan
    value[1], low[1], high[1] = 0.0, 0.0, 0.0
    p = np.where(rng.random(n) < 0.1, np.nan, 10.0 ** rng.uniform(-5, 0, size=n))
    columns = [
        names("Gene", [f"g{i % 40}" for i in range(n)]),
        estimates("Difference", value, (low, high), reason, signed=True),
        chances("p", p, "not tested"),
        words("Verdict", ["similar", "different"] * (n // 2), {"similar": "similar"}),
    ]
    gene, shown, chance, verdict = unpacked(packed(columns, VIEWS, np.arange(n)))
    assert gene[:3] == ["g0", "g1", "g2"]
    assert verdict[:3] == ["similar", "different", "similar"]
    for i in range(n):
        told = estimate(value[i], low[i], high[i], reason=str(reason[i]), sign=True)
        assert shown[i] == told
        assert chance[i] == probability(float(p[i]), "not tested")


def test_what_is_suppressed_is_in_no_byte_of_the_island() -> None:
    """A number that may not be shown leaves nothing but its reason: the bytes do not know it."""
    reason = np.array(["suppressed (<11)", ""])
    made = [
        packed([estimates("Share", value, (value, value), reason)], VIEWS, np.arange(2))
        for value in (np.array([np.nan, 0.5]), np.array([np.nan, 0.5]))
    ]
    assert made[0] == made[1]
    assert unpacked(made[0])[0] == ["suppressed (<11)", "0.500 [0.500, 0.500]"]


def test_equal_columns_give_equal_bytes() -> None:
    """The same rows, packed twice, are one text; base64 cannot end an element."""
    column = Column("x", ("</script>",), np.zeros(3, dtype=np.int64))
    rows = np.arange(3)
    assert packed([column], [], rows) == packed([column], [], rows)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed([column], [], rows))


def test_each_row_of_an_island_keeps_its_place() -> None:
    """Rows in any order, of more than 65,536 features, know where they stand in the record."""
    order = np.random.default_rng(2).permutation(70_000)
    column = words("x", ["a"] * len(order))
    head, _, refs = island(packed([column], VIEWS, order))
    assert refs == order.tolist()
    assert head["views"] == [list(VIEWS[0])]
