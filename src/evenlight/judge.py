"""Results x policy -> findings, answers to the primary questions, and the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from math import isnan

from evenlight.data.digits import percent
from evenlight.findings import Answer, Finding, Findings, Gate, Part
from evenlight.measures.words import SEVERITIES, Severity, gravest
from evenlight.policy import WATCHED, Policy, Question
from evenlight.questions import answering, key, left_out, text
from evenlight.results import Measures, Result, results
from evenlight.sentences import sentence, unmoved

DEFINITION = "1"
"""Version of what a finding means; part of its id."""


def judge(
    measures: Measures, questions: Sequence[Question], policy: Policy
) -> tuple[Findings, tuple[Answer, ...], Gate]:
    """Answer the questions, list the findings gravest first, and decide the gate."""
    found = [_covered(r, measures, policy) for r in results(measures)]
    asked = [(q, answering(q, found)) for q in questions]
    answers = tuple(_answer(q, own, left_out(q, found)) for q, own in asked)
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
    return Findings(tuple(sorted(items, key=_gravity))), answers, gate(answers, policy)


def gate(answers: Sequence[Answer], policy: Policy) -> Gate:
    """Failed, no verdict, passed, or not gated; missing evidence never passes."""
    if not answers:
        return Gate("no verdict", 3, "No question was asked.")
    for answer in answers:
        if answer.blocks and answer.verdict == "different":
            return Gate("failed", 1, f"Answered different, and set to block: {answer.question}")
    for answer in answers:
        if "not_estimable" in _words(answer):
            return Gate("no verdict", 3, f"Cannot be asked here: {answer.question}")
    for answer in answers:
        stops = answer.blocks or policy.inconclusive == "stop"
        if "cannot_tell" in _words(answer) and stops:
            return Gate("no verdict", 3, f"Cannot tell: {answer.question}")
    if not any(answer.blocks for answer in answers):
        return Gate(
            "not gated", 0, "No question was set to block: this is no pass, read the answers."
        )
    return Gate("passed", 0, "No question that blocks was answered different.")


def strictly(made: Gate, policy: Policy, unsure: Mapping[str, str]) -> Gate:
    """The gate, which does not pass where what the policy is strict about is not certain.

    `unsure` says by name what is not. A gate that stops already stops for its own reason.
    """
    told = [unsure[name] for name in policy.certain if name in unsure]
    if made.exit_code or not told:
        return made
    return Gate("no verdict", 3, f"The plan is strict about its inputs: {' '.join(told)}")


def _words(answer: Answer) -> set[str]:
    """The verdict of an answer and of each of its parts: one missing part is missing evidence."""
    return {answer.verdict, *(part.verdict for part in answer.parts)}


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


def _covered(result: Result, measures: Measures, policy: Policy) -> Result:
    """Below the policy's coverage of known labels nothing is judged."""
    known = measures.coverage.get(result.grouping, 1.0)
    if known >= policy.coverage:
        return result
    reason = (
        f"{result.grouping} is known for {percent(known)} of units, below the "
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


def _finding(result: Result, target: str, *, primary: bool, blocks: bool) -> Finding:
    about = (result.kind, result.grouping, result.contrast, result.subject, result.view, target)
    numbers = {
        name: _known(getattr(result, name))
        for name in ("alpha", "effect", "high", "low", "margin", "more", "n", "p", "q")
    }
    return Finding(
        id=finding_id(*about),
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


def _gravity(finding: Finding) -> tuple[int, bool, float, str]:
    """Sort key: severity, primary first, then how far beyond the margin."""
    effect, margin = finding.evidence["effect"], finding.evidence["margin"]
    far = abs(effect) / margin if effect is not None and margin else 0.0
    return -SEVERITIES.index(finding.severity), not finding.primary, -far, finding.id


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)
