"""A matplotlib figure as one inline SVG: text as text, no styles, always the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from evenlight.data.shown import titled, visible
from evenlight.figures.bulk import merge
from evenlight.figures.ink import INK, SIZE
from evenlight.figures.lean import group, settle, strokes
from evenlight.figures.marked import MARK

Node = ElementTree.Element

FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
_SVG = "http://www.w3.org/2000/svg"
_LONG = re.compile(r"-?\d+\.\d{3,}")
_GAP = re.compile(r"(?<=[A-Za-z]) (?=[-\d])|(?<=\d) (?=[A-Za-z])")
_KEPT = frozenset(("path", "clipPath", "pattern", "linearGradient"))


def inline(figure: Figure, *, key: str, title: str, text: str) -> str:
    """The figure as an `<svg role="img">` with a title and a description.

    `key` prefixes every id, so that several pictures can share a page. Ink becomes
    `currentColor`, so that the picture follows the page's theme.
    """
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "evenlight"}
    raw = io.StringIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(raw, format="svg", metadata=nothing, transparent=True)
    made = _clean(ElementTree.fromstring(raw.getvalue()), key, title, text)
    return ElementTree.tostring(made, encoding="unicode").replace(" />", "/>")


def _clean(root: Node, key: str, title: str, text: str) -> Node:
    names = _names(root, key)
    made = _copy(root, names)[0]
    for child in [c for c in made if c.tag == "defs" and len(c) == 0]:
        made.remove(child)
    width, height = (float(v) for v in root.attrib["viewBox"].split()[2:])
    role = "group" if _reached(made) else "img"  # nobody gets at what is inside of an img
    about = {"role": role, "aria-labelledby": f"{key}-t {key}-d"}
    size = {"width": f"{width * 4 / 3:.0f}", "height": f"{height * 4 / 3:.0f}"}
    look = {"font-family": FONT, "font-size": f"{SIZE}px", "fill": "currentColor"}
    look["stroke-linejoin"] = "round"
    known = {node.attrib["id"]: node for node in made.iter() if "id" in node.attrib}
    _thin(made, known)
    strokes(made, known)
    merge(made, known)
    settle(made, known)
    for node in made.iter():
        _join(node)
    group(made)
    made.attrib = {"xmlns": _SVG, **size, "viewBox": root.attrib["viewBox"], **about, **look}
    for at, (tag, words) in enumerate((("title", title), ("desc", text))):
        node = Node(tag, {"id": f"{key}-{tag[0]}"})
        node.text = visible(words)
        made.insert(at, node)
    return made


def _reached(made: Node) -> bool:
    """Whether there are marks with a title; they come last, and all else is hidden from readers."""
    marks = [child for child in made.iter() if "tabindex" in child.attrib]
    if not marks:
        return False
    for parent in list(made.iter()):
        for child in [c for c in parent if c in marks]:
            parent.remove(child)
    rest = Node("g", {"aria-hidden": "true"})
    rest.extend(list(made))
    for child in list(made):
        made.remove(child)
    made.extend([rest, *marks])
    return True


def _thin(made: Node, known: dict[str, Node]) -> None:
    """Leave out what the root or the referred shape says already; join strokes of one look."""
    for node in made.iter():
        if node.tag == "use":
            for name in set(known[node.attrib["href"][1:]].attrib) & set(node.attrib) - {"id"}:
                del node.attrib[name]
        if node.tag in ("text", "use") and node.get("fill") == "currentColor":
            del node.attrib["fill"]
        if node.tag == "text" and node.get("font-size") == f"{SIZE}px":
            del node.attrib["font-size"]
        _join(node)


def _join(parent: Node) -> None:
    """Consecutive strokes that differ in nothing but their path become one; empty ones leave."""
    before: Node | None = None
    for child in list(parent):
        if child.tag == "path" and not child.get("d") and "id" not in child.attrib:
            parent.remove(child)
            continue
        look = {k: v for k, v in child.attrib.items() if k != "d"}
        stroke = child.tag == "path" and look.get("fill") == "none" and "id" not in look
        if stroke and before is not None and {**before.attrib, "d": ""} == {**look, "d": ""}:
            before.attrib["d"] += child.attrib["d"]
            parent.remove(child)
        else:
            before = child if stroke else None


def _names(root: Node, key: str) -> dict[str, str]:
    """New ids for what is referred to: the key and a number, in document order."""
    kept = [
        n
        for n in root.iter()
        if "id" in n.attrib and (_tag(n) in _KEPT or n.attrib["id"].startswith(MARK))
    ]
    return {n.attrib["id"]: f"{key}-{i}" for i, n in enumerate(kept)}


def _copy(node: Node, names: dict[str, str], tick: bool = False) -> list[Node]:
    """The node without namespaces, comments, style sheets and idle groups.

    The numbers of an axis have the class tick: they are those of no record.
    """
    tag = _tag(node)
    if tag in ("style", "metadata"):
        return []
    tick = tick or node.get("id", "").startswith(("xtick_", "ytick_"))
    children = [made for child in node for made in _copy(child, names, tick)]
    attributes = _attributes(node, names)
    if tick and tag == "text" and any(c.isdigit() for c in "".join(node.itertext())):
        attributes["class"] = "tick"
    if node.get("id", "").startswith(MARK):
        return [_mark(node.attrib["id"].removeprefix(MARK), attributes, children)]
    if tag == "g" and not attributes:
        return children
    if tag in ("g", "defs") and not children:
        return []
    if tag == "path" and attributes.get("fill") == "none" and "stroke" not in attributes:
        return [] if "id" not in attributes else [Node(tag, attributes)]
    made = Node(tag, attributes)
    made.extend(children)
    made.text = node.text if tag in ("text", "tspan") else None
    return [made]


def _mark(text: str, attributes: dict[str, str], children: list[Node]) -> Node:
    """A mark with its title, at which the keyboard stops."""
    made = Node("g", attributes | {"tabindex": "0", "role": "img"})
    title = Node("title")
    title.text = titled(text)
    made.extend([title, *children])
    return made


def _attributes(node: Node, names: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in node.attrib.items():
        name = name.rsplit("}", 1)[-1]
        if name == "style":
            found |= _declared(value, names)
        elif name == "id":
            found |= {"id": names[value]} if value in names else {}
        elif name == "href":
            picture = value.startswith("data:image/png;base64,")
            found["href"] = value if picture else "#" + names[value.removeprefix("#")]
        elif not (name == "transform" and value.startswith("rotate(-0 ")):
            found[name] = _paint(value, names)
    places = 2 if "id" in found else 1
    for name in {"d", "x", "y", "width", "height", "transform"} & set(found):
        scaled = found[name].startswith("matrix(")
        found[name] = _rounded(found[name], 5 if scaled else places)
    return found


def _rounded(value: str, places: int) -> str:
    """Numbers with fewer decimals: a tenth of a point is less than a pixel."""
    shorter = _LONG.sub(lambda m: f"{float(m[0]):.{places}f}".rstrip("0").rstrip("."), value)
    return _GAP.sub("", shorter)


def _declared(style: str, names: dict[str, str]) -> dict[str, str]:
    """Declarations of a style attribute as presentation attributes; the font is the picture's."""
    pairs = (part.partition(":") for part in style.split(";") if ":" in part)
    made = {name.strip(): _paint(value.strip(), names) for name, _, value in pairs}
    for name in ("font-family", "stroke-dashoffset", "stroke-linecap"):
        made.pop(name, None)
    return made


def _paint(value: str, names: dict[str, str]) -> str:
    if value == INK:
        return "currentColor"
    if value.startswith("url(#"):
        return f"url(#{names[value[5:-1]]})"
    return " ".join(value.split())


def _tag(node: Node) -> str:
    return str(node.tag).rsplit("}", 1)[-1]
