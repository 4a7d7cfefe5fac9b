"""Which layers encode the group, which of that the output uses, and whether it is the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.data.representation import Erased, Representation
from evenlight.data.strata import held_beside
from evenlight.errors import AttributionError, GroupError, InputError
from evenlight.measures.arms import Arms
from evenlight.measures.belongs import same_layers, same_output
from evenlight.measures.conditions import Held, held, held_default
from evenlight.measures.encoded import ENCODED, READ, USED, EncodedUsed, reading_of
from evenlight.measures.hidden_people import places, shown_in_all, shown_sd
from evenlight.measures.leak import FOLDS, LEAST_DRAWS, arms_within, leaked
from evenlight.measures.prepare import ALPHA, Setting, setting
from evenlight.measures.testing import Testing
from evenlight.measures.told_effects import difference_steps, told_shares
from evenlight.stats.disclosure import told_limits, told_values
from evenlight.stats.equivalence import verdicts
from evenlight.stats.erasure import jackknifed, read_out, share_explained, stratified_gap
from evenlight.stats.leakage import told
from evenlight.stats.multiplicity import holm

AUC_MARGIN = 0.05
"""An AUC no further above a half than this tells next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One question: a cohort under a grouping, what else is held, and in which units.

    `at` are the rows of whom nobody is hidden, by the grouping or by what is held `beside` it.
    """

    here: Setting
    at: Int
    beside: Groups | None
    fixed: Held
    given: str
    unit: float
    draws: int
    seed: int

    @property
    def name(self) -> tuple[str, str]:
        """The grouping, and what stands beside it."""
        return self.here.groups.name, "" if self.beside is None else self.beside.name


def encoded_used(
    embeddings: Sequence[Representation],
    predictions: Predictions,
    cohort: Cohort,
    *,
    by: str | Groups,
    erased: Sequence[Erased] = (),
    against: str | Groups | None = None,
    margin: float | None = None,
    draws: int = 999,
    rng: np.random.Generator | int = 0,
) -> EncodedUsed:
    """Join what layers tell of the groups of `by` with what the output makes of it.

    `embeddings` from `ev.embed`, `predictions` of the same model (what a part of it holds that was
    run on its own is a `Representation.given`), `erased` from `ev.erase` of the same layers; a
    layer that was not erased has no verdict on use. `against` names the competing
    explanation, as a site or a scanner: the same is asked of the group within its levels, and of it
    within the groups, unless it varies between the rows of a unit. `margin` is in SD(f), by
    default 0.1.

    People of a level of 1 to 10 units, of `by` or of `against`, are in no number, and numbers
    beside them are told to steps (`stats.disclosure`); verdicts are of those before.

    Raises InputError for no embeddings, two of one name, fewer than 100 draws or a margin that is
    not positive, and for something else than these records; GroupError where `against` is the
    grouping; AttributionError where the output does not vary within groups, and where layers are
    another model's than the predictions, or were erased from one or for another target.
    """
    margin = Testing().margin if margin is None else margin
    _checked(embeddings, margin, draws)
    _given(predictions, erased)
    groups = cohort.grouping(by)
    other, constant = (None, False) if against is None else held_beside(cohort, against)
    if other is not None and other.name == groups.name:
        raise GroupError(f"{groups.name} stands against itself; name another column, as a site")
    seed = int(np.random.default_rng(rng).integers(2**63))
    output = predictions.at(cohort).margin
    pairs: list[tuple[Groups, Groups | None]] = [(groups, None)]
    pairs += [] if other is None else [(groups, other)]
    pairs += [(other, groups)] if other is not None and constant else []
    unit = _unit(cohort, groups, output)
    asked = [_asked(cohort, pair, unit, draws, seed) for pair in pairs]
    layers = [made.at(cohort) for made in embeddings]
    same_layers(layers, predictions.at(cohort))
    _same_model([one.at(cohort) for one in erased], predictions.at(cohort))
    emptied = {(e.grouping, e.beside, e.layer): e.at(cohort) for e in erased}
    lines: list[dict[str, Any]] = []
    for question in asked:
        for layer in layers:
            found = emptied.get((*question.name, layer.name))
            lines += _lines(question, layer, output, found)
    return _joined(lines, asked[0], predictions.target, margin)


def _given(predictions: object, erased: object) -> None:
    """Raise InputError for anything but predictions, and the outputs of erased layers."""
    if not isinstance(predictions, Predictions):
        raise InputError(
            f"predictions is a {type(predictions).__name__}; wanted those of one target, "
            "ev.predict(model, cohort)"
        )
    if not (isinstance(erased, Sequence) and all(isinstance(one, Erased) for one in erased)):
        raise InputError(
            f"erased is a {type(erased).__name__}; wanted the records of ev.erase(model, cohort, "
            "by=...)"
        )


def _same_model(erased: Sequence[Erased], predictions: Predictions) -> None:
    """AttributionError unless layers were erased from the model and target of the predictions."""
    for one in erased:
        if one.target != predictions.target:
            raise AttributionError(
                f"layer {one.layer!r} was erased for {one.target!r}, the predictions are of "
                f"{predictions.target!r}; ask for the same target= in both"
            )
        same_output(f"the erased layer {one.layer!r}", one.before, predictions.margin)


def _checked(embeddings: Sequence[Representation], margin: float, draws: int) -> None:
    if not isinstance(embeddings, Sequence) or not all(
        isinstance(made, Representation) for made in embeddings
    ):
        raise InputError(
            f"embeddings is a {type(embeddings).__name__}; wanted the representations of "
            "ev.embed(model, cohort), in a list"
        )
    names = [made.name for made in embeddings]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice is not None:
        what = f"two embeddings are called {twice!r}" if names else "no embeddings"
        raise InputError(f"{what}; give those of ev.embed(model, cohort)")
    if draws < LEAST_DRAWS or not margin > 0:
        raise InputError(
            f"draws is {draws} and margin {margin}; at least {LEAST_DRAWS} draws and a positive "
            "margin, in SD(f), are needed"
        )


def _unit(cohort: Cohort, groups: Groups, output: Float) -> float:
    """SD(f), the pooled SD of the output within the groups."""
    unit = shown_sd(setting(cohort, groups), output)
    if not unit > 0:
        raise AttributionError("the output does not vary within groups; nothing can be used there")
    return unit


def _asked(
    cohort: Cohort, pair: tuple[Groups, Groups | None], unit: float, draws: int, seed: int
) -> Asked:
    groups, beside = pair
    both = (groups,) if beside is None else (groups, beside)
    here, given = shown_in_all(cohort, both), held_default(cohort)
    at = places(here, cohort)
    own = None if beside is None else beside.take(at)
    return Asked(here, at, beside, held(here, given, own), given, unit, draws, seed)


def _lines(
    asked: Asked, layer: Representation, output: Float, erased: Erased | None
) -> list[dict[str, Any]]:
    """The numbers of one question and layer, one dictionary a contrast."""
    values, output = layer.values[asked.at].astype(np.float64), output[asked.at]
    encoded = arms_within(asked.here, asked.fixed, values, seed=asked.seed)
    said = _read_out(asked, values, output)
    columns = [output, said] if erased is None else [output, said, *erased.after[:, asked.at]]
    moved = arms_within(asked.here, asked.fixed, np.column_stack(columns), seed=asked.seed)
    share, out = share_explained(output, said), []
    steps = _steps(asked, np.column_stack([output, said]))
    for one, two, step in zip(encoded, moved, steps, strict=True):
        told_ = leaked(one, asked.here, draws=asked.draws, seed=asked.seed)
        line: dict[str, Any] = {"grouping": asked.name[0], "beside": asked.name[1]}
        line |= {"layer": layer.name, "contrast": one.names, "n": told_["n"]}
        line["rounded"] = int(asked.here.rounded)
        line |= {"smallest": told_["smallest"]}
        line |= {"auc": told_["auc"], "auc_low": told_["low"], "auc_high": told_["high"]}
        line |= {"auc_p": told_["p"], "reason": one.reason}
        out.append(line | _to_steps(_used(asked, two, erased, share), step, asked.here))
    adjusted = holm(np.array([line["auc_p"] for line in out]))
    return [line | {"auc_p": float(p)} for line, p in zip(out, adjusted, strict=True)]


def _steps(asked: Asked, columns: Float) -> Float:
    """The steps (c, 2) of a difference of the output and of its read-out, 0 where none is needed.

    What is used of a difference is a part of it, and so no finer.
    """
    here = asked.here
    if not here.rounded:
        return np.zeros((len(here.groups.contrasts()), 2))
    return difference_steps(here.per_unit(columns) / asked.unit, here.unit_group, here)


def _to_steps(line: dict[str, Any], step: Float, here: Setting) -> dict[str, Any]:
    """The same line as it may be told; `ends` keeps the limits of what is used, to be judged by."""
    own, said = step[:1], step[1:]
    low, high = (np.array([line[name]]) for name in ("used_low", "used_high"))
    told_low, told_high = told_limits(low, high, own)
    made = {"used_low": told_low, "used_high": told_high}
    for name, one in (("gap", own), ("used", own), ("readout_gap", said)):
        made[name] = told_values(np.array([line[name]]), one)
    made["readout"] = told_shares(np.array([line["readout"]]), here)
    return line | _floats(made) | {"ends": (line["used_low"], line["used_high"])}


def _read_out(asked: Asked, values: Float, output: Float) -> Float:
    """The output of each row as a linear read-out of the layer says it, from other units."""
    here, rng = asked.here, np.random.default_rng(asked.seed)
    fold = rng.permutation(len(here.unit_group))[here.unit] % FOLDS
    order = here.order
    out = np.empty(len(output))
    out[order] = read_out(values[order], output[order], fold[order])
    return out


def _used(asked: Asked, one: Arms, erased: Erased | None, share: float) -> dict[str, Any]:
    """How much of the gap goes with the layer's means, NaN where it cannot be asked."""
    out: dict[str, Any] = dict.fromkeys((*USED, *READ), float("nan"))
    if one.reason:
        return out | {"used_reason": one.reason}
    everyone = np.ones(len(one.plan.units), dtype=bool)
    gaps = stratified_gap(one.cells.values[:, :2], one.plan, everyone) / asked.unit
    out |= {"readout": share, "readout_gap": float(gaps[1])}
    if erased is None:
        how = ", by=..., against=..." if asked.beside is not None else ", by=..."
        return out | {"used_reason": f"the layer was not erased; give ev.erase(model, cohort{how})"}
    block = np.zeros(len(asked.here.unit_group), dtype=np.int64)
    block[asked.here.unit] = erased.block[asked.at]
    own = block[one.plan.units]
    parts = np.array([_part(one, k, own) for k in range(1 + erased.blocks)]) / asked.unit
    low, high = jackknifed(parts[0], parts[1:], alpha=ALPHA)
    numbers = {"used": parts[0], "used_low": low, "used_high": high}
    return out | {"gap": float(gaps[0]), **_floats(numbers), "used_reason": ""}


