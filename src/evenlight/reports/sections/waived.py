"""Below the gate: each waiver with what it waives, who answers for it, why, and until when."""

from __future__ import annotations

from htpy import Element, Node, div, li, p, strong, ul

from evenlight.data.shown import short
from evenlight.findings import Waiver
from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import say
from evenlight.reports.words_gate import UNNEEDED, WAIVED, WAIVER


def waivers(audit: Audit) -> Node:
    """The waivers as a list; nothing where none was given."""
    given = audit.verdict.waivers
    if not given:
        return None
    return div(class_="waivers")[
        p[strong[spoken(WAIVED)]],
        ul[(_line(i, waiver) for i, waiver in enumerate(given))],
    ]


def _line(at: int, waiver: Waiver) -> Element:
    told = spoken(
        WAIVER,
        id=short(waiver.id),
        until=waiver.until,
        person=short(waiver.person),
        reason=waiver.reason,
    )
    what = say(waiver.waives) if waiver.waives else ""
    spare = "" if waiver.needed else f" {spoken(UNNEEDED)}"
    return li(data_ref=f"/verdict/waivers/{at}")[say(told), f" {what}" if what else "", spare]
