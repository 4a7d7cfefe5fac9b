"""ONNX graphs without data elsewhere, as functions of x; onnxruntime computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from evenlight.arrays import Float, Values
from evenlight.data.nearest import hint
from evenlight.errors import ModelError, Refused
from evenlight.models.apart import opened_apart
from evenlight.models.optional import needed

INPUTS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
LARGEST = 2**31 - 1
"""Bytes of a protobuf message, at most; larger graphs keep their data elsewhere."""

Function = Callable[[Float], Values]


def read_onnx(file: Path, *, output: str | None = None) -> tuple[Function, str]:
    """The graph of a file as a function of x (n, *s), and the name of the output that it gives.

    `output` names it where the graph has several; of a classifier's label and probabilities the
    probabilities are taken. The file is first opened in a process of its own, and run there once.

    Raises
    ------
    Refused
        for a graph whose data lie in other files.
    ModelError
        for a file that is no ONNX graph, several inputs, or outputs that are no array of numbers.
    """
    if file.stat().st_size > LARGEST:
        raise ModelError(f"{file.name} is larger than {LARGEST} bytes, as no ONNX graph is")
    runtime = needed("onnxruntime", reads="an ONNX file", extra="onnx")
    needed("onnx", reads="an ONNX file", extra="onnx")
    content = file.read_bytes()
    with TemporaryDirectory(prefix="evenlight-") as place:
        copy = Path(place) / file.name
        copy.write_bytes(content)
        found = opened_apart("onnx", copy, Path(place))
    if found["elsewhere"]:
        raise Refused(
            f"{file.name} keeps {found['elsewhere']} tensors in other files, which could be any "
            "file of this machine. Where you trust it, write it again as one file: "
            "onnx.save_model(onnx.load('model.onnx'), 'whole.onnx', save_as_external_data=False)"
        )
    return _function(runtime.InferenceSession(content, providers=["CPUExecutionProvider"]),
                     file, output)  # fmt: skip


def _function(session: Any, file: Path, output: str | None) -> tuple[Function, str]:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in INPUTS:
        told = ", ".join(f"{one.name} ({one.type})" for one in inputs[:6])
        raise ModelError(f"{file.name} takes {told}; wanted one tensor x (n, *s) of numbers")
    taken, kind = inputs[0], INPUTS[inputs[0].type]
    if taken.shape and isinstance(taken.shape[0], int):
        raise ModelError(
            f"{file.name} takes {taken.shape[0]} rows at a time; export it with a free first axis"
        )
    named = _output(session.get_outputs(), file, output)

    def score(x: Float) -> Values:
        wanted = [n for n in taken.shape[1:] if isinstance(n, int)]
        if len(taken.shape) == x.ndim and len(wanted) == x.ndim - 1 and wanted != [*x.shape[1:]]:
            raise ModelError(f"{file.name} takes rows of shape {wanted}, not {list(x.shape[1:])}")
        made: Values = session.run([named], {taken.name: np.ascontiguousarray(x, dtype=kind)})[0]
        return made

    score.__name__ = file.stem
    return score, named


def _output(outputs: Sequence[Any], file: Path, asked: str | None) -> str:
    """The name of the output that is audited."""
    numbers = [str(one.name) for one in outputs if one.type in ("tensor(float)", "tensor(double)")]
    if any(one.type.startswith("seq(map") for one in outputs) and asked is None:
        raise ModelError(
            f"{file.name} gives a list of tables, not an array; export it with "
            "options={'zipmap': False} (skl2onnx)"
        )
    if asked is not None:
        known = [one.name for one in outputs]
        if asked not in known:
            raise ModelError(f"{file.name} has no output {asked!r}{hint(asked, known)}")
        return asked
    if len(numbers) == 1:
        return numbers[0]
    told = ", ".join(f"{one.name} ({one.type})" for one in outputs[:6])
    raise ModelError(f"{file.name} gives {told}; name the one that is audited with output=")
