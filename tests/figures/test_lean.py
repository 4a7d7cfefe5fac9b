"""Pictures of fewer elements: nothing that is seen moves, and nothing is kept that is not seen."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from evenlight.figures.lean import group, settle, strokes
from evenlight.figures.svg import inline
from tests.html_tree import Node, tree


def picture() -> Node:
    """A drawing with ticks on both axes, one diamond, and five circles of one look."""
    figure = Figure(figsize=(4, 3))
    ax = figure.add_subplot()
    ax.plot([0.0], [0.5], marker="D", linestyle="")
    ax.plot(np.arange(5), np.arange(5) / 5, marker="o", linestyle="", color="#0072b2")
    ax.set_xticks([0, 1, 2, 3])
    ax.set_yticks([0.0, 0.5])
    return tree(inline(figure, key="k", title="Title", text="Text"))


def test_ticks_are_one_path() -> None:
    """Six ticks are one path of six strokes, each as long as it was."""
    (path,) = [n for n in picture().all("path") if re.search(r"\dv", n.attributes["d"])]
    assert re.findall(r"[vh]-?[\d.]+", path.attributes["d"]) == ["v3.5"] * 4 + ["h-3.5"] * 2


def test_labels_of_an_axis_share_what_they_have_alike() -> None:
    """Anchor and class stand once, around the labels of an axis."""
    told = [n for n in picture().walk() if "tick" in n.classes()]
    assert [len(n.all("text")) for n in told if n.tag == "g"] == [4]
    for node in picture().all("text"):
        own = [up for up in node.up() if "text-anchor" in up.attributes]
        assert len(own) <= 1


def test_every_shape_that_is_kept_is_referred_to() -> None:
    """No id is left that nothing points to, and there is one place of definitions."""
    root = picture()
    wanted = {
        m for n in root.walk() for v in n.attributes.values() for m in re.findall(r"#(k-[\w-]+)", v)
    }
    kept = {
        n.attributes["id"]
        for n in root.walk()
        if n.attributes.get("id", "k-t") not in ("k-t", "k-d")
    }
    assert kept == wanted
    assert len(root.all("defs")) == 1


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ("M0 0L0 3", "M10 20v3"),
        ("M0 0L-3 0", "M10 20h-3"),
        ("M-1 -1L1 1", "M9 19L11 21"),
        ("M0 5C1 5 2 4 3 0z", "M10 25C11 25 12 24 13 20z"),
    ],
)
def test_a_shape_that_is_seen_once_stands_where_it_is_seen(shape: str, drawn: str) -> None:
    """Straight, slanted and curved shapes are moved by the place of their copy."""
    text = f'<svg><defs><path id="a" d="{shape}" stroke="red"/></defs>'
    text += '<g clip-path="url(#c)"><use href="#a" x="10" y="20" fill="blue"/></g></svg>'
    made = ElementTree.fromstring(text)
    known = {n.attrib["id"]: n for n in made.iter() if "id" in n.attrib}
    strokes(made, known)
    settle(made, known)
    (path,) = list(made)
    assert path.attrib["d"] == drawn
    assert path.attrib["clip-path"] == "url(#c)"
    assert path.attrib["stroke"] == "red"


def test_what_lies_over_something_else_stays_over_it() -> None:
    """A stroke is not joined with one before a shape that may lie between them."""
    text = '<svg><defs><path id="a" d="M0 0L0 3"/></defs><use href="#a" x="1" y="1"/>'
    text += '<path d="M0 0L9 0L9 9z"/><use href="#a" x="5" y="1"/></svg>'
    made = ElementTree.fromstring(text)
    strokes(made, {n.attrib["id"]: n for n in made.iter() if "id" in n.attrib})
    assert [n.get("d") for n in made if n.tag == "path"] == ["M1 1v3", "M0 0L9 0L9 9z", "M5 1v3"]


def test_neighbours_that_are_clipped_alike_are_clipped_together() -> None:
    """Three of one clip become one group in their order; two of another stay."""
    clips = ["a", "a", "a", "b", "b", ""]
    inside = "".join(
        f'<path d="M{i}"' + (f' clip-path="{c}"' if c else "") + "/>" for i, c in enumerate(clips)
    )
    made = ElementTree.fromstring(f"<svg>{inside}</svg>")
    group(made)
    assert [n.get("d") for n in made.iter("path")] == [f"M{i}" for i in range(6)]
    assert [(n.tag, n.get("clip-path")) for n in made] == [
        ("g", "a"), ("path", "b"), ("path", "b"), ("path", None)
    ]  # fmt: skip
