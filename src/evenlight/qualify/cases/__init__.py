"""Cases: generators whose truth is known, one small file for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from evenlight.qualify.cases import (
    ancestry,
    columns,
    context,
    expression,
    flat,
    fragile,
    fragile_draw,
    genotypes,
    images,
    missing,
    nested,
    outcome,
    scale,
)
from evenlight.qualify.drawn import Drawn

Draw = Callable[[np.random.Generator], Drawn]

CASES: Mapping[str, Draw] = {
    "null": flat.null,
    "unequal spread": flat.spread,
    "unequal spread, 1,500 features": flat.wide_spread,
    "skew": flat.skew,
    "rare values": flat.rare,
    "many rare values": flat.many_rare,
    "one rare value, 5 true": flat.one_rare,
    "value shift": genotypes.value_shift,
    "use difference": genotypes.use_difference,
    "context, product": context.product,
    "context, trees": context.trees,
    "site": expression.site,
    "site, 6 true": expression.site_true,
    "undeclared site": expression.undeclared_site,
    "library size": expression.library,
    "library size, 6 true": expression.library_true,
    "cells in 8 + 8 donors": nested.few,
    "cells in donors": nested.donors,
    "cells in donors, 10 true": nested.donors_true,
    "columns of no account": columns.innocent,
    "undeclared donors": nested.undeclared,
    "views inside patients": nested.views,
    "prevalence": outcome.prevalence,
    "severity": outcome.severity,
    "under-diagnosis": outcome.under_diagnosis,
    "probability scale": scale.probability,
    "continuous ancestry": ancestry.age_confounded,
    "continuous ancestry, 5 true": ancestry.age_confounded_true,
    "labels missing at random": missing.at_random,
    "labels missing not at random": missing.not_at_random,
    "image artefact": images.artefact,
    "fragile in one group": fragile.one_group,
    "robust for everyone": fragile.robust,
    "one draw for everyone": fragile_draw.lost_for_all,
}
"""Name to generator; the docstring of a generator says what is planted."""

FRAGILITY = ("fragile in one group", "robust for everyone", "one draw for everyone")
"""Cases in which a model is perturbed."""
