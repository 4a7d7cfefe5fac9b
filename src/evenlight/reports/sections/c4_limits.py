"""C4: limits and deviations."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, h3, li, p, ul

from evenlight.data.shown import short
from evenlight.record import Audit
from evenlight.reports.parts import block, say
from evenlight.reports.pointing import at
from evenlight.reports.sections.a5_findings import untold
from evenlight.reports.sections.contrasts import reason_places
from evenlight.reports.words import FIXED_LIMITS, MORE_LIMITS, NOTHING


def section(audit: Audit) -> Element:
    """Fixed limits, what could not be asked, notes on the people."""
    notes = {say(note): f"/cohort/notes/{i}" for i, note in enumerate(audit.cohort.notes)}
    found = {**notes, **dict(unasked(audit)), **untold(audit)}
    in_order = dict.fromkeys((*untold(audit), *dict(unasked(audit)), *notes))
    return block(
        "c4",
        h3["Of every audit of this kind"],
        ul[(li[text] for text in (*FIXED_LIMITS, *MORE_LIMITS))],
        h3["Of this audit"],
        ul[(li(data_ref=found[text])[text] for text in in_order)]
        if found
        else p[NOTHING["warnings"]],
    )


def unasked(audit: Audit) -> Iterator[tuple[str, str]]:
    """A sentence with its pointers for each contrast that cannot be asked, with its reasons."""
    for record in audit.comparisons:
        for c, (level, reference) in enumerate(record.contrasts):
            reasons = sorted(set(record.reason[:, c].ravel().tolist()) - {""})
            if reasons:
                what = f"Use of features, {short(level)} against {short(reference)}"
                told = f"{what}, not asked in part or whole: {'; '.join(reasons[:3])}."
                yield (
                    say(told),
                    at(record, f"contrasts/{c}", *reason_places(record, c, reasons[:3])),
                )
            if speaks := {str(s) for s in record.population[:, c] if s}:
                names = f"{short(level)} against {short(reference)}"
                where = (f"population/{v}/{c}" for v in range(len(record.views)))
                yield say(f"{names}: {' '.join(sorted(speaks))}"), at(record, *where)
