"""Interventional Shapley values (Shapley 1953; Lundberg and Lee 2017) of any model.

Exactly, over all coalitions, where that costs no more than the budget; else by antithetic walks in
random orders, each against one background row (`walks.py`, `tally.py`), behind the affine stem of
a network where it has one (`folded.py`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.features import FeatureSets
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.baseline import begin
from evenlight.explainers.coalitions import AtInput, OwnBacks, Space, finite
from evenlight.explainers.draws import Keys, row_keys
from evenlight.explainers.exact import enumerated
from evenlight.explainers.folded import Folding, folding
from evenlight.explainers.options import known_only
from evenlight.explainers.own_starts import OwnStarts, notes, own_margins, own_rows
from evenlight.explainers.players import Players, players_of
from evenlight.explainers.sampling import PLANNED, Plan, planned
from evenlight.explainers.tiled import Tiles, tiled
from evenlight.explainers.walks import Ends, Walked, walk
from evenlight.models.networks import placement
from evenlight.models.probe import Prepared, prepare
from evenlight.progress import Told, paced

HELD = 2**21
"""Most numbers that the walks of rows explained at once may take."""


def explain(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    players: FeatureSets | str = "variables",
    baseline: str | Values | OwnStarts | None = None,
    progress: bool | Told = False,
    tiles: Tiles | None = None,
    **own: Any,
) -> Attributions:
    """Interventional Shapley values over the background rows; `own` as in `sampling.planned`.

    Parameters
    ----------
    players
        "variables": the columns of a one-hot variable move as one, and the attributions are those
        of `cohort.features.variables()`; "columns": each column on its own; or `FeatureSets`
        (pathways, LD blocks, atlas regions, segments, motifs) that hold each feature once: a set
        moves as one, and the attributions are those of the sets.
    baseline
        what stands for players that are absent, in place of the background's rows: as in "ig", such
        as "mean", and for images "black", "blur" or "inpaint", or a function that gives each row
        references of its own.
    progress
        True for a bar on stderr, or a function that is told the `Pace` after each block of rows.

    `spread` is the standard error of each value, 0 where all coalitions were enumerated. Draws
    belong to (seed, row id, walk): rows have the same values whatever rows stand beside them. The
    generator is read and not moved on, so that all targets of a model are walked alike.

    Raises
    ------
    ModelError
        for too many players for the model, a budget that is too small, or outputs that are not
        finite where values of a row and of the background are mixed.
    FeatureError
        for sets that do not hold each feature of the cohort exactly once.
    """
    prepared = prepare(model, cohort, target=target)
    made = players_of(cohort, players)
    known_only("shapley", own, ("players", "baseline", "progress", "tiles", *PLANNED))
    absent = _absent(baseline, prepared, cohort, background)
    plan = planned(made.count, absent.size, **own)
    ends = Ends(prepared.output, absent.margins)
    finite(ends.backs)
    keys = row_keys(int(deepcopy(rng).integers(2**63)), cohort.rows)
    with _folded(prepared, cohort, made, absent) as fold:
        plan.affordable(cohort.n, cheap=isinstance(fold, Folding))
        task = Task(prepared, cohort, made, absent, fold)
        found = _explained(task, ends, keys, plan, progress, tiles)
    settings = {**_settings(found, plan, made), **absent.told, **_place(fold, prepared)}
    explained = Explained(
        "shapley", found.values.reshape(-1, *made.shape), ends.base, settings,
        spread=found.error.reshape(-1, *made.shape), features=made.features,
    )  # fmt: skip
    said = (*background.notes, *_note(found.precise, plan))
    out = record(explained, prepared, cohort, replace(background, notes=said))
    if absent.own is None:
        return out
    told = {"starts": notes(out.output, out.base)}
    return replace(out, background=None, settings={**out.settings, **told})


@dataclass(frozen=True, slots=True, eq=False)
class Absent:
    """What stands for absent players: `rows` (b, *s) for all, or `own` references of each row.

    `margins` are (b,), or (n, b) of own ones; `told` says so in the record.
    """

    rows: Float
    margins: Float
    told: dict[str, Any]
    own: OwnStarts | None = None

    @property
    def size(self) -> int:
        """Background rows that a row meets."""
        return int(self.margins.shape[-1])


def _absent(baseline: Any, prepared: Prepared, cohort: Cohort, background: Reference) -> Absent:
    """The background's rows, or what `baseline` says."""
    if baseline is None:
        return Absent(background.rows, prepared.margin(background.rows), {})
    begun = begin(baseline, cohort, background, prepared.adapted)
    told = {"baseline": begun.kind}
    if begun.own is None:
        return Absent(begun.rows, prepared.margin(begun.rows), told)
    margins = own_margins(begun.own, cohort, prepared.margin, begun.many)
    return Absent(begun.rows[:0], margins, told, begun.own)


