"""Interventional Shapley values of trees: all rows and all background rows in one descent.

One row x against one background row z is a game: a coalition takes its players' values from x, the
others' from z. A leaf with value v is reached by the coalitions that hold all players at which z
would leave the leaf's path (s of them) and none at which x would (r of them); a player at which
both would leave it closes it to all. The Shapley values of that game are v (s-1)! r! / (s+r)! for
each of the s, -v s! (r-1)! / (s+r)! for each of the r, and 0 for everyone else (Lundberg 2020,
"From local explanations to global understanding with explainable AI for trees"). Rows that leave
the path at the same players share all their numbers: they descend together, and a branch is closed
as soon as no background row is left in it. Nadel and Wettenstein 2025 ("From decision trees to
Boolean logic", arXiv 2511.09376) group rows in the same way by tables over all 2^depth patterns;
here only patterns that occur are met, so that trees may be deep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from scipy.special import beta

from evenlight.arrays import Bool, Float, Int
from evenlight.explainers.ensembles import Share

MOST = 62
"""Most players on one path; each is a bit of a mask."""

GROUP = np.dtype(
    [(name, "i8") for name in ("node", "players", "left", "x0", "x1", "z0", "z1")]
    + [("mask", "u8")]
)
"""Rows [x0, x1) that left the path at the `left` players of `mask`, before background rows
[z0, z1), at a node with so many `players` on its path."""

BACK = np.dtype([("row", "i8"), ("left", "i8"), ("mask", "u8")])
"""A background row that left the path at the `left` players of `mask`."""

ONE = np.uint64(1)

Record = Any
"""A structured row, or an array of such rows."""

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function as machine code that lets other threads run, kept on disk where that is allowed.

    The first call compiles.
    """
    try:
        made: Any = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder that numba may write to
        made = numba.njit(nogil=True)(function)
    fast: F = made
    return fast


@compiled
def _goes_left(value: float, node: Record, members: Bool) -> bool:
    if value != value:
        return bool(node.missing == 1)
    if node.size == 0:
        return bool(value <= node.threshold)
    code = int(value)
    return bool(0 <= code < node.size and members[node.start + code])


@compiled
def outputs(nodes: Record, roots: Int, members: Bool, x: Float) -> Float:
    """The sum (n,) of the trees for rows x (p, n), features first."""
    said = np.zeros(x.shape[1])
    for i in range(x.shape[1]):
        for root in roots:
            at = root
            while nodes[at].feature >= 0:
                node = nodes[at]
                at = node.left if _goes_left(x[node.feature, i], node, members) else node.right
            said[i] += nodes[at].value
    return said


@compiled
def _divide(x: Float, node: Record, members: Bool, rows: Int, first: int, last: int) -> int:
    """Reorder rows [first, last) so that those that go left come first; where the others begin."""
    middle = first
    for j in range(first, last):
        row = rows[j]
        if _goes_left(x[node.feature, row], node, members):
            rows[j], rows[middle] = rows[middle], row
            middle += 1
    return middle


@compiled
def _put(back: Record, at: int, row: int, left: int, mask: int) -> None:
    back[at].row = row
    back[at].left = left
    back[at].mask = mask


@compiled
def _split(
    z: Float, node: Record, members: Bool, bit: Any, back: Record, at: Record, ends: Int
) -> None:
    """The background rows of a group, written behind themselves in four parts; `ends` of each.

    Before rows that go left, and before rows that go right: all of them, marked as having left the
    path where they go the other way. Before rows that leave the path at the left child, and at the
    right child: those that stay on it.
    """
    for part in range(4):
        ends[part] = at.z1 + part * (at.z1 - at.z0)
    for j in range(at.z0, at.z1):
        row, left, mask = back[j].row, back[j].left, back[j].mask
        side = 0 if _goes_left(z[node.feature, row], node, members) else 1
        _put(back, ends[side], row, left, mask)
        _put(back, ends[1 - side], row, left if mask & bit else left + 1, mask | bit)
        ends[0] += 1
        ends[1] += 1
        if not mask & bit:
            _put(back, ends[2 + side], row, left, mask)
            ends[2 + side] += 1


