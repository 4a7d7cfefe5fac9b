"""C8: how to read the page, and what its terms mean."""

from __future__ import annotations

from htpy import Element, dd, dl, dt, h3, li, ol

from evenlight.record import Audit
from evenlight.reports.parts import block
from evenlight.reports.words_glossary import READING_GUIDE, TERMS


def section(_audit: Audit) -> Element:
    """The reading guide, then the terms: the same words on every page."""
    return block(
        "c8",
        ol[(li[text] for text in READING_GUIDE)],
        h3["Terms"],
        dl(class_="terms")[([dt[term], dd[meaning]] for term, meaning in TERMS)],
    )
