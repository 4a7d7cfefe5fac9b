"""Why the names that are wanted are not the names that are there, with the remedy: never a guess.

A difference that a version, the case, a space or a spreadsheet explains is told as such; what to
do about it stays with the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from evenlight.data.gene_names import ENSEMBL, bare_id, mangled, mangled_words

FIRST = 5
"""Names that a sentence lists."""

MANY = 0.5
"""Part of the names from which one kind of name is that of a table."""


VERSIONS = (
    "take the versions off both sides (gene_names.strip_versions(names), adata.var_names = ...; "
    "renamed and sets take strip_versions=True)"
)


@dataclass(frozen=True, slots=True)
class NameDiff:
    """`wanted` against `have`, both (names,) in their order.

    `missing` and `extra` by exact name; `moved` is the first place where the order differs, -1
    where it does not or where names are missing or extra. `hints` say what explains missing names.
    """

    wanted: tuple[str, ...]
    have: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    moved: int
    hints: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both are the same names in the same order."""
        return self.wanted == self.have

    def __repr__(self) -> str:
        return f"NameDiff: {self.sentence()}"

    def sentence(self) -> str:
        """Missing, extra, order, and what explains them; "the same names" where they are.

        >>> name_diff(["TP53", "MYC"], ["MYC", "tp53"]).sentence()
        "1 missing ['TP53'], 1 extra ['tp53']; 1 of the missing differs by case only ('TP53' \
here 'tp53'): correct the spelling of one side"
        """
        if self.same:
            return "the same names"
        told = f"{len(self.missing)} missing {list(self.missing[:FIRST])}"
        told += f", {len(self.extra)} extra {list(self.extra[:FIRST])}"
        if self.moved >= 0:
            j = self.moved
            told = (
                "the same names in another order "
                f"(column {j} is {self.wanted[j]!r}, here {self.have[j]!r})"
            )
        return "; ".join((told, *self.hints))

    def to_frame(self) -> pd.DataFrame:
        """One row a name of either side: its place in both (-1: not there), and what it is."""
        place = {name: j for j, name in enumerate(self.have)}
        here = [place.get(name, -1) for name in self.wanted]
        word = [
            "missing" if at < 0 else "same" if at == j else "moved" for j, at in enumerate(here)
        ]
        lost = [place[name] for name in self.extra]
        return pd.DataFrame(
            {
                "name": [*self.wanted, *self.extra],
                "wanted": [*range(len(self.wanted)), *[-1] * len(lost)],
                "here": [*here, *lost],
                "difference": [*word, *["extra"] * len(lost)],
            }
        )


def name_diff(wanted: Iterable[str], have: Iterable[str]) -> NameDiff:
    """How the names that are there differ from those that are wanted.

    >>> made = name_diff(["ENSG00000141510.18", "ENSG00000012048.2"], ["ENSG00000141510"])
    >>> made.missing, made.extra, made.hints[0][:40]
    (('ENSG00000141510.18', 'ENSG00000012048.2'), ('ENSG00000141510',), '1 of the missing differs \
by version only')
    """
    one, other = tuple(map(str, wanted)), tuple(map(str, have))
    known, asked = set(other), set(one)
    missing = tuple(name for name in one if name not in known)
    extra = tuple(name for name in other if name not in asked)
    moved = -1
    if not missing and not extra and one != other:
        pairs = zip(one, other, strict=False)
        moved = next((j for j, (a, b) in enumerate(pairs) if a != b), -1)
    return NameDiff(one, other, missing, extra, moved, hints(missing, extra))


def hints(missing: Sequence[str], extra: Sequence[str]) -> tuple[str, ...]:
    """What explains that names are missing where others are extra; () where nothing is seen."""
    said = []
    if missing and extra:
        said += _alike(missing, extra, bare_id, "version", VERSIONS)
        fold: Callable[[str], str] = lambda name: " ".join(name.split()).casefold()  # noqa: E731
        said += _alike(missing, extra, fold, "case", "correct the spelling of one side")
        said += _kinds(missing, extra)
    found = [*mangled(missing), *mangled(extra)]
    return (*said, *([mangled_words(found).rstrip(".")] if found else []))


def _alike(
    missing: Sequence[str], extra: Sequence[str], key: Callable[[str], str], by: str, remedy: str
) -> list[str]:
    """How many of the missing are there under a name that `key` makes the same."""
    there = {key(name): name for name in reversed(extra)}
    pairs = [(name, there[key(name)]) for name in missing if key(name) in there]
    if not pairs:
        return []
    (name, other), verb = pairs[0], "differs" if len(pairs) == 1 else "differ"
    told = f"{len(pairs)} of the missing {verb} by {by} only ({name!r} here {other!r}): {remedy}"
    return [told]


def _kinds(missing: Sequence[str], extra: Sequence[str]) -> list[str]:
    """That one side has Ensembl ids and the other has other names."""
    one, other = (
        sum(bool(ENSEMBL.fullmatch(name)) for name in names) / len(names)
        for names in (missing, extra)
    )
    if (one > MANY) == (other > MANY):
        return []
    side = ("Ensembl ids", "other names") if one > MANY else ("other names", "Ensembl ids")
    return [
        f"{side[0]} are wanted where {side[1]} are: hand over a table of both to renamed(cohort, "
        "table), or name the column of an AnnData that holds them with features="
    ]
