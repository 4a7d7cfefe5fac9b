"""A picture of fewer elements that looks the same: ticks in one path, shapes where they stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

Node = ElementTree.Element

FEW = 3
"""Neighbours of one look from which they share a group that says it once."""

_LINE = re.compile(r"M(-?[\d.]+) (-?[\d.]+)L(-?[\d.]+) (-?[\d.]+)")
_CORNERS = re.compile(r"(?:[MLCQz][-\d. ]*)+")
_PAIR = re.compile(r"(-?[\d.]+) (-?[\d.]+)")
_REFERRED = re.compile(r"#([\w-]+)")
_PLACE = frozenset(("id", "d", "href", "x", "y"))
_CLIP = "clip-path"


def strokes(made: Node, known: dict[str, Node]) -> None:
    """Copies of short straight lines, as the ticks of an axis, become one path.

    Only labels may lie between them, so that nothing is drawn in another order.
    """
    for parent in list(made.iter()):
        run: list[Node] = []
        for child in [*parent, Node("end")]:
            if _LINE.fullmatch(_shape(child, known).get("d", "")):
                run.append(child)
            elif child.tag not in ("text", "defs"):
                _together(parent, run, known)
                run = []


def settle(made: Node, known: dict[str, Node]) -> None:
    """Shapes that are seen once stand where they are seen, and nowhere else; the rest in one defs.

    Inside of a group that only clips it, the shape clips itself.
    """
    seen = Counter(child.get("href") for child in made.iter() if child.tag == "use")
    for parent in list(made.iter()):
        for i, child in enumerate(parent):
            shape = _shape(child, known)
            if seen[child.get("href")] == 1 and _CORNERS.fullmatch(shape.get("d", "")):
                parent[i] = Node("path", {"d": _moved(shape, child), **_look(shape, child)})
    for parent in list(made.iter()):
        for i, child in enumerate(parent):
            alone = child.tag == "g" and set(child.attrib) == {_CLIP} and len(child) == 1
            if alone and child[0].tag == "path":
                parent[i] = child[0]
                parent[i].attrib |= child.attrib
    _gather(made)


def group(made: Node) -> None:
    """Neighbours that are clipped alike are clipped together; labels of one look say it once."""
    for parent in list(made.iter()):
        _wrap(parent, lambda child: {_CLIP: child.get(_CLIP, "")} if child.get(_CLIP) else {})
    for parent in list(made.iter()):
        _wrap(parent, _label)


def _shape(child: Node, known: dict[str, Node]) -> Node:
    """The shape of which a `use` is a copy; an empty one for anything else."""
    return known[child.attrib["href"][1:]] if child.tag == "use" else Node("none")


def _look(shape: Node, use: Node) -> dict[str, str]:
    return {k: v for k, v in {**shape.attrib, **use.attrib}.items() if k not in _PLACE}


def _together(parent: Node, run: list[Node], known: dict[str, Node]) -> None:
    """The copies of each look as one path in the place of the first."""
    paths: dict[tuple[tuple[str, str], ...], Node] = {}
    for use in run:
        shape = _shape(use, known)
        look = tuple(sorted({**_look(shape, use), "fill": "none"}.items()))
        if look in paths:
            parent.remove(use)
        else:
            paths[look] = Node("path", {"d": "", **dict(look)})
            parent[list(parent).index(use)] = paths[look]
        paths[look].attrib["d"] += _moved(shape, use)


def _moved(shape: Node, use: Node) -> str:
    """The path of a shape at the place of its copy."""
    x, y = float(use.get("x", 0)), float(use.get("y", 0))
    line = _LINE.fullmatch(shape.attrib["d"])
    if line is None:
        return _PAIR.sub(
            lambda m: f"{_brief(float(m[1]) + x)} {_brief(float(m[2]) + y)}", shape.attrib["d"]
        )
    x1, y1, x2, y2 = map(float, line.groups())
    start = f"M{_brief(x1 + x)} {_brief(y1 + y)}"
    if x1 == x2:
        return f"{start}v{_brief(y2 - y1)}"
    if y1 == y2:
        return f"{start}h{_brief(x2 - x1)}"
    return f"{start}L{_brief(x2 + x)} {_brief(y2 + y)}"


def _brief(value: float) -> str:
    """The number to a hundredth of a point.

    >>> _brief(-0.001), _brief(72.25), _brief(-3.0)
    ('0', '72.25', '-3')
    """
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _gather(made: Node) -> None:
    """One defs, first of all, with what is referred to."""
    whole = Node("defs")
    for parent in list(made.iter()):
        for child in [c for c in parent if c.tag == "defs"]:
            whole.extend(list(child))
            parent.remove(child)
    wanted = {m for node in made.iter() for v in node.attrib.values() for m in _REFERRED.findall(v)}
    for child in list(whole):
        if child.get("id") not in wanted:
            whole.remove(child)
    if len(whole):
        made.insert(0, whole)


def _label(child: Node) -> dict[str, str]:
    """What a label shares with its neighbours."""
    kept = ("x", "y", "transform")
    return {k: v for k, v in child.attrib.items() if k not in kept} if child.tag == "text" else {}


def _wrap(parent: Node, look: Callable[[Node], dict[str, str]]) -> None:
    """Runs of children of one look become a group that has it in their place."""
    for run, shared in list(_runs(parent, look)):
        held = Node("g", shared)
        at = list(parent).index(run[0])
        for child in run:
            parent.remove(child)
            alone = child.tag == "g" and child.attrib == shared
            held.extend(list(child) if alone else [child])
            for name in {} if alone else shared:
                del child.attrib[name]
        parent.insert(at, held)


def _runs(
    parent: Node, look: Callable[[Node], dict[str, str]]
) -> Iterator[tuple[list[Node], dict[str, str]]]:
    run: list[Node] = []
    before: dict[str, str] = {}
    for child in [*parent, Node("end")]:
        now = look(child)
        if now != before:
            groups = sum(c.tag == "g" for c in run)
            if before and len(run) >= (FEW if groups < 2 else 2):
                yield run, before
            run, before = [], now
        run.append(child)
