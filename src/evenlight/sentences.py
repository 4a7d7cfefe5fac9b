"""What is said of a result: what differs, how much, how sure. Never that a model is good or bad."""

from __future__ import annotations

from math import isnan

from evenlight.data.digits import MINUS, apart_from_0, confidence, decimals, fixed, plain
from evenlight.data.shown import SUBJECTS, metric_name
from evenlight.measures.words import SPOKEN
from evenlight.results import Result
from evenlight.sentences_beside import (
    encoded_sentence,
    fragile_sentence,
    local_sentence,
    map_sentence,
    promise_sentence,
    region_sentence,
    slice_sentence,
    width_sentence,
)
from evenlight.stats.equivalence import SIMILAR_FROM

BESIDE = {
    "encoding": encoded_sentence,
    "slice": slice_sentence,
    "fragility": fragile_sentence,
    "coverage": promise_sentence,
    "width": width_sentence,
    "map": map_sentence,
    "region": region_sentence,
    "local_ancestry": local_sentence,
}
"""Kinds of results that have sentences of their own."""

WHY: dict[str, str] = {
    "value": "the groups have other values of it, while its use is similar",
    "context": (
        "the same change moves the output differently, through features that interact with it"
    ),
    "use": "the same change moves the output differently, and the group itself is an input",
    "direct": "it is the recorded group, or follows from it",
    "unresolved": "why is not resolved",
}
"""A mechanism in words, where there is something to say."""

AMONG: dict[str, str] = {
    "nothing": "Of the variation of the output",
    "outcome": "Of the variation among people with the same outcome",
    "outcome and strata": "Of the variation among people with the same outcome and stratum",
}


NO_MORE = 1e-6
"""Differences of use below this, in SD(f), are rounding."""


def sentence(result: Result) -> str:
    """The finding in a sentence, closed by its verdict and what would settle an open one."""
    if result.kind in BESIDE and result.verdict != "not_estimable":
        return BESIDE[result.kind](result)
    if result.kind == "shortcut":
        return _shortcut(result)
    if result.verdict == "not_estimable":
        return f"{_subject(result)}: {SPOKEN['not_estimable']}. Why: {_ended(result)}"
    if result.subject == "unsupported_share" and result.low == result.high == 0:
        return (
            f"{AMONG[result.view]}, nothing follows {result.grouping} through features without "
            f"support: none lacks demonstrated support within groups: {SPOKEN[result.verdict]}."
        )
    heads = {"performance": _performance, "reliance": _reliance, "quality": _quality}
    head = heads.get(result.kind, _attribution)
    level = confidence(result.alpha)
    shown = f"{head(result)} ({level} interval {_interval(result)}){_split(result)}"
    return f"{shown}{_closing(result)}"


def unmoved(result: Result) -> bool:
    """Whether the same change moves the output equally far, with no doubt left.

    Of a model that is a sum this is so of every feature.
    """
    far = max(abs(result.low), abs(result.high))
    return result.view.startswith("use|") and far < NO_MORE


def _scaled(result: Result) -> tuple[float, float, float, int]:
    """Effect, limits and decimals as they are said: reliance in per cent."""
    by = 100.0 if result.kind in ("reliance", "shortcut") else 1.0
    width = result.high - result.low
    places = decimals(by * width if width > 1e-6 * abs(result.effect) else 0.0)
    if result.unit != "share of variance":
        places = apart_from_0(by * result.low, by * result.high, places)
    return by * result.effect, by * result.low, by * result.high, places


def _interval(result: Result) -> str:
    _, low, high, places = _scaled(result)
    return f"{fixed(low, places)} to {fixed(high, places)}"


def _size(result: Result) -> str:
    effect, _, _, places = _scaled(result)
    return fixed(effect if result.unit == "share of variance" else abs(effect), places)


def _more(result: Result) -> str:
    return "higher" if result.effect > 0 else "lower"


def _performance(result: Result) -> str:
    name, unit = metric_name(result.subject), result.unit
    level, reference = result.pair or ("", "")
    also = ", which also follows how common the event is" if result.subject == "brier" else ""
    size = f"{_size(result)}{' ' + unit if unit else ''}"
    return f"{name[0].upper()}{name[1:]} is {_apart(result, size, level, reference)}{also}"


def _apart(result: Result, size: str, level: str, reference: str) -> str:
    """How much higher it is in one group; as high where the difference is 0 as it is rounded."""
    if not _size(result).strip("0.") or isnan(result.effect):
        return f"as high in {level} as in {reference}"
    return f"{size} {_more(result)} in {level} than in {reference}"


def _quality(result: Result) -> str:
    level, reference = result.pair or ("", "")
    name = metric_name(result.subject)
    return f"The explanations' {name} is {_apart(result, _size(result), level, reference)}"


