"""Files that are opened in a process of its own, which has limits and hands back no code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from evenlight.errors import ModelError, Refused
from evenlight.models.trust import digest_of

Task = Literal["pickle", "skops", "onnx"]

CPU = 120
"""Seconds of computing that a file may take to be read."""

PATIENCE = 600
"""Seconds by the clock."""

MEMORY = 4 * 2**30
"""Bytes that a file may take beyond those of the libraries, and four times its own length."""

KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "VIRTUAL_ENV")
"""Variables of the environment that the process sees: no key and no token is among them."""

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}


def opened_apart(task: Task, file: Path, folder: Path) -> Mapping[str, Any]:
    """What a process of its own found in a file, and has written into `folder`.

    Raises
    ------
    Refused
        where the file tried to write, to start a program or to call somebody, or took more memory
        or time than it may.
    ModelError
        where it cannot be read.
    """
    script = Path(__file__).with_name("apart_child.py")
    memory = MEMORY + 4 * file.stat().st_size
    command = [
        sys.executable, "-P", "-B", str(script), task, str(file.resolve()), str(folder),
        digest_of(file), str(CPU), str(memory),
    ]  # fmt: skip
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        done = subprocess.run(
            command, cwd=folder, env={**kept, **ONE_THREAD}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused(f"{file.name} took more than {PATIENCE} s to be read") from None
    return _found(file, folder / "told.json", done)


def _found(file: Path, told: Path, done: subprocess.CompletedProcess[bytes]) -> Mapping[str, Any]:
    """What was told of a file, or the error that it means."""
    if not told.is_file():
        if done.returncode < 0:
            raise Refused(
                f"the process that read {file.name} was stopped by the system (signal "
                f"{-done.returncode}): it takes more than {CPU} s, or breaks its reader"
            )
        raise ModelError(f"{file.name} cannot be read: {_last(done.stderr)}")
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    if "denied" in found:
        raise Refused(
            f"{file.name} tried, while it was read, to do what no model does ({found['denied']}); "
            "nothing of it was kept"
        )
    if found.get("error") == "MemoryError":
        raise Refused(f"{file.name} takes more than {MEMORY >> 30} GiB of memory to be read")
    if found.get("error") in ("ModuleNotFoundError", "ImportError"):
        raise ModelError(f"to read {file.name} a library is missing: {found['text']}")
    if "error" in found:
        raise ModelError(f"{file.name} cannot be read: {found['error']}: {found['text']}")
    return found


def _last(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "its reader ended without a word"
