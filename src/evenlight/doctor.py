"""Whether this machine is ready: what is installed, which optional parts are there, and room."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path

from evenlight.errors import InputError
from evenlight.qualify.installed import Check, installed
from evenlight.reports.pdf import chromium

ROOM = 2
"""Gigabytes that should be free: a record of 20,000 features with unfinished work beside it."""

PRINTS = "Chromium, for evenlight report --pdf alone"

_EXTRA = re.compile(r"^([A-Za-z0-9._-]+)[^;]*;\s*extra\s*==\s*['\"]([a-z]+)['\"]")
DEVELOPED = "dev"
"""The extra of whoever works on evenlight."""


def doctor(folder: str | Path = ".") -> tuple[Check, ...]:
    """What is expected of the installation and of the folder to work in, and what was observed.

    State "fails" is what stops an audit; "absent" what only some audits need.
    """
    return (
        *installed(),
        *_optional(requires("evenlight") or ()),
        _device(),
        _browser(),
        _room(Path(folder)),
    )


def _optional(required: Sequence[str]) -> Iterator[Check]:
    """Each extra of a package's requirements, with what of it is not there."""
    wanted: dict[str, list[str]] = {}
    for line in required:
        found = _EXTRA.match(line)
        if found and found[2] != DEVELOPED:
            wanted.setdefault(found[2], []).append(found[1])
    for extra, names in sorted(wanted.items()):
        lacking = [name for name in names if not _there(name)]
        told = f"no {', '.join(lacking)}" if lacking else ", ".join(names)
        remedy = f"pip install 'evenlight[{extra}]' where needed"
        yield Check(f"extra {extra}", remedy, told, "absent" if lacking else "holds")


def _there(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _device() -> Check:
    """Where networks compute."""
    import torch

    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    threads = f"{torch.get_num_threads()} threads, torch {version('torch')}"
    told = f"{found} GPU (--device cuda), {threads}" if found else f"no GPU, {threads}"
    return Check("device", "a processor; a GPU makes networks faster", told, "holds")


def _browser() -> Check:
    try:
        return Check("browser", PRINTS, chromium(), "holds")
    except InputError:
        return Check("browser", PRINTS, "no Chromium", "absent")


def _room(folder: Path) -> Check:
    """Whether this folder can be written, and how much fits."""
    what = "folder"
    expected = f"it can be written and has {ROOM} GB free"
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(what, expected, error.strerror or str(error), "fails")
    free = shutil.disk_usage(folder).free / 1e9
    told = f"{free:.0f} GB free, {os.cpu_count()} processors"
    return Check(what, expected, told, "holds" if free >= ROOM else "fails")
