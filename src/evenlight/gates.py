"""The gate: what a pipeline does, from the answers to the primary questions and the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evenlight.findings import Answer, Gate, Part
from evenlight.measures.words import Verdict, gravest
from evenlight.policy import Policy


def gate(answers: Sequence[Answer], policy: Policy) -> Gate:
    """Failed, no verdict, passed, or not gated; missing evidence never passes."""
    if not answers:
        return Gate("no verdict", 3, "No question was asked.")
    for answer in answers:
        if answer.blocks and answer.verdict == "different":
            told = f"Answered different{_uncertain(answer)}, and set to block: {answer.question}"
            return Gate("failed", 1, told)
    for answer in answers:
        if "not_estimable" in _words(answer):
            where = _where(answer, "not_estimable")
            return Gate("no verdict", 3, f"Cannot be asked here{where}: {answer.question}")
    for answer in answers:
        stops = answer.blocks or policy.inconclusive == "stop"
        if "cannot_tell" in _words(answer) and stops:
            where = _where(answer, "cannot_tell")
            return Gate("no verdict", 3, f"Cannot tell{where}: {answer.question}")
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
    why = f"The plan is strict about its inputs: {' '.join(told)}"
    return replace(made, word="no verdict", exit_code=3, reason=why)


def unfounded(made: Gate, answers: Sequence[Answer], policy: Policy) -> str:
    """Why a recorded gate does not follow from its answers under the policy, "" where it does.

    A gate without a verdict may be graver than its answers: of inputs about which the policy is
    strict, of waivers that name nothing (code 2), or of what a waiver leaves to be told. A milder
    one follows only where every difference that fails it is among the needed waivers.

    >>> unfounded(Gate("passed", 0, ""), [], Policy())
    "it is 'passed' (0), but from its answers 'no verdict' (3)"
    """
    own = _founded(made, answers, policy)
    if (made.word, made.exit_code) == (own.word, own.exit_code):
        return ""
    graver = policy.certain or made.waivers
    if made.word == "no verdict" and made.exit_code == 3 and not own.exit_code and graver:
        return ""
    if made.word == "no verdict" and made.exit_code == 2:
        return ""
    told = f"it is {made.word!r} ({made.exit_code}), but from its answers"
    return f"{told} {own.word!r} ({own.exit_code})"


def _founded(made: Gate, answers: Sequence[Answer], policy: Policy) -> Gate:
    """The gate of these answers, without the differences that needed waivers answer for."""
    before = gate(answers, policy)
    needed = {waiver.id for waiver in made.waivers if waiver.needed}
    if before.exit_code != 1 or not needed:
        return before
    left = [one for one in (_left(a, needed) for a in answers) if one is not None]
    after = gate(left, policy)
    return after if left and after.exit_code else Gate("waived", 0, "")


def _left(answer: Answer, needed: set[str]) -> Answer | None:
    """What an answer says beside differences that are all waived; None where that is nothing."""
    if not answer.findings or not needed.issuperset(answer.findings):
        return answer
    parts = tuple(part for part in answer.parts if part.verdict != "different")
    if not parts:
        return None
    return replace(answer, parts=parts, verdict=gravest(part.verdict for part in parts))


def _where(answer: Answer, word: Verdict) -> str:
    """In how many contrasts a question has this answer, "" where it is all of them."""
    every = {part.contrast for part in answer.parts}
    some = {part.contrast for part in answer.parts if part.verdict == word}
    return "" if not some or some == every else f" in {len(some)} of {len(every)} contrasts"


def _uncertain(answer: Answer) -> str:
    """What is added where no part that differs is known to lie beyond its margin.

    The gate fails all the same: who lets a question block asks that no difference be found, and
    with nothing wrong one is found in alpha of audits. A pass would claim that it is small.
    """
    loud = [part for part in answer.parts if part.verdict == "different"]
    if not loud or any(_beyond(part) for part in loud):
        return ""
    return ", its size uncertain (it may or may not exceed the margin)"


def _beyond(part: Part) -> bool:
    """Whether all of an interval lies beyond its margin; so too where there is none, as of maps."""
    if part.low is None or part.high is None or part.margin is None:
        return True
    return part.low > part.margin or part.high < -part.margin


def _words(answer: Answer) -> set[str]:
    """The verdict of an answer and of each of its parts: one missing part is missing evidence."""
    return {answer.verdict, *(part.verdict for part in answer.parts)}
