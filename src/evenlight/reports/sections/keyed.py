"""The keys under which the records of one kind have their pictures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Record = TypeVar("Record")


def keyed(label: str, records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each record with its key: F1, F1-2, F1-3.

    >>> list(keyed("F1", ["race", "sex"]))
    [('F1', 'race'), ('F1-2', 'sex')]
    """
    for i, record in enumerate(records, start=1):
        yield (label if i == 1 else f"{label}-{i}"), record
