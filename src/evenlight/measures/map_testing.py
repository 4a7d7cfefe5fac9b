"""How maps are compared: where clusters begin, how many draws, how much is smoothed."""

from __future__ import annotations

from dataclasses import dataclass

from evenlight.errors import InputError
from evenlight.measures.prepare import ALPHA
from evenlight.measures.testing import LEAST
from evenlight.stats.cluster_mass import height_of


@dataclass(frozen=True, slots=True)
class MapTesting:
    """How positions of maps are compared.

    `forming` is the two-sided p at which neighbouring positions join to clusters (the field's
    advice is 0.001: a larger one finds wider, fainter clusters and says less of where they are);
    `alpha` the error rate over all clusters of a view; `draws` permutations; `smooth` the full
    width at half maximum of a Gaussian by which each map is smoothed first, in the units of the
    space (positions where their size is unknown), 0 for none.

    Raises InputError for numbers outside these.

    >>> MapTesting(forming=0.01).draws
    2000
    """

    forming: float = 0.001
    alpha: float = ALPHA
    draws: int = 2_000
    smooth: float = 0.0

    def __post_init__(self) -> None:
        height_of(self.forming)
        if not LEAST <= self.alpha < 0.5:
            raise InputError(f"alpha is {self.alpha}; it lies between {LEAST} and 0.5, as 0.05")
        if not isinstance(self.draws, int) or self.draws < 1 / self.alpha:
            raise InputError(
                f"draws is {self.draws!r}; a p of {self.alpha} needs {int(1 / self.alpha)} or more"
            )
        if not 0 <= self.smooth < float("inf"):
            raise InputError(f"smooth is {self.smooth}; a width of 0 or more, in the space's units")
