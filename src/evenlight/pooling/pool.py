"""Sites combined from the summaries that each of them published; no row is moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from evenlight import files
from evenlight.data.digits import decimals, fixed, percent
from evenlight.differing.comparable import comparable, spoiled
from evenlight.differing.read import Read, read
from evenlight.differing.record import Apart
from evenlight.differing.words import ranged
from evenlight.errors import InputError
from evenlight.measures.words import SPOKEN, VERDICTS, gravest
from evenlight.pooling.items import Family, items
from evenlight.pooling.record import Item, People, Pool, Pooled
from evenlight.record import Audit
from evenlight.result import Result
from evenlight.small_groups import PROFILES, profile
from evenlight.stats.disclosure import ROUND_TO

FILE = "pool.json"

MUCH = 0.5
"""I^2 from which the mean over sites is said to stand for none of them."""

Place = Audit | str | Path


def pool(
    audits: Sequence[Place], *, names: Sequence[str] = (), other_background: bool = False
) -> Pool:
    """Two or more sites' audits of one question together, with how far the sites differ.

    Only what the records show enters: what is hidden at a site stays hidden, and counts are summed
    over the sites that show them and rounded to 5. `names` are of the sites, by default of their
    folders. Effects are means over these sites, in each site's own SD of the output. *Similar* is
    said only where no site differs and the sites are alike. `other_background` declares that
    attributions against each site's own background are meant to be put together.

    Raises InputError for fewer than two sites, one cohort given twice, and audits of different
    questions. Whether a person is at two sites cannot be known from summaries.
    """
    found = [one if isinstance(one, Audit) else Audit.load(one) for one in audits]
    sites = tuple(names) or tuple(_name(place, i) for i, place in enumerate(audits, 1))
    _checked(found, sites)
    strict = max((one.profile for one in found), key=PROFILES.__getitem__)
    with profile(strict):
        apart = _apart(found, sites, other_background=other_background)
        held = [read(one) for one in found]
        primary = _primary(held)
        made = tuple(items(_families(held, sites, apart), primary))
        people = tuple(_people(found, apart))
    kept = tuple(sorted((i for i in made if _notable(i)), key=_gravity))
    counts = Counter(item.verdict for item in made)
    return Pool(
        sites=sites,
        cohorts=tuple(one.cohort.digest for one in found),
        target=found[0].model.target,
        apart=apart,
        people=people,
        answers=tuple(_answers(held, made)),
        counts={word: counts.get(word, 0) for word in VERDICTS},
        items=kept,
    )


def save_pool(made: Pool, folder: str | Path) -> Path:
    """Write pool.json into a folder; its path is returned."""
    return files.write(files.folder(folder) / FILE, made.to_json())


def _name(place: Place, i: int) -> str:
    if isinstance(place, Audit):
        return f"site {i}"
    path = Path(place)
    return (path if path.is_dir() else path.parent).name or f"site {i}"


def _checked(found: Sequence[Audit], sites: Sequence[str]) -> None:
    if len(found) < 2:
        raise InputError(f"a pool is of two audits or more, not {len(found)}")
    if len(sites) != len(found) or len(set(sites)) != len(sites):
        raise InputError(
            f"{len(found)} audits need as many different names, not {list(sites)}; give names"
        )
    digests = [one.cohort.digest for one in found]
    twice = next((i for i, d in enumerate(digests) if d in digests[:i]), None)
    if twice is not None:
        first = sites[digests.index(digests[twice])]
        raise InputError(f"{first} and {sites[twice]} are the same people; give each site once")


def _apart(
    found: Sequence[Audit], sites: Sequence[str], *, other_background: bool
) -> tuple[Apart, ...]:
    """What sites do not have alike with the first, each once."""
    made: dict[Apart, None] = {}
    for site, one in zip(sites[1:], found[1:], strict=True):
        for own in comparable(found[0], one, other_background=other_background):
            made[Apart(f"{own.what} ({site})", own.before, own.after, own.spoils)] = None
    return tuple(made)


def _primary(held: Sequence[Read]) -> frozenset[str]:
    """Ids that answer a primary question asked at every site."""
    shared = set.intersection(*(set(one.primary) for one in held))
    return frozenset(i for one in held for text in shared for i in one.primary[text])


def _families(
    held: Sequence[Read], sites: Sequence[str], apart: tuple[Apart, ...]
) -> Iterator[Family]:
    """Numbers of one kind, grouping and view, which share their simultaneous limits."""
    made: dict[tuple[str, str, str], dict[str, dict[str, Result]]] = {}
    for site, one in zip(sites, held, strict=True):
        for i, result in one.results.items():
            key = (result.kind, result.grouping, result.view)
            if not spoiled(result, apart):
                made.setdefault(key, {}).setdefault(i, {})[site] = result
    for members in made.values():
        whole = {i: own for i, own in members.items() if _several(own)}
        if whole:
            sizes = Counter(site for own in members.values() for site in own)
            yield Family(whole, tuple(sites), sizes)


def _several(own: Mapping[str, Result]) -> bool:
    """Whether two sites tell a number with limits."""
    return sum(bool(np.isfinite([r.effect, r.low, r.high]).all()) for r in own.values()) >= 2


def _people(found: Sequence[Audit], apart: tuple[Apart, ...]) -> Iterator[People]:
    spoils = {one.spoils for one in apart}
    for first in found[0].compositions:
        if f"grouping {first.grouping}" in spoils:
            continue
        own = [c for one in found for c in one.compositions if c.grouping == first.grouping]
        for part in first.parts:
            counts = np.array([c.count[c.parts.index(part)] for c in own if part in c.parts])
            shown = np.isfinite(counts)
            units = int(ROUND_TO * round(float(counts[shown].sum()) / ROUND_TO))
            yield People(first.grouping, part, units, int(shown.sum()), int((~shown).sum()))


def _answers(held: Sequence[Read], made: Sequence[Item]) -> Iterator[Pooled]:
    """Questions that every site asked."""
    named = {item.id: item for item in made}
    for text in (t for t in held[0].primary if all(t in one.primary for one in held)):
        ids = dict.fromkeys(i for one in held for i in one.primary[text])
        own = [named[i] for i in ids if i in named]
        lacking = len(ids) - len(own)
        word = gravest([*(item.verdict for item in own), *["not_estimable"] * bool(lacking)])
        left = f"{lacking} of {len(ids)} numbers are told at fewer than two sites." * bool(lacking)
        worst = next((item for item in own if item.verdict == word), None)
        told = _told(worst) if worst else ""
        yield Pooled(
            text, word, f"{SPOKEN[word].capitalize()} over the sites. {told}{left}".strip()
        )


def _told(item: Item) -> str:
    """The combined number with its limits, and that it stands for no site where sites differ."""
    told = f"{ranged(item.effect, item.low, item.high)}. "
    own = [one.effect for one in item.each if one.effect is not None]
    apart = sum(item.low <= effect <= item.high for effect in own) == 0
    if apart or item.i_squared >= MUCH:
        places = decimals(item.high - item.low)
        ends = f"{fixed(min(own), places)} to {fixed(max(own), places)}"
        told += f"That is the mean alone: estimates of sites go from {ends}"
        told += f" (I\N{SUPERSCRIPT TWO} {percent(item.i_squared)})"
        told += ", and the interval holds none of them. " if apart else ". "
    return f"{told}{item.reason} " if item.reason else told


def _notable(item: Item) -> bool:
    return item.primary or item.verdict == "different" or item.q_p < 0.05


def _gravity(item: Item) -> tuple[bool, bool, float, str]:
    return not item.primary, item.verdict != "different", -abs(item.effect) / item.margin, item.id
