"""Interventional Shapley values of tree ensembles: exact, on the margin where there is one.

The trees are read from the model (`forests.py`), run on every row and compared with the model's own
margin; only if they agree are they explained (`descent.py`), on all cores.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.interactions import Interactions
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers import descent
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference, draw
from evenlight.explainers.ensembles import Ensemble, Share, shares
from evenlight.explainers.forests import read, unsuited
from evenlight.explainers.players import Players, players_of
from evenlight.explainers.shapley import explain as walked
from evenlight.models.probe import Prepared, prepare
from evenlight.progress import Told, paced

AGREES = 1e-5
"""Most by which the trees may differ from the margin, relative to the largest margin."""

BLOCK = 2**19
"""Most numbers that a part of the trees holds of a block of rows."""

MOST = 2**24
"""Most numbers of x, and of values, in a block of rows."""

CHUNKS = 16
"""Parts into which the trees are split; a row's parts are added up in their order, so that neither
threads nor blocks of rows change a bit of it."""

Work = Callable[[Share, Float, Float], Float]
"""What a share of the trees says of rows (m, p) against background rows."""


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    players: FeatureSets | str = "variables",
    threads: int | None = None,
    progress: bool | Told = False,
) -> Attributions:
    """Interventional Shapley values over the background rows, exact, of an ensemble of trees.

    Parameters
    ----------
    players
        who plays, as in `shapley`: the columns of a one-hot variable, or of a set, move as one.
    threads
        how many threads compute, by default one a core. The answer does not depend on it, bit by
        bit.

    Where the trees do not add up to the margin in every row (a forest's log odds, a link of the
    booster's own, linear leaves), walks are taken in their place, and `settings["reason"]` says
    why.

    Raises
    ------
    ModelError
        for a model without trees, or with trees behind other steps of a pipeline.
    """
    prepared = prepare(model, cohort, target=target)
    why = unsuited(prepared.adapted)
    if why:
        raise ModelError(f'{why}; say method="shapley", which asks any model')
    made = players_of(cohort, players)
    try:
        task = _task(prepared, cohort, background.rows, made)
    except ModelError as error:
        found = walked(
            prepared, cohort, target=None, background=background, rng=rng, players=players,
            progress=progress,
        )  # fmt: skip
        return replace(found, settings={**found.settings, "asked": "trees", "reason": str(error)})
    values = np.empty((cohort.n, made.count), dtype=np.float32)
    for rows, part in task.blocks(descent.shapley, 1, threads, progress):
        values[rows] = part
    explained = Explained(
        "trees", values.reshape(-1, *made.shape), task.base, task.settings(), features=made.features
    )
    return record(explained, prepared, cohort, background)


def interactions(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None = None,
    background: Cohort | Float | None = None,
    seed: int = 0,
    players: FeatureSets | str = "variables",
    threads: int | None = None,
) -> Interactions:
    """Shapley interaction values of every pair of players, for every row of the cohort.

    `values` (n, p, p), symmetric: off the diagonal half the pair's Shapley interaction index
    (Grabisch and Roubens 1999), on it what a player adds by itself. Row i of a table adds up to the
    player's Shapley value, the whole table to margin minus base. Model, target, background and seed
    as in `explain`.

    Raises
    ------
    ModelError
        where the trees cannot be read or do not add up to the margin.
    AttributionError
        where all tables would take more than 4 GiB.
    """
    prepared = prepare(model, cohort, target=target)
    reference = draw(cohort, background, rng=np.random.default_rng([seed, 0]))
    made = players_of(cohort, players)
    size = 4 * cohort.n * made.count**2
    if size > 2**32:
        raise AttributionError(
            f"interactions of {made.count} features in {cohort.n} rows take {size / 2**30:.0f} "
            "GiB; ask for fewer rows (cohort.take) or for sets of features (players=)"
        )
    task = _task(prepared, cohort, reference.rows, made)
    values = np.empty((cohort.n, made.count, made.count), dtype=np.float32)
    for rows, part in task.blocks(descent.interactions, 2, threads, False):
        values[rows] = part
    return Interactions(
        cohort.rows, made.features or cohort.features, values, prepared.output,
        np.full(cohort.n, task.base), prepared.target, prepared.adapted.scale, reference.record,
        cohort.digest,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Trees that add up to a margin, the rows, and the background rows (m, p)."""

    ensemble: Ensemble
    cohort: Cohort
    players: Players
    backs: Float
    base: float
    off: float

    def settings(self) -> dict[str, object]:
        """How the values were computed."""
        return {
            "trees": len(self.ensemble.roots), "leaves": self.ensemble.leaves,
            "depth": self.ensemble.depth, "players": self.players.count,
            "backgrounds": len(self.backs), "off": self.off, "exact": True, "complete": True,
            "device": "cpu",
        }  # fmt: skip

    def blocks(
        self, work: Work, axes: int, threads: int | None, progress: bool | Told
    ) -> Iterator[tuple[slice, Float]]:
        """Blocks of rows and what `work` says of them, (m, players) with `axes` axes of players."""
        owner = self.players.owner
        owner = np.arange(self.backs.shape[1]) if owner is None else owner
        parts = shares(self.ensemble, owner, CHUNKS)
        size = self._rows(parts, axes)
        pending: deque[tuple[slice, list[Future[Float]]]] = deque()
        with paced(self.cohort.n, progress) as step, ThreadPoolExecutor(threads or cores()) as pool:
            for start in range(0, self.cohort.n, size):
                rows = slice(start, min(start + size, self.cohort.n))
                x = self.cohort.dense(rows)
                pending.append((rows, [pool.submit(work, part, x, self.backs) for part in parts]))
                while len(pending) > (rows.stop < self.cohort.n):
                    done, found = pending.popleft()
                    said = np.zeros((done.stop - done.start, *axes * [self.players.count]))
                    for part, future in zip(parts, found, strict=True):
                        at = (np.arange(len(said)), *axes * [part.players])
                        said[np.ix_(*at)] += future.result()
                    yield done, said
                    step(len(said))

    def _rows(self, parts: Sequence[Share], axes: int) -> int:
        """Rows of a block, by what one part and the whole hold of a row."""
        own = max(max(len(part.columns), len(part.players) ** axes) for part in parts)
        whole = max(self.backs.shape[1], self.players.count**axes)
        rows = max(1, min(BLOCK // max(own, 1), MOST // whole))
        return int(rows)


def _task(prepared: Prepared, cohort: Cohort, backs: Float, players: Players) -> Task:
    """The trees, compared with the margin of every row and of the background.

    Raises ModelError, with the reason, where they differ.
    """
    ensemble = read(prepared.adapted, prepared.column)
    if min(ensemble.depth, players.count) > descent.MOST:
        raise ModelError(f"a path may meet more than {descent.MOST} features")
    margins = prepared.margin(backs)
    said = np.concatenate([_summed(ensemble, x) for _, x in cohort.blocks()])
    both = np.concatenate([prepared.output - said, margins - _summed(ensemble, backs)])
    off = float(np.ptp(both)) / 2
    size = max(np.abs(prepared.output).max(), np.abs(margins).max())
    if off > AGREES * size:
        raise ModelError(
            f"the margin of {prepared.adapted.name} is no sum of its trees: the rows differ by up "
            f"to {off:.3g}"
        )
    return Task(ensemble, cohort, players, backs, float(margins.mean()), off)


def _summed(ensemble: Ensemble, x: Float) -> Float:
    nodes, roots, members = ensemble.nodes, ensemble.roots, ensemble.members
    return descent.outputs(nodes, roots, members, ensemble.rounded(x))


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
