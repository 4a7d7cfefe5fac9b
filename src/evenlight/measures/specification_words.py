"""What a specification says of one question, in words: the share, the worst kind, what is unrun."""

from __future__ import annotations

from collections import Counter

from evenlight.data.digits import percent
from evenlight.measures.specification import HOLDS, LEAST_FORKS, MOST, SEVERAL, Specification
from evenlight.measures.words import SPOKEN


def reading(made: Specification, question: int) -> str:
    """One paragraph on one question: its answer, how often it is the same, and what that is worth.

    An answer that cannot be told is never said to hold.
    """
    said = SPOKEN[str(made.verdict[question])]
    if not made.counted[:, question].any():
        none = "No other choice that could be tried enters this question."
        return f"Answered {said}. {none}{left(made, question)}"
    holds = _holds if made.answered[question] else _stays
    return f"Answered {said}. {holds(made, question)} {_firm(made, question)}{left(made, question)}"


def counted(made: Specification, question: int) -> str:
    """The share with what it was made of, and the worst kind.

    Such as "75 % of other choices (mean over 2 kinds of choice, 7 of 8 in all); least of explainer,
    0 of 1".
    """
    forks, held = (int(part[:, question].sum()) for part in (made.kind_forks, made.kind_held))
    kinds = int((made.kind_forks[:, question] > 0).sum())
    if kinds == 1:
        return f"{held} of {forks} other choices of {_one_kind(made, question)}"
    told = (
        f"{percent(float(made.share[question]))} of other choices (mean over {kinds} kinds of "
        f"choice, {held} of {forks} in all)"
    )
    worst = made.worst[question]
    return f"{told}; least of {worst}, {_within(made, worst, question)}" if worst else told


def left(made: Specification, question: int) -> str:
    """What could not be asked under a fork, or not be run, by kind; "" where everything was."""
    unasked = made.touched[:, question] & ~made.counted[:, question]
    names = [name for name, gone in zip(made.names, unasked, strict=True) if gone]
    told = ""
    for what, kinds in (("asked", names), ("run", [unrun.name for unrun in made.unrun])):
        if kinds:
            told += f" Could not be {what}, and not counted as held: {_listed(kinds)}."
    return told


def _holds(made: Specification, k: int) -> str:
    return f"So it is under {counted(made, k)}."


def _stays(made: Specification, k: int) -> str:
    """Of no answer: that it says little, and which answers other choices give."""
    return (
        f"The same is said under {counted(made, k)}; this is no answer that holds, only one that "
        f"stays open.{_others(made, k)}"
    )


def _others(made: Specification, k: int) -> str:
    """The answers that other choices give to a question that is open, with their kinds."""
    found: dict[str, list[str]] = {}
    for i in range(len(made.names)):
        word = str(made.fork_verdict[i, k])
        if made.counted[i, k] and word in ("similar", "different"):
            found.setdefault(SPOKEN[word], []).append(made.names[i])
    told = [f"{word} under {_listed(names)}" for word, names in found.items()]
    return f" Answered otherwise: {'; '.join(told)}." if told else ""


def _listed(names: list[str]) -> str:
    """Names with how often each occurs."""
    return ", ".join(f"{name} ({many})" for name, many in Counter(names).items())


def _firm(made: Specification, k: int) -> str:
    """What the share is worth."""
    many = int(made.counted[:, k].sum())
    if many < LEAST_FORKS:
        return "Too few choices enter it to say more."
    if made.fragile[k]:
        what = "the answer depends" if made.answered[k] else "whether it can be told depends"
        return f"{_why(made, k)}: {what} on the choice."
    never = [name for name, own in zip(made.kinds, made.kind_share[:, k], strict=True) if own == 0]
    if never:
        return f"Under another choice of {' or '.join(never)} it is never so."
    if made.worst[k]:
        return "It depends on few of these choices."
    if not made.answered[k]:
        return "No choice that was tried answers it."
    tried = "any one of the choices that could be tried" if left(made, k) else "any one of these"
    return f"The answer does not depend on {tried}."


def _why(made: Specification, k: int) -> str:
    """Which of the two rules makes an answer fragile."""
    if made.share[k] < HOLDS:
        return f"That is less than {percent(HOLDS)}"
    most = (made.kind_forks[:, k] >= SEVERAL) & (made.kind_share[:, k] < MOST)
    told = [f"{name}, {_within(made, name, k)}" for name, bad in zip(made.kinds, most, strict=True)
            if bad]  # fmt: skip
    return f"That is less than half of the choices of {'; '.join(told)}"


def _within(made: Specification, kind: str, k: int) -> str:
    at = made.kinds.index(kind)
    return f"{made.kind_held[at, k]} of {made.kind_forks[at, k]}"


def _one_kind(made: Specification, k: int) -> str:
    """The only kind of which a fork enters."""
    return made.kinds[int((made.kind_forks[:, k] > 0).argmax())]
