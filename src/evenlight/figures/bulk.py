"""Very many marks: those that would hide each other are drawn once, and all in one path."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np

from evenlight.arrays import Float, Int

MANY = 600
"""Marks up to which every one is drawn."""

CELLS = (80, 46)
"""Places across and down at which one mark of a kind is drawn: two thirds of a mark apart."""

MERGED = 6
"""Copies of one shape from which they become one path."""

Node = ElementTree.Element


def apart(x: Float, y: Float) -> Int:
    """Positions of the marks to draw, (s,): all of few, of many the first in each small place.

    >>> apart(np.zeros(3), np.arange(3.0)).tolist()
    [0, 1, 2]
    >>> apart(np.repeat([0.0, 1.0], 500), np.repeat([0.0, 1.0], 500)).tolist()
    [0, 500]
    """
    if len(x) <= MANY:
        return np.arange(len(x))
    cell = [_steps(values, many) for values, many in zip((x, y), CELLS, strict=True)]
    kept: Int = np.unique(cell[0] * (CELLS[1] + 1) + cell[1], return_index=True)[1]
    return np.sort(kept)


def _steps(values: Float, many: int) -> Int:
    low, high = float(values.min()), float(values.max())
    steps: Int = np.floor((values - low) / ((high - low) or 1.0) * many).astype(np.int64)
    return steps


def merge(made: Node, known: dict[str, Node]) -> None:
    """Copies of one shape that lie side by side become one path with that shape at its corners."""
    for i, parent in enumerate(list(made.iter())):
        copies = [child for child in parent if child.tag == "use"]
        looks = {tuple(sorted(_look(child).items())) for child in copies}
        if len(copies) < MERGED or len(looks) != 1:
            continue
        for child in copies[1:]:
            parent.remove(child)
        key = copies[0].attrib["href"][1:]
        path = Node("path", {"d": _corners(copies), "fill": "none"})
        ends = ("marker-start", "marker-mid", "marker-end")
        path.attrib |= dict.fromkeys(ends, f"url(#{key}-m{i})")
        at = list(parent).index(copies[0])
        parent[at] = _marker(f"{key}-m{i}", {**known[key].attrib, **_look(copies[0])})
        parent.insert(at + 1, path)


def _look(use: Node) -> dict[str, str]:
    return {k: v for k, v in use.attrib.items() if k not in ("x", "y")}


def _marker(name: str, look: dict[str, str]) -> Node:
    box = {"markerWidth": "20", "markerHeight": "20", "viewBox": "-10 -10 20 20"}
    made = Node("marker", {"id": name, "markerUnits": "userSpaceOnUse", **box})
    made.append(Node("path", {k: v for k, v in look.items() if k not in ("id", "href")}))
    return made


def _corners(copies: list[Node]) -> str:
    """Tenths of a point from one mark to the next, which is shortest from left to right."""
    at = sorted(tuple(round(10 * float(c.attrib[k])) for k in ("x", "y")) for c in copies)
    steps = [at[0], *((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(at))]
    return "m" + " ".join(f"{_tenths(x)} {_tenths(y)}" for x, y in steps).replace(" -", "-")


def _tenths(value: int) -> str:
    """The number of tenths with as few characters as it takes.

    >>> _tenths(120), _tenths(-3), _tenths(14)
    ('12', '-.3', '1.4')
    """
    text = f"{abs(value) / 10:.1f}".removesuffix(".0")
    return ("-" if value < 0 else "") + (text[1:] if text.startswith("0.") else text)
