"""Where rows come from when they are not in memory: arrays on disk, datasets, loaders.

Each is known by what it can do, never by the name of its library, so none of these is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Values
from evenlight.errors import CohortError

Key = str | int | None
Stream = Callable[[Int], Iterator[Values]]
Gather = Callable[[list[Any]], Values]

MAPS = "rows are aligned with people by position, so pass a dataset with len() and [i]"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """n rows of shape (*s) in one dtype.

    `read` gives the rows at some positions (m,), as (m, *s); `stream` the same in parts of any
    length, where a faster way than `read` exists; `band` rows are best read together (1: any).
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[Int], Values]
    stream: Stream | None = None
    band: int = 1


def lazy(x: object) -> bool:
    """Whether x gives rows when asked, in place of holding them in memory."""
    if isinstance(x, np.memmap):
        return True
    if isinstance(x, np.ndarray | pd.DataFrame | pd.Series | Mapping | list | tuple | str | bytes):
        return False
    if hasattr(x, "detach"):
        return False
    return _shaped(x) or _loads(x) or _maps(x)


def source_of(x: Any, key: Key = None) -> Source:
    """The rows of an array-like, a map-style dataset, or a loader in sequential order.

    Raises CohortError for a loader that shuffles, a dataset that gives the same row in two ways,
    items of which no part or several could be x, or values that are no numbers.
    """
    if _loads(x):
        return _loader(x, key)
    if _maps(x):
        return _items(x, _stacked(key), each=1)
    if _shaped(x):
        return _array(x)
    raise CohortError(
        f"a {type(x).__name__} gives no rows; pass an array with shape, dtype and x[rows], a "
        "dataset with len() and [i], or a loader of one"
    )


def plain(part: Any) -> Values:
    """What a source gave, as a numpy array: a tensor, a sparse part or an array."""
    if hasattr(part, "detach"):
        held = part.detach().cpu()
        return np.asarray(held.float() if "bfloat16" in str(held.dtype) else held)
    return np.asarray(part.toarray() if hasattr(part, "toarray") else part)


def picked(item: Any, key: Key, *, least: int = 1) -> Any:
    """The part of an item that is x: the item, its first part, or one entry of a dict.

    Raises CohortError, listing the keys, where no entry or several are floating arrays with at
    least `least` axes and none was named.
    """
    if isinstance(item, Mapping):
        return item[_key(item, key, least)]
    if isinstance(item, tuple | list):
        return picked(item[key], None) if isinstance(key, int) else picked(item[0], key)
    return item


def _key(item: Mapping[Any, Any], key: Key, least: int) -> Any:
    if key in item:
        return key
    shown = {k: plain(v) for k, v in item.items() if hasattr(v, "shape")}
    found = [k for k, v in shown.items() if v.dtype.kind == "f" and v.ndim >= least]
    if key is None and len(found) == 1:
        return found[0]
    words = [f"{k!r} ({shown[k].dtype} {shown[k].shape})" if k in shown else f"{k!r}" for k in item]
    why = f"have no {key!r}" if key is not None else f"hold {len(found)} floating arrays"
    raise CohortError(
        f"the dataset's items {why}; their keys are {', '.join(words)}: say which is x with "
        'ev.Rows(dataset, key="...")'
    )


def _loads(x: Any) -> bool:
    return hasattr(x, "dataset") and hasattr(x, "batch_size") and hasattr(x, "collate_fn")


