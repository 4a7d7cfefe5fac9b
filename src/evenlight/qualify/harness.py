"""One repetition of one case: draw, ask every method, score. The same numbers for the same seed."""

from __future__ import annotations

from math import isfinite
from zlib import crc32

import numpy as np

from evenlight.measures.testing import Testing
from evenlight.qualify.cases import CASES, FRAGILITY
from evenlight.qualify.cases.phantoms import PHANTOMS
from evenlight.qualify.drawn import Drawn
from evenlight.qualify.identities import identities
from evenlight.qualify.lines import COMPARED, GENERATED, RELIED, Found, Line, code_digest
from evenlight.qualify.ours import ALONE, by_regression, ours
from evenlight.qualify.reliance.cells import CELLS, Cell
from evenlight.qualify.reliance.gate import gate
from evenlight.qualify.rivals.all import rivals
from evenlight.qualify.told import score
from evenlight.qualify.whole import WORLDS, whole_audit

OURS = "evenlight"
IDENTITIES = "identities"
EVERY = (*CASES, IDENTITIES, *PHANTOMS, *WORLDS, *CELLS)
"""Every case: comparisons with planted truth, identities, images, audits, cells of reliance."""


def line(case: str, seed: int, draws: int) -> Line:
    """One repetition as a line; what stopped it, if anything did, is told in it."""
    code = code_digest(rooms(case))
    try:
        found = repetition(case, seed, draws)
    except Exception as error:  # one repetition must not end a run of hours; it is told
        return Line(case, seed, draws, code, {}, f"{type(error).__name__}: {error}")
    return Line(case, seed, draws, code, found)


def rooms(case: str) -> tuple[str, ...]:
    """The rooms whose source makes the figures of a case."""
    if case in PHANTOMS:
        return GENERATED
    return RELIED if case in (*CELLS, *FRAGILITY) else COMPARED


def repetition(case: str, seed: int, draws: int) -> Found:
    """Scores by question and method; `draws` permutations, 0 for as many as each family needs."""
    if case in CELLS:
        return _relied(CELLS[case], seed)
    stream = np.random.default_rng([crc32(case.encode()), seed])
    if case in WORLDS:
        return whole_audit(case, stream, seed)
    if case == IDENTITIES:
        return {IDENTITIES: {OURS: identities(stream, seed)}}
    make = PHANTOMS[case] if case in PHANTOMS else CASES[case]
    return compared(make(stream), stream, seed, draws)


def _relied(cell: Cell, seed: int) -> Found:
    """What the gate says in one cell; a number that was not there is left out."""
    found = gate(cell.world, cell.kind, cell.n, seed)
    return {
        question: {
            name: {what: value for what, value in score.items() if isfinite(value)}
            for name, score in methods.items()
        }
        for question, methods in found.items()
    }


def compared(drawn: Drawn, stream: np.random.Generator, seed: int, draws: int) -> Found:
    """Every method's answers to what is asked of one draw; extras under the question "extra"."""
    answers, subjects = ours(drawn, seed, Testing(draws=draws or None)), drawn.made.features.names
    out: Found = {}
    for asked in drawn.asked:
        own = {OURS: answers[asked.question]}
        if asked.question == ALONE:
            own["evenlight regression"] = by_regression(drawn, seed)
        told = own | rivals(drawn, asked, stream)
        out[asked.question] = {name: score(t, asked, subjects) for name, t in told.items()}
    if drawn.extra is not None:
        extra = {name: float(value) for name, value in drawn.extra(drawn, seed).items()}
        out["extra"] = {OURS: extra}
    return out
