"""The outputs of every member of an ensemble: models trained apart, or one under dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.errors import ModelError
from evenlight.explainers.draws import row_keys
from evenlight.models.networks import BUDGET
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.dropping import masked, silent

BLOCK = 1024
"""Most rows that pass at once."""

ROWS = 4
"""Rows that are compared with themselves alone, to see that masks belong to rows."""


def members(
    models: object,
    cohort: Cohort,
    *,
    target: int | str | None = None,
    draws: int = 20,
    rng: np.random.Generator | int = 0,
) -> Ensemble:
    """Margins and responses (m, n) of the members of an ensemble, for one target.

    Parameters
    ----------
    models
        a list of two or more models that foretell the same (a deep ensemble; Lakshminarayanan et
        al. 2017), or one network with dropout layers (Gal and Ghahramani 2016, ICML): then each of
        `draws` masks is a member. Only dropout layers act as in training (not dropout that is
        called as a function, inside attention or between recurrent layers); normalisation stays
        in eval mode, and the network is handed back as found.
    rng
        decides the masks. A row's masks depend on the seed and the row's id alone, not on the rows
        beside it; with the same whole number they are the same for every target.

    Raises ModelError where members differ in target, link or scale, where one network has no
    dropout layer, or fewer than two draws are asked for.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.array([[1.0], [3.0]]), people)
    >>> members([lambda x: x, lambda x: 2 * x], cohort).margins.tolist()
    [[1.0, 3.0], [2.0, 6.0]]
    """
    if isinstance(models, Sequence):
        return _apart(models, cohort, target)
    prepared = prepare(models, cohort, target=target)
    module = prepared.adapted.module
    if module is None:
        raise ModelError(
            f"{prepared.adapted.name} is one model without dropout layers; pass a list of models "
            "that were trained apart"
        )
    if draws < 2:
        raise ModelError(f"draws is {draws}; two or more masks can disagree")
    run = int(np.random.default_rng(rng).integers(2**63))
    quiet = silent(module)
    notes = (_unreached(quiet),) if quiet else ()
    return _recorded(prepared, _dropped(prepared, cohort, draws, run), cohort, notes)


def _apart(models: Sequence[object], cohort: Cohort, target: int | str | None) -> Ensemble:
    if len(models) < 2:
        raise ModelError(f"{len(models)} model; two or more can disagree, one needs dropout layers")
    made = [prepare(model, cohort, target=target) for model in models]
    first = _kind(made[0])
    for i, other in enumerate(made):
        if _kind(other) != first:
            raise ModelError(
                f"member {i} foretells {_kind(other)}, member 0 {first} (target, link, scale, "
                "unit); members must foretell the same"
            )
    return _recorded(made[0], np.stack([one.output for one in made]), cohort, (), how="models")


def _kind(made: Prepared) -> tuple[str, ...]:
    return made.target, str(made.adapted.link), made.adapted.scale, made.adapted.unit


def _recorded(
    made: Prepared, margins: Float, cohort: Cohort, notes: tuple[str, ...], how: Any = "dropout"
) -> Ensemble:
    own = made.adapted
    return Ensemble(
        cohort.rows, margins, own.respond(margins), made.target, str(own.link), own.scale, own.unit,
        how, cohort_digest=cohort.digest, notes=notes,
    )  # fmt: skip


def _dropped(made: Prepared, cohort: Cohort, draws: int, run: int) -> Float:
    """Margins (draws, n) under `draws` masks; row by row where masks do not belong to rows."""
    size = max(1, min(BLOCK, BUDGET // max(1, int(np.prod(cohort.x.shape[1:])))))
    if not _own_masks(made, cohort, run):
        size = 1
    out = np.empty((draws, cohort.n))
    with masked(made.adapted.module) as block:
        for part, x in cohort.blocks(size):
            block.keys = row_keys(run, cohort.rows[part])
            for draw in range(draws):
                block.draw, block.calls = draw, {}
                out[draw, part] = made.margin(x)
    if not np.isfinite(out).all():
        raise ModelError(f"{int((~np.isfinite(out)).sum())} outputs under dropout are not finite")
    return out


def _own_masks(made: Prepared, cohort: Cohort, run: int) -> bool:
    """Whether a few rows get the same masks together as alone: the first axis is that of rows."""
    at = cohort.order[:ROWS]
    x, keys = cohort.dense(at), row_keys(run, cohort.rows[at])
    with masked(made.adapted.module) as block:
        block.keys = keys
        try:
            together = made.margin(x)
        except ModelError:
            return False
        alone = []
        for i in range(len(at)):
            block.keys, block.calls = keys[i : i + 1], {}
            alone.append(made.margin(x[i : i + 1]))
        if not block.calls:
            raise ModelError(
                f"{made.adapted.name} has dropout layers, but its forward passes through none of "
                "them; pass a list of models that were trained apart"
            )
    return bool(np.allclose(together, np.concatenate(alone), rtol=1e-4, atol=1e-5))


def _unreached(names: Sequence[str]) -> str:
    return (
        f"{len(names)} layers drop inside themselves (first {names[0]!r}) and did not here: "
        "members vary in the network's other dropout layers alone."
    )
