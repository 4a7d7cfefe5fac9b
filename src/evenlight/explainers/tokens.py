"""Integrated gradients at the embedding of a network of tokens (Sundararajan, Taly and Yan 2017).

Each row has its own path: from its own length and special tokens with the baseline's token at every
position, to its own tokens. What stands at a special token or padding does not move, so it has
exactly 0; what a token adds is summed over its embedding and given to the feature it belongs to, a
position or a gene. `base` is the margin at the start of a row's path: it differs between rows that
differ in length, and what length alone does is therefore in no feature.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from evenlight.arrays import Bool, Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import scale_of
from evenlight.data.digits import percent
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers import flat
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.device import bytes_at_once, halving
from evenlight.explainers.gradients import GAPS, MOST_POINTS, margins_of, point_bytes
from evenlight.explainers.opened import Network
from evenlight.explainers.options import Options, outs
from evenlight.explainers.quadrature import fixed, ladder, legendre
from evenlight.explainers.token_paths import Behind, Task, by_feature, climbed, margins_at
from evenlight.models.networks import as_tensor, kept, placement
from evenlight.models.probe import Prepared
from evenlight.models.transformers.reader import Entered, TokenReader
from evenlight.progress import paced

ROWS = 256
"""Most rows of a block."""

HELD = 4
"""Arrays of the size of a block's embedding that are held beside the path points."""

Ends = tuple[Float, Float]
"""What the shares of rows must add up to, and what a residual is judged by, each (t, m)."""

Climbed = tuple[Tensor, Bool, Int]
"""Shares (t, m, T), whether rows (m,) agreed, and their nodes (m,)."""

LENGTH = 0.05
"""Share of the output's variance that lies in the bases from which on a note says so."""


def reads_tokens(prepared: Prepared) -> bool:
    """Whether a model is a network of tokens, opened at its embedding by itself."""
    return isinstance(prepared.adapted.module, TokenReader)


@dataclass(slots=True, eq=False)
class Found:
    """All rows: `values` (n, p) of each target, `base` (t, n), `agreed`, `nodes`, `cut` (n,).

    `batch` is how many points fitted into memory.
    """

    values: Sequence[Any]
    base: Float
    agreed: Bool
    nodes: Int
    cut: Int
    batch: int = 0


def explained(
    prepared: Sequence[Prepared], cohort: Cohort, background: Reference, asked: Options
) -> tuple[Attributions, ...]:
    """The attributions of some targets of one model that `reads_tokens`, converged or not.

    The background is not used, and none is recorded. `baseline` is "auto" (the mask token) or the
    code of another token; `steps`, `cap`, `budget`, `out` and `progress` are as for any network.
    Raises AttributionError for an option that has no meaning here.
    """
    adapted = prepared[0].adapted
    if cohort.gaps:
        raise ModelError(GAPS)
    baseline = _asked(asked, adapted.module)
    size = (cohort.n, int(cohort.x.shape[1]))
    values = outs(asked.out, len(prepared), size)
    found = Found(
        values or [np.zeros(size, dtype=np.float32) for _ in prepared],
        np.empty((len(prepared), cohort.n)), np.zeros(cohort.n, dtype=bool),
        np.zeros(cohort.n, dtype=np.int64), np.zeros(cohort.n, dtype=np.int64),
    )  # fmt: skip
    with kept(adapted.module) as module:
        rules = ladder(1, asked.cap) if asked.steps is None else (legendre(asked.steps),)
        task = Task(cast(TokenReader, module), margins_of(prepared), rules, baseline)
        task = _sized(task, cohort, adapted.codes, asked.budget)
        _sweep(task, cohort, prepared, found, asked)
    return tuple(_record(task, one, cohort, background, found, t) for t, one in enumerate(prepared))


def _asked(asked: Options, reader: TokenReader) -> int | None:
    """The code of the baseline; AttributionError for options without a meaning here."""
    for name in ("layer", "precision", "sensitivity"):
        if getattr(asked, name):
            raise AttributionError(
                f"{name}= has no meaning for a network of tokens, which is explained at its "
                "embedding; leave it out"
            )
    given: Any = asked.baseline
    if isinstance(given, str):
        if given != "auto":
            raise AttributionError(
                f'baseline {given!r}: tokens have no mean; say "auto" (the mask token, code '
                f"{reader.encoding.special.baseline}) or the code of a token"
            )
        return None
    if isinstance(given, Mapping) or callable(given) or np.ndim(given) or int(given) != given:
        raise AttributionError("the baseline of a network of tokens is one code, a whole number")
    return int(given)


