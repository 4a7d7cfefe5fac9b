"""How much is computed for each row: all coalitions, or so many walks; planned before the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Int
from evenlight.errors import ModelError
from evenlight.explainers.exact import MOST
from evenlight.explainers.walks import Limits

TOLERANCE = 0.05
"""Monte Carlo error of a precise row, relative to the length of its attributions."""

MOST_PLAYERS = 4096
"""More players than this are walked at the input only when walks or a budget are named."""

PLANNED = ("tolerance", "budget", "walks", "exact")
"""The options of `planned`."""

SWEEPS, FEW_BACKS = 2, 50
"""Sweeps over the background rows that the budget pays for by default, and the fewest rows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """For P players over `backs` rows: at most `budget` model rows a row; no limits mean exact."""

    players: int
    backs: int
    budget: int
    tolerance: float
    limits: Limits | None
    asked: bool

    @property
    def slots(self) -> int:
        """Background rows that a row meets."""
        return self.backs if self.limits is None else min(self.backs, self.limits.most)

    @property
    def most_walks(self) -> int:
        """Most walks of a row; 0 where all coalitions are enumerated."""
        return 0 if self.limits is None else self.limits.most

    def rows(self, walks: Int) -> int:
        """Model rows that these walks (n,) took in all, with those of the background."""
        if self.limits is None:
            return self.backs + len(walks) * self.budget
        return self.backs + int(walks.sum()) * 2 * (self.players - 1)

    def affordable(self, n: int, *, cheap: bool) -> None:
        """Raise ModelError for many players whose price nobody has named."""
        if cheap or self.asked or self.players <= MOST_PLAYERS:
            return
        each = 2 * (self.players - 1)
        raise ModelError(
            f"{self.players} players take {each} model rows a walk, up to {self.budget:,} a row "
            f"and {n * self.budget:,} in all; say players= sets of features that move as one, "
            'method="ig" for a network, or name the price with walks= or budget='
        )


def planned(
    players: int,
    backs: int,
    *,
    tolerance: float | None = TOLERANCE,
    budget: int | None = None,
    walks: int | None = None,
    exact: bool | None = None,
) -> Plan:
    """What is computed for a row.

    Parameters
    ----------
    tolerance
        a row is done when its standard errors are together at most this share of its attributions
        (root sums of squares; of half the length typical of attributions against one background
        row, where its own are shorter). None: the whole budget is spent. Rows above it at the end
        are counted.
    budget
        most model rows a row, each walk taking 2 (P - 1); by default those of two walks over every
        background row, forth and back.
    walks
        exactly so many walks for every row, in place of tolerance and budget.
    exact
        True: all coalitions, for at most 12 players; None: where these cost no more than the
        budget.

    Raises
    ------
    ModelError
        for a budget below two walks (a standard error needs two), or options that exclude each
        other.

    >>> planned(3, 100).limits is None, planned(6, 100).most_walks
    (True, 260)
    """
    for name, given in (("budget", budget), ("walks", walks)):
        if given is not None and not isinstance(given, int | np.integer):
            raise ModelError(f"{name}={given!r}; wanted a whole number")
    if tolerance is not None and not tolerance > 0:
        raise ModelError(
            f"tolerance={tolerance}; wanted a share above 0, or None to spend the whole budget"
        )
    if walks is not None and (budget is not None or exact):
        raise ModelError("walks= fixes what is computed; leave out budget= and exact=")
    if exact and players > MOST:
        raise ModelError(
            f"exact=True takes at most {MOST} players and there are {players}: all 2^{players} "
            "coalitions are too many; say players= sets of features, or leave exact out"
        )
    price = budget if budget is not None else SWEEPS * max(backs, FEW_BACKS) * (2 * players + 1)
    wanted = TOLERANCE if tolerance is None else tolerance
    whole = (2**players - 2) * backs if players <= MOST else np.inf
    if players == 1 or exact or (exact is None and walks is None and whole <= price):
        return Plan(players, backs, int(whole), wanted, None, True)
    most = walks if walks is not None else price // (2 * (players - 1))
    if most < 2:
        named = f"walks={walks}" if walks is not None else f"budget={budget}"
        raise ModelError(
            f"{named}: {players} players take {2 * (players - 1)} model rows a walk, and at least "
            f"2 walks tell how far off they are; say budget={4 * (players - 1)} or more"
        )
    limits = Limits(most, wanted, early=tolerance is not None and walks is None)
    asked = walks is not None or budget is not None
    return Plan(players, backs, most * 2 * (players - 1), wanted, limits, asked)
