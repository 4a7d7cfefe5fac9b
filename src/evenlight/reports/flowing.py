"""Picture F22: from the people audited to those compared."""

from __future__ import annotations

from collections.abc import Iterator

from evenlight import figures
from evenlight.language import spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import Composition
from evenlight.record import Audit
from evenlight.reports.drawing import drawn
from evenlight.reports.parts import Drawing

FLOW = (
    "From the units audited, from top to bottom, to those whose features are compared; a dashed "
    "frame holds who is left out, or says that nobody could be compared. Units are compared only "
    "with those of the same stratum. Kept: the share of a group's units that stay. Numbers and "
    "reasons: table T19 or, of many contrasts, the record."
)


def flowed(audit: Audit, composition: Composition, i: int) -> Iterator[Drawing]:
    """F22 of one grouping."""
    made = compared_by(audit, composition.grouping)
    text = figures.flow_text(composition, made)
    yield drawn("F22", i, figures.flow(composition, made).figure, text, spoken(FLOW))


def compared_by(audit: Audit, grouping: str) -> Comparison | None:
    """The comparison of features by this grouping."""
    return next((made for made in audit.comparisons if made.grouping == grouping), None)
