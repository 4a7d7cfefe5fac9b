"""Two ways of writing the alleles of one variant: the same, swapped, from the other strand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float

Pair = tuple[str | None, str | None]
"""The allele that is counted and the other one; None where it is not known."""

NEAR = 0.2
"""Two frequencies of one allele that are this near agree."""

FAR = 0.5
"""Two frequencies that are further apart than this are not of one allele.

Between ancestries frequencies differ: with those of 1000 Genomes' Europeans, of the variants that
were told in people of African ancestry 4.1 % were told wrongly at 0.15 and 0.25, 0.8 % at these."""

ERRORS = 3.0
"""Standard errors of a frequency that are left for chance."""

_PAIRS = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How p variants of a file may be written against what is wanted, (p,) masks.

    `kept`: the counted allele may be the wanted one; `swapped`: the other may be; `flip_kept`,
    `flip_swapped`: only if the file is of the other strand. `known`: the file names an allele.
    """

    kept: Bool
    swapped: Bool
    flip_kept: Bool
    flip_swapped: Bool
    known: Bool

    @property
    def undecided(self) -> Bool:
        """Both ways are possible (p,): alleles of one pair of bases, or none named."""
        return self.kept & self.swapped


def complement(allele: str | None) -> str | None:
    """The same bases on the other strand, None for what is no sequence of bases.

    >>> complement("A"), complement("AC"), complement("<DEL>")
    ('T', 'GT', None)
    """
    if not allele or set(allele) - set("ACGT"):
        return None
    return allele.translate(_PAIRS)[::-1]


def ways_of(have: list[Pair], want: list[Pair]) -> Ways:
    """All ways in which the pairs of a file and those wanted can be the same alleles.

    >>> ways = ways_of([("A", "G"), ("C", "T"), ("A", "T")], [("G", "A"), ("G", "A"), ("A", "T")])
    >>> ways.kept.tolist(), ways.swapped.tolist(), ways.flip_kept.tolist()
    ([False, True, True], [True, False, True], [False, True, False])
    """
    found = [_ways(own, other) for own, other in zip(have, want, strict=True)]
    table = np.array(found, dtype=bool).reshape(-1, 5)
    return Ways(*(table[:, i] for i in range(5)))


def _ways(have: Pair, want: Pair) -> tuple[bool, bool, bool, bool, bool]:
    plain = _fits(have, want), _fits(have[::-1], want)
    turned = (complement(have[0]), complement(have[1]))
    known = have != (None, None)
    other = (False, False)
    if known and not any(a is not None and t is None for a, t in zip(have, turned, strict=True)):
        other = _fits(turned, want), _fits(turned[::-1], want)
    return (
        plain[0] or other[0], plain[1] or other[1],
        other[0] and not plain[0], other[1] and not plain[1], known,
    )  # fmt: skip


def _fits(have: Pair, want: Pair) -> bool:
    """Whether no allele that both name is another one, and the two alleles differ."""
    pairs = zip(have, want, strict=True)
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return False
    first, second = have[0] or want[0], have[1] or want[1]
    return first is None or first != second


def agrees(frequency: Float, error: Float, wanted: Float) -> tuple[Bool, Bool]:
    """Whether a frequency (p,) tells clearly that the allele is the wanted one, or the other one.

    It is near the one (`NEAR`) and, beyond `ERRORS` standard errors, far from the other (`FAR`).
    False for both where nothing is known or the allele is about as frequent as the other.

    >>> agrees(np.array([0.2, 0.8, 0.35]), np.zeros(3), np.array([0.1, 0.1, 0.3]))
    (array([ True, False, False]), array([False,  True, False]))
    """
    same, other = np.abs(frequency - wanted), np.abs(1 - frequency - wanted)
    slack = ERRORS * error
    return (
        (same <= NEAR) & (other - slack >= FAR),
        (other <= NEAR) & (same - slack >= FAR),
    )
