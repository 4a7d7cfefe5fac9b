"""Slow twins of the functions that `evenlight.reports.pointing.FUNCTIONS` names, of plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from typing import Any

from tests.html_tree import Node

Numbers = list[float]
GRAVEST = ("different", "cannot_tell", "not_estimable", "similar")
SUPPORTED = ("supported_within_groups", "supported_unequally")


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _flat(one)
    elif value is not None:
        yield value


def _by_contrast(answer: Mapping[str, Any]) -> Counter[str]:
    found: dict[str, set[str]] = {}
    for part in answer["parts"]:
        found.setdefault(part["contrast"], set()).add(part["verdict"])
    return Counter(next(v for v in GRAVEST if v in words) for words in found.values())


def contrasts(held: list[Any], near: Node) -> Numbers:
    """Contrasts of all questions with the verdict that the text names."""
    (answers,) = held
    seen = sum((_by_contrast(answer) for answer in answers), Counter[str]())
    named = {"different": "different", "similar": "similar", "cannot tell": "cannot_tell"}
    word = next((w for said, w in named.items() if near.text().endswith(said)), "not_estimable")
    return [seen[word]]


def tally(held: list[Any], near: Node) -> Numbers:
    """Contrasts, exploratory results, and findings by severity."""
    answers, findings, comparisons, reliances, performances, qualities = held
    every = sum(len(list(_flat(r["verdict"]))) for r in comparisons + reliances)
    every += sum(v != "" for r in performances + qualities for v in _flat(r["verdict"]))
    every -= sum(len(answer["parts"]) for answer in answers)
    many = sum(sum(_by_contrast(answer).values()) for answer in answers)
    severities = Counter(f["severity"] for f in findings["items"])
    return [many, max(every, 0), *severities.values()]


def loud(held: list[Any], near: Node) -> Numbers:
    """Findings that call for action and are not primary."""
    (findings,) = held
    return [sum(f["severity"] in ("act", "block") and not f["primary"] for f in findings["items"])]


def less(held: list[Any], near: Node) -> Numbers:
    """The first list's members less each other, in per cent with a decimal."""
    known = [round(100 * v, 1) for v in held[0] if v is not None]
    return [(a - b) / 100 for a, b in permutations(known, 2)]


def resolved(held: list[Any], near: Node) -> Numbers:
    """Rho and the size of what lacks support, of the shares and words among what is held."""
    lists = [h for h in held if isinstance(h, list)]
    share = next(h for h in lists if all(isinstance(v, float | int | None) for v in h))
    support = next(h for h in lists if h and all(isinstance(v, str) for v in h))
    sizes = [(abs(b), word) for b, word in zip(share, support, strict=True) if b is not None]
    whole = sum(size for size, _ in sizes)
    decided = sum(size for size, word in sizes if word != "unresolved")
    lacking = sum(size for size, word in sizes if word not in SUPPORTED)
    return [decided / whole if whole else 0.0, lacking]


def rest(held: list[Any], near: Node) -> Numbers:
    """Subjects without a table among those of the part."""
    (subjects,) = held
    assert near.parent is not None
    return [len(subjects) - len(near.parent.all("table"))]


def known(held: list[Any], near: Node) -> Numbers:
    """Checks with a value in some part."""
    return [sum(any(v is not None for v in own) for own in zip(*h["value"])) for h in held]  # noqa: B905


def forks(held: list[Any], near: Node) -> Numbers:
    """All that a reading of one question counts: the question is that of its part's head."""
    questions, names, verdicts, holds, touched, unrun, answered = held
    assert near.parent is not None
    k = questions.index(near.parent.all("h3")[0].text())
    unasked = [v[k] == "not_estimable" and answered[k] != "not_estimable" for v in verdicts]
    counts = [bool(t[k]) and not no for t, no in zip(touched, unasked, strict=True)]
    of = Counter(n for n, c in zip(names, counts, strict=True) if c)
    kept = Counter(n for n, c, h in zip(names, counts, holds, strict=True) if c and h[k])
    out = [bool(t[k]) and not c for t, c in zip(touched, counts, strict=True)]
    left = Counter(n for n, o in zip(names, out, strict=True) if o)
    words: dict[str, Counter[str]] = {}
    for n, c, v in zip(names, counts, verdicts, strict=True):
        if c:
            words.setdefault(v[k], Counter())[n] += 1
    share = sum(kept[n] / of[n] for n in of) / len(of) if of else 0.0
    many = [*of.values(), *(kept[n] for n in of), *left.values()]
    many += [v for counter in words.values() for v in counter.values()]
    many += Counter(u["name"] for u in unrun).values()
    return [share, len(of), sum(of.values()), sum(kept.values()), *many]


