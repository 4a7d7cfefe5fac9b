"""What the script writes is in the language of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import pytest

from evenlight import reports
from evenlight.language import speaking
from evenlight.reports.page import js
from evenlight.reports.words_script import PHRASES
from tests.browser import browser, opened
from tests.pseudo import Pseudo, wide
from tests.wide_audit import wide_audit


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """One browser for all tests of this file."""
    with browser() as made:
        yield made


class Ending(NullTranslations):
    """Sentences that would end the script's words, were they taken as they are."""

    def gettext(self, message: str) -> str:
        """The sentence after what ends a script."""
        return f"</script><b>{message}"


def _built(language: NullTranslations, **options: Any) -> str:
    with speaking("en-x-wide", language):
        return reports.build(wide_audit(120, 3), **options)


def test_every_phrase_of_the_script_is_one_of_the_catalogue() -> None:
    """What page.js asks to have spoken is what stands in the table, no more and no less."""
    asked = re.findall(r'\bt\("([^"]+)"', js())
    assert sorted(asked) == sorted(PHRASES)


@pytest.fixture(scope="module")
def page() -> str:
    """A page of 120 features in the pseudo language."""
    return _built(Pseudo())


def test_only_a_page_in_another_language_holds_the_words_of_the_script(page: str) -> None:
    """An English page and one without script hold none; the other holds each phrase."""
    assert 'id="words"' not in reports.build(wide_audit(120, 3))
    assert 'id="words"' not in _built(Pseudo(), static=True)
    assert all(wide(phrase) in page for phrase in PHRASES)


def test_the_script_speaks_the_language_of_the_page(chrome: Any, page: str, tmp_path: Path) -> None:
    """Search box, paging, their state and the line of places: each in the page's words."""
    with opened(chrome, page, tmp_path) as (tab, wrong):
        body, state = tab.locator(".all tbody tr"), tab.locator(".all output")
        tab.get_by_role("button", name=wide("Next")).click()
        assert state.inner_text() == wide("51 to 100 of 120")
        tools = tab.get_by_role("group", name=wide("All features"))
        search = tools.get_by_role("searchbox")
        assert tools.locator("label").first.inner_text().startswith(wide("Find a "))
        assert tools.get_by_label(wide("Contrast")).locator("option").count() > 1
        search.fill("ensg00000007919")
        assert (body.count(), state.inner_text()) == (1, wide("1 to 1 of 1"))
        search.fill("nobody")
        assert state.inner_text() == wide("Nothing is called so")
        tab.locator("[data-of] [data-ref], [data-of][data-ref]").first.click()
        assert tab.locator(".where").inner_text().endswith(wide(", or computed from there"))
        assert wrong == []


def test_what_is_spoken_ends_no_script(chrome: Any, tmp_path: Path) -> None:
    """A translation that would end a script is text like any other."""
    with opened(chrome, _built(Ending()), tmp_path) as (tab, wrong):
        told = tab.get_by_role("button", name="Next").inner_text()
        assert told == "</script><b>Next"
        assert wrong == []