@compiled
def _push(
    groups: Record, top: int, at: Record, node: int, x0: int, x1: int, part: int, end: int, bit: Any
) -> int:
    """Rows [x0, x1) of the group `at` go on to `node` before one part of its background rows."""
    z0 = at.z1 + part * (at.z1 - at.z0)
    if x0 == x1 or z0 == end:
        return top
    new = groups[top]
    new.node, new.players, new.mask = node, at.players, at.mask | bit
    new.left = at.left + 1 if bit else at.left
    new.x0, new.x1, new.z0, new.z1 = x0, x1, z0, end
    return top + 1


@compiled
def _step(
    at: Record, node: Record, members: Bool, x: Float, z: Float, rows: Int, back: Record, bit: Any,
    groups: Record, top: int, ends: Int,
) -> int:  # fmt: skip
    """Push the groups into which a group falls at a node; the new top of the stack."""
    none = np.uint64(0)
    _split(z, node, members, bit, back, at, ends)
    if at.mask & bit:
        top = _push(groups, top, at, node.left, at.x0, at.x1, 2, ends[2], none)
        return _push(groups, top, at, node.right, at.x0, at.x1, 3, ends[3], none)
    middle = _divide(x, node, members, rows, at.x0, at.x1)
    top = _push(groups, top, at, node.left, at.x0, middle, 0, ends[0], none)
    top = _push(groups, top, at, node.right, middle, at.x1, 1, ends[1], none)
    top = _push(groups, top, at, node.left, middle, at.x1, 2, ends[2], bit)
    return _push(groups, top, at, node.right, at.x0, middle, 3, ends[3], bit)


@compiled
def _leaf(
    out: Float, value: float, at: Record, path: Int, rows: Int, back: Record, weights: Float,
    share: Float,
) -> None:  # fmt: skip
    """Add to out (players, n) what a leaf gives to the rows of a group."""
    for player in range(at.players):
        share[player] = 0.0
    lost = 0.0
    for j in range(at.z0, at.z1):
        mask, player = back[j].mask, 0
        lost += weights[1, back[j].left, at.left]
        while mask:
            if mask & ONE:
                share[player] += weights[0, back[j].left, at.left]
            mask >>= ONE
            player += 1
    for player in range(at.players):
        given = -lost if (at.mask >> np.uint64(player)) & ONE else share[player]
        if given != 0.0:
            for j in range(at.x0, at.x1):
                out[path[player], rows[j]] += given * value


@compiled
def _leaf_pairs(
    out: Float, value: float, at: Record, path: Int, rows: Int, back: Record, weights: Float
) -> None:
    """Add to out (players, players, n) what a leaf gives to pairs of players, each pair once."""
    kept, mixed, lost = np.zeros((at.players, at.players)), np.zeros(at.players), 0.0
    for j in range(at.z0, at.z1):
        mask, s = back[j].mask, back[j].left
        lost += weights[2, s, at.left]
        for a in range(at.players):
            if (mask >> np.uint64(a)) & ONE:
                mixed[a] += weights[1, s, at.left]
                for b in range(a):
                    if (mask >> np.uint64(b)) & ONE:
                        kept[a, b] += weights[0, s, at.left]
    for a in range(at.players):
        off_a = (at.mask >> np.uint64(a)) & ONE
        for b in range(a):
            off_b = (at.mask >> np.uint64(b)) & ONE
            given = -mixed[b] if off_a else -mixed[a]
            if off_a == off_b:
                given = lost if off_a else kept[a, b]
            if given != 0.0:
                for j in range(at.x0, at.x1):
                    out[path[a], path[b], rows[j]] += given * value


