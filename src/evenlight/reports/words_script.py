"""What the page's script says: its phrases, in the language of the page."""

from __future__ import annotations

import json

from htpy import Element, script
from markupsafe import Markup

from evenlight.language import ENGLISH, spoken, tongue

PHRASES = (
    "Find a {noun}",
    "Contrast",
    "Previous",
    "Next",
    "All features",
    "{from} to {to} of {many}",
    "Nothing is called so",
    "{places}, or computed from there",
    "Row by row: Enter, then the arrow keys",
)
"""As they stand in page.js, which puts the values in their places; there, "Feature" is a noun."""


def said() -> dict[str, str]:
    """Each phrase of the script, and what the language of the page says in its place.

    >>> said()["Next"]
    'Next'
    """
    return {phrase: spoken(PHRASES[i]) for i, phrase in enumerate(PHRASES)}


def phrases() -> Element | None:
    """The phrases as data for the script; nothing on a page in English, which the script speaks."""
    if tongue() == ENGLISH:
        return None
    told = json.dumps(said(), ensure_ascii=False).replace("<", "\\u003c")
    return script(type="application/json", id="words")[Markup(told)]
