"""C4: limits and deviations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, h3, li, p, ul

from evenlight.data.shown import short
from evenlight.record import Audit
from evenlight.reports.parts import block, say
from evenlight.reports.sections.a5_findings import untold
from evenlight.reports.words import FIXED_LIMITS, MORE_LIMITS, NOTHING


def section(audit: Audit) -> Element:
    """Fixed limits, what could not be asked, notes on the people."""
    found = list(dict.fromkeys([*untold(audit), *unasked(audit), *map(say, audit.cohort.notes)]))
    return block(
        "c4",
        h3["Of every audit of this kind"],
        ul[(li[text] for text in (*FIXED_LIMITS, *MORE_LIMITS))],
        h3["Of this audit"],
        ul[(li[text] for text in found)] if found else p[NOTHING["warnings"]],
    )


def unasked(audit: Audit) -> Iterator[str]:
    """One sentence for each contrast of features that cannot be asked, with its reasons."""
    for record in audit.comparisons:
        for c, (level, reference) in enumerate(record.contrasts):
            reasons = [str(r) for r in np.unique(record.reason[:, c]) if r]
            if reasons:
                what = f"Use of features, {short(level)} against {short(reference)}"
                yield say(f"{what}, not asked in part or whole: {'; '.join(reasons[:3])}.")
            if speaks := {str(s) for s in record.population[:, c] if s}:
                names = f"{short(level)} against {short(reference)}"
                yield say(f"{names}: {' '.join(sorted(speaks))}")
