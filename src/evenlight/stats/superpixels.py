"""Superpixels: connected parts of an image that are alike inside, of about one size.

SLIC (Achanta et al. 2012): k-means of values and places together, in which a centre looks no
farther than two steps of the grid that it began on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import label as components

from evenlight.arrays import Bool, Float, Int

ROUNDS = 10
"""Rounds of k-means, as in the paper."""


def superpixel_labels(
    image: Float, count: int, *, compact: float = 1.0, spacing: Sequence[float] = ()
) -> Int:
    """Labels (*space) from 0 of about `count` superpixels of an image (c, *space).

    Squared distance from a centre: the mean over channels of squared differences in SDs of the
    image, plus `compact`^2 times squared distance in steps of the grid. Steps are of one length in
    `spacing` (a number each axis; by default 1). Each part is connected along the axes: what
    k-means leaves apart from the largest piece of its part goes to a part beside it.

    >>> image = np.kron([[0.0, 5.0]], np.ones((4, 4)))[None]
    >>> superpixel_labels(image, 2)[0].tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    space = image.shape[1:]
    unit = np.array(spacing or (1.0,) * len(space), dtype=np.float64)
    lengths = unit * space
    step = float((np.prod(lengths) / count) ** (1 / len(space)))
    parts = [
        int(min(s, max(1, np.round(side / step)))) for s, side in zip(space, lengths, strict=True)
    ]
    scale = image.reshape(len(image), -1).std(axis=1)
    values = image / np.where(scale > 0, scale, 1.0).reshape(-1, *(1,) * len(space))
    values = values / np.sqrt(len(image))
    labels = _clustered(values, parts, compact * unit / step, 2 * step / unit)
    return _connected(labels)


def _clustered(values: Float, parts: Sequence[int], weight: Float, reach: Float) -> Int:
    """The centre of each position (*space), from a grid of `parts`; `weight` of places (k,)."""
    space = values.shape[1:]
    seeds = np.meshgrid(
        *((np.arange(k) + 0.5) * s / k - 0.5 for k, s in zip(parts, space, strict=True)),
        indexing="ij",
    )
    places = np.stack([seed.ravel() for seed in seeds], axis=1)
    at = np.clip(np.round(places).astype(int), 0, np.array(space) - 1)
    means = values[:, *at.T].T
    for _ in range(ROUNDS):
        labels = _nearest(values, places, means, weight, reach)
        flat, held = labels.ravel(), np.bincount(labels.ravel(), minlength=len(places))
        some = held > 0
        before = places.copy()
        for axis, grid in enumerate(np.indices(space)):
            total = np.bincount(flat, grid.ravel(), len(places))
            places[some, axis] = total[some] / held[some]
        for c, channel in enumerate(values):
            means[some, c] = np.bincount(flat, channel.ravel(), len(places))[some] / held[some]
        if np.array_equal(before, places):
            break
    return labels


def _nearest(values: Float, places: Float, means: Float, weight: Float, reach: Float) -> Int:
    """The nearest centre of each position, among those within `reach`; the lowest of equals."""
    space = values.shape[1:]
    best = np.full(space, np.inf)
    labels = np.zeros(space, dtype=np.int64)
    for i, (place, mean) in enumerate(zip(places, means, strict=True)):
        low = np.clip(np.floor(place - reach).astype(int), 0, None)
        high = np.minimum(np.ceil(place + reach).astype(int) + 1, space)
        window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        away = ((values[:, *window] - mean.reshape(-1, *(1,) * len(space))) ** 2).sum(axis=0)
        for axis, part in enumerate(window):
            line = ((np.arange(part.start, part.stop) - place[axis]) * weight[axis]) ** 2
            away += line.reshape([-1 if a == axis else 1 for a in range(len(space))])
        nearer = away < best[window]
        best[window] = np.where(nearer, away, best[window])
        labels[window] = np.where(nearer, i, labels[window])
    return labels


def _connected(labels: Int) -> Int:
    """The largest piece of each label, grown along the axes over what is in none; from 0 on."""
    kept = np.zeros(labels.shape, dtype=bool)
    for one in np.unique(labels):
        pieces, count = components(labels == one)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)
        kept |= pieces == 1 + int(np.argmax(sizes[1:]))
    out = np.where(kept, labels, -1)
    while (out < 0).any():
        out = _grown(out)
    made: Int = np.unique(out, return_inverse=True)[1].reshape(labels.shape).astype(np.int64)
    return made


def _grown(labels: Int) -> Int:
    """Positions in no part (-1) beside a part join it: of several, the first by axis."""
    out = labels.copy()
    for axis in range(labels.ndim):
        for ahead in (False, True):
            here, there = np.moveaxis(out, axis, 0), np.moveaxis(labels, axis, 0)
            to, of = (slice(1, None), slice(-1)) if not ahead else (slice(-1), slice(1, None))
            free: Bool = (here[to] < 0) & (there[of] >= 0)
            here[to] = np.where(free, there[of], here[to])
    return out
