"""What runs in a process of its own: an untrusted file is opened here and nowhere else.

Started by `apart` as a script, with the standard library alone: python apart_child.py TASK FILE
FOLDER DIGEST CPU MEMORY. It limits itself, cuts the network where the system lets it, and refuses
whatever would write outside FOLDER or start a program. What it makes of FILE goes into FOLDER in a
form that holds no code, and what it found into FOLDER/told.json.

The limits are those of the system (memory, time, length of files, network); the refusals of Python
are a second fence that tells what a file tried, and no prison for code that was written to escape.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
"""Flags of unshare(2)."""

MOST_WRITTEN = 4 * 2**30
"""Bytes of one file that is written."""

WRITES = frozenset((
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.truncate", "os.kill", "os.killpg", "subprocess.Popen", "pty.spawn",
    "webbrowser.open", "urllib.Request",
))  # fmt: skip
"""What Python tells of (PEP 578) that no model needs while it is read."""

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first thing in a file of torch.save before version 1.6."""


BY_TORCH = (".pt", ".pth", ".bin", ".ckpt")
"""Endings that torch.save is given by custom."""


class Denied(BaseException):
    """What was tried; no handler of Exception swallows it."""


def limit(cpu: int) -> bool:
    """Limit this process; whether the network is cut."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        unshare = ctypes.CDLL(None, use_errno=True).unshare
        return bool(unshare(NEW_USER | NEW_NETWORK) == 0)
    return False


def limit_more(memory: int, task: str) -> None:
    """Let this process take `memory` bytes beyond what libraries have taken, and start nothing.

    Only onnxruntime needs threads of its own. The system does not hold root to this.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        if task != "onnx":
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def fence(folder: Path) -> None:
    """From now on nothing is written but below `folder`, no program started, no peer called."""
    inside = os.path.realpath(folder) + os.sep

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and _writes(args) and not _below(args[0], inside):
            raise Denied("write a file")
        if event in WRITES:
            raise Denied(event)
        if event.startswith(("socket.", "shutil.", "ftplib.", "smtplib.", "http.")):
            raise Denied(event)

    sys.addaudithook(watch)


def _writes(args: tuple[Any, ...]) -> bool:
    mode, flags = args[1], args[2]
    if isinstance(mode, str) and set(mode) & set("wax+"):
        return True
    changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return isinstance(flags, int) and bool(flags & changing)


def _below(path: Any, inside: str) -> bool:
    if isinstance(path, int):
        return True  # a descriptor that is open already
    return os.path.realpath(os.fsdecode(path)).startswith(inside)


def from_pickle(file: Path, folder: Path) -> dict[str, Any]:
    """Unpickle FILE, and write its tensors as safetensors, or an estimator as skops."""
    made = _unpickled(file)
    name = f"{type(made).__module__}.{type(made).__qualname__}"
    weights = _weights(made)
    if weights is not None:
        from safetensors.torch import save_file

        save_file(weights, folder / "model.safetensors")
        return {"made": "weights", "type": name}
    if hasattr(made, "get_params") and hasattr(made, "fit"):
        import skops.io

        skops.io.dump(made, folder / "model.skops")
        return {"made": "estimator", "type": name}
    return {"made": "", "type": name}


def _unpickled(file: Path) -> Any:
    import joblib

    made = TORCH_MAGIC if file.suffix.lower() in BY_TORCH else joblib.load(file)
    if not isinstance(made, int) or made != TORCH_MAGIC:
        return made
    import torch

    return torch.load(file, map_location="cpu", weights_only=False)


def _weights(made: Any) -> dict[str, Any] | None:
    """The tensors of a module, of a state dict or of a checkpoint; None of anything else."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    if isinstance(made, torch.nn.Module):
        made = made.state_dict()
    if not isinstance(made, dict):
        return None
    for name in ("state_dict", "model_state_dict"):
        made = made.get(name, made)
    if not made or not all(isinstance(one, torch.Tensor) for one in made.values()):
        return None
    return {str(name): one.detach().clone().contiguous() for name, one in made.items()}


def from_skops(file: Path, folder: Path) -> dict[str, Any]:
    """The types that a skops file names and nobody vouches for; read once where there are none."""
    import skops.io

    types = [str(name) for name in skops.io.get_untrusted_types(file=file)]
    if not types:
        skops.io.load(file, trusted=[])
    return {"types": types[:100]}


def from_onnx(file: Path, folder: Path) -> dict[str, Any]:
    """Whether an ONNX file keeps data elsewhere; it is run once on zeros where it does not."""
    import onnx

    content = file.read_bytes()
    model = onnx.load_model_from_string(content)
    elsewhere = [t.name for t in _tensors(model) if t.data_location == 1 or len(t.external_data)]
    if elsewhere:
        return {"elsewhere": len(elsewhere)}
    import numpy as np
    import onnxruntime as ort

    own = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
    if all(one.type in kinds for one in own.get_inputs()):
        own.run(None, {
            one.name: np.zeros([n if isinstance(n, int) else 1 for n in one.shape], kinds[one.type])
            for one in own.get_inputs()
        })  # fmt: skip
    return {"elsewhere": 0}


def _tensors(message: Any) -> Iterator[Any]:
    """Every tensor of a protobuf message, however deep: subgraphs, attributes and functions."""
    if type(message).__name__ == "TensorProto":
        yield message
        return
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        repeated = hasattr(value, "__len__") and not hasattr(value, "ListFields")
        for part in value if repeated else [value]:
            yield from _tensors(part)


TASKS = {"pickle": from_pickle, "skops": from_skops, "onnx": from_onnx}
LOADED = {"pickle": ("joblib",), "skops": ("skops.io",), "onnx": ("onnx", "onnxruntime", "numpy")}
"""Loaded before the fence is up, since to load a library may look at the machine."""


def load_libraries(task: str, file: Path) -> None:
    """Load what the task needs; of pickles what the file seems to ask for, as far as that shows."""
    for library in LOADED[task]:
        __import__(library)
    if task != "pickle":
        return
    with file.open("rb") as stream:
        start = stream.read(2**20)
    wanted = ["skops.io"] if start[:1] != b"\x80" or b"sklearn" in start else []
    if file.suffix.lower() in BY_TORCH or b"torch" in start:
        wanted = ["torch", "safetensors.torch"]
    for library in wanted:
        with contextlib.suppress(ImportError):
            __import__(library)


def main(task: str, name: str, place: str, digest: str, cpu: str, memory: str) -> None:
    """Do one task and tell of it."""
    cut = limit(int(cpu))
    file, folder = Path(name), Path(place)
    told: dict[str, Any] = {"network": "cut" if cut else "open"}
    load_libraries(task, file)
    limit_more(int(memory), task)
    fence(folder)
    try:
        with file.open("rb") as stream:
            if file_digest(stream, "sha256").hexdigest() != digest:
                raise ValueError("the file was changed while it was read")
        told |= TASKS[task](file, folder)
    except Denied as error:
        told |= {"denied": str(error)}
    except BaseException as error:  # a file may raise anything, SystemExit included
        told |= {"error": type(error).__name__, "text": str(error)[:500]}
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
