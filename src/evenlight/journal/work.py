"""The folder of one run: locked, swept, and of one manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from evenlight import files
from evenlight.errors import InputError
from evenlight.journal.crew import Crew
from evenlight.journal.kept import Journal
from evenlight.journal.locks import locked, owner
from evenlight.journal.manifests import differences

MANIFEST = "manifest.json"
LOCK = "lock"
README = "READ-ME.txt"

TOLD = (
    "Work of an audit that is not finished. It holds data of single people: keep it as you keep\n"
    "theirs, and delete it once it is of no use. The same `evenlight run` goes on from here.\n"
)

LEAST = 64 * 2**20
"""Bytes that are wanted free beside what is foreseen."""


@dataclass(slots=True)
class Work:
    """A folder (mode 0700) in which one run at a time works; used in a `with`.

    Raises InputError where nothing can be written, or another run works in it. The lock is the
    kernel's: it goes with its process, however that ends. Parts of files that a killed process
    left are swept. A helper has `joined` the run of another process, which holds the lock and has
    a `crew` that makes the parts.
    """

    folder: Path
    joined: bool = False
    crew: Crew | None = None
    _lock: IO[str] | None = None

    def __enter__(self) -> Self:
        if not self.joined:
            self.folder = files.folder(self.folder)
            self._lock = _locked(self.folder)
            files.sweep(self.folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self.crew is not None:
            self.crew.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def begin(self, manifest: Mapping[str, str], *, wanted: int = 0) -> Journal:
        """The journal of a run with this manifest; `wanted` bytes are foreseen to be written.

        Raises InputError where the folder holds work of another manifest, with what differs, and
        where the disk has too little space.
        """
        held = self._held()
        if self.joined and held != dict(manifest):
            raise InputError("a helper found work of another manifest")
        if held is None:
            for path in self.folder.glob("*.tile"):
                path.unlink()
            _enough(self.folder, wanted)
            files.write(self.folder / README, TOLD)
            files.write(self.folder / MANIFEST, json.dumps(dict(manifest), indent=1) + "\n")
        elif apart := differences(held, manifest):
            raise InputError(
                f"{self.folder.name} holds work that was begun otherwise ({'; '.join(apart)}); go "
                f"on with what it was begun with, or delete {self.folder.name} to begin anew"
            )
        if self.crew is not None:
            self.crew.start(self.folder)
        return Journal(self.folder, shared=self.joined or self.crew is not None, crew=self.crew)

    def remove(self) -> None:
        """Delete the work: the manifest first, so that a rest is no work that can be taken up.

        Helpers end before, or one would write where nothing is to be left.
        """
        if self.crew is not None:
            self.crew.stop()
        (self.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _held(self) -> dict[str, str] | None:
        path = self.folder / MANIFEST
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (json.JSONDecodeError, UnicodeDecodeError):
            found = None
        if not isinstance(found, dict):
            raise InputError(
                f"the manifest of {self.folder.name} cannot be read; delete {self.folder.name} to "
                "begin anew"
            )
        return found


def _locked(folder: Path) -> IO[str]:
    """The lock of a folder, held until it is closed; InputError where another process holds it."""
    try:
        file = locked(folder / LOCK)
    except OSError as error:
        raise InputError(
            f"{folder.name} cannot be locked ({error.strerror}), so that two runs could write "
            "there at once; choose a folder on a local disk"
        ) from None
    if file is None:
        raise InputError(
            f"another run (process {owner(folder / LOCK) or 'unknown'}) works in {folder.name}; "
            "wait for it, or choose another --out"
        )
    return file


def _enough(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + LEAST:
        raise InputError(
            f"the disk of {folder.name} has {free / 2**20:,.0f} MB free, and this run is foreseen "
            f"to keep {(wanted + LEAST) / 2**20:,.0f} MB of work there; make space, or choose an "
            "--out on another disk, beside which its work lies; in Python, audit(work=) names "
            "the folder of the work, and keeps nothing without it"
        )
