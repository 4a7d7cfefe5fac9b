"""The colours of the page, calculated: text at 4.5:1, marks at 3:1, in light and dark."""

from __future__ import annotations

import re

import pytest

from evenlight.figures.ink import COLOURS
from evenlight.reports.page import css

TEXT = ("ink", "soft", "link", "different", "similar", "unsure", "unasked")


def tokens(theme: str) -> dict[str, str]:
    """The colour tokens of one theme."""
    light, dark = re.findall(r":root \{(.*?)\}", css(), re.DOTALL)[:2]
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", light if theme == "light" else dark))


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    """Black on white is 21:1."""
    assert ratio("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "raised"])
def test_text_can_be_read(theme: str, ground: str) -> None:
    """Every text colour has 4.5:1 on both grounds of both themes."""
    found = tokens(theme)
    assert {
        name: ratio(found[name], found[ground])
        for name in TEXT
        if ratio(found[name], found[ground]) < 4.5
    } == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_can_be_seen(theme: str) -> None:
    """Every group colour has 3:1 on the paper of both themes, and so has the line colour."""
    found = tokens(theme)
    low = {c: round(ratio(c, found["paper"]), 2) for c in (*COLOURS, found["line"])}
    assert {c: r for c, r in low.items() if r < 3} == {}
