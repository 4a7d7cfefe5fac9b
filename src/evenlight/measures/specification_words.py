"""What a specification says of one question, in words: the share, the worst kind, what is unrun."""

from __future__ import annotations

from collections import Counter

from evenlight.data.digits import percent
from evenlight.language import spoken
from evenlight.measures.specification import HOLDS, LEAST_FORKS, MOST, SEVERAL, Specification
from evenlight.measures.words import SPOKEN

ALONE = "{held} of {forks} other choices of {kind}"
SHARE = "{share} of other choices (mean over {kinds} kinds of choice, {held} of {forks} in all)"
LEAST = "{share}; least of {kind}, {of}"
UNASKED = "Could not be asked, and not counted as held: {names}."
UNRUN = "Could not be run, and not counted as held: {names}."
STAYS = "The same is said under {counted}; this is no answer that holds, only one that stays open."
DEPENDS = "{why}: the answer depends on the choice."
UNSURE = "{why}: whether it can be told depends on the choice."
FIRM = "The answer does not depend on any one of these."
FIRM_AS_TRIED = "The answer does not depend on any one of the choices that could be tried."


def reading(made: Specification, question: int) -> str:
    """One paragraph on one question: its answer, how often it is the same, and what that is worth.

    An answer that cannot be told is never said to hold.
    """
    said = spoken("Answered {verdict}.", verdict=spoken(SPOKEN[str(made.verdict[question])]))
    if not made.counted[:, question].any():
        none = spoken("No other choice that could be tried enters this question.")
        return f"{said} {none}{left(made, question)}"
    holds = _holds if made.answered[question] else _stays
    return f"{said} {holds(made, question)} {_firm(made, question)}{left(made, question)}"


def counted(made: Specification, question: int) -> str:
    """The share with what it was made of, and the worst kind.

    Such as "75 % of other choices (mean over 2 kinds of choice, 7 of 8 in all); least of explainer,
    0 of 1".
    """
    forks, held = (int(part[:, question].sum()) for part in (made.kind_forks, made.kind_held))
    kinds = int((made.kind_forks[:, question] > 0).sum())
    if kinds == 1:
        return spoken(ALONE, held=held, forks=forks, kind=_one_kind(made, question))
    share, worst = percent(float(made.share[question])), made.worst[question]
    told = spoken(SHARE, share=share, kinds=kinds, held=held, forks=forks)
    if not worst:
        return told
    return spoken(LEAST, share=told, kind=worst, of=_within(made, worst, question))


def left(made: Specification, question: int) -> str:
    """What could not be asked under a fork, or not be run, by kind; "" where everything was."""
    unasked = made.touched[:, question] & ~made.counted[:, question]
    names = [name for name, gone in zip(made.names, unasked, strict=True) if gone]
    told = [spoken(UNASKED, names=_listed(names))] if names else []
    unrun = [one.name for one in made.unrun]
    told += [spoken(UNRUN, names=_listed(unrun))] if unrun else []
    return "".join(f" {sentence}" for sentence in told)


def _holds(made: Specification, k: int) -> str:
    return spoken("So it is under {counted}.", counted=counted(made, k))


def _stays(made: Specification, k: int) -> str:
    """Of no answer: that it says little, and which answers other choices give."""
    return f"{spoken(STAYS, counted=counted(made, k))}{_others(made, k)}"


def _others(made: Specification, k: int) -> str:
    """The answers that other choices give to a question that is open, with their kinds."""
    found: dict[str, list[str]] = {}
    for i in range(len(made.names)):
        word = str(made.fork_verdict[i, k])
        if made.counted[i, k] and word in ("similar", "different"):
            found.setdefault(word, []).append(made.names[i])
    told = [
        spoken("{verdict} under {names}", verdict=spoken(SPOKEN[word]), names=_listed(names))
        for word, names in found.items()
    ]
    return f" {spoken('Answered otherwise: {told}.', told='; '.join(told))}" if told else ""


def _listed(names: list[str]) -> str:
    """Names with how often each occurs."""
    return ", ".join(f"{name} ({many})" for name, many in Counter(names).items())


def _firm(made: Specification, k: int) -> str:
    """What the share is worth."""
    many = int(made.counted[:, k].sum())
    if many < LEAST_FORKS:
        return spoken("Too few choices enter it to say more.")
    if made.fragile[k]:
        return spoken(DEPENDS if made.answered[k] else UNSURE, why=_why(made, k))
    never = [name for name, own in zip(made.kinds, made.kind_share[:, k], strict=True) if own == 0]
    if never:
        kinds = spoken(" or ").join(never)
        return spoken("Under another choice of {kinds} it is never so.", kinds=kinds)
    if made.worst[k]:
        return spoken("It depends on few of these choices.")
    if not made.answered[k]:
        return spoken("No choice that was tried answers it.")
    return spoken(FIRM_AS_TRIED if left(made, k) else FIRM)


def _why(made: Specification, k: int) -> str:
    """Which of the two rules makes an answer fragile."""
    if made.share[k] < HOLDS:
        return spoken("That is less than {share}", share=percent(HOLDS))
    most = (made.kind_forks[:, k] >= SEVERAL) & (made.kind_share[:, k] < MOST)
    bad = [name for name, own in zip(made.kinds, most, strict=True) if own]
    told = [f"{name}, {_within(made, name, k)}" for name in bad]
    return spoken("That is less than half of the choices of {kinds}", kinds="; ".join(told))


def _within(made: Specification, kind: str, k: int) -> str:
    at = made.kinds.index(kind)
    return spoken("{held} of {forks}", held=made.kind_held[at, k], forks=made.kind_forks[at, k])


def _one_kind(made: Specification, k: int) -> str:
    """The only kind of which a fork enters."""
    return made.kinds[int((made.kind_forks[:, k] > 0).argmax())]
