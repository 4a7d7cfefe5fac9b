"""The language of the page: English sentences, and what a catalogue says in their place.

The sentences in the code are English, and are the keys of the catalogue, as GNU gettext has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

ENGLISH = "en"

_CATALOGUE: ContextVar[tuple[str, NullTranslations]] = ContextVar("_CATALOGUE")
"""The language that is spoken (BCP 47) and its sentences, where it is not English."""


def spoken(sentence: str, /, **values: object) -> str:
    """The sentence in the language of the page, with `values` in its places.

    >>> spoken("{n} of {all} rows", n=3, all=50)
    '3 of 50 rows'
    """
    chosen = _CATALOGUE.get(None)
    told = chosen[1].gettext(sentence) if chosen and sentence else sentence
    return told.format(**values) if values else told


def plural(number: float, one: str, several: str, /, **values: object) -> str:
    """The sentence for one, or for several, as the language of the page counts.

    >>> plural(1, "{n} group", "{n} groups", n=1), plural(0, "{n} group", "{n} groups", n=0)
    ('1 group', '0 groups')
    """
    chosen = _CATALOGUE.get(None)
    if chosen:
        told = chosen[1].ngettext(one, several, int(number))
    else:
        told = one if number == 1 else several
    return told.format(**values) if values else told


def tongue() -> str:
    """The language that is spoken, as the page's `lang` has it (BCP 47).

    >>> tongue()
    'en'
    """
    chosen = _CATALOGUE.get(None)
    return chosen[0] if chosen else ENGLISH


def spoken_from() -> NullTranslations | None:
    """What is spoken from; None where that is English."""
    chosen = _CATALOGUE.get(None)
    return chosen[1] if chosen else None


@contextmanager
def speaking(language: str, sentences: NullTranslations) -> Iterator[None]:
    """Speak from these sentences; those that they lack are said in English.

    >>> with speaking("de", NullTranslations()):
    ...     tongue()
    'de'
    """
    token = _CATALOGUE.set((language, sentences))
    try:
        yield
    finally:
        _CATALOGUE.reset(token)
