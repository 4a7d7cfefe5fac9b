"""What local ancestry is asked of: sites or windows, copies and genotypes of units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.data.roles import axes_at
from evenlight.data.sums import summed
from evenlight.errors import FeatureError, GroupError
from evenlight.measures.genotypes import place_columns
from evenlight.measures.nuisance import Blocked
from evenlight.measures.prepare import Setting, as_variables
from evenlight.stats.genetics import is_dosage


def subjects_of(
    attributions: Attributions, cohort: Cohort, local: LocalAncestry, over: str
) -> tuple[Attributions, pd.DataFrame]:
    """Attributions of sites or of windows, and where each lies (chromosome, position)."""
    if over not in ("sites", "windows"):
        raise FeatureError(f'over={over!r}; wanted "sites" or "windows"')
    made, _ = as_variables(attributions, cohort)
    columns, table = place_columns(cohort), cohort.features.table
    if columns is None or table is None or made.features.names != cohort.features.names:
        raise FeatureError(
            "local ancestry needs the chromosome and position of each feature; give them as "
            "Features(names, table=frame), and attributions of these features, not of sets"
        )
    place = pd.DataFrame(
        {"chromosome": table[columns[0]].astype(str), "position": table[columns[1]]}
    ).set_axis(pd.Index(list(cohort.features.names), dtype=object), axis=0)
    window = local.window_of(place)
    if (window < 0).all():
        raise FeatureError(
            f"none of {len(place)} features lies in a window of {local!r}; are chromosomes and the "
            "genome build the same?"
        )
    if over == "sites":
        return made, place
    sets: FeatureSets = local.sets(place)
    first = [int((window == local.windows.index(s)).argmax()) if s in local.windows else -1
             for s in sets.names]  # fmt: skip
    where = place.iloc[np.maximum(first, 0)].set_axis(pd.Index(sets.names, dtype=object), axis=0)
    where.loc[np.array(first) < 0, "chromosome"] = "none"
    return summed(made, sets), where


def copies_of(here: Setting, local: LocalAncestry, ancestry: str) -> Float:
    """Copies 0, 1, 2 of units (u, w), rows matched by id."""
    rows = here.cohort.rows
    held = axes_at(Axes("local ancestry", local.copies(ancestry), local.rows), rows,
                   np.arange(here.cohort.n)).values  # fmt: skip
    out = here.per_unit(held)
    torn = np.asarray((np.abs(out[here.unit] - held[here.kept]) > 0).any(axis=1))
    if torn.any():
        raise GroupError(
            f"{int(torn.sum())} rows have another local ancestry than other rows of their unit; "
            "declare the unit that was genotyped"
        )
    return out


def genotypes_of(
    cohort: Cohort, here: Setting, made: Attributions, own: Blocked, given: str
) -> Float | None:
    """Own values (u, p) of the units that enter, None where nothing is given."""
    if given == "nothing":
        return None
    held = cohort.columns([cohort.features.place[name] for name in made.features.names])
    return here.per_unit(held)[own.unit]


def indicators(value: Float) -> tuple[Float, str]:
    """Indicators (u, s) of the genotypes 0, 1, 2 and missing but the first, or why there are none.

    >>> indicators(np.array([0.0, 1.0, 1.0, 2.0]))[0].tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    if not is_dosage(value[:, None])[0]:
        return np.zeros((len(value), 0)), "the own value is no genotype (0, 1, 2 or missing)"
    code = np.nan_to_num(value, nan=-1.0)
    return (code[:, None] == np.unique(code)[None, 1:]).astype(np.float64), ""
