"""Signs for verdicts and gate words: each has a shape of its own, so that colour is never alone."""

from __future__ import annotations

from htpy import Element, path, svg, symbol, use

_SHAPES: dict[str, tuple[str, str]] = {
    "different": ("M8 .8 15.2 8 8 15.2.8 8Z", "M5 6.6h6M5 9.4h6M9.6 4.6 6.4 11.4"),
    "similar": (
        "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1Z",
        "M4.6 6.8q1.7-1.7 3.4 0t3.4 0M4.6 9.8q1.7-1.7 3.4 0t3.4 0",
    ),
    "cannot_tell": (
        "M1.5 1.5h13v13h-13Z",
        "M5.9 6.2q0-2.2 2.1-2.2t2.1 2q0 1.3-2.1 2.4v1M8 11.2v1.2",
    ),
    "not_estimable": ("M5 1h6l4 4v6l-4 4H5l-4-4V5Z", "M4.6 8h6.8"),
    "passed": ("M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1Z", "M4.6 8.2 7 10.6l4.4-5"),
    "failed": ("M8 .8 15.2 8 8 15.2.8 8Z", "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"),
    "waived": ("M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1Z", "M8 4v5M8 10.8v1.2"),
    "no verdict": ("M1.5 1.5h13v13h-13Z", "M4.6 8h6.8"),
}
_FILLED = frozenset(("different", "similar", "passed", "failed"))


def icon(word: str) -> Element:
    """The sign of a verdict or gate word, hidden from screen readers: the word is beside it."""
    name = word if word in _SHAPES else "no verdict"
    return svg(class_="icon", width="16", height="16", aria_hidden="true")[
        use(href=f"#i-{_key(name)}")
    ]


def signs() -> Element:
    """The definitions of all signs, once a page."""
    return svg(width="0", height="0", aria_hidden="true", class_="signs")[
        (
            symbol(id=f"i-{_key(name)}", viewBox="0 0 16 16")[
                path(
                    d=shape,
                    fill="currentColor" if name in _FILLED else "none",
                    stroke="currentColor",
                    stroke_width="1.4",
                ),
                path(
                    d=line,
                    class_="on" if name in _FILLED else None,
                    fill="none",
                    stroke="#fff" if name in _FILLED else "currentColor",
                    stroke_width="1.5",
                ),
            ]
            for name, (shape, line) in _SHAPES.items()
        )
    ]


def _key(name: str) -> str:
    return name.replace(" ", "-").replace("_", "-")