def _sized(task: Task, cohort: Cohort, codes: bool, budget: int | None) -> Task:
    """The same with as many points at once as the budget holds, measured on two rows."""
    x = as_tensor(task.reader, cohort.dense(cohort.order[:2]), codes)
    with torch.no_grad():
        entered = task.reader.entered(x, task.baseline)
    z = entered.own.reshape(len(x), -1)

    def measured(k: int) -> int:
        rows = torch.arange(k, device=z.device)
        net = cast(Network, Behind(task.reader, entered.tokens.at(rows)))
        return point_bytes(net, task.margins, z[:k])

    each, _ = halving(measured, len(z))
    space = bytes_at_once(z.device, budget)
    rows = space // (HELD * z[0].numel() * z.element_size())
    return replace(
        task,
        batch=int(min(max(space // max(each, 1), 1), MOST_POINTS)),
        rows=int(min(max(rows, 1), ROWS)),
    )


def _sweep(
    task: Task, cohort: Cohort, prepared: Sequence[Prepared], found: Found, asked: Options
) -> None:
    """Fill in all rows, in the sorted order of their ids, so that no bit depends on their order."""
    codes = prepared[0].adapted.codes
    for at, entered in _blocks(task, cohort, codes):
        with torch.no_grad():
            raw = task.reader.onward(entered.start, entered.tokens)
        found.base[:, at] = margins_at(task, raw)
        found.cut[at] = entered.tokens.cut.cpu().numpy()
    output = np.stack([one.output for one in prepared])
    scale = np.stack([scale_of(*pair) for pair in zip(output, found.base, strict=True)])
    move = output - found.base
    with paced(cohort.n, asked.progress) as done:
        for at, entered in _blocks(task, cohort, codes):
            own_ends = move[:, at], scale[:, at]

            def work(batch: int, entered: Entered = entered, ends: Ends = own_ends) -> Climbed:
                return climbed(replace(task, batch=batch), entered, *ends)

            (shares, *rest), found.batch = halving(work, found.batch or task.batch)
            found.agreed[at], found.nodes[at] = rest
            for own, share in zip(found.values, shares, strict=True):
                own[at] = by_feature(share, entered.tokens.owner, own.shape[1])
            done(len(at))


def _blocks(task: Task, cohort: Cohort, codes: bool) -> Iterator[tuple[Int, Entered]]:
    """Positions (m,) of some rows, and these rows at the embedding."""
    for first in range(0, cohort.n, task.rows):
        at = cohort.order[first : first + task.rows]
        x = as_tensor(task.reader, cohort.dense(at), codes)
        with torch.no_grad():
            entered = task.reader.entered(x, task.baseline)
        yield at, entered


def _record(
    task: Task, one: Prepared, cohort: Cohort, background: Reference, found: Found, t: int
) -> Attributions:
    values, base = found.values[t], found.base[t]
    flat.moves(bool(np.asarray(values).any()), one.output - base, 0.0)
    device, dtype = placement(task.reader)
    special = task.reader.encoding.special
    code = special.baseline if task.baseline is None else task.baseline
    settings = {
        "baseline": f"token {code}", "baselines": 1,
        "rule": "gausslegendre" if fixed(task.rules) else "nested, then gausslegendre",
        "steps": int(found.nodes.max(initial=0)), "steps_median": float(np.median(found.nodes)),
        "cap": task.rules[-1].size, "stem": "the embedding of tokens", "stem_reason": "",
        "points_at_once": found.batch, "grade": "D0" if found.batch == task.batch else "D1",
        "torch": str(torch.__version__),
        "device": str(device), "dtype": str(dtype)[6:], "complete": True,
        "tokens": _told(one.output, base, found.cut),
    }  # fmt: skip
    made = Explained("ig", values, base, settings, agreed=found.agreed)
    return replace(record(made, one, cohort, background), background=None)  # none was used


def _told(output: Float, base: Float, cut: Int) -> tuple[str, ...]:
    """What a reader should know of lengths, and of tokens that were not read."""
    notes = []
    whole, own = float(np.var(output)), float(np.var(base))
    if own > LENGTH * whole:
        notes.append(
            f"Rows start at different outputs (variance {percent(own / whole)} of that of the "
            "output): what the number of tokens alone does is in the base of each row, and in no "
            "feature."
        )
    if cut.any():
        notes.append(
            f"In {int((cut > 0).sum())} of {len(cut)} rows the encoding left out tokens beyond "
            f"those that it reads ({int(cut.sum())} in all); they have 0."
        )
    for note in notes:
        warnings.warn(note, EvenlightWarning, stacklevel=4)
    return tuple(notes)