def _attribution(result: Result) -> str:
    level, reference = result.pair or ("", "")
    view, given, scale = result.view.split("|")
    among = " among people with the same outcome" if given == "outcome" else ""
    unit = "SD(f)" if scale != "response" else "SD of the response"
    if view == "use" and abs(result.effect) < NO_MORE:
        what = result.subject or "any one feature"
        return f"The same change of {what} moves the output equally far in {level} and {reference}"
    if view == "use":
        return (
            f"The same change of {result.subject} moves the output {_size(result)} {unit} further "
            f"{'up' if result.effect > 0 else 'down'} in {level} than in {reference}"
        )
    if view == "slope":
        return (
            f"Per SD of its own value, the attribution of {result.subject} rises {_size(result)} "
            f"{unit} {'more' if result.effect > 0 else 'less'} in {level} than in {reference}"
        )
    if view == "location":
        among = " among people with the same value of it"
    what = "size of the attribution" if view == "magnitude" else "attribution"
    apart = _apart(result, f"{_size(result)} {unit}", level, reference)
    return f"The {what} of {result.subject} is {apart}{among}"


def _reliance(result: Result) -> str:
    through = {
        "eta_squared": "",
        "unsupported_share": "features with no demonstrated support within groups",
    }.get(result.subject, result.subject)
    if result.effect < 0 and through:
        size = _size(result).lstrip(MINUS)
        return f"{AMONG[result.view]}, {through} take {size} % off what follows {result.grouping}"
    path = f" through {through}" if through else ""
    return f"{AMONG[result.view]}, {_size(result)} % follows {result.grouping}{path}"


def _split(result: Result) -> str:
    """Of an unsupported share, what is shown to be without support and what is merely unresolved.

    In the direction of the share itself; the two add up to it.
    """
    if isnan(result.unresolved):
        return ""
    _, _, _, places = _scaled(result)
    sign = -100.0 if result.effect < 0 else 100.0
    open_, shown = sign * result.unresolved, sign * (result.effect - result.unresolved)
    made = "made up" if round(min(open_, shown), places) >= 0 else "the sum"
    return (
        f", {made} of {fixed(shown, places)} shown to be without support and "
        f"{fixed(open_, places)} merely unresolved"
    )


def _shortcut(result: Result) -> str:
    head = f"Reliance on {result.grouping}"
    if result.verdict != "different":
        return f"{head}, whether it is a shortcut: {SPOKEN[result.verdict]}. Why: {_ended(result)}"
    return (
        f"{head} is consistent with a shortcut. {AMONG[result.view]}, {_size(result)} % "
        f"({confidence(result.alpha)} interval {_interval(result)}) follows it through features "
        f"without demonstrated support within groups{_split(result)}; {_ended(result)}"
    )


def _subject(result: Result) -> str:
    if result.kind == "map" and result.pair:
        return f"Maps, {result.pair[0]} against {result.pair[1]}"
    by = f", {result.pair[0]} against {result.pair[1]}" if result.pair else f" by {result.grouping}"
    what = metric_name(SUBJECTS.get(result.subject, result.subject))
    return f"{result.kind[0].upper()}{result.kind[1:]} of {what}{by}"


def _closing(result: Result) -> str:
    spoken = SPOKEN[result.verdict]
    why = WHY.get(result.mechanism, "") if result.verdict == "different" else ""
    if why and result.partners and result.mechanism == "context":
        why += f" ({', '.join(result.partners)})"
    if why and result.kind == "attribution" and result.mechanism in ("context", "use"):
        why += "; other values of it may add to this"
    if result.verdict == "cannot_tell" and result.kind == "reliance" and result.reason:
        return f": {spoken}; {_ended(result)}"
    if result.verdict == "cannot_tell":
        return f": {spoken}; {_open(result)}."
    if result.verdict == "similar":
        seen = ", detectable but" if result.low > 0 or result.high < 0 else ","
        return f": {spoken}{seen} inside the margin of {_margin(result)}."
    if result.verdict == "different":
        beyond = result.low > result.margin or result.high < -result.margin
        spoken += ", beyond the margin" if beyond else _uncertain(_margin(result))
    return f": {spoken}{'; ' + why if why else ''}."


def _uncertain(margin: str) -> str:
    """What an interval says that leaves out 0 and holds the margin."""
    return f", size uncertain (detectable; it may or may not exceed the margin of {margin})"


def _open(result: Result) -> str:
    """What would settle an interval that cannot tell, or what stands in the way.

    An interval inside the margin is of too few people: *similar* needs 20 in each group.
    """
    arm = "in each group" if result.more_in == "both" else f"in {result.more_in}"
    if -result.margin <= result.low and result.high <= result.margin:
        what = "people or events" if result.kind == "performance" else "people"
        need = f"inside the margin of {_margin(result)}, but similar needs {SIMILAR_FROM} {what}"
        more = (
            "" if isnan(result.more) else f"; about {result.more:,.0f} more people {arm} would do"
        )
        return f"{need} in each group{more}"
    if not isnan(result.more):
        return f"about {result.more:,.0f} more people {arm} would settle it"
    if result.more_in:
        return "far more people than these would be needed"
    return f"the interval reaches beyond the margin of {_margin(result)}"


def _ended(result: Result) -> str:
    """The reason with one full stop."""
    return f"{result.reason.rstrip('. ')}."


def _margin(result: Result) -> str:
    share = result.kind == "reliance"
    return f"{plain(100 * result.margin)} %" if share else plain(result.margin)
