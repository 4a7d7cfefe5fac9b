"""Import each module of the installed evenlight, and read each file that it ships."""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from pathlib import Path
from pkgutil import walk_packages

import evenlight


def fail(error: str) -> None:
    """A package that cannot be imported is not passed over."""
    raise ImportError(error)


home = Path(evenlight.__file__).parent
if not home.is_relative_to(sys.prefix):
    raise SystemExit(f"evenlight was imported from {home}, not from the environment {sys.prefix}")
names = [m.name for m in walk_packages([str(home)], "evenlight.", onerror=fail)]
for name in names:
    import_module(name)

shipped = [str(path) for path in metadata.files("evenlight") or []]
for wanted in ("py.typed", "warfarin.csv.gz", "licenses/LICENSE", "LICENSE-warfarin.md"):
    if not any(path.endswith(wanted) for path in shipped):
        raise SystemExit(f"the wheel lacks {wanted}")
from evenlight.cohorts import warfarin  # noqa: E402 - only after the walk

print(f"{len(names)} modules imported; the built-in cohort has {warfarin().n} patients")
