"""What is said of layers, slices, perturbations, promises, maps: each with what it does not say."""

from __future__ import annotations

from math import isnan

from evenlight.data.digits import confidence, count, decimals, fixed, number, percent, plain
from evenlight.measures.regions_within import WITHIN
from evenlight.measures.words import SPOKEN
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


def fragile_sentence(result: Result) -> str:
    """After which change the outputs of one group move further, and by how much."""
    level, reference = result.pair or ("", "")
    view, _, objective = result.view.partition("|")
    whom = f"in {level} than in {reference}" if reference else "in every group"
    size = _far(result, abs(result.effect))
    if view == "flips":
        higher = "higher" if result.effect > 0 else "lower"
        said = f"After {result.reason}, the share of decisions that turn is {size} {higher} {whom}"
    elif objective == "size":
        said = f"The worst found within the bounds ({result.reason}) moves the output by {size}"
    else:
        after = "After " if view == "size" else "After the worst found within the bounds: "
        said = f"{after}{result.reason}, the output moves {size} {_further(result)} {whom}"
    held = " in people who were not searched" if view == "worst" else ""
    return f"{said}{held} ({_numbers(result)}): {_closed(result)}."


def promise_sentence(result: Result) -> str:
    """Whether one threshold holds the outcome of a group as often as is promised."""
    promise = float(result.view.partition("|")[0])
    shown = [_told(promise + v, places=1) for v in (result.effect, result.low, result.high)]
    words = {"different": "below what is promised", "similar": "not below what is promised"}
    return (
        f"One threshold for everyone, meant to hold the outcome of {_told(promise)}, holds it for "
        f"{shown[0]} in {result.subject} ({confidence(result.alpha)} interval {shown[1]} to "
        f"{shown[2]}, margin {_told(result.margin)}, {count(result.n)} people): "
        f"{words.get(result.verdict, SPOKEN[result.verdict])}. Coverage is promised for people "
        "whom the model was not trained on."
    )


def width_sentence(result: Result) -> str:
    """How much larger sets must be in one group than in another to hold as often in each."""
    level, reference = result.pair or ("", "")
    promise = float(result.view.partition("|")[0])
    more = "larger" if result.effect > 0 else "smaller"
    return (
        f"To hold the outcome of {_told(promise)} in each group, sets are "
        f"{_far(result, abs(result.effect))} {more} in {level} than in {reference} "
        f"({_numbers(result)}): {_closed(result)}."
    )


ADDED = "what positions add to the output"
IMAGES_TOO = "Images differ there, or their use does"
MAPS: dict[str, tuple[str, str, str, str]] = {
    "signed": (ADDED, "attributions are", "", IMAGES_TOO),
    "magnitude": (f"how much {ADDED[5:]}", "sizes of attributions are", "", IMAGES_TOO),
    "sensitivity": (
        "how the output follows positions", "its slopes are", " for one unit of the image",
        "One function may slope otherwise where images differ, anywhere in them",
    ),
}  # fmt: skip
"""What is said of a map by its view: what may differ, of which numbers, their unit, and why."""


def map_sentence(result: Result) -> str:
    """Where maps of two groups differ, position by position."""
    level, reference = result.pair or ("", "")
    view, given, _ = result.view.split("|")
    among = "" if given == "nothing" else f" among people with the same {given}"
    own, what, per, why = MAPS[view]
    between = f"differs between {level} and {reference}{among}"
    if result.verdict != "different":
        return (
            f"Whether {own} {between}: "
            f"{SPOKEN[result.verdict]}; no cluster of positions differs (p of "
            f"{number(result.alpha)} or less over the map), and that maps are alike does not "
            "follow: of regions it can be said."
        )
    sign = "higher" if result.effect > 0 else "lower"
    size = f"{number(abs(result.effect), digits=2)} SD of the output{per}"
    return (
        f"{own[:1].upper()}{own[1:]} {between}: in {result.reason} {what} {size} {sign} in "
        f"{level} on average. {why}."
    )


