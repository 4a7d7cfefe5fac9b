"""The sections of the page in order, one file each: a function from audit to element.

That of images gives None for an audit of anything else, that of frameworks where none is asked.
"""

from collections.abc import Callable

from htpy import Element

from evenlight.record import Audit
from evenlight.reports.sections import (
    a2_gate,
    a3_answers,
    a4_forest,
    a5_findings,
    b1_people,
    b2_performance,
    b3_features,
    b4_reliance,
    b5_told,
    b6_intersections,
    b7_looks,
    b8_trust,
    b9_holds,
    c1_methods,
    c2_features,
    c3_sensitivity,
    c4_limits,
    c5_frameworks,
    c7_provenance,
    c8_glossary,
)

SECTIONS: tuple[Callable[[Audit], Element | None], ...] = (
    a2_gate.section,
    a3_answers.section,
    a4_forest.section,
    a5_findings.section,
    b1_people.section,
    b2_performance.section,
    b3_features.section,
    b4_reliance.section,
    b5_told.section,
    b6_intersections.section,
    b7_looks.section,
    b8_trust.section,
    b9_holds.section,
    c1_methods.section,
    c2_features.section,
    c3_sensitivity.section,
    c4_limits.section,
    c5_frameworks.section,
    c7_provenance.section,
    c8_glossary.section,
)
"""Below the title strip (a1_title), in the order of the page."""

KEYS = tuple(section.__module__.rpartition(".")[2].partition("_")[0] for section in SECTIONS)
"""The key of each section, as b7, by which the page links to it."""
