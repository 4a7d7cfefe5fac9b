"""Concept activation (TCAV): whether a network's output moves along what examples show.

Kim et al. 2018 (ICML, PMLR 80:2668). Layers' values and gradients are captum's. The direction is
the difference of means, not the weights of a classifier: those turn away from what the concept
changes wherever other directions carry noise (Pahde et al. 2025, ICLR). Beside the derivative at
the rows stands the whole step along the direction, which a network that is bent there answers
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum.attr import LayerActivation, LayerGradientXActivation
from torch import Tensor, nn

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.concepts import Concepts
from evenlight.data.handed import need_cohort
from evenlight.errors import ModelError
from evenlight.explainers.background import draw
from evenlight.explainers.borrowed import BATCH, Task, numbers, task
from evenlight.models.probe import Prepared
from evenlight.probes.common_patch import contrasted
from evenlight.probes.layers import chosen
from evenlight.probes.network_layers import first, hooked, with_first
from evenlight.stats.directions import moved, p_values, relabelled, standardised
from evenlight.stats.discriminant import arrangements, asked_groups, told_by

LEAST = 11
"""Examples of a concept, and others, that a direction needs."""
DRAWS = 1999
STEP_DRAWS = 299
"""Permutations of the derivative, and of the step, each of which is a pass of `STEP_ROWS` rows."""
STEP_ROWS = 64
TOLD_DRAWS = 199
BUDGET = 2**27
"""Most numbers of a layer that are held of all examples."""
ALPHA = 0.05


def concepts(
    model: object,
    cohort: Cohort,
    examples: Mapping[str, Values],
    *,
    against: Values,
    layers: Sequence[str],
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Concepts:
    """Concept activation of a network's layers, tested over resamples of who shows the concept.

    Parameters
    ----------
    cohort
        the rows asked; `cohort.take(cohort.y == 1)` asks of the ill alone, as TCAV does of a class.
    examples
        concept to images (e, *s) that show it, 11 or more, other people's than the cohort's, each
        of one person.
    against
        images (e, *s) without any of them, the same in every other way.
    layers
        names of modules (`model.named_modules()`); the values of a layer are laid flat, so that a
        concept has a place.

    Raises
    ------
    ModelError
        for a model that is no network, an unknown layer, one that does not give one output a row
        or is too large, fewer than 11 examples or images of another shape.
    """
    need_cohort(cohort, "concepts(model, cohort, examples=...)")
    if not examples or AGAINST in examples:
        raise ModelError(f'name one or more concepts in examples=, none of them "{AGAINST}"')
    given = _checked({**examples, AGAINST: against}, cohort)
    reference = draw(cohort, rng=np.random.default_rng(0), size=2)
    with task(model, cohort, target, reference) as one:
        parts = dict(one.net.network.named_modules())
        named = chosen(layers, [name for name in parts if name], [])
        shown = [_shown(one, name, parts[name], given) for name in named]
        found = _Found(one.prepared, cohort, tuple(named), tuple(examples), shown)
        steps = _step_tests(one, found, [parts[n] for n in named], np.random.default_rng(rng))
    return _record(found, steps, np.random.default_rng(rng))


AGAINST = "against"


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """One layer: what examples `held` (e, d), the rows' derivatives `along` each (n, e), and steps.

    `step` (n, q) is how far each row's margin moves where the layer moves by a whole difference.
    """

    held: Mapping[str, Float]
    along: Mapping[str, Float]
    step: Float

    def direction(self, name: str) -> Float:
        """The difference of means (d,) of one concept."""
        move: Float = self.held[name].mean(axis=0) - self.held[AGAINST].mean(axis=0)
        return move


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """All layers, with what they were asked of."""

    prepared: Prepared
    cohort: Cohort
    layers: tuple[str, ...]
    names: tuple[str, ...]
    shown: list[_Shown]

    @property
    def weight(self) -> Float:
        """Of each row (n,): units count once."""
        each: Float = 1 / np.bincount(self.cohort.units)[self.cohort.units] / self.cohort.u
        return each

    def labels(self, name: str) -> Bool:
        """Which of a concept's examples and the others show it, (e,)."""
        own, rest = (len(self.shown[0].held[n]) for n in (name, AGAINST))
        return np.arange(own + rest) < own

    def sample(self) -> Int:
        """Rows that steps are tested in, evenly from the sorted order of row ids."""
        at = np.linspace(0, self.cohort.n - 1, min(STEP_ROWS, self.cohort.n))
        return self.cohort.order[np.unique(at.round().astype(np.int64))]


