"""Where the parts of an audit are kept; here nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from evenlight.explainers.tiled import Tiles

T = TypeVar("T")


class Keep:
    """Every part is made when it is asked for, and nothing is kept.

    >>> Keep()("sum", int, lambda: 1 + 1)
    2
    """

    seconds: float = 0.0
    """What was kept before had taken, in all."""

    def __call__(self, name: str, kind: type[T], make: Callable[[], T]) -> T:
        """The part `name`, a record of type `kind`, as `make` makes it."""
        return make()

    def ahead(self, parts: Iterable[tuple[str, Callable[[], Any]]]) -> None:
        """Told of parts that need nothing of each other, before each is asked for."""

    def rows(self, name: str) -> Tiles | None:
        """What keeps the blocks of rows of the part `name`; None where nothing does."""
        return None