@compiled
def _descend(
    nodes: Record, roots: Int, members: Bool, owner: Int, x: Float, z: Float, weights: Float,
    depth: int, out: Float, pairs: Float,
) -> None:  # fmt: skip
    """All trees, one after the other; into `pairs` where it holds anything, else into `out`."""
    rows, path, ends = np.arange(x.shape[1]), np.zeros(MOST + 1, np.int64), np.zeros(4, np.int64)
    share = np.zeros(MOST + 1)
    back = np.zeros((4 * depth + 5) * z.shape[1], BACK)
    for j in range(z.shape[1]):
        back[j].row = j
    groups, here = np.zeros(3 * depth + 6, GROUP), np.zeros(1, GROUP)
    for root in roots:
        groups[0] = here[0] = np.zeros(1, GROUP)[0]
        groups[0].node, groups[0].x1, groups[0].z1 = root, x.shape[1], z.shape[1]
        top = 1
        while top > 0:
            top -= 1
            here[0] = groups[top]
            at, node = here[0], nodes[here[0].node]
            if node.feature < 0:
                if pairs.size:
                    _leaf_pairs(pairs, node.value, at, path, rows, back, weights)
                else:
                    _leaf(out, node.value, at, path, rows, back, weights, share)
                continue
            player = 0
            while player < at.players and path[player] != owner[node.feature]:
                player += 1
            path[player] = owner[node.feature]
            at.players = max(at.players, player + 1)
            bit = ONE << np.uint64(player)
            top = _step(at, node, members, x, z, rows, back, bit, groups, top, ends)


def shapley(share: Share, x: Float, z: Float) -> Float:
    """Shapley values (n, q) of a share's players for rows x (n, p) against rows z (m, p).

    No row's values depend on the other rows.
    """
    out = np.zeros((len(share.players), len(x)))
    _run(share, x, z, _weights(len(z)), out, np.zeros((0, 0, 0)))
    return out.T


def interactions(share: Share, x: Float, z: Float) -> Float:
    """Shapley interaction values (n, q, q) of a share's players for rows x (n, p) against z (m, p).

    Off the diagonal half the index of Grabisch and Roubens 1999, so that the sum over j of row i is
    the Shapley value of player i, the diagonal being what is left of it.
    """
    at = np.arange(len(share.players))
    pairs = np.zeros((len(at), len(at), len(x)))
    _run(share, x, z, _pair_weights(len(z)), np.zeros((0, 0)), pairs)
    both: Float = (pairs + pairs.transpose(1, 0, 2)).transpose(2, 0, 1) / 2
    both[:, at, at] = shapley(share, x, z) - both.sum(axis=2)
    return both


def _run(share: Share, x: Float, z: Float, weights: Float, out: Float, pairs: Float) -> None:
    own = share.ensemble
    rows, backs = own.rounded(x[:, share.columns]), own.rounded(z[:, share.columns])
    _descend(
        own.nodes, own.roots, own.members, share.owner, rows, backs, weights, own.depth, out, pairs
    )


def _weights(backs: int) -> Float:
    """(s-1)! r! / (s+r)! and s! (r-1)! / (s+r)!, (2, s, r), a background row's share of each."""
    s, r = np.meshgrid(np.arange(MOST + 1), np.arange(MOST + 1), indexing="ij")
    plus = np.where(s > 0, beta(np.maximum(s, 1), r + 1), 0)
    return np.stack([plus, plus.T]) / backs


def _pair_weights(backs: int) -> Float:
    """Index of two of the s, of one each, and of two of the r, (3, s, r), as in `_weights`.

    They are (s-2)! r! / (s+r-1)!, (s-1)! (r-1)! / (s+r-1)! and s! (r-2)! / (s+r-1)!.
    """
    s, r = np.meshgrid(np.arange(MOST + 1), np.arange(MOST + 1), indexing="ij")
    both = np.where(s > 1, beta(np.maximum(s - 1, 1), r + 1), 0)
    one = np.where((s > 0) & (r > 0), beta(np.maximum(s, 1), np.maximum(r, 1)), 0)
    return np.stack([both, one, both.T]) / backs
