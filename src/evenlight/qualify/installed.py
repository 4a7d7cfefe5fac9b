"""Installation qualification: is what is installed what it should be."""

from __future__ import annotations

import platform
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from evenlight.errors import InputError

_REQUIRED = re.compile(r"^([A-Za-z0-9._-]+)\s*>=\s*([0-9][0-9.]*)$")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is expected of an installation, what was observed, and whether it holds.

    `state` is holds, fails, or not checked (with the reason as what was observed).
    """

    what: str
    expected: str
    observed: str
    state: str


def installed(package: str = "evenlight") -> tuple[Check, ...]:
    """Python, every required package in a version that serves, and the files as they were shipped.

    InputError where the package itself is not installed.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise InputError(f"{package} is not installed; pip install it, then qualify") from None
    python = (found.metadata["Requires-Python"] or "").removeprefix(">=").strip()
    return (
        _at_least("Python", python, platform.python_version()),
        *_required(found),
        _files(found),
    )


def _required(found: Distribution) -> Iterator[Check]:
    """The packages that are always needed; those of extras are not."""
    for line in found.requires or ():
        if ";" in line:
            continue
        told = _REQUIRED.match(line.replace(" ", ""))
        if told is None:
            yield Check(line, line, "a requirement of another form", "not checked")
            continue
        try:
            yield _at_least(told[1], told[2], distribution(told[1]).version)
        except PackageNotFoundError:
            yield Check(told[1], f"at least {told[2]}", "not installed", "fails")


def _at_least(what: str, least: str, version: str) -> Check:
    """A version that must not be older.

    >>> _at_least("numpy", "1.26", "2.4.6").state, _at_least("numpy", "1.26", "1.9").state
    ('holds', 'fails')
    """
    state = "holds" if _parts(version) >= _parts(least) else "fails"
    return Check(what, f"at least {least}", version, state)


def _parts(version: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version."""
    told = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(map(int, told[0].split("."))) if told else ()


def _files(found: Distribution) -> Check:
    """Every shipped file against the digest of its wheel."""
    what, expected = "files of the package", "those of the wheel, by sha256"
    shipped = [path for path in found.files or () if path.hash and path.suffix == ".py"]
    if len(shipped) < 2:
        told = "installed from a source tree, of which no digests were shipped"
        return Check(what, expected, told, "not checked")
    changed = [path for path in shipped if path.hash and _digest(found, path) != path.hash.value]
    if changed:
        told = f"{len(changed)} of {len(shipped)} differ, the first {changed[0].name}"
        return Check(what, expected, told, "fails")
    return Check(what, expected, f"all {len(shipped)} are equal", "holds")


def _digest(found: Distribution, path: object) -> str:
    """sha256 of an installed file as wheels write it; "" where it is gone."""
    place = str(found.locate_file(str(path)))
    try:
        with open(place, "rb") as file:
            data = file.read()
    except OSError:
        return ""
    return urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
