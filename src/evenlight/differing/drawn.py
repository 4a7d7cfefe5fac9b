"""How alike the metrics of two audits are among the same people, so that a change is paired.

Beside the sketches lie bootstrap draws of each group's metrics, the same people in the same draw of
every audit: their correlation between two audits is that of both estimates, by which the limits of
a change shrink where both models err on the same people. Who is in which draw hangs on the key that
lies beside, so that draws alone tell of nobody; they are data of people all the same.
"""

from __future__ import annotations

import hmac
import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np

from evenlight import files
from evenlight.arrays import Values
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.differing.levels import WORSE, Key
from evenlight.differing.sketches import file_of, key_of, unit_ids
from evenlight.errors import InputError
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import Found, measure
from evenlight.measures.perform import tasked
from evenlight.record import Audit

LEAST = 100
"""Draws that must be finite in both audits for their correlation to be told."""


def keep_draws(
    predicted: Predictions, cohort: Cohort, audit: Audit, store: Path, *, judging: Judging
) -> Path:
    """Write the draws of an audit of these predictions beside the sketches of its people."""
    key, held = key_of(store), dict[str, Values]()
    for groups in cohort.groups:
        seed = hmac.digest(key, f"draws\x1f{groups.name}".encode(), "sha256")
        rng = np.random.default_rng(int.from_bytes(seed, "little"))
        found = measure(tasked(predicted, cohort, groups, judging), rng)
        held |= _arrays(found, groups.name, key)
    body = io.BytesIO()
    names = np.array(sorted(held), dtype=np.str_)
    rows = [held[name] for name in names.tolist()] or [np.zeros(0, dtype=np.float32)]
    np.savez_compressed(body, names=names, draws=np.stack(rows))
    return files.write(place(store, audit), body.getvalue())


def likeness(store: Path | None, before: Audit, after: Audit) -> dict[Key, float]:
    """The correlation of each metric's draws, where both audits are of the same people.

    Empty where one has none; of a grouping none where its people, or their groups, are not the
    same in both.
    """
    if store is None or not (place(store, before).is_file() and place(store, after).is_file()):
        return {}
    one, other = (_read(place(store, audit)) for audit in (before, after))
    made: dict[Key, float] = {}
    for name in sorted(one.keys() & other.keys()):
        grouping, part, metric = name.split("\x1f")[:3]
        both = np.stack([one[name], other[name]]).astype(np.float64)
        both = both[:, np.isfinite(both).all(axis=0)]
        if both.shape[1] >= LEAST and (both.std(axis=1) > 0).all():
            made[grouping, part, metric] = float(np.corrcoef(both[0], both[1])[0, 1])
    return made


def place(store: Path, audit: Audit) -> Path:
    """Where the draws of an audit lie: their name begins as that of its people's sketches."""
    own = sha256(f"{audit.model.digest}|{audit.plan_digest}".encode()).hexdigest()[:16]
    people = file_of(store, audit.cohort.digest)
    return people.with_name(f"{people.stem}-{own}{people.suffix}")


def _arrays(found: Found, grouping: str, key: bytes) -> dict[str, Values]:
    """Draws (draws,) of each judged metric and part, by name; whose they are is part of it."""
    here = found.task.here
    ids = unit_ids(here.cohort)[here.kept]
    first = np.unique(here.unit, return_index=True)[1]
    told = "\x1e".join([*ids[first].tolist(), *map(str, here.unit_group.tolist())])
    who = hmac.new(key, told.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:16]
    return {
        "\x1f".join((grouping, part, metric, who)): found.measured.drawn[:, r, m].astype(np.float32)
        for r, part in enumerate(found.task.parts)
        for m, metric in enumerate(found.task.metrics)
        if metric in WORSE and not found.measured.reason[r, m]
    }


def _read(path: Path) -> Mapping[str, Values]:
    try:
        with np.load(path, allow_pickle=False) as held:
            return dict(zip(held["names"].tolist(), held["draws"], strict=False))
    except (OSError, ValueError, KeyError):
        told = f"draws in {path.parent.name} cannot be read; run that audit again"
        raise InputError(told) from None
