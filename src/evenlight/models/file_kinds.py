"""Which kind of file a model is in: its ending and its content must say the same.

A file that calls itself one thing and is another, or is two at once, is read by nobody: programs
differ in which of the two they see.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from evenlight.errors import ModelError, Refused

Kind = Literal["safetensors", "state dict", "onnx", "skops", "pickle"]

PICKLED = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".cloudpickle", ".dill")
"""Endings of files that may hold a pickle."""

ENDINGS: dict[str, Kind] = {".safetensors": "safetensors", ".onnx": "onnx", ".skops": "skops"}
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How gzip, bzip2, xz and zlib begin, in which joblib packs its pickles."""


def kind_of(path: Path) -> Kind:
    """The kind of a model's file, from its first bytes and its ending.

    Raises
    ------
    ModelError
        for no file, an empty one, or one of no known kind.
    Refused
        for a file whose ending and content differ, or that can be read as two kinds.
    """
    if not path.is_file():
        raise ModelError(f"there is no file {path.name!r}")
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise ModelError(f"{path.name} is empty")
    named = ENDINGS.get(path.suffix.lower())
    seen = _seen(path, start)
    if seen in ("pickle", "state dict"):
        return seen
    if named is not None and (seen is None or seen == named):
        _alone(path, start, named)
        return named
    if seen is not None and named is not None:
        raise Refused(f"{path.name} ends as {named} does and holds {seen}; ask whoever made it")
    if seen is None and path.suffix.lower() in PICKLED:
        return "pickle"  # the oldest pickles begin like any text
    known = ", ".join((*ENDINGS, *PICKLED))
    raise ModelError(
        f"{path.name} is no file of a model that is known here"
        + (f" by this ending (it holds {seen})" if seen else "")
        + f"; known endings: {known}"
    )


def _seen(path: Path, start: bytes) -> Kind | None:
    """What the content says, None where it says nothing.

    The length of a safetensors header may look like the beginning of anything; under its own ending
    it is read as that, by a reader that runs nothing.
    """
    tensors = start[8:9] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size
    if tensors and ENDINGS.get(path.suffix.lower()) == "safetensors":
        return "safetensors"
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if start[:2] == b"PK":
        return _of_zip(path)
    if start[:1] == b"\x80" or start.startswith(PACKED):
        return "pickle"
    return "safetensors" if tensors else None


def _of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise ModelError(
            f"{path.name} begins as a zip file and cannot be opened as one: it was cut short or "
            "changed; copy it again"
        ) from None
    return "skops" if "schema.json" in names else "state dict"


def _alone(path: Path, start: bytes, named: Kind) -> None:
    """Raise Refused for a file that can be read as an archive as well."""
    if start[:2] != b"PK" and zipfile.is_zipfile(path):
        raise Refused(f"{path.name} is {named} and a zip file at once; ask whoever made it")
