"""How far the values of each subject tell the group."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.measures.prepare import Setting, own_states, own_values
from evenlight.stats.association import eps_squared, normalised_information


def association(
    here: Setting, made: Attributions, *, rng: np.random.Generator
) -> tuple[Float, Text]:
    """How far each subject's values tell the group, (p,): by states, or corrected eta squared."""
    out, kinds = [], []
    for name in made.features.names:
        states = own_states(here.cohort, name)
        values = own_values(here.cohort, name) if states is None else None
        if states is not None:
            out.append(normalised_information(states[0], here.groups.codes, draws=200, rng=rng))
            kinds.append("information")
        elif values is not None:
            own = here.per_unit(values[:, None])
            out.append(float(eps_squared(own, here.unit_group)[0]))
            kinds.append("eps squared")
        else:
            place = made.features.place[name]
            own = here.per_unit(made.values.reshape(made.n, -1)[:, [place]].astype(np.float64))
            out.append(float(eps_squared(own, here.unit_group)[0]))
            kinds.append("eps squared of the attribution")
    return np.array(out), np.array(kinds, dtype=np.str_)
