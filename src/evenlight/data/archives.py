"""Packed files: what they claim to hold is looked at before anything of it is unpacked.

A few kilobytes can be packed so that they unpack to terabytes, to several files of one name, or to
places outside the folder that they are read in.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from evenlight.errors import InputError, Refused

MOST_MEMBERS = 100_000
MOST_BYTES = 4 * 2**30
MOST_RATIO = 100
"""Members of an archive, bytes when unpacked, and bytes unpacked for one that is packed."""

SMALL = 2**20
"""Bytes of a member below which its ratio tells nothing: text of one letter packs very well."""

FREE = 2**26
"""Bytes that a stream may unpack to whatever its own length."""

STEP = 2**20
"""Bytes that are unpacked at a time."""

STREAMS: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".gz": gzip.open,  # type: ignore[dict-item]
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
BUNDLES = (".tar", ".tgz", ".7z", ".rar")


def check_zip(path: Path, *, most: int = MOST_BYTES) -> tuple[ZipInfo, ...]:
    """The members of a zip file, none of which was unpacked.

    Raises
    ------
    Refused
        for more than `most` bytes in all, 100 times what is packed or 100,000 members; members that
        overlap, share a name, are locked, or whose name leads out of the folder.
    InputError
        for a file that is no zip file.
    """
    try:
        with ZipFile(path) as archive:
            members = tuple(archive.infolist())
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{path.name} is no zip file that can be read: {error}") from None
    strange = _size(members, path.stat().st_size, most) or _names(members)
    if strange:
        raise Refused(f"{path.name} is packed in a way that harms who unpacks it: {strange}")
    return members


def check_packed(path: Path, *, kind: str = "", most: int = MOST_BYTES) -> None:
    """Raise Refused where a table that pandas would unpack by its ending unpacks to a bomb.

    Plain files pass. A stream is unpacked once, a piece at a time, and kept nowhere. `kind` is the
    ending that the content has, where it is known.
    """
    ending = kind or path.suffix.lower()
    if ending == ".zip":
        check_zip(path, most=most)
    if ending in BUNDLES or ".tar." in path.name.lower():
        raise Refused(f"{path.name} is a bundle of files; unpack it and name the one that is meant")
    if ending in STREAMS:
        _stream(path, STREAMS[ending], most)


def _stream(path: Path, opened: Callable[[Path], IO[bytes]], most: int) -> None:
    packed = path.stat().st_size
    allowed = min(most, max(FREE, MOST_RATIO * packed))
    seen = 0
    try:
        with opened(path) as stream:
            while piece := stream.read(STEP):
                seen += len(piece)
                if seen > allowed:
                    raise Refused(
                        f"{path.name} ({packed} bytes) unpacks to more than {allowed} bytes; if it "
                        "is what it should be, unpack it and name the plain file"
                    )
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise InputError(f"{path.name} cannot be unpacked: {error}") from None


def _size(members: Sequence[ZipInfo], packed: int, most: int) -> str:
    """What is wrong with the sizes, "" if nothing is."""
    if len(members) > MOST_MEMBERS:
        return f"it has {len(members)} members"
    total = sum(one.file_size for one in members)
    if total > most:
        return f"it claims {total} bytes, of which {most} are allowed"
    if sum(one.compress_size for one in members) > packed:
        return "its members overlap"
    for one in members:
        if one.file_size > max(SMALL, MOST_RATIO * one.compress_size):
            return f"{one.file_size} bytes of a member are packed into {one.compress_size}"
    return ""


def _names(members: Sequence[ZipInfo]) -> str:
    """What is wrong with the names, "" if nothing is."""
    twice = [name for name, many in Counter(one.filename for one in members).items() if many > 1]
    if twice:
        return f"{len(twice)} names occur twice"
    if any(one.flag_bits & 1 for one in members):
        return "it is locked by a password"
    return next((f"a member leads to {_shown(o)}" for o in members if _leads_out(o.filename)), "")


def _shown(member: Any) -> str:
    return repr(member.filename[:60])


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name