def _part(one: Arms, k: int, block: Int) -> Float:
    """The gap that goes, without the units of block k - 1 (1,)."""
    values = one.cells.values
    change = values[:, [0]] - values[:, [2 + k]]
    return stratified_gap(change, one.plan, block != k - 1)


def _floats(numbers: dict[str, Float]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in numbers.items()}


def _joined(lines: list[dict[str, Any]], asked: Asked, target: str, margin: float) -> EncodedUsed:
    """All lines as one record, with verdicts."""
    names = (*ENCODED, *USED, *READ)
    made: dict[str, Any] = {
        name: np.array([line[name] for line in lines], dtype=np.float64) for name in names
    }
    smallest = np.array([line["smallest"] for line in lines])
    encoded = told(
        made["auc_low"], made["auc_high"], made["auc_p"],
        margin=AUC_MARGIN, alpha=ALPHA, smallest=smallest,
    )  # fmt: skip
    low, high = np.array([line["ends"] for line in lines], dtype=np.float64).T
    uses = verdicts(low, high, margin, smallest)
    return EncodedUsed(
        groupings=tuple(line["grouping"] for line in lines),
        besides=tuple(line["beside"] for line in lines),
        layers=tuple(line["layer"] for line in lines),
        contrasts=tuple(line["contrast"] for line in lines),
        given=asked.given,
        target=target,
        margins=(AUC_MARGIN, margin),
        alpha=ALPHA,
        draws=asked.draws,
        unit=asked.unit,
        n=np.array([line["n"] for line in lines]),
        rounded=np.array([line["rounded"] for line in lines], dtype=np.int64),
        encoded=encoded,
        uses=uses,
        reading=reading_of(encoded, uses),
        **(made | _words(lines, "reason", "used_reason")),
    )


def _words(lines: list[dict[str, Any]], *names: str) -> dict[str, Text]:
    return {name: np.array([line[name] for line in lines], dtype=np.str_) for name in names}