def _checked(examples: Mapping[str, Values], cohort: Cohort) -> dict[str, Float]:
    """Examples as float64; ModelError for few of them, or another shape."""
    shape, out = tuple(cohort.x.shape[1:]), {}
    for name, images in examples.items():
        made = np.asarray(images, dtype=np.float64)
        if made.shape[1:] != shape or len(made) < LEAST or not np.isfinite(made).all():
            raise ModelError(
                f"examples of {name!r} have shape {made.shape}; wanted {LEAST} or more finite "
                f"images of {shape}"
            )
        out[name] = made
    return out


def _shown(one: Task, name: str, part: nn.Module, given: Mapping[str, Float]) -> _Shown:
    """What a layer holds of the examples, and how the rows' margins move along each."""
    reading = LayerActivation(one.net, part)
    held = {concept: _values(reading, one, name, images) for concept, images in given.items()}
    slopes = LayerGradientXActivation(one.net, part, multiply_by_inputs=False)
    along = {concept: np.empty((one.cohort.n, len(v))) for concept, v in held.items()}
    step = np.empty((one.cohort.n, len(given) - 1))
    moves = [v.mean(axis=0) - held[AGAINST].mean(axis=0) for c, v in held.items() if c != AGAINST]
    for at, x in one.cohort.blocks(BATCH):
        rows = one.tensor(x)
        slope = _flat(slopes.attribute(rows), name, len(x))
        for concept, values in held.items():
            along[concept][at] = slope @ values.T
        step[at] = _steps(one, part, rows, moves).T
    return _Shown(held, along, step)


def _values(reading: Any, one: Task, name: str, images: Float) -> Float:
    """What a layer holds of images, laid flat (e, d)."""
    made = []
    for start in range(0, len(images), BATCH):
        x = images[start : start + BATCH]
        made.append(_flat(reading.attribute(one.tensor(x)), name, len(x)))
        if made[-1].shape[1] * len(images) > BUDGET:
            raise ModelError(
                f"layer {name!r} holds {made[-1].shape[1]:,} numbers a row, too many for "
                f"{len(images)} examples; name a later layer"
            )
    return np.concatenate(made)


def _flat(out: Any, name: str, rows: int) -> Float:
    """A layer's numbers, (m, d) float64."""
    made = first(out)
    if made is None or made.ndim < 2 or len(made) != rows:
        raise ModelError(f"layer {name!r} does not give one output a row; name another layer")
    return numbers(made).reshape(rows, -1)


def _steps(one: Task, part: nn.Module, rows: Tensor, moves: Sequence[Float]) -> Float:
    """How far the margins of rows move where a layer moves by each of `moves` (d,), (moves, m)."""
    with torch.no_grad():
        before = numbers(one.net(rows))
        out = []
        for move in moves:
            with hooked({part: _mover(move)}):
                out.append(numbers(one.net(rows)) - before)
    return np.stack(out)


def _mover(move: Float) -> Callable[[Any], Any]:
    """A hook: every row of what a layer gives, moved by the same `move` (d,)."""

    def hook(made: Any) -> Any:
        held = first(made)
        assert held is not None
        by = torch.as_tensor(move, dtype=held.dtype, device=held.device).reshape(held.shape[1:])
        return with_first(made, held + by)

    return hook


