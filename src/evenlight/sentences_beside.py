"""What is said of layers and slices: encoding is not use, and a slice was searched for."""

from __future__ import annotations

from evenlight.data.digits import confidence, decimals, fixed
from evenlight.result import Result

BADLY: dict[str, str] = {
    "loss": "The loss is {size} {unit} larger in people with {slice} than in all others",
    "above": (
        "The outcome lies above its prediction by {size} more in people with {slice} than in all "
        "others: the model says too little there"
    ),
    "below": (
        "The outcome lies below its prediction by {size} more in people with {slice} than in all "
        "others: the model says too much there"
    ),
}
"""What a slice is worst in."""

NOT_SURE = (
    " A larger loss need not be a worse model: it is larger wherever outcomes are less certain."
)


def encoded_sentence(result: Result) -> str:
    """A layer that tells two groups apart, and whether the output uses that."""
    level, reference = result.pair or ("", "")
    given, _, beside = result.view.partition("|")
    held = [name for name in (given if given != "nothing" else "", beside) if name]
    among = f" among people with the same {' and '.join(held)}" if held else ""
    auc = _limits(result)
    return (
        f"Layer {result.subject} encodes {result.grouping}: {level} and {reference} can be told "
        f"apart{among} with an AUC of {auc}. {result.reason}"
    )


def slice_sentence(result: Result) -> str:
    """A slice that was found on one half of the people and confirmed on the other."""
    how = BADLY[result.view]
    places = decimals(result.high - result.low)
    said = how.format(size=fixed(result.effect, places), unit=result.unit, slice=result.subject)
    level = confidence(result.alpha)
    limits = f"{fixed(result.low, places)} to {fixed(result.high, places)}"
    return (
        f"{said} ({level} interval {limits}); found on half of the people and confirmed on the "
        f"other half.{NOT_SURE if result.view == 'loss' else ''}"
    )


def _limits(result: Result) -> str:
    places = max(decimals(result.high - result.low), 2)
    numbers = [fixed(v, places) for v in (result.effect, result.low, result.high)]
    return f"{numbers[0]} ({confidence(result.alpha)} interval {numbers[1]} to {numbers[2]})"
