"""Whether attributions say what the model does, on a sample of rows."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from evenlight.arrays import Float, Int, Values
from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.background import Reference, draw
from evenlight.models.probe import Prepared, prepare, settled
from evenlight.probes.again import Again, moved, unlearned
from evenlight.probes.heads_checked import checked_by_head
from evenlight.probes.masked import Rows, tried
from evenlight.probes.pieces import pieces_of
from evenlight.probes.sample import balanced_sample, row_generator, shown_rows
from evenlight.stats.fidelity import (
    borne_out,
    claimed_area,
    curve_sizes,
    monte_carlo_error,
    relative_change,
    relative_difference,
    relative_residual,
    similarity,
    typical_size,
)

ROWS = 200
"""Rows that are examined, in all."""

REFERENCES = 4
"""Background rows that replace a row's pieces, where attributions do not start at their mean."""

SAME_START = 1e-3
"""Attributions start at the background's mean if their base is its margin, to this part of the
median change of the output."""


@checked_by_head(ROWS)
def faithfulness(
    model: object,
    cohort: Cohort,
    attributions: Attributions,
    *,
    background: Cohort | Values | None = None,
    rows: int = ROWS,
    seed: int = 0,
) -> Faithfulness:
    """How far attributions can be trusted, on rows balanced over the cohort's groupings.

    What is checked is said in `evenlight.data.faithful.Faithfulness`. Every row has its own draws,
    by seed and id, so that neither order nor number of the other rows matters. The cost is at most
    (28 + 64) x 4 model evaluations a row (a quarter of it where attributions start at the
    background's mean), and five explanations of the sample; 200 rows, more only where there are
    more than ten groups.

    Parameters
    ----------
    attributions
        of features or variables, not of sets of them; their target is the model's.
    background
        what was given to `explain`, so that the same reference rows are drawn again.
    rows, seed
        size of the sample, and its seed.

    Raises
    ------
    AttributionError
        for attributions of other people, of sets, or of another background than the one drawn.
    ModelError
        for a model that does not fit the cohort.

    >>> import pandas as pd
    >>> from evenlight.data.coefficients import CoefficientTable
    >>> from evenlight.explainers.explain import explain
    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    >>> cohort = Cohort(rng.normal(size=(40, 3)), people, ["a", "b", "c"], groups=["sex"])
    >>> table = CoefficientTable("dose", 1.0, {"a": 2.0, "b": 1.0, "c": -3.0})
    >>> found = faithfulness(table, cohort, explain(table, cohort), rows=20)
    >>> found.deletion.mean().round(3).item(), found.agreement.mean().round(3).item()
    (1.0, 0.0)
    """
    made = _same_people(attributions, cohort)
    prepared = _prepared(model, cohort, made)
    chosen = balanced_sample(cohort, rows, seed=seed)
    chosen = chosen[np.isin(chosen, shown_rows(cohort))]  # nothing is told of the others
    place = align.match(made.rows, cohort.rows[chosen], what="attributions")
    _same_model(made.output[place], prepared, prepared.output[chosen])
    reference = _drawn(cohort, made, background, 0)
    if made.background is not None and made.background.digest != reference.record.digest:
        raise AttributionError(
            "the background of these attributions is not the one drawn here; pass background= as "
            "it was given to explain"
        )
    again = Again(made, prepared, cohort.take(chosen), reference.rows, pieces_of(cohort), seed)
    phi = again.pieces.of(made, place)
    found, evaluations = _shown(again, phi, prepared.output[chosen], made.base[place])
    found |= _recorded(made, place, again.reasons)
    explanations = _repeated(again, _drawn(cohort, made, background, 1), phi, found)
    nothing = np.full(len(chosen), np.nan)
    return Faithfulness(
        rows=cohort.rows[chosen],
        **{name: found.get(name, nothing) for name in CHECKS},
        reasons={name: again.reasons[name] for name in CHECKS if name not in found},
        method=made.method,
        target=prepared.target,
        players=again.pieces.words,
        evaluations=evaluations,
        explanations=explanations,
        cohort_digest=cohort.digest,
    )


def _same_people(made: Attributions, cohort: Cohort) -> Attributions:
    if made.cohort_digest and made.cohort_digest != cohort.digest:
        raise AttributionError("these attributions were made on another cohort")
    table = cohort.x.ndim == 2
    known = (cohort.features.names, cohort.features.variables().names if table else ())
    if made.features.names not in known:
        raise AttributionError(
            "these are attributions of sets, or of other features than the cohort's; pass those of "
            "its features or variables, as explain gave them"
        )
    return made


def _prepared(model: object, cohort: Cohort, made: Attributions) -> Prepared:
    """The model for the target of the attributions; a single target needs no name."""
    if isinstance(model, Prepared):
        return prepare(model, cohort)
    adapted = settled(model, cohort)
    named = made.target if made.target in adapted.targets or len(adapted.targets) > 1 else None
    return prepare(adapted, cohort, target=named)


def _same_model(told: Float, prepared: Prepared, output: Float) -> None:
    """Raise AttributionError unless the model gives the outputs (m,) that were explained."""
    apart = np.abs(told - output).max(initial=0.0)
    if apart > 1e-2 * max(float(np.abs(output).max(initial=0.0)), 1e-6):
        raise AttributionError(
            f"{prepared.adapted.name} gives other outputs than those that were explained (by up to "
            f"{apart:.3g}); pass the model, adapted as it was, that explain was given"
        )


