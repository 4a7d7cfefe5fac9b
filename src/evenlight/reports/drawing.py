"""How a figure becomes a picture of the page."""

from __future__ import annotations

from matplotlib.figure import Figure

from evenlight.figures.svg import inline
from evenlight.language import spoken
from evenlight.reports.parts import Drawing, say


def drawn(label: str, i: int, figure: object, text: str, caption: str) -> Drawing:
    """The i-th picture of a kind, with what it shows in words; the first is called as its kind."""
    assert isinstance(figure, Figure)
    mark = label if i == 1 else f"{label}-{i}"
    svg = inline(
        figure, key=mark.lower() + "s", title=spoken("Figure {label}", label=label), text=say(text)
    )
    return Drawing(mark, svg, caption)