def _folded(
    prepared: Prepared, cohort: Cohort, players: Players, absent: Absent
) -> AbstractContextManager[Folding | str]:
    if absent.own is not None:
        return nullcontext("each row has references of its own")
    return folding(prepared, cohort, players, absent.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Whose values are wanted, over which background rows, and where they are computed."""

    prepared: Prepared
    cohort: Cohort
    players: Players
    absent: Absent
    fold: Folding | str

    def width(self) -> int:
        """Numbers that one row takes beside its walks."""
        p = int(np.prod(self.cohort.x.shape[1:]))
        if self.absent.own is not None:
            return p * (1 + self.absent.size)
        return p if isinstance(self.fold, str) else p + self.fold.width

    def space(self, rows: Int) -> Space:
        """Where the coalitions of some rows are formed."""
        x = self.cohort.dense(rows)
        if not isinstance(self.fold, str):
            return self.fold.space(x)
        own, flat, shape = self.absent.own, x.reshape(len(x), -1), x.shape[1:]
        starts = self.absent.rows if own is None else own_rows(own, x, self.cohort.rows[rows])
        backs = starts.reshape(-1, flat.shape[1])
        space = AtInput(flat, backs, self.players.owner, shape, self.prepared.margin)
        return space if own is None else OwnBacks(space, self.absent.size)


def _explained(
    task: Task, ends: Ends, keys: Keys, plan: Plan, progress: bool | Told, tiles: Tiles | None
) -> Walked:
    """All rows, some at a time, in the sorted order of their ids."""
    n, count = len(keys), task.players.count
    made = Walked.empty(n, count)
    each = max(1, HELD // (plan.slots * count + task.width()))
    with paced(n, progress) as step:
        for start in range(0, n, each):
            rows = task.cohort.order[start : start + each]
            work = partial(_walked, task, ends, keys, plan, rows)
            ids = task.cohort.rows[rows]
            made.put(rows, Walked(**tiled(tiles, ids, task.prepared.target, work)))
            step(len(rows))
    return made


def _walked(task: Task, ends: Ends, keys: Keys, plan: Plan, rows: Int) -> dict[str, Any]:
    """The fields of `Walked` for some rows."""
    space, own, count = task.space(rows), ends.take(rows), task.players.count
    if plan.limits is None:
        values = enumerated(space, own, count)
        none = np.zeros(len(rows), dtype=np.int64)
        made = Walked(values, 0 * values, none, none == 0)
    else:
        made = walk(space, own, keys[rows], count, plan.limits)
    return {field.name: getattr(made, field.name) for field in fields(made)}


def _settings(found: Walked, plan: Plan, players: Players) -> dict[str, Any]:
    walks = found.walks
    return {
        "players": players.count, "backgrounds": plan.backs, "exact": plan.limits is None,
        "walks": [int(walks.min()), float(np.median(walks)), int(walks.max())],
        "model_rows": plan.rows(walks), "budget": plan.budget, "tolerance": plan.tolerance,
        "precise": float(found.precise.mean()), "complete": True,
    }  # fmt: skip


def _place(fold: Folding | str, prepared: Prepared) -> dict[str, str]:
    """Where coalitions were formed, and on which device the model ran."""
    module = prepared.adapted.module
    device = "cpu" if module is None else str(placement(module)[0])
    if isinstance(fold, str):
        return {"space": "input", "stem": "", "stem_reason": fold, "device": device}
    return {"space": "stem", "stem": fold.net.name, "stem_reason": "", "device": device}


def _note(precise: Bool, plan: Plan) -> tuple[str, ...]:
    """A sentence where rows did not reach the tolerance."""
    share = float((~precise).mean())
    if share == 0:
        return ()
    told = f"{percent(share)}" if share >= 0.01 else "Fewer than 1 %"
    return (
        f"{told} of rows did not reach a Monte Carlo error of {percent(plan.tolerance)} of their "
        f"attributions with {plan.most_walks} walks; their spread says how far off they may be.",
    )
