"""Outside readers, loaded where a file needs one; a missing one is an error with its remedy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from evenlight.errors import InputError


def library(module: str, *, package: str, reads: str, extra: str = "omics") -> Any:
    """The module, loaded now; InputError with the pip command where it is not installed.

    >>> library("json", package="json", reads="text").loads("[1]")
    [1]
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"{reads} needs {package}, which is not installed: pip install {package}, or "
            f"pip install 'evenlight[{extra}]'"
        ) from error
