"""C4: limits and deviations."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, h3, li, p, ul

from evenlight.data.shown import versus
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import block, say
from evenlight.reports.pointing import at
from evenlight.reports.sections.a5_findings import untold
from evenlight.reports.sections.contrasts import reason_places
from evenlight.reports.words import FIXED_LIMITS, MORE_LIMITS, NOTHING

UNASKED = "Use of features, {contrast}, not asked in part or whole: {reasons}."


def section(audit: Audit) -> Element:
    """Fixed limits, what could not be asked, notes on the people."""
    notes = {say(note): f"/cohort/notes/{i}" for i, note in enumerate(audit.cohort.notes)}
    found = {**notes, **dict(unasked(audit)), **untold(audit)}
    in_order = dict.fromkeys((*untold(audit), *dict(unasked(audit)), *notes))
    return block(
        "c4",
        h3[spoken("Of every audit of this kind")],
        ul[(li[text] for text in _fixed())],
        h3[spoken("Of this audit")],
        ul[(li(data_ref=found[text])[text] for text in in_order)]
        if found
        else p[spoken(NOTHING["warnings"])],
    )


def _fixed() -> Iterator[str]:
    """Limits of every audit."""
    yield from (spoken(FIXED_LIMITS[i]) for i in range(len(FIXED_LIMITS)))
    yield from (spoken(MORE_LIMITS[i]) for i in range(len(MORE_LIMITS)))


def unasked(audit: Audit) -> Iterator[tuple[str, str]]:
    """A sentence with its pointers for each contrast that cannot be asked, with its reasons."""
    for record in audit.comparisons:
        for c, pair in enumerate(record.contrasts):
            reasons = sorted(set(record.reason[:, c].ravel().tolist()) - {""})
            if reasons:
                told = spoken(UNASKED, contrast=versus(pair), reasons="; ".join(reasons[:3]))
                yield (
                    say(told),
                    at(record, f"contrasts/{c}", *reason_places(record, c, reasons[:3])),
                )
            if speaks := {str(s) for s in record.population[:, c] if s}:
                where = (f"population/{v}/{c}" for v in range(len(record.views)))
                yield say(f"{versus(pair)}: {' '.join(sorted(speaks))}"), at(record, *where)
