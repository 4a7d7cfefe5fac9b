"""The figures speak the language of the page."""

from __future__ import annotations

from gettext import NullTranslations

from evenlight.language import speaking
from evenlight.reports.drawings import drawings
from tests.made_audit import audit
from tests.pseudo import Pseudo, wide


def test_each_catalogue_has_figures_of_its_own() -> None:
    """Of two catalogues of one language, each is what the figures are drawn with."""
    made = audit()
    with speaking("de", NullTranslations()):
        english = drawings(made)["F6"]
    with speaking("de", Pseudo()):
        other = drawings(made)["F6"]
    axis = "mean |attribution|, on the margin scale"
    assert (axis in english.svg, wide(axis) in english.svg) == (True, False)
    assert (axis in other.svg, wide(axis) in other.svg) == (False, True)
    assert english.caption != other.caption