def region_sentence(result: Result) -> str:
    """A region that tells the groups apart and through which part of the output's spread lies."""
    given, of, decides = _regarded(result.view)
    if result.verdict != "different":
        return f"Region {result.subject} as a shortcut to {result.grouping}: not shown{given}."
    share, low, high = (100 * v for v in (result.effect, result.low, result.high))
    places = decimals(high - low)
    return (
        f"Region {result.subject} tells {result.grouping}{given} (2 AUC \N{MINUS SIGN} 1 = "
        f"{result.reason.replace(', ', ', pointwise ', 1)}), and {fixed(share, places)} % of "
        f"{of} there ({confidence(result.alpha)} interval {fixed(low, places)} to "
        f"{fixed(high, places)}). A candidate for a shortcut; {decides}."
    )


def _regarded(view: str) -> tuple[str, str, str]:
    """What is held, what the share of a region is of, and what decides, by what was given."""
    if view.startswith(WITHIN):
        held = view.removeprefix(WITHIN).removeprefix(", ").removeprefix(" and ")
        same = f" and with the same {held}" if held else ""
        of = "the square of the output's difference, as far as people share it, lies"
        return f" among images of one person{same}", of, NO_GATE
    given = "" if view == "nothing" else f" among people with the same {view}"
    return given, "the output's variance lies between the groups", "the gate of reliance decides"


NO_GATE = "no gate is asked of what changes from image to image of a person"


def _told(share: float, *, places: int = 0) -> str:
    """A share in per cent, with a decimal where it needs one."""
    whole = abs(100 * share - round(100 * share)) < 1e-9
    return percent(share, places=places if places or whole else 1)


def _numbers(result: Result) -> str:
    """Interval, margin and people of a difference."""
    low, high = _scaled(result, result.low), _scaled(result, result.high)
    places = decimals(high - low)
    share = " points" if result.unit in SHARES else ""
    margin = f"{_rounded(_scaled(result, result.margin))}{share}"
    n = "" if isnan(result.n) else f", {count(result.n)} people in the smaller group"
    limits = f"{fixed(low, places)} to {fixed(high, places)}"
    return f"{confidence(result.alpha)} interval {limits}, margin {margin}{n}"


def _rounded(value: float) -> str:
    """A margin with three digits and no idle zeros.

    >>> _rounded(0.1), _rounded(2.6741)
    ('0.1', '2.67')
    """
    return plain(float(f"{value:.3g}"))


SHARES = ("share", "share of decisions")
"""Units whose numbers are told in points of a hundred."""


def _scaled(result: Result, value: float) -> float:
    return 100.0 * value if result.unit in SHARES else value


def _far(result: Result, value: float) -> str:
    places = decimals(_scaled(result, result.high - result.low))
    unit = "points" if result.unit in SHARES else result.unit
    return f"{fixed(_scaled(result, value), places)} {unit}".strip()


def _further(result: Result) -> str:
    return "further" if result.effect > 0 else "less far"


def _closed(result: Result) -> str:
    """The verdict, and what would settle one that cannot be told."""
    said = SPOKEN[result.verdict]
    if result.verdict == "different":
        beyond = result.low > result.margin or result.high < -result.margin
        uncertain = "size uncertain (detectable; it may or may not exceed the margin)"
        return f"{said}, beyond the margin" if beyond else f"{said}, {uncertain}"
    if result.verdict == "similar":
        return f"{said}, inside the margin"
    if not isnan(result.more):
        where = "in each group" if result.more_in == "both" else f"in {result.more_in}"
        return f"{said}; about {count(result.more)} more people {where} would settle it"
    return said


MADE_BY: dict[str, str] = {
    "nothing": "Alleles that differ in frequency between ancestries may make it.",
    "genotype": "Its own alleles do not make it; variants nearby may, that come with the ancestry.",
}
"""What may lie behind an attribution that follows local ancestry, by what is given."""


def local_sentence(result: Result) -> str:
    """An attribution that follows copies of an ancestry at the own place, beside global shares."""
    copy = result.grouping.replace("copies", "copy", 1)
    among = " and of one genotype at the site" if result.view == "genotype" else ""
    places = decimals(result.high - result.low)
    size, low, high = (
        fixed(v, places, sign=True) for v in (result.effect, result.low, result.high)
    )
    return (
        f"For each {copy} at its place ({result.reason}) the attribution of {result.subject} "
        f"changes by {size} SD of the output, among people of equal global proportions{among} ("
        f"{confidence(result.alpha)} interval {low} to {high}, margin {plain(result.margin)}): "
        f"{SPOKEN[result.verdict]}. {MADE_BY[result.view]}"
    )