def steps(held: list[Any], near: Node) -> Numbers:
    """Steps that tell groups apart, all of them, those not named, and comparisons by word."""
    words = held[0]
    apart = sum("different" in own for own in zip(*words))  # noqa: B905
    return [len(words[0]), apart, apart - 3, *Counter(_flat(words)).values()]


def least(held: list[Any], near: Node) -> Numbers:
    """The least p of each number of draws."""
    return [1 / (h + 1) for h in held if isinstance(h, int)]


def more(held: list[Any], near: Node) -> Numbers:
    """One more than each whole number."""
    return [h + 1 for h in held if isinstance(h, int)]


def asked(held: list[Any], near: Node) -> Numbers:
    """Positions of a mask and those asked."""
    masks = [list(_flat(h)) for h in held if isinstance(h, list)]
    return [n for own in masks for n in (len(own), sum(own))]


def leaves(held: list[Any], near: Node) -> Numbers:
    """Values of a mapping, nested ones counted through."""

    def count(value: Any) -> int:
        if isinstance(value, Mapping):
            return sum(map(count, value.values()))
        if isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
            return sum(map(count, value))
        return 1

    return [count(h) for h in held if isinstance(h, Mapping)]


def margins(held: list[Any], near: Node) -> Numbers:
    """Differences in margins, and how many of them there are inside and outside."""
    found: Numbers = []
    for h in held:
        if "fork_effect" in h:
            rows = [*h["fork_effect"], h["effect"]]
            both = [(e, m) for own in rows for e, m in zip(own, h["margin"], strict=True)]
            found += [e / m for e, m in both if e is not None and m]
            continue
        for own in h["difference"]:
            found += [d / m for d, m in zip(own, h["margin"], strict=True) if d is not None and m]
    beyond = sum(abs(f) > 1 for f in found)
    return [*found, len(found), beyond, len(found) - beyond]


def outside(held: list[Any], near: Node) -> Numbers:
    """Differences of each contrast beyond the margin, of every view."""
    found: Numbers = []
    for h in held:
        for own in (c for view in h["effect"] for c in view):
            found.append(sum(abs(e) > h["margin"] for e in own if e is not None))
    return found


def used(held: list[Any], near: Node) -> Numbers:
    """Values of checks as a part of what is allowed, either way around."""
    found: Numbers = []
    for h in held:
        for own in h["value"]:
            for value, limit in zip(own, h["threshold"], strict=True):
                if value is not None and limit is not None:
                    found += [value / limit] if limit else []
                    found += [(1 - value) / (1 - limit)] if limit != 1 else []
    return found


def gap(held: list[Any], near: Node) -> Numbers:
    """Observed less predicted, as a size."""
    pairs = [
        (a, b)
        for h in held
        for a, b in zip(_all(h["curve_observed"]), _all(h["curve_predicted"]), strict=True)
    ]
    return [abs(a - b) for a, b in pairs if a is not None and b is not None]


