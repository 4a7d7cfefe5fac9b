"""Which features of sets that somebody wrote down are in the data, counted before anything else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evenlight.data.digits import percent
from evenlight.data.gene_names import bare_id, strip_versions
from evenlight.data.name_diff import hints
from evenlight.errors import EvenlightWarning, FeatureError

LEAST_SHARE = 0.05
"""Least part of all features that the sets name which the data must have: a panel of 1,000 genes
has one in twenty. Below it the names are of another kind, or the sets of another organism."""

HALF = 0.5
"""A kept set of which the data have a smaller part is counted: it stands for that part alone."""


@dataclass(frozen=True, slots=True)
class FoundSets:
    """Of each set its features that the data have, and how many it has where it was written.

    `members` are names of the data; `given` counts (sets,) every feature that a set names.
    """

    members: Mapping[str, tuple[str, ...]]
    given: tuple[int, ...]
    named: int
    there: int
    lacking: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.given) != len(self.members):
            raise FeatureError(f"{len(self.given)} counts for {len(self.members)} sets")

    def __repr__(self) -> str:
        return f"FoundSets: {self.sentence()}"

    def sentence(self) -> str:
        """How many of the features that the sets name are in the data."""
        part = self.there / max(self.named, 1)
        return (
            f"{len(self.members):,} sets name {self.named:,} features, of which the data have "
            f"{self.there:,} ({percent(part)}) and lack {self.named - self.there:,}."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a set: features as written, found, lacking."""
        found = [len(own) for own in self.members.values()]
        return pd.DataFrame(
            {
                "set": list(self.members),
                "given": list(self.given),
                "found": found,
                "lacking": [all_ - own for all_, own in zip(self.given, found, strict=True)],
                "share": [own / all_ for all_, own in zip(self.given, found, strict=True)],
            }
        )


def found_sets(
    sets: Mapping[str, Sequence[str]], features: Sequence[str], *, strip: bool = False
) -> FoundSets:
    """Which features of each set are among `features` (p,), by exact name.

    With `strip`, Ensembl ids are matched without their versions. Raises FeatureError for a set that
    names nothing, and where two features become one without their versions.

    >>> made = found_sets({"repair": ["TP53", "ATM"], "growth": ["MYC"]}, ["TP53", "MYC"])
    >>> made.to_frame()["lacking"].tolist(), made.sentence()
    ([1, 0], '2 sets name 3 features, of which the data have 2 (67 %) and lack 1.')
    """
    bare = strip_versions(features) if strip else tuple(features)
    known = dict(zip(bare, features, strict=True))
    members: dict[str, tuple[str, ...]] = {}
    given, every = [], dict[str, None]()
    for name, own in sets.items():
        asked = dict.fromkeys(bare_id(f) if strip else f for f in own)
        if not asked:
            raise FeatureError(f"set {name!r} is empty; leave it out")
        members[name] = tuple(known[f] for f in asked if f in known)
        given.append(len(asked))
        every |= asked
    lacking = tuple(name for name in every if name not in known)
    return FoundSets(members, tuple(given), len(every), len(every) - len(lacking), lacking)


def kept_sets(
    made: FoundSets, features: Sequence[str], *, least: float, source: str
) -> tuple[dict[str, tuple[str, ...]], tuple[int, ...]]:
    """The sets with `least` features in the data (a number, or below 1 a share), and their counts.

    Others are left out with a warning; a second one counts sets of which less than half is there.
    Raises FeatureError, with what explains it, where no set is left or the data have less than
    5 % of all features that the sets name.
    """
    size = {name: len(own) for name, own in made.members.items()}
    given = dict(zip(made.members, made.given, strict=True))
    wanted = {name: least * all_ if 0 < least < 1 else least for name, all_ in given.items()}
    kept = [name for name in size if size[name] >= max(wanted[name], 1)]
    if not kept or made.there < LEAST_SHARE * made.named:
        raise FeatureError(_too_few(made, features, least, source, bool(kept)))
    few = _words(least)
    if len(kept) < len(size):
        _warn(
            f"{source}: {len(size) - len(kept)} of {len(size)} sets have fewer than {few} among "
            "the features and are left out"
        )
    thin = [name for name in kept if size[name] < HALF * given[name]]
    if thin:
        worst = min(thin, key=lambda name: size[name] / given[name])
        _warn(
            f"{source}: {len(thin)} of {len(kept)} sets have fewer than half of their features in "
            f"the data, fewest {worst!r} with {size[worst]} of {given[worst]}; such a set stands "
            "for these alone (sets.coverage() tells of each)"
        )
    return {name: made.members[name] for name in kept}, tuple(given[name] for name in kept)


def _words(least: float) -> str:
    return f"{percent(least)} of their genes" if 0 < least < 1 else f"{max(least, 1):g} genes"


def _too_few(
    made: FoundSets, features: Sequence[str], least: float, source: str, kept: bool
) -> str:
    """Why nothing can be made of these sets."""
    first = made.lacking[0] if made.lacking else next(iter(made.members))
    told = (
        f"the data have {made.there} of the {made.named} features that its sets name, below "
        f"{percent(LEAST_SHARE)}"
        if kept
        else f"none of {len(made.members)} sets has {_words(least)} among the features"
    )
    there = {name for own in made.members.values() for name in own}
    why = hints(made.lacking, [name for name in features if name not in there])
    return f"{source}: {told}; the file says {first!r}, the cohort {features[0]!r}: " + "; ".join(
        ("use one kind of gene name", *why)
    )


def _warn(text: str) -> None:
    warnings.warn(text, EvenlightWarning, stacklevel=5)