def _shaped(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype") and hasattr(x, "__getitem__")


def _maps(x: Any) -> bool:
    held = _shaped(x) or hasattr(x, "__array__")
    return not held and hasattr(x, "__len__") and hasattr(x, "__getitem__")


def _array(x: Any) -> Source:
    """Anything with shape, dtype and row indexing."""

    def read(at: Int) -> Values:
        found, back = np.unique(at, return_inverse=True)
        run = len(found) > 0 and found[-1] - found[0] + 1 == len(found)
        rows: Any = slice(int(found[0]), int(found[-1]) + 1) if run else found
        part = plain(x.oindex[rows] if hasattr(x, "oindex") and not run else x[rows])
        return part if len(at) == len(found) and (at == found).all() else part[back]

    shape = tuple(int(n) for n in x.shape)
    chunks = getattr(x, "chunks", None)
    band = chunks[0] if isinstance(chunks, tuple) and isinstance(chunks[0], int) else 1
    return Source(shape, _numeric(np.dtype(x.dtype), shape), read, band=band)


def _items(x: Any, gather: Gather, *, each: int, stream: Stream | None = None) -> Source:
    """A map-style dataset; `gather` makes (m, *s) of up to `each` items."""
    first = _first(x, gather)
    shape = first.shape[1:]

    def read(at: Int) -> Values:
        found, back = np.unique(at, return_inverse=True)
        some = np.array_split(found, -(-len(found) // each))
        parts = [_alike(gather([x[int(i)] for i in part]), shape, part) for part in some]
        return np.concatenate(parts)[back]

    whole = (len(x), *shape)
    return Source(whole, _numeric(first.dtype, whole), read, stream)


def _first(x: Any, gather: Gather) -> Values:
    """Row 0 (1, *s); some rows are read twice, since random ones have no attribution."""
    if len(x) == 0:
        raise CohortError("the dataset has no rows")
    try:
        first = gather([x[0]])
    except NotImplementedError as error:
        raise CohortError(f"a {type(x).__name__} gives no row by its position; {MAPS}") from error
    for i in np.unique(np.linspace(0, len(x) - 1, 4).astype(int)).tolist():
        once, again = gather([x[i]]), gather([x[i]])
        if once.shape != again.shape or not np.array_equal(once, again, equal_nan=True):
            raise CohortError(
                f"the dataset gives row {i} in two ways when asked twice; switch its random "
                "augmentation off"
            )
    return first


def _loader(x: Any, key: Key) -> Source:
    """A loader's dataset in its order; batches go through its own `collate_fn` and workers."""
    batched = getattr(x, "batch_sampler", None)
    order = x.sampler if batched is None else getattr(batched, "sampler", None)
    if not _maps(x.dataset) or not hasattr(order, "__len__"):
        raise CohortError(f"the loader's dataset gives a stream of rows; {MAPS}")
    if type(order).__name__ != "SequentialSampler":
        raise CohortError(
            f"the loader draws its rows by a {type(order).__name__}; rows are aligned with people "
            "by position, so build it with shuffle=False and no sampler"
        )
    if batched is None:
        return _items(x.dataset, _stacked(key, x.collate_fn), each=1)

    def gather(items: list[Any]) -> Values:
        return plain(picked(x.collate_fn(items), key, least=2))

    stream = _workers(x, key) if x.num_workers > 0 else None
    return _items(x.dataset, gather, each=x.batch_size or 64, stream=stream)


def _workers(x: Any, key: Key) -> Stream:
    """Rows at some positions through a loader of the same kind, with as many workers."""

    def stream(at: Int) -> Iterator[Values]:
        # A loader exists, so torch is loaded; with a generator of its own, nobody's is drawn from.
        generator = sys.modules["torch"].Generator().manual_seed(0)
        batches: Iterable[Any] = type(x)(
            x.dataset, sampler=at.tolist(), batch_size=x.batch_size or 64,
            collate_fn=x.collate_fn, num_workers=x.num_workers, worker_init_fn=x.worker_init_fn,
            timeout=x.timeout, multiprocessing_context=x.multiprocessing_context,
            generator=generator,
        )  # fmt: skip
        for batch in batches:
            yield plain(picked(batch, key, least=2))

    return stream


def _stacked(key: Key, convert: Callable[[Any], Any] = lambda item: item) -> Gather:
    def gather(items: list[Any]) -> Values:
        return np.stack([plain(picked(convert(item), key)) for item in items])

    return gather


def _alike(part: Values, shape: tuple[int, ...], at: Sequence[int] | Int) -> Values:
    if part.shape[1:] == shape and len(part) == len(at):
        return part
    raise CohortError(
        f"rows at positions {int(at[0])} to {int(at[-1])} of the dataset have shape "
        f"{part.shape[1:]} where row 0 has {shape}; bring all rows to one shape first"
    )


def _numeric(dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.dtype[Any]:
    if len(shape) < 2:
        raise CohortError(f"x has shape {shape}; wanted (rows, features)")
    if dtype.kind not in "fiub":
        raise CohortError(
            f"x has dtype {dtype}; wanted numbers (float, integer or boolean): "
            "convert it with astype(float)"
        )
    return dtype
