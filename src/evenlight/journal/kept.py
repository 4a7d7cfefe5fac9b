"""The journal: what is finished is kept as tiles, and read in place of being made again."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from evenlight.arrays import Values
from evenlight.errors import EvenlightWarning, InputError, NoVerdict
from evenlight.explainers.tiled import Tiles
from evenlight.journal import tiles
from evenlight.journal.crew import CLAIM, Crew
from evenlight.journal.keep import Keep
from evenlight.journal.locks import locked
from evenlight.journal.packing import RECORD, pack, unpack

T = TypeVar("T")

BESIDE = "#beside"
"""The array of a tile that holds seconds and warnings, as JSON does not mix with the record's."""

WAIT = 0.02
"""Seconds after which is looked again for what another process makes."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a tile holds beside its record: how long it took, and what was warned of."""

    seconds: float
    warned: tuple[str, ...]


@dataclass(slots=True)
class Journal(Keep):
    """Parts of one run, kept in `folder`.

    What a run goes on with is always what was written and read back, so that a run that was taken
    up and one that was never stopped go on with the same bits. `made` and `taken` name the tiles
    that this process made and those that it found, `seconds` is the time that those had taken.

    A `shared` journal is written by several processes: each makes what no other has claimed. Where
    there is a `crew` it makes the parts, and this process takes them.
    """

    folder: Path
    made: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    shared: bool = False
    crew: Crew | None = None

    def __call__(self, name: str, kind: type[T], make: Callable[[], T]) -> T:
        """The part `name`, as it was kept, or as `make` makes it now; its warnings come again.

        Raises NoVerdict where it cannot be kept, as on a full disk: the run can be taken up.
        """
        held = tiles.read(self._path(name)) if not self.shared else self._awaited(name, make)
        found = self._make(name, make) if held is None else held
        beside = unpack(Beside, {RECORD: found[BESIDE]})
        if held is not None:
            self.taken.append(name)
            self.seconds += beside.seconds
        for words in beside.warned:
            warnings.warn(words, EvenlightWarning, stacklevel=2)
        return unpack(kind, found)

    def held(self, name: str, kind: type[T]) -> T | None:
        """The part `name` as it was kept, None where it is not."""
        found = tiles.read(self._path(name))
        return None if found is None else unpack(kind, found)

    def ahead(self, parts: Iterable[tuple[str, Callable[[], Any]]]) -> None:
        """Make those of the parts that nobody has claimed; what cannot be had is asked again later.

        Parts that need nothing of each other are made by several processes at once.
        """
        if not self.shared or self.crew is not None:
            return
        for name, make in parts:
            if not self._path(name).exists():
                with suppress(InputError):
                    self._claimed(name, make)

    def _awaited(self, name: str, make: Callable[[], Any]) -> dict[str, Values] | None:
        """A part as another process made it; None where it is ours to make, of which no one is."""
        while True:
            held = tiles.read(self._path(name))
            if held is not None:
                return held
            if self.crew is None:
                self._claimed(name, make)
            elif not self.crew.busy():
                return tiles.read(self._path(name))
            if tiles.read(self._path(name)) is None:
                time.sleep(WAIT)

    def _claimed(self, name: str, make: Callable[[], Any]) -> None:
        """Make a part if no other process does."""
        claim = self.folder / f"{name}{CLAIM}"
        lock = locked(claim)
        if lock is None:
            return
        try:
            if tiles.read(self._path(name)) is None:
                self._make(name, make)
        finally:
            claim.unlink(missing_ok=True)
            lock.close()

    def rows(self, name: str) -> Tiles:
        """What keeps the blocks of rows of the part `name`."""

        def block(key: str, make: Callable[[], Mapping[str, Values]]) -> Mapping[str, Values]:
            own = f"{name}.{key}"
            found = tiles.read(self._path(own))
            if found is not None:
                self.taken.append(own)
                return found
            return self._commit(own, make())

        return block

    def drop(self, name: str) -> None:
        """Blocks of rows of a part that is kept whole are kept no longer."""
        for path in self.folder.glob(f"{name}.*.tile"):
            path.unlink(missing_ok=True)

    def _make(self, name: str, make: Callable[[], Any]) -> Mapping[str, Values]:
        begun = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            value = make()
        told = [str(w.message) for w in caught if issubclass(w.category, EvenlightWarning)]
        for other in caught:
            if not issubclass(other.category, EvenlightWarning):
                warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
        beside = Beside(time.perf_counter() - begun, tuple(dict.fromkeys(told)))
        return self._commit(name, {**pack(value), BESIDE: pack(beside)[RECORD]})

    def _commit(self, name: str, arrays: Mapping[str, Values]) -> Mapping[str, Values]:
        """Keep a tile, and give what is read of it."""
        try:
            tiles.commit(self._path(name), arrays)
        except OSError as error:
            raise NoVerdict(f"{name} could not be kept: {error.strerror or error}") from error
        self.made.append(name)
        found = tiles.read(self._path(name))
        if found is None:
            raise NoVerdict(f"{name} was kept, and cannot be read back; look at the disk")
        return found

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.tile"
