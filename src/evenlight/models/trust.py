"""What a user trusts, said file by file: one file by its content, or code that is installed.

Trust is never given to a name, a folder or a machine. It is an argument of the call, and there is
no prompt and no environment variable that would give it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from evenlight.errors import InputError

Trusted = str | Sequence[str] | None
"""How trust is said: "import", "sha256:" and a digest, several of these, or nothing."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Trust:
    """`imports`: the builder that is named may be imported; `digests`: sha256 of trusted files."""

    imports: bool = False
    digests: frozenset[str] = frozenset()


def trust_of(said: Trusted) -> Trust:
    """What was said, as a record; InputError for any other word.

    >>> trust_of("import")
    Trust(imports=True, digests=frozenset())
    >>> len(trust_of(["import", "sha256:" + 64 * "0"]).digests)
    1
    """
    words = () if said is None else (said,) if isinstance(said, str) else tuple(said)
    found = {word: _DIGEST.fullmatch(word.strip().lower()) for word in words}
    for word, match in found.items():
        if match is None and word != "import":
            raise InputError(
                f'trust {word[:80]!r}; wanted "import" (the builder is imported) or "sha256:" and '
                "the 64 letters and digits of the file, as sha256sum prints them"
            )
    return Trust("import" in words, frozenset(m[1] for m in found.values() if m))


def digest_of(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
