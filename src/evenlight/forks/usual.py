"""The forks that a model and a cohort allow, with nothing else given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.explainers.background import draw
from evenlight.explainers.baseline import starts_of
from evenlight.explainers.image_baselines import IMAGES, is_images
from evenlight.forks.baselines import baselines
from evenlight.forks.fork import Fork
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.headed import Headed, headed
from evenlight.models.links import margin_of
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.plan_parts import ForkKind
from evenlight.small_groups import least_shown

OTHERS: Mapping[str, tuple[str, ...]] = {
    "ig": ("captum.gradient_shap",),
    "trees": ("shapley",),
    "shapley": ("occlusion",),
    "smoothgrad": ("ig",),
}
"""Explainers that could as well have been chosen, by the one that was."""

FEW_COLUMNS = 100
"""Columns up to which explainers that call the model for each of them are asked."""

SEEDS = 2
"""Other draws of everything that is drawn."""

KINDS: tuple[ForkKind, ...] = get_args(ForkKind)
"""Forks that need nothing but the model and the cohort."""


def usual(
    prepared: Prepared,
    cohort: Cohort,
    plan: Plan,
    method: str,
    kinds: Sequence[str] = KINDS,
) -> tuple[Fork, ...]:
    """The forks that every audit can ask, of those `kinds`.

    Two other seeds; the people of one group as background, for each group of the first grouping
    with at least 11 units; the other baselines of integrated gradients, of images four; another
    explainer; and the other scale of the target: the response in place of the margin, or the log
    odds of a model that has probabilities alone.

    Raises InputError for an unknown kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"no fork {kind!r}; known: {', '.join(KINDS)}")
    made = {
        "seed": _seeds(plan),
        "background": _backgrounds(cohort),
        "baseline": _baselines(prepared, cohort, method, plan.explain.baseline),
        "explainer": _explainers(cohort, method),
        "scale": _scales(prepared, cohort),
    }
    return tuple(fork for kind in KINDS if kind in kinds for fork in made[kind])


def _seeds(plan: Plan) -> Iterator[Fork]:
    for i in range(1, SEEDS + 1):
        seed = plan.explain.seed + i
        yield Fork("seed", str(seed), seed=seed)


def _backgrounds(cohort: Cohort) -> Iterator[Fork]:
    first = cohort.groups[0]
    for code, level in enumerate(first.levels):
        own = first.codes == code
        if len(np.unique(cohort.units[own])) >= least_shown():
            yield Fork("background", f"{level} alone", background=cohort.take(own))


def _baselines(prepared: Prepared, cohort: Cohort, method: str, chosen: str) -> Iterator[Fork]:
    """The baselines that integrated gradients did not choose; codes have no mean.

    Of images the mean, black, a blur of each, and each filled from its frame; else the other one of
    the background's mean and rows.
    """
    if method != "ig" or prepared.adapted.codes:
        return
    if is_images(cohort):
        yield from baselines([word for word in IMAGES if word != chosen])
        return
    drawn = draw(cohort, rng=np.random.default_rng(0))
    yield from baselines(["rows" if starts_of("auto", cohort, drawn)[1] == "mean" else "mean"])


def _explainers(cohort: Cohort, method: str) -> Iterator[Fork]:
    for name in OTHERS.get(method, ()):
        if not (_dear(cohort) and name in ("shapley", "occlusion")):
            yield Fork("explainer", name, method=name)


def _dear(cohort: Cohort) -> bool:
    """Whether an explainer that calls the model for each column is out of reach."""
    return cohort.x.ndim != 2 or cohort.x.shape[1] > FEW_COLUMNS


def _scales(prepared: Prepared, cohort: Cohort) -> Iterator[Fork]:
    """The other scale of the target, where the link bends or there are probabilities alone."""
    adapted = prepared.adapted
    if _dear(cohort):
        return
    if adapted.link != "identity":
        yield Fork("scale", "response", model=_rescaled(prepared, cohort, logit=False),
                   method="shapley")  # fmt: skip
    elif adapted.scale == "probability" and 0 < prepared.output.min() <= prepared.output.max() < 1:
        yield Fork("scale", "log odds", model=_rescaled(prepared, cohort, logit=True),
                   method="shapley")  # fmt: skip


def _rescaled(prepared: Prepared, cohort: Cohort, *, logit: bool) -> Adapted | Headed:
    """The model on the other scale; of cross-fitted heads each is, and each row keeps its own."""
    if not isinstance(prepared, Headed):
        return _other_scale(prepared, logit=logit)
    return headed([_other_scale(one, logit=logit) for one in prepared.heads], cohort, prepared.own)


def _other_scale(prepared: Prepared, *, logit: bool) -> Adapted:
    """The response of the target as a margin of its own, or its log odds."""
    adapted, column = prepared.adapted, prepared.column

    def response(x: np.ndarray[Any, Any]) -> Float:
        own: Float = adapted.response(x)[:, column]
        return own

    def log_odds(x: np.ndarray[Any, Any]) -> Float:
        return margin_of(response(x), "logit")

    if logit:
        return adapt(log_odds, link="logit", gives="margin", targets=[prepared.target])
    return adapt(response, link="identity", targets=[prepared.target], unit=adapted.unit)
