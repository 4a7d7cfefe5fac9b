"""Results x policy -> findings, answers to the primary questions, and the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from math import isnan

from evenlight.data.digits import percent, roughly
from evenlight.findings import Answer, Finding, Findings, Gate, Part, Waiver
from evenlight.gates import gate
from evenlight.measures.words import GRAVEST, SEVERITIES, Severity, gravest
from evenlight.policy import WATCHED, Policy, Question
from evenlight.questions import answering, key, left_out, text
from evenlight.results import Measures, Result, results
from evenlight.sentences import sentence, unmoved
from evenlight.waivers import unknown, waived

DEPENDS = 'Whether the answer to "{question}" holds under other choices.'
"""What a waiver of a finding of forks waives."""

DEFINITION = "1"
"""Version of what a finding means; part of its id."""


def judge(
    measures: Measures,
    questions: Sequence[Question],
    policy: Policy,
    waivers: Sequence[Waiver] = (),
) -> tuple[Findings, tuple[Answer, ...], Gate]:
    """Answer the questions, list the findings gravest first, and decide the gate.

    A waiver (`evenlight.waivers`) keeps one difference from failing the gate, and nothing else.
    """
    found = [covered(r, measures, policy) for r in results(measures)]
    asked = [(q, answering(q, found, measures.unasked)) for q in questions]
    answers = tuple(
        replace(_answer(q, own, left_out(q, found)), findings=_loud(own, measures.target))
        for q, own in asked
    )
    seen = {id(r) for _, own in asked for r in own}
    items = [
        _finding(r, measures.target, primary=True, blocks=q.blocks)
        for q, own in asked
        for r in _told(own)
    ]
    items += [
        _finding(r, measures.target, primary=False, blocks=False)
        for r in found
        if _notable(r) and id(r) not in seen
    ]
    held = {hold_id(answer, measures.target): answer.question for answer in answers}
    made = _under(waivers, answers, asked, _named(found, measures.target), held, policy)
    return Findings(tuple(sorted(items, key=_gravity))), answers, made


def _under(
    waivers: Sequence[Waiver],
    answers: Sequence[Answer],
    asked: Sequence[tuple[Question, Sequence[Result]]],
    found: Mapping[str, Sequence[Result]],
    held: Mapping[str, str],
    policy: Policy,
) -> Gate:
    """The gate under waivers; `found` has all results by id, `held` the questions by that of forks.

    That an answer hangs on a choice fails no gate: a waiver of it is known, and never needed.
    What is waived is taken out before answers are made, since it may hide a result that cannot be
    told or asked: one answer shows its gravest alone.
    """
    given = [waiver.id for waiver in waivers]
    out = {id(r) for one in given for r in found.get(one, ()) if r.verdict == "different"}
    left = [(q, [r for r in own if id(r) not in out]) for q, own in asked]
    rest = tuple(_answer(q, own, 0) for q, own in left if own)
    after = gate(rest, policy) if rest else Gate("passed", 0, "Everything asked is waived.")
    stopping = {one for answer in answers if answer.blocks for one in answer.findings}
    told = [
        replace(w, waives=sentence(_worst(found[w.id])), needed=w.id in stopping)
        if w.id in found
        else replace(w, waives=DEPENDS.format(question=held[w.id]) if w.id in held else "")
        for w in waivers
    ]
    made = waived(gate(answers, policy), after, told)
    listed = {answer.id: answer.findings for answer in answers}
    return unknown(made, [one for one in given if one not in found and one not in held], listed)


def _loud(own: Sequence[Result], target: str) -> tuple[str, ...]:
    """The ids of differences, each once."""
    return tuple(dict.fromkeys(result_id(r, target) for r in own if r.verdict == "different"))


def with_fragile(findings: Findings, more: Sequence[Finding]) -> Findings:
    """The findings with others among them, gravest first."""
    return Findings(tuple(sorted([*findings, *more], key=_gravity)))


def finding_id(*about: str) -> str:
    """A stable id of what a finding is about, never of its verdict or numbers.

    >>> finding_id("use", "race", "Black / White", "VKORC1", "use|nothing|margin", "dose")
    'E-f04ccc100d'
    """
    text = "\x1f".join((*about, DEFINITION))
    return f"E-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def hold_id(answer: Answer, target: str) -> str:
    """The id of the finding that an answer depends on a choice, or would be."""
    return finding_id("hold", answer.grouping, "", answer.id, "forks", target)


def covered(result: Result, measures: Measures, policy: Policy) -> Result:
    """Below the policy's coverage of known labels nothing is judged."""
    known = measures.coverage.get(result.grouping, 1.0)
    if known >= policy.coverage:
        return result
    reason = (
        f"{result.grouping} is known for {roughly(known)} of units, below the "
        f"{percent(policy.coverage)} that the plan asks for; more labels are needed"
    )
    return replace(result, verdict="not_estimable", reason=reason)


