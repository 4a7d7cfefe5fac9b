"""Names inside Markdown: shown as they are, never taken for markup."""

from __future__ import annotations

import re

from evenlight.data.shown import visible

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&$])")


def marked(text: object) -> str:
    r"""A text as Markdown that shows it, with hidden characters spelled out.

    >>> print(marked("[x]"))
    \[x\]
    """
    return _MARKUP.sub(r"\\\1", visible(text))
