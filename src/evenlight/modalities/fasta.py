"""FASTA files: names and sequences as text."""

from __future__ import annotations

import gzip
from pathlib import Path

from evenlight.data.archives import check_packed
from evenlight.errors import CohortError, InputError


def read_fasta(path: str | Path) -> tuple[tuple[str, ...], list[str]]:
    """The names and the sequences of a FASTA file, gzipped or not, in its order.

    A name is the first word after ">"; lines of a sequence are joined. Raises CohortError for a
    file that is not there, is no FASTA file, or holds a record without a name or a sequence.
    """
    place = Path(path)
    if not place.is_file():
        raise CohortError(f"there is no FASTA file {place.name!r}")
    with place.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        if zipped:
            check_packed(place, kind=".gz")
        with (gzip.open if zipped else open)(place, "rt", encoding="ascii") as lines:
            text = lines.read()
    except (UnicodeDecodeError, InputError) as error:
        raise CohortError(
            f"{place.name!r} is no FASTA file ({type(error).__name__}): wanted plain text, gzipped "
            "or not"
        ) from None
    return _records(text, place.name)


def _records(text: str, name: str) -> tuple[tuple[str, ...], list[str]]:
    before, *records = f"\n{text}".split("\n>")
    if before.strip() or not records:
        raise CohortError(f"{name!r} is no FASTA file: it does not start with '>'")
    names, sequences = [], []
    for record in records:
        head, _, body = record.partition("\n")
        names.append((head.split() or [""])[0])
        sequences.append("".join(body.split()))
    for what, held in {"name": names, "sequence": sequences}.items():
        empty = sum(not one for one in held)
        if empty:
            raise CohortError(f"{empty} of {len(held)} records of {name!r} have no {what}")
    return tuple(names), sequences
