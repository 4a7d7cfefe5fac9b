"""Libraries that only some files of models need, loaded where such a file is read."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from evenlight.errors import ModelError


def needed(module: str, *, reads: str, extra: str) -> Any:
    """The module, loaded now; ModelError with the pip command where it is not installed.

    >>> needed("json", reads="text", extra="text").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ModelError(
            f"{reads} needs {package}, which is not installed: pip install {package}, or "
            f"pip install 'evenlight[{extra}]'"
        ) from error
