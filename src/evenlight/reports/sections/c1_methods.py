"""C1: methods, generated from the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from htpy import Element, Node, details, li, p, summary, ul

from evenlight.language import spoken
from evenlight.record import Audit
from evenlight.reports.parts import block, grid, name, rows_of, say
from evenlight.reports.pointing import Told
from evenlight.reports.sections.c1_told import told


def section(audit: Audit) -> Element:
    """What was done, in sentences; then the plan."""
    rows = [[name(key), name(value)] for key, value in flat(audit.plan)]
    caption = Told(
        spoken("Digest {digest}.", digest=audit.plan_digest), audit, "plan_digest plan", "leaves"
    )
    table: Node = grid(
        "c1plan",
        spoken("Plan"),
        caption,
        (spoken("Key"), spoken("Value")),
        rows_of(rows, "", list(flat_at(audit.plan, "/plan"))),
    )
    return block(
        "c1",
        ul(class_="methods")[(li(**places)[say(sentence)] for sentence, places in told(audit))],
        details(class_="views")[summary[spoken("The plan, key by key")], table]
        if rows
        else p[spoken("The plan is empty.")],
    )


def flat_at(values: Mapping[str, object], place: str) -> Iterator[str]:
    """The pointers of what `flat` yields, in the same order.

    >>> list(flat_at({"a": {"b": 1}, "c/d": [2, 3]}, "/plan"))
    ['/plan/a/b', '/plan/c~1d']
    """
    for key, value in values.items():
        own = f"{place}/{quote(key.replace('~', '~0').replace('/', '~1'), safe='~')}"
        if isinstance(value, Mapping):
            yield from flat_at(value, own)
        elif isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
            yield from flat_at({str(i): v for i, v in enumerate(value)}, own)
        else:
            yield own


def flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Nested plain data as (dotted key, value).

    >>> list(flat({"a": {"b": 1}, "c": [2, 3]}))
    [('a.b', 1), ('c', '2, 3')]
    """
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
            yield from flat({str(i): v for i, v in enumerate(value, start=1)}, f"{before}{key}.")
        else:
            several = isinstance(value, (list, tuple))
            yield f"{before}{key}", ", ".join(map(str, value)) if several else value  # type: ignore[call-overload]
