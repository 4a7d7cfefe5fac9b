"""Models from files, without ever running code that a file brings along."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor, nn

from evenlight.data.coefficients import CoefficientTable, Link
from evenlight.errors import ModelError, Refused
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.apart import opened_apart
from evenlight.models.file_kinds import Kind, kind_of
from evenlight.models.onnx_file import read_onnx
from evenlight.models.skops_file import read_skops
from evenlight.models.state_dicts import read_safetensors, read_state_dict, strange
from evenlight.models.trust import Trust, Trusted, digest_of, trust_of

_CONVERT = (
    "it could run any code. Where you trust it, convert it once: "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors') for a network, "
    "skops.io.dump(model, 'model.skops') for an estimator; or trust this one file by its content "
    "(--trust sha256:DIGEST), and it is opened in a process of its own"
)
_BUILDER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def load_table(path: str | Path, link: Link = "identity") -> CoefficientTable:
    """A CSV with columns term and weight as a formula."""
    return CoefficientTable.from_csv(path, link=link)


def read_model(
    path: str | Path,
    *,
    builder: str | None = None,
    output: str | None = None,
    trust: Trusted = None,
    **declared: Any,
) -> Adapted:
    """A model from a file: weights with their builder, a graph, or an estimator.

    Parameters
    ----------
    path
        .safetensors, or a state dict of `torch.save`, of the network that `builder` makes; .onnx;
        .skops. A pickle only if its content is trusted: it is opened in a process of its own that
        has limits, and comes back as weights or as an estimator without code.
    builder
        "module:function" of installed code; needs trust="import".
    output
        of a graph with several: the name of the one that is audited.
    trust
        "import", "sha256:" and the digest of a pickle, or a list of these.
    **declared
        link, gives, targets, features, unit, as in `adapt`.

    Raises
    ------
    Refused
        for a file that could run code or read other files, before a byte of it is run.
    ModelError
        for a file that is no model, or a model that does not fit.
    """
    file, allowed = Path(path), trust_of(trust)
    kind = kind_of(file)
    if builder is not None:
        return adapt(load_network(file, builder=builder, trust=trust), **declared)
    if kind == "onnx":
        function, named = read_onnx(file, output=output)
        gives = {"gives": "response"} if "prob" in named.lower() else {}
        return _noted(adapt(function, **{**gives, **declared}), _told(kind, file))
    if kind == "skops":
        trusted = digest_of(file) in allowed.digests
        return _noted(adapt(read_skops(file, trusted=trusted), **declared), _told(kind, file))
    if kind == "pickle":
        return _noted(adapt(_estimator(file, allowed), **declared), _told(kind, file))
    raise ModelError('weights need their architecture: builder="module:function"')


def load_network(
    path: str | Path, *, builder: str | None = None, trust: Trusted = None
) -> nn.Module:
    """The network that `builder` makes, with the weights of the file.

    Parameters
    ----------
    path
        safetensors, or a state dict that `torch.save` wrote; a whole module, a checkpoint or
        another pickle only if its content is trusted, of which the tensors are taken.
    builder
        "module:function" of installed code; the function takes nothing and gives a torch module.
    trust
        must hold "import", because the builder is imported.

    Raises
    ------
    Refused
        for a file that could run code, before a byte of it is unpickled, and for a builder
        without `trust="import"`.
    ModelError
        for a file that is no weights file, or weights that do not fit.
    """
    file, allowed = Path(path), trust_of(trust)
    weights = _tensors(file, kind_of(file), allowed)
    module = _build(builder, allowed)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"the weights of {file.name} do not fit {builder}: {error}") from error
    return module


def _tensors(file: Path, kind: Kind, allowed: Trust) -> dict[str, Tensor]:
    if kind == "safetensors":
        return read_safetensors(file)
    if kind in ("onnx", "skops"):
        raise ModelError(f"{file.name} is a whole model; leave the builder out")
    why = "a bare pickle" if kind == "pickle" else strange(file)
    weights = None if why else read_state_dict(file)
    if weights is not None:
        return weights
    with TemporaryDirectory(prefix="evenlight-") as place:
        _unpickled(file, allowed, why or "it holds more than tensors", "weights", Path(place))
        return read_safetensors(Path(place) / "model.safetensors")


def _estimator(file: Path, allowed: Trust) -> object:
    """The estimator of a pickle that is trusted by its content."""
    with TemporaryDirectory(prefix="evenlight-") as place:
        _unpickled(file, allowed, "a bare pickle", "estimator", Path(place))
        return read_skops(Path(place) / "model.skops", trusted=True, name=file.name)


def _unpickled(file: Path, allowed: Trust, why: str, wanted: str, folder: Path) -> None:
    """Open a trusted pickle apart; Refused for another, ModelError where it holds something else.

    What it made lies in `folder` then, without code.
    """
    if digest_of(file) not in allowed.digests:
        raise Refused(f"{file.name} is not a plain state dict ({why}): {_CONVERT}")
    found = opened_apart("pickle", file, folder)
    if found["made"] == wanted:
        return
    if found["made"] == "weights":
        raise ModelError('weights need their architecture: builder="module:function"')
    remedy = "; leave the builder out" if found["made"] else "; load it yourself and pass it"
    raise ModelError(f"{file.name} holds a {found['type']}, and {wanted} were wanted{remedy}")


def _told(kind: Kind, file: Path) -> str:
    """What the page says of the file that a model came from."""
    how = {
        "onnx": "an ONNX graph without data elsewhere, computed by onnxruntime",
        "skops": "a skops file, whose types were held against a closed list",
        "pickle": (
            "a pickle that was trusted by its digest; it was opened in a process of its own with "
            "limits, and handed over without code"
        ),
    }[kind]
    return f"The model was read from {how} (sha256 {digest_of(file)})."


def _noted(adapted: Adapted, note: str) -> Adapted:
    """The model with one more note, also once it is settled on data."""
    settle = adapted.settle
    if settle is None:
        return replace(adapted, notes=(*adapted.notes, note))
    return replace(
        adapted,
        notes=(*adapted.notes, note),
        settle=lambda x, names, outcome: _noted(settle(x, names, outcome), note),
    )


def _build(builder: str | None, allowed: Trust) -> nn.Module:
    if builder is None:
        raise ModelError('weights need their architecture: builder="module:function"')
    if not _BUILDER.fullmatch(builder):
        raise ModelError(f'builder {builder!r}; wanted "module:function"')
    if not allowed.imports:
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
