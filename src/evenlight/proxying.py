"""Candidate groups in one audit: clusters where no label was recorded, always called proxies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.encoding import named_layers
from evenlight.errors import EvenlightError, PlanError
from evenlight.explore import performable
from evenlight.measures.judging import Judging
from evenlight.measures.perform import perform
from evenlight.measures.proxied import Proxied
from evenlight.measures.proxies import Proxies, over_proxies, proxies
from evenlight.measures.reliance import TOTALS
from evenlight.measures.rely import rely
from evenlight.measures.testing import Testing
from evenlight.measures.tried import tried
from evenlight.models.probe import settled
from evenlight.plan import Plan
from evenlight.probes.embeddings import embed
from evenlight.small_groups import least_shown

STREAM = 7_000
"""Where the streams of the seed begin that are drawn here."""

MOST = 6
"""Clusters, at most."""

LEAST = 20
"""Units a cluster has on average, at least: below it nothing is called similar."""

WIDE = 5_000
"""Columns beyond which the values themselves are not clustered."""

STOOD_IN = (
    "No grouping was declared. {title} stands in for one: clusters of {name}, which are no "
    "recorded labels and no ancestries; what is said of them is said of the clusters."
)


@dataclass(frozen=True, slots=True)
class Proxying:
    """What was found of proxies, and sentences on what could not be had."""

    proxies: tuple[Proxied, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of each clustering: predictions and attributions, and how they are judged."""

    predicted: Predictions
    made: Attributions
    judging: Judging
    testing: Testing


def proxying(
    model: object, asked: Asked, cohort: Cohort, plan: Plan, say: Callable[[str], None]
) -> Proxying:
    """Verdicts on performance and reliance over clusterings of every representation.

    Those are the declared axes; without any, the last of the layers that the plan names; without
    these, the values of a table. Who is in which cluster is not kept.
    """
    if not plan.reliance.proxies:
        return Proxying()
    say("verdicts over proxy groups")
    notes: list[str] = []
    found = tried(
        "Proxy groups could not be had", notes, partial(representations, model, cohort, plan)
    )
    if found is None:
        return Proxying(notes=tuple(notes))
    made, kind = [], found[0]
    for i, item in enumerate(found[1]):
        rng = np.random.default_rng([plan.explain.seed, STREAM + i])
        cluster = partial(proxies, item, cohort, k=_sizes(cohort.u), rng=rng)
        clustered = tried(f"Proxy groups of {item.name} could not be had", notes, cluster)
        if clustered is None:
            continue
        ask = partial(_verdicts, asked, cohort, seed=int(rng.integers(2**63)), notes=notes)
        made.append(Proxied.of(clustered, over_proxies(clustered, ask), made_of=kind))
    return Proxying(tuple(made), tuple(dict.fromkeys(notes)))


def stood_in(model: object, cohort: Cohort, plan: Plan) -> Cohort:
    """The cohort, with the most stable proxy as its grouping where it has none and the plan asks.

    The same seed gives the same clusters. Raises PlanError where there is nothing to cluster, or
    the clusters have fewer than 11 units.
    """
    if cohort.groups or not plan.reliance.proxies:
        return cohort
    try:
        _, found = representations(model, cohort, plan)
        rng = np.random.default_rng([plan.explain.seed, STREAM])
        groups = _most_stable(proxies(found[0], cohort, k=_sizes(cohort.u), rng=rng))
    except EvenlightError as error:
        raise PlanError(f"no grouping is declared, and no proxy could be made: {error}") from None
    note = STOOD_IN.format(title=groups.name, name=found[0].name)
    return cohort.altered(groups=(groups,), notes=(*cohort.notes, note))


def representations(
    model: object, cohort: Cohort, plan: Plan
) -> tuple[str, tuple[Axes | Representation, ...]]:
    """What is clustered, and what it is: declared axes, else a layer, else the table's values."""
    if cohort.axes:
        return "axes", cohort.axes
    if plan.reliance.layers:
        return "layer", (_layer(model, cohort, plan),)
    if cohort.x.ndim != 2 or cohort.x.shape[1] > WIDE or cohort.gaps:
        raise PlanError(
            f"x is no whole table of at most {WIDE:,} columns; declare axes, or name a layer with "
            "reliance.layers"
        )
    values = _standardised(cohort.dense())
    return "values", (Representation.given("the values", values, rows=cohort.rows),)


def _layer(model: object, cohort: Cohort, plan: Plan) -> Representation:
    """The last of the named layers that is not the output itself."""
    many = max(len(settled(model, cohort).targets), 1)
    read = embed(model, cohort, layers=named_layers(plan.reliance))
    inner = [layer for layer in read if layer.values.shape[1] > many]
    if not inner:
        raise PlanError(
            f"no layer holds more than the {many} numbers that the model gives, and clusters of "
            "the output are no groups; name an inner layer with reliance.layers"
        )
    return replace(inner[-1], name=f"layer {inner[-1].name}")


def _standardised(x: Float) -> Float:
    """Columns with mean 0 and SD 1, those that do not vary 0: no unit counts more than another."""
    sd = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(sd > 0, sd, 1.0))


def _sizes(units: int) -> list[int]:
    """Numbers of clusters that so many units allow: 2 to 6, with 20 units each on average."""
    return [k for k in range(2, MOST + 1) if units >= LEAST * k] or [2]


def _most_stable(found: Proxies) -> Groups:
    """The most stable clustering, all of whose clusters may be shown; the coarsest among equals.

    Those that are no more stable than one cloud come after all others.
    """
    able = np.flatnonzero(found.smallest >= least_shown())
    if not len(able):
        raise PlanError(
            f"a cluster of {found.name} has fewer than {least_shown()} units at every number of "
            "clusters"
        )
    stable, cloud = found.stability[able], found.expected[able]
    return found.groups[int(able[np.lexsort((-stable, stable <= cloud))[0]])]


def _verdicts(
    asked: Asked, cohort: Cohort, groups: Groups, *, seed: int, notes: list[str]
) -> pd.DataFrame:
    """Verdicts by one clustering; a measure that cannot be had is a note, and not estimable."""
    out: list[dict[str, str]] = []
    for words, measure in (("Performance", _performance), ("Reliance", _reliance)):
        ask = partial(measure, asked, cohort, groups, rng=np.random.default_rng(seed))
        out += tried(f"{words} by {groups.name} could not be measured", notes, ask) or []
    nothing = {"measure": "everything", "subject": "all", "verdict": "not_estimable"}
    return pd.DataFrame(out or [nothing])


def _performance(asked: Asked, cohort: Cohort, groups: Groups, **own: Any) -> list[dict[str, str]]:
    """Verdicts on the metrics that are held to a margin."""
    if not performable(asked.predicted, cohort):
        return []
    made = perform(asked.predicted, cohort, by=groups, judging=asked.judging, **own)
    return [
        {"measure": "performance", "subject": made.metrics[m], "verdict": str(made.verdict[c, m])}
        for c in range(len(made.contrasts))
        for m in np.flatnonzero(np.isfinite(made.margin))
    ]


def _reliance(asked: Asked, cohort: Cohort, groups: Groups, **own: Any) -> list[dict[str, str]]:
    """Verdicts on the totals under every condition."""
    made = rely(asked.made, cohort, by=groups, testing=asked.testing, **own)
    return [
        {
            "measure": f"reliance given {given}",
            "subject": TOTALS[t],
            "verdict": str(made.total_verdict[g, t]),
        }
        for g, given in enumerate(made.given)
        for t in range(2)
    ]