def _step_tests(
    one: Task, found: _Found, parts: Sequence[nn.Module], rng: np.random.Generator
) -> tuple[Float, Float]:
    """Raw and max-T p (l, q) of the mean step over a sample of rows, under permuted examples."""
    at = found.sample()
    rows, weight = one.tensor(found.cohort.dense(at)), found.weight[at] / found.weight[at].sum()
    seen, null = [], []
    for name in found.names:
        labels = relabelled(found.labels(name), STEP_DRAWS, rng)
        labels = np.vstack([found.labels(name)[None], labels])
        share = labels / labels.sum(axis=1, keepdims=True)
        share = share - ~labels / (~labels).sum(axis=1, keepdims=True)
        steps = [
            _steps(one, part, rows, share @ np.vstack([shown.held[name], shown.held[AGAINST]]))
            for part, shown in zip(parts, found.shown, strict=True)
        ]
        mean = np.column_stack([step @ weight for step in steps])
        own, drawn = standardised(mean[0], mean[1:])
        seen.append(own)
        null.append(drawn)
    return p_values(seen, null)


def _record(found: _Found, steps: tuple[Float, Float], rng: np.random.Generator) -> Concepts:
    """Everything that is told of each layer and concept."""
    names, weight, order = found.names, found.weight, found.cohort.order
    tests = []
    for name in names:
        both = [np.hstack([one.along[name], one.along[AGAINST]]) for one in found.shown]
        mean = np.column_stack([weight[order] @ along[order] for along in both])
        tests.append(moved(mean, found.labels(name), draws=DRAWS, rng=rng))
    half = np.stack([t.half(ALPHA / (len(names) * len(found.layers))) for t in tests], axis=1)
    slope = np.stack([t.effect for t in tests], axis=1)
    raw, adjusted = p_values([t.seen for t in tests], [t.null for t in tests])
    told = np.array([[_told(one, name, rng) for name in names] for one in found.shown])
    return Concepts(
        layers=found.layers, concepts=names,
        examples=np.array([len(found.shown[0].held[name]) for name in names], dtype=np.int64),
        against=len(found.shown[0].held[AGAINST]), draws=DRAWS, step_draws=STEP_DRAWS,
        step_rows=len(found.sample()), target=found.prepared.target,
        step=np.stack([weight[order] @ one.step[order] for one in found.shown]),
        step_p=steps[0], step_p_maxt=steps[1], score=_score(found, order),
        derivative=slope, low=slope - half, high=slope + half,
        derivative_p=raw, derivative_p_maxt=adjusted,
        told=told[..., 0], told_low=told[..., 1], told_high=told[..., 2], told_p=told[..., 3],
        contrasts=tuple(_contrasts(found, k) for k in range(len(found.layers))), alpha=ALPHA,
    )  # fmt: skip


def _score(found: _Found, order: Int) -> Float:
    """TCAV (l, q): the share of rows whose margin rises along a direction; 0 counts one half."""
    out = []
    for one in found.shown:
        rest = one.along[AGAINST].mean(axis=1)
        rise = np.column_stack([one.along[name].mean(axis=1) - rest for name in found.names])
        out.append(found.weight[order] @ ((rise > 0) + 0.5 * (rise == 0))[order])
    return np.stack(out)


def _contrasts(found: _Found, k: int) -> Any:
    """Each row's step in one layer."""
    prepared, words = found.prepared, f"concept added to {found.layers[k]}"
    low = np.repeat(prepared.output[:, None], len(found.names), axis=1)
    many = len(found.names)
    return contrasted(
        prepared, found.cohort, found.names, low, low + found.shown[k].step, kind="added",
        words=(("as recorded",) * many, (words,) * many),
    )  # fmt: skip


def _told(one: _Shown, name: str, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """How far a layer tells a concept's examples from the others."""
    x = np.concatenate([one.held[AGAINST], one.held[name]])
    codes = np.repeat([0, 1], [len(one.held[AGAINST]), len(one.held[name])]).astype(np.int64)
    asked = asked_groups(codes, np.zeros(len(codes), dtype=np.int64), rng=rng)
    found = told_by(x, asked, arrangements(asked, draws=TOLD_DRAWS, rng=rng))
    return found.value, found.low, found.high, found.p
