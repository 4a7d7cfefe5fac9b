"""Tensors from files: safetensors, and state dicts whose pickle is first read as text."""

from __future__ import annotations

import pickletools
import re
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from evenlight.data.archives import STEP, check_zip
from evenlight.errors import ModelError

MOST_TEXT = 2**26
"""Bytes of the pickle of a state dict, at most: it holds names and shapes, no numbers."""

MOST_TENSORS = 2**40
"""Bytes of all tensors of a file, at most; torch stores them unpacked, so the file has as many."""

_ALLOWED = re.compile(
    r"collections OrderedDict|torch (\w+Storage|Size|\w*float\d*|\w*int\d*|bool)|"
    r"torch\._utils _rebuild_(tensor_v2|parameter)|torch\.serialization _get_layout"
)
_NEVER = ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4")


def read_safetensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; ModelError where its head and its length do not fit."""
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ModelError(f"{file.name} is no safetensors file: {error}") from error


def strange(file: Path) -> str:
    """What in a file of `torch.save` is not a state dict's; "" if nothing is. Nothing is run.

    Raises Refused for one that is packed, or whose members harm who reads them.
    """
    members = check_zip(file, most=MOST_TENSORS)
    if any(one.compress_type != zipfile.ZIP_STORED for one in members):
        return "it is packed, as torch.save never does"
    pickles = [one for one in members if one.filename.endswith(".pkl")]
    if len(pickles) != 1 or not pickles[0].filename.endswith("/data.pkl"):
        return f"it holds {[one.filename for one in pickles[:3]]}"
    if pickles[0].file_size > MOST_TEXT:
        return f"its pickle has {pickles[0].file_size} bytes"
    return _named(_read(file, pickles[0]))


def _read(file: Path, member: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(member)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ModelError(f"{file.name} was cut short or changed ({error}); copy it again") from None


def _whole(file: Path) -> None:
    """Raise ModelError where a member is not what was written, by the checksums that it has."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in (one for one in archive.infolist() if one.CRC):
                with archive.open(member) as stream:
                    while stream.read(STEP):
                        pass
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ModelError(f"{file.name} was cut short or changed ({error}); copy it again") from None


def _named(content: bytes) -> str:
    """The first thing in a pickle that is no tensor, by its operations."""
    try:
        for operation, value, _ in pickletools.genops(content):
            if operation.name in _NEVER:
                return f"it uses {operation.name}"
            if operation.name == "GLOBAL" and not _ALLOWED.fullmatch(str(value)):
                return f"it names {value}"
    except (ValueError, UnicodeDecodeError, IndexError) as error:
        return f"its pickle is broken: {error}"
    return ""


def read_state_dict(file: Path) -> dict[str, Tensor] | None:
    """The tensors of a file that is not `strange`; None where it holds more than tensors.

    ModelError for a file that changed since it was written, by one bit of a weight as well.
    """
    _whole(file)
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch tells a broken file by many kinds of errors
        raise ModelError(
            f"{file.name} cannot be read by torch ({type(error).__name__}): it was cut short or "
            "changed; copy it again"
        ) from None
    if not isinstance(loaded, dict) or not all(isinstance(v, Tensor) for v in loaded.values()):
        return None
    return loaded
