"""Exact Shapley values: every coalition of every row with every background row."""

from __future__ import annotations

from math import factorial

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.explainers.coalitions import Space
from evenlight.explainers.walks import Ends

MOST = 12
"""Most players whose coalitions are enumerated."""

WORTHS = 2**20
"""Most outputs that are held at once."""


def coalitions(players: int) -> Bool:
    """All coalitions but the empty and the full one, (2^P - 2, P).

    >>> coalitions(2).tolist()
    [[True, False], [False, True]]
    """
    numbers = np.arange(1, 2**players - 1)
    members: Bool = (numbers[:, None] >> np.arange(players)) & 1 == 1
    return members


def shared(worth: Float) -> Float:
    """Shapley values (n, P) of games whose coalitions, as binary numbers, have `worth` (n, 2^P).

    Shapley (1953): the mean over orders of what a player adds. |S|! (P - |S| - 1)! of the P! orders
    have just the coalition S before the player.

    >>> shared(np.array([[0.0, 1.0, 2.0, 5.0]]))
    array([[2., 3.]])
    """
    players = worth.shape[1].bit_length() - 1
    full = factorial(players)
    orders = [factorial(s) * factorial(players - s - 1) / full for s in range(players)]
    numbers = np.arange(2**players)
    size = (numbers[:, None] >> np.arange(players) & 1).sum(axis=1)
    values = np.empty((len(worth), players))
    for j in range(players):
        before = numbers[numbers >> j & 1 == 0]
        share = np.array(orders)[size[before]]
        values[:, j] = (worth[:, before + (1 << j)] - worth[:, before]) @ share
    return values


def enumerated(space: Space, ends: Ends, players: int) -> Float:
    """Interventional Shapley values (n, P): the mean of those against each background row."""
    n, size = len(ends.rows), ends.size
    members = coalitions(players)
    values = np.empty((n, players))
    each = max(1, WORTHS // (size * 2**players))
    for start in range(0, n, each):
        rows = np.arange(start, min(n, start + each))
        found = space.worths(np.repeat(rows, size), np.tile(np.arange(size), len(rows)), members)
        worth = np.empty((len(rows), 2**players))
        worth[:, 0], worth[:, -1] = ends.base[rows], ends.rows[rows]
        worth[:, 1:-1] = found.reshape(len(rows), size, -1).mean(axis=1)
        values[rows] = shared(worth)
    return values