def _answer(question: Question, own: Sequence[Result], omitted: int) -> Answer:
    parts = tuple(
        _gravest_part(own, contrast) for contrast in dict.fromkeys(r.contrast for r in own)
    )
    word = gravest(part.verdict for part, _ in parts)
    told = " ".join(text for part, text in parts if part.verdict == word)
    if omitted:
        told += f" Left out, for want of a common contrast: {omitted} feature{'s' * (omitted > 1)}."
    return Answer(
        id=finding_id("question", *key(question)),
        measure=question.measure,
        grouping=question.grouping,
        question=text(question),
        verdict=word,
        blocks=question.blocks,
        sentence=told,
        parts=tuple(part for part, _ in parts),
    )


def _told(own: Sequence[Result]) -> list[Result]:
    """A question's results worth listing: all that differ or cannot be told, else the worst."""
    out: list[Result] = []
    for contrast in dict.fromkeys(r.contrast for r in own):
        here = [r for r in own if r.contrast == contrast]
        loud = [r for r in here if r.verdict in ("different", "cannot_tell")]
        out += loud or [_worst(here)]
    return out


def _worst(here: Sequence[Result]) -> Result:
    """The gravest result, the furthest out among equals.

    One for all where none can be asked, and where none differs in use at all, as in a model that is
    a sum: to name the first would name a feature that it may not even use.
    """
    word = gravest(r.verdict for r in here)
    worst = max((r for r in here if r.verdict == word), key=_reach)
    if word == "not_estimable" and len({r.reason for r in here}) == 1 < len(here):
        return replace(worst, subject="")
    if len(here) > 1 and all(unmoved(r) for r in here):
        return replace(worst, subject="")
    return worst


def _gravest_part(own: Sequence[Result], contrast: str) -> tuple[Part, str]:
    """The part of one contrast: the gravest of its subjects, the furthest out among equals."""
    worst = _worst([r for r in own if r.contrast == contrast])
    part = Part(
        contrast=contrast,
        subject=worst.subject,
        verdict=worst.verdict,
        effect=_known(worst.effect),
        low=_known(worst.low),
        high=_known(worst.high),
        unit=worst.unit,
        margin=_known(worst.margin),
        n=None if isnan(worst.n) else int(worst.n),
        more=_known(worst.more),
        more_in=worst.more_in,
        reason=worst.reason,
        alpha=worst.alpha,
    )
    return part, sentence(worst)


def _reach(result: Result) -> float:
    """How far the interval reaches beyond zero, in margins."""
    if isnan(result.low):
        return 0.0
    return max(abs(result.low), abs(result.high)) / result.margin


def _notable(result: Result) -> bool:
    """Exploratory results that are listed: judged performance, and whatever differs."""
    if result.kind == "performance":
        return True
    return result.verdict == "different" and not result.view.startswith("magnitude")


def result_id(result: Result, target: str) -> str:
    """The id of the finding that a result is, or would be."""
    return finding_id(
        result.kind, result.grouping, result.contrast, result.subject, result.view, target
    )


def _named(found: Sequence[Result], target: str) -> dict[str, list[Result]]:
    """Results by the id of the finding that each would be."""
    made: dict[str, list[Result]] = {}
    for result in found:
        made.setdefault(result_id(result, target), []).append(result)
    return made


def _finding(result: Result, target: str, *, primary: bool, blocks: bool) -> Finding:
    numbers = {
        name: _known(getattr(result, name))
        for name in ("alpha", "effect", "high", "low", "margin", "more", "n", "p", "q")
    }
    return Finding(
        id=result_id(result, target),
        kind=result.kind,
        grouping=result.grouping,
        contrast=result.contrast,
        subject=result.subject,
        view=result.view,
        target=target,
        verdict=result.verdict,
        severity=_severity(result, blocks=blocks),
        primary=primary,
        mechanism=result.mechanism,
        evidence=numbers,
        sentence=sentence(result),
    )


def _severity(result: Result, *, blocks: bool) -> Severity:
    if result.verdict != "different":
        return "info"
    if blocks:
        return "block"
    if result.kind in ("performance", "shortcut"):
        return "act"
    watched = result.kind in WATCHED or result.mechanism in ("direct", "use", "context")
    return "watch" if watched else "info"


def _gravity(finding: Finding) -> tuple[int, bool, int, float, str]:
    """Sort key: severity, primary first, gravest verdict, then how far beyond the margin."""
    effect, margin = finding.evidence["effect"], finding.evidence["margin"]
    far = abs(effect) / margin if effect is not None and margin else 0.0
    grave = GRAVEST.index(finding.verdict)
    primary = not finding.primary
    return -SEVERITIES.index(finding.severity), primary, grave, -far, finding.id


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)