def _drawn(
    cohort: Cohort, made: Attributions, background: Cohort | Values | None, other: int
) -> Reference:
    """The background as `explain` drew it, or an `other` draw."""
    seed = int(made.settings.get("seed", 0)) + other
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # they were told when it was explained
        return draw(cohort, background, rng=np.random.default_rng([seed, 0]))


def _recorded(made: Attributions, place: Int, reasons: dict[str, str]) -> dict[str, Float]:
    """What the attributions themselves say of their error."""
    found = {}
    if made.settings.get("complete", True):
        found["residual"] = relative_residual(made.error, made.output, made.base)[place]
    else:
        reasons["residual"] = f"{made.method} does not promise that attributions add up"
    if made.spread is None:
        reasons["noise"] = f"{made.method} recorded no Monte Carlo error"
    else:
        found["noise"] = monte_carlo_error(made.values, made.spread)[place]
    return found


def _shown(again: Again, phi: Float, output: Float, base: Float) -> tuple[dict[str, Float], int]:
    """What the model does when pieces are taken away and put in, and how often it was asked."""
    rows, prepared = again.sample.rows.tolist(), again.prepared
    x = again.sample.dense().reshape(len(rows), -1)
    references, away = _references(again, output, base)
    orders = [row_generator(again.seed, row, "orders") for row in rows]
    own = Rows(x, references, phi, output, away)
    seen = tried(prepared, own, again.pieces, again.sample.x.shape[1:], orders)
    second = np.take_along_axis(phi, seen.pieces, axis=1)
    found = {"agreement": relative_difference(second, seen.second, seen.error)}
    if again.pieces.count < 2:
        again.reasons.update(dict.fromkeys(("deletion", "insertion"), "one variable has no order"))
        return found, seen.evaluations
    claimed = claimed_area(phi, curve_sizes(again.pieces.count))
    found |= {name: borne_out(getattr(seen, name), claimed) for name in ("deletion", "insertion")}
    return found, seen.evaluations


def _references(again: Again, output: Float, base: Float) -> tuple[Float, Float]:
    """Rows (m, K, P) that replace pieces, and their margins (m, K).

    Where the attributions start: what stands for nothing in images, the background's mean; else
    four of the background's rows for each row.
    """
    blank = _blank(again)
    if blank is not None:
        return blank[:, None], again.prepared.margin(blank)[:, None]
    starts = again.own_starts()
    if starts is not None:
        flat = starts.reshape(-1, *starts.shape[2:])
        margin = again.prepared.margin(flat).reshape(starts.shape[:2])
        return flat.reshape(*starts.shape[:2], -1), margin
    flat = again.background.reshape(len(again.background), -1)
    if not again.prepared.adapted.codes:
        mean = again.background.mean(axis=0, keepdims=True)
        start = float(again.prepared.margin(mean)[0])
        if np.abs(base - start).max() <= SAME_START * float(np.median(np.abs(output - base))):
            same = np.broadcast_to(mean.reshape(1, 1, -1), (len(output), 1, flat.shape[1]))
            return same, np.full((len(output), 1), start)
    margin = again.prepared.margin(again.background)
    some = np.stack(
        [
            row_generator(again.seed, row, "references").permutation(len(flat))[:REFERENCES]
            for row in again.sample.rows.tolist()
        ]
    )
    return flat[some], margin[some]


def _blank(again: Again) -> Float | None:
    """The sample with the baseline's token in every place (m, P), where paths begin there."""
    made, encoding = again.made.settings, getattr(again.prepared.adapted.module, "encoding", None)
    if encoding is None or made.get("baseline") != f"token {encoding.special.baseline}":
        return None
    blank = encoding.blank(torch.from_numpy(again.sample.dense()))
    return None if blank is None else np.asarray(blank.numpy(), dtype=np.float64)


def _repeated(again: Again, other: Reference, phi: Float, found: dict[str, Float]) -> int:
    """Add what explaining the rows again shows; how many explanations that took."""
    if again.unknown:
        again.reasons.update(dict.fromkeys(("stability", "background", "sanity"), again.unknown))
        return 0
    size = typical_size(phi)
    near, elsewhere, unlearned_ = moved(again), _elsewhere(again, other), unlearned(again)
    for name, values in (("stability", near), ("background", elsewhere)):
        if values is not None:
            found[name] = relative_change(phi, values, size)
    if unlearned_ is not None:
        found["sanity"] = np.mean([similarity(phi, values) for values in unlearned_], axis=0)
    count = (near is not None) + (elsewhere is not None) + len(unlearned_ or ())
    return count * again.sample.n


def _elsewhere(again: Again, other: Reference) -> Float | None:
    if again.at_token:
        again.reasons["background"] = "attributions start at a token, and at no background"
        return None
    if np.array_equal(other.rows, again.background):
        again.reasons["background"] = "the background has no other rows to draw"
        return None
    # Prepared outputs are in the cohort's order, and a sample of everybody has its digest.
    adapted = again.prepared.adapted
    return again.explained(adapted, again.sample, "background", other.rows)
