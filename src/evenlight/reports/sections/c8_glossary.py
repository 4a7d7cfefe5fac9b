"""C8: how to read the page, and what its terms mean."""

from __future__ import annotations

from htpy import Element, dd, dl, dt, h3, li, ol

from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import block
from evenlight.reports.words_glossary import READING_GUIDE, TERMS


def section(_audit: Audit) -> Element:
    """The reading guide, then the terms: the same words on every page."""
    return block(
        "c8",
        ol[(li[spoken(READING_GUIDE[i])] for i in range(len(READING_GUIDE)))],
        h3[spoken("Terms")],
        dl(class_="terms")[
            ([dt[spoken(TERMS[i][0])], dd[spoken(TERMS[i][1])]] for i in range(len(TERMS)))
        ],
    )