def _all(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _all(one)
    elif not isinstance(value, Mapping):
        yield value


def spread(held: list[Any], near: Node) -> Numbers:
    """The range of the means of a curve, and the widest distance of groups at a value."""
    found: Numbers = []
    for h in held:
        means = list(_flat(h["mean"]))
        found += [max(means) - min(means)] if means else []
        for own in zip(*h["mean"]):  # noqa: B905
            here = [v for v in own if v is not None]
            found += [max(here) - min(here)] if len(here) > 1 else []
    return found


def shown(held: list[Any], near: Node) -> Numbers:
    """Units shown of each stratum, and strata in which more than one group is shown."""
    found: Numbers = []
    for h in held:
        cells = h["cells"] if isinstance(h["cells"], list) else []
        found += [sum(v or 0 for v in own) for own in cells]
        for last in (0, 1):
            found.append(sum(sum(bool(v) for v in own[: len(own) - last]) > 1 for own in cells))
    return found


def beyond(held: list[Any], near: Node) -> Numbers:
    """The third less the fourth number of a row of clusterings."""
    return [held[2] - held[3]] if len(held) > 3 and isinstance(held[2], float) else []


def part(held: list[Any], near: Node) -> Numbers:
    """Each member of a list over the sum of all."""
    lists = [h for h in held if isinstance(h, list) and all(isinstance(v, int) for v in h)]
    return [v / sum(h) for h in lists for v in h]


def place(held: list[Any], near: Node) -> Numbers:
    """The indices in the pointers of a row."""
    steps = near.attributes["data-ref"].replace("/", " ").split()
    return [int(step) for step in steps if step.isdigit()]


def total(held: list[Any], near: Node) -> Numbers:
    """The sum of each list or mapping of numbers."""
    lists = [list(h.values()) if isinstance(h, Mapping) else h for h in held]
    return [sum(_flat(h)) for h in lists if isinstance(h, list)]


def lines(held: list[Any], near: Node) -> Numbers:
    """Places of each part that a panel of at most eight lines shows."""
    return [min(n, 8) for n in Counter(h["part"] for h in held).values()]


def unnamed(held: list[Any], near: Node) -> Numbers:
    """Settings of a row that its text leaves out."""
    settings = [one for one in near.attributes["data-ref"].split() if "settings/" in one]
    return [len(settings) - 3]


def others(held: list[Any], near: Node) -> Numbers:
    """Contrasts of the question after those that the list above names, by verdict."""
    (answer,) = held
    assert near.parent is not None
    told = sum(any("verdict" in n.classes() for n in li.walk()) for li in near.parent.all("li"))
    found: dict[str, set[str]] = {}
    for part in answer["parts"]:
        found.setdefault(part["contrast"], set()).add(part["verdict"])
    rest = [next(v for v in GRAVEST if v in words) for words in found.values()][told:]
    return [*Counter(rest).values()]


def percent(held: list[Any], near: Node) -> Numbers:
    """Every number in per cent."""
    return [100 * v for h in held for v in _flat(h) if isinstance(v, float)]


def states(held: list[Any], near: Node) -> Numbers:
    """Rows of the table by the text of each cell."""
    cells = Counter(cell.text().strip() for cell in near.all("td"))
    return [*cells.values(), 0]


def verdicts(held: list[Any], near: Node) -> Numbers:
    """Words of the list that is held, each kind counted."""
    words = next(h for h in held if isinstance(h, list))
    return [*Counter(_flat(words)).values(), 0]


def widest(held: list[Any], near: Node) -> Numbers:
    """How many are shown, of how many; how many contrasts that differ are beyond those 8."""
    if isinstance(held[0][0], str):
        return [8, len([name for name in held[0] if name != "unknown"])]
    if isinstance(held[0][0], Mapping):  # the parts of an answer
        return [50, len({part["contrast"] for part in held[0]})]
    if len(held) == 1:  # cells: a group of each grouping
        return [8, len({tuple(cell[:-1]) for cell in held[0]}), len({c[-1] for c in held[0]})]
    verdict = held[1]
    if isinstance(verdict[0][0], list):  # a view, a contrast, a feature
        each = [[any("different" in view[c] for view in verdict)] for c in range(len(held[0]))]
    else:  # a contrast, a metric
        each = [[word == "different" for word in own] for own in verdict]
    return [8, sum(max(sum(own) - 8, 0) for own in zip(*each, strict=True))]


FUNCTIONS: Mapping[str, Callable[[list[Any], Node], Numbers]] = {
    "tally": tally, "contrasts": contrasts, "loud": loud, "less": less, "resolved": resolved,
    "rest": rest, "known": known, "held": forks, "steps": steps, "least": least, "more": more,
    "asked": asked, "leaves": leaves, "margins": margins, "used": used, "gap": gap,
    "range": spread, "shown": shown, "beyond": beyond, "part": part, "place": place,
    "sum": total, "outside": outside, "states": states, "percent": percent, "verdicts": verdicts,
    "widest": widest, "lines": lines, "unnamed": unnamed, "others": others,
}  # fmt: skip

COUNTS = {"tally", "contrasts", "loud"}
"""Of these a text tells nothing else but how many members there are."""
