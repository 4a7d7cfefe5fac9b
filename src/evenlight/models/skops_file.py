"""Estimators from skops files: types by name, and only those that somebody vouches for."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evenlight.data.archives import check_zip
from evenlight.errors import ModelError, Refused
from evenlight.models.apart import opened_apart
from evenlight.models.optional import needed

LEAST = (0, 13)
"""The first version that checks names of functions as it does names of types (CVE-2025-54412)."""

VOUCHED = re.compile(
    r"(sklearn|numpy|scipy|xgboost|lightgbm)\.\w+(\.\w+)*|collections\.(OrderedDict|defaultdict)"
)
"""Types that a file which is trusted by its digest may name beside those that skops knows."""

DIGEST = "or say trust='sha256:...' for a file of scikit-learn, XGBoost or LightGBM"


def read_skops(file: Path, *, trusted: bool = False, name: str = "") -> Any:
    """The estimator of a skops file.

    It is first opened in a process of its own. Without `trusted` it may name only types that skops
    itself knows: those of scikit-learn, numpy and scipy. `name` is that of the file it was made of.

    Raises
    ------
    Refused
        for a file that names other types, or is packed to harm whoever unpacks it.
    ModelError
        where it cannot be read, or holds no estimator.
    """
    io = needed("skops.io", reads="a .skops file", extra="skops")
    _new_enough()
    check_zip(file)
    with TemporaryDirectory(prefix="evenlight-") as place:
        types = opened_apart("skops", file, Path(place))["types"]
    strange = [name for name in types if not (trusted and VOUCHED.fullmatch(name))]
    if strange:
        more = "" if trusted else f"; {DIGEST}"
        raise Refused(
            f"{name or file.name} names {len(strange)} types that nobody vouches for here, first "
            f"{strange[0][:80]!r}, and to make one may run any code. Load it yourself and pass the "
            f"estimator{more}"
        )
    made = io.load(file, trusted=types)
    if not hasattr(made, "predict"):
        raise ModelError(f"{file.name} holds a {type(made).__name__}, and no fitted estimator")
    return made


def _new_enough() -> None:
    import skops

    have = tuple(int(part) for part in re.findall(r"\d+", skops.__version__)[:2])
    if have < LEAST:
        raise ModelError(
            f"skops {skops.__version__} makes types that it was not allowed to; "
            f"pip install 'skops>={LEAST[0]}.{LEAST[1]}'"
        )
