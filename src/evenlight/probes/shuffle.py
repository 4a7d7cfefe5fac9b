"""Sets of features taken from other people: of the own group, or of all."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.neutralised import Neutralised
from evenlight.errors import ModelError
from evenlight.models.headed import own_head
from evenlight.probes.scene import Scene, references, scene
from evenlight.probes.swap import REFERENCES
from evenlight.stats.cells import joint

PEOPLE = 20
"""People whose values stand in for a set that is removed."""


@own_head
def shuffle(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    draws: int = 5,
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Neutralised:
    """Each set exchanged at random among the people of a group (and stratum), `draws` times.

    What lies between groups stays, and what the set tells about people within a group is gone: the
    loss of performance within groups is the set's signal. The outcome is not held. Columns of a set
    move together; their ties to other features are broken. Rows of unknown group are not moved.
    Raises FeatureError for sets that do not fit, ModelError for fewer than one draw.
    """
    if draws < 1:
        raise ModelError(f"draws is {draws}; a shuffle needs one or more")
    here = scene(model, cohort, by=by, sets=sets, target=target)
    generator = np.random.default_rng(rng)
    after = np.full((len(here.sets), draws, cohort.n), np.nan)
    for i, columns in enumerate(here.columns):
        held = here.held(columns)
        for d in range(draws):
            rows, donors = _exchanged(here, generator)
            after[i, d, rows] = here.margin(rows, columns, held[donors])
    way = f"exchanged at random within {' and '.join([here.groups.name, *cohort.strata])}"
    return here.record("shuffle", after, how=(way,) * len(here.sets))


@own_head
def remove(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Neutralised:
    """The model without a set: its margin's mean over the set's values in 20 other people.

    The same people for everyone, so that the set tells nothing any more, neither of people nor of
    groups: as many from each group, at even ranks of what the model makes of their values of the
    set in the place of a few others. Raises FeatureError for sets that do not fit.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"g": list("aabb")}, index=list("wxyz"))
    >>> cohort = Cohort(np.array([[1.0, 0], [2, 0], [3, 1], [4, 1]]), people, ["age", "m"])
    >>> sets = FeatureSets.from_lists({"marker": ["m"]}, ["age", "m"])
    >>> remove(lambda x: x[:, 0] + 2 * x[:, 1], cohort, by="g", sets=sets).after[0, 0].tolist()
    [2.0, 3.0, 4.0, 5.0]
    """
    here = scene(model, cohort, by=by, sets=sets, target=target)
    groups = np.unique(here.given.group[here.given.group >= 0])
    hosts = references(here, here.given.group, REFERENCES, np.random.default_rng(rng))[groups]
    after = np.empty((len(here.sets), 1, cohort.n))
    for i, columns in enumerate(here.columns):
        held = here.held(columns)
        people = _people(here, _made_of(here, columns, held, hosts.ravel()))
        after[i, 0, cohort.order] = _averaged(here, columns, held[people])
    way = f"mean over the values of {len(people)} people, as many of each group"
    return here.record("removal", after, how=(way,) * len(here.sets))


def _exchanged(here: Scene, rng: np.random.Generator) -> tuple[Int, Int]:
    """Rows that are moved, and whose values each of them gets."""
    code = joint([here.given.group, here.given.nuisance])
    rows = [part for part in here.cells(code) if len(part) > 1]
    if not rows:
        raise ModelError(f"{here.groups.name}: no group (and stratum) has two rows to exchange")
    return np.concatenate(rows), np.concatenate([rng.permutation(part) for part in rows])


def _made_of(here: Scene, columns: Int, held: Float, hosts: Int) -> Float:
    """Mean margin (n,) with each row's values of the set in the place of the hosts (h,)."""
    rows, out = here.cohort.order, np.zeros(here.cohort.n)
    for host in hosts:
        out[rows] += here.margin(np.full(len(rows), host), columns, held[rows])
    return out / len(hosts)


def _people(here: Scene, key: Float) -> Int:
    """Positions (K,) of as many people from each group, at even ranks of a key (n,)."""
    cells = list(here.cells(here.given.group))
    each = -(-PEOPLE // len(cells))
    middle = (np.arange(each) + 0.5) / each
    chosen = []
    for rows in cells:
        ranked = rows[np.argsort(key[rows], kind="stable")]
        chosen.append(ranked[(middle * len(rows)).astype(np.int64)])
    return np.concatenate(chosen)


def _averaged(here: Scene, columns: Int, values: Float) -> Float:
    """Mean margin (n,) of all rows in sorted order, with each of some values (K, q) in turn."""
    rows = here.cohort.order
    total = np.zeros(len(rows))
    for own in values:
        total += here.margin(rows, columns, np.broadcast_to(own, (len(rows), len(own))))
    return total / len(values)
