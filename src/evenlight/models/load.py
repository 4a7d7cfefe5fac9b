"""Models from files, without ever running code that a file brings along."""

from __future__ import annotations

import pickletools
import re
import zipfile
from importlib import import_module
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from evenlight.data.coefficients import CoefficientTable, Link
from evenlight.errors import ModelError, Refused

PICKLED = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt")
"""Endings of files that may hold a pickle."""

_CONVERT = (
    "it could run any code. Where you trust it, convert it once: "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
)
_ALLOWED = re.compile(
    r"collections OrderedDict|torch (\w+Storage|Size|\w*float\d*|\w*int\d*|bool)|"
    r"torch\._utils _rebuild_(tensor_v2|parameter)|torch\.serialization _get_layout"
)
_BUILDER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def load_table(path: str | Path, link: Link = "identity") -> CoefficientTable:
    """A CSV with columns term and weight as a formula."""
    return CoefficientTable.from_csv(path, link=link)


def load_network(
    path: str | Path, *, builder: str | None = None, trust: str | None = None
) -> nn.Module:
    """The network that `builder` makes, with the weights of the file.

    Parameters
    ----------
    path
        safetensors, or a state dict that `torch.save` wrote.
    builder
        "module:function" of installed code; the function takes nothing and gives a torch module.
    trust
        must be "import", because the builder is imported.

    Raises
    ------
    Refused
        for a file that could run code, before a byte of it is unpickled, and for a builder
        without `trust="import"`.
    ModelError
        for a file that is no weights file, or weights that do not fit.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"there is no file {file.name!r}")
    weights = _state_dict(file) if _pickled(file) else _tensors(file)
    module = _build(builder, trust)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"the weights of {file.name} do not fit {builder}: {error}") from error
    return module


def _pickled(file: Path) -> bool:
    with file.open("rb") as stream:
        start = stream.read(2)
    return file.suffix.lower() in PICKLED or start in (b"PK", b"\x80\x02", b"\x80\x04", b"\x80\x05")


def _tensors(file: Path) -> dict[str, Tensor]:
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ModelError(f"{file.name} is no safetensors file: {error}") from error


def _state_dict(file: Path) -> dict[str, Tensor]:
    """The tensors of a state dict; its pickle is read as text first and may name tensors only."""
    strange = _strange(file)
    if strange:
        raise Refused(f"{file.name} is not a plain state dict ({strange}): {_CONVERT}")
    loaded = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise Refused(f"{file.name} holds more than tensors: {_CONVERT}")
    return loaded


def _strange(file: Path) -> str:
    """What in the file is not a state dict's; empty if nothing is. Nothing is executed."""
    if not zipfile.is_zipfile(file):
        return "a bare pickle"
    with zipfile.ZipFile(file) as archive:
        pickles = [name for name in archive.namelist() if name.endswith(".pkl")]
        if len(pickles) != 1 or not pickles[0].endswith("/data.pkl"):
            return f"it holds {pickles[:3]}"
        content = archive.read(pickles[0])
    for operation, value, _ in pickletools.genops(content):
        if operation.name in ("STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1"):
            return f"it uses {operation.name}"
        if operation.name == "GLOBAL" and not _ALLOWED.fullmatch(str(value)):
            return f"it names {value}"
    return ""


def _build(builder: str | None, trust: str | None) -> nn.Module:
    if builder is None:
        raise ModelError('weights need their architecture: builder="module:function"')
    if not _BUILDER.fullmatch(builder):
        raise ModelError(f'builder {builder!r}; wanted "module:function"')
    if trust != "import":
        raise Refused(
            f'builder {builder!r} would be imported, which runs its code; say trust="import" '
            "(--trust import) if you trust it"
        )
    module, _, function = builder.partition(":")
    try:
        made = getattr(import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise ModelError(f"builder {builder!r} was not found: {error}") from error
    if not isinstance(made, nn.Module):
        raise ModelError(f"builder {builder!r} gave a {type(made).__name__}, no torch module")
    return made
