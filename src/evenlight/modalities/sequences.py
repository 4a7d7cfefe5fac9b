"""Sequences of people, DNA, RNA or protein, as a cohort of one-hot rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.intake import inner_note
from evenlight.data.nearest import hint
from evenlight.data.rows import DENSE_BUDGET
from evenlight.errors import CohortError
from evenlight.modalities.fasta import read_fasta
from evenlight.modalities.letters import LETTERS, SEVERAL, Alphabet, alphabet_name, shares
from evenlight.small_groups import least_shown

Unknown = Literal["error", "even", "zero"]
Masked = Literal["read", "unknown", "error"]


def read_sequences(
    people: pd.DataFrame,
    source: str | Path,
    /,
    *,
    alphabet: Alphabet = "dna",
    length: int | None = None,
    unknown: Unknown = "error",
    masked: Masked = "read",
    **roles: Any,
) -> Cohort:
    """A cohort of one-hot sequences x (n, 4 or 20, L) in float32, one feature a position.

    Parameters
    ----------
    people, source
        the table of people, and its column of text, or the path of a FASTA file whose records are
        joined by row id (`join="inner"` keeps those that both have).
    alphabet
        "dna" (columns A, C, G, T), "rna" (A, C, G, U) or "protein" (the twenty amino acids in the
        order of their letters).
    length
        positions of the longest sequence that may come: shorter ones end in positions without a
        letter, all 0. By default all sequences have one length. Nothing is ever cut.
    unknown
        signs for several letters (N, R, Y, ...; B, Z, X, ...): "error"; "even", divided evenly
        among these letters (N is 0.25 each); or "zero", no letter at all.
    masked
        lower case: "read" as the letter that it is; "unknown", as N or X; or "error".
    **roles
        as in `Cohort`. Two sequences a person (haplotypes) are two rows of one `unit`.

    What was read otherwise than it stands is a note of the cohort: lower case, signs for several
    letters, padding, and U read as T (or T as U) where only one of them occurs.

    Raises
    ------
    CohortError
        naming the count and the remedy: sequences that are missing, of several lengths, longer than
        `length`, with signs that are no letters; records of nobody; more than 4 GB.

    >>> people = pd.DataFrame({"dna": ["ACGT", "aCCT"], "sex": ["f", "m"]}, index=["p1", "p2"])
    >>> cohort = read_sequences(people, "dna", groups=["sex"])
    >>> cohort.x.shape, cohort.features.names[0], cohort.x[1, :, 1].tolist()
    ((2, 4, 4), 'position 1', [0.0, 1.0, 0.0, 0.0])
    """
    kind = alphabet_name(alphabet)
    _one_of(
        unknown=(unknown, ("error", "even", "zero")), masked=(masked, ("read", "unknown", "error"))
    )
    table, texts, notes = _texts(people, source, roles)
    codes, told = _codes(texts, kind, length, {"unknown": unknown, "masked": masked})
    size = codes.size * len(LETTERS[kind]) * 4
    if size > DENSE_BUDGET:
        raise CohortError(
            f"{len(codes):,} sequences of {codes.shape[1]:,} positions would take "
            f"{size / 2**30:.1f} GB; read them in parts, or shorter windows of them"
        )
    held = shares(kind, even=unknown == "even").astype(np.float32)
    x = np.ascontiguousarray(held[codes].transpose(0, 2, 1))
    made = Cohort(x, table, _features(codes.shape[1], kind), **roles)
    return made.altered(notes=(*notes, *told, *made.notes))


def _one_of(**asked: tuple[object, Sequence[str]]) -> None:
    for name, (value, known) in asked.items():
        if value not in known:
            raise CohortError(f"{name}={value!r}; wanted one of {', '.join(known)}")


def _features(length: int, kind: str) -> Features:
    names = tuple(f"position {j + 1}" for j in range(length))
    table = pd.DataFrame({"position": np.arange(1, length + 1), "letters": LETTERS[kind]}, names)
    return Features(names, table)


def _texts(
    people: pd.DataFrame, source: str | Path, roles: dict[str, Any]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The people, their sequences, and what was left out."""
    if not isinstance(people, pd.DataFrame):
        raise CohortError(
            f"people is a {type(people).__name__}; pass a DataFrame indexed by row id"
        )
    if isinstance(source, str) and source in people.columns:
        missing = int(people[source].isna().sum())
        if missing:
            raise CohortError(
                f"{missing} of {len(people)} sequences are missing; leave these rows out"
            )
        return people, people[source].astype(str).tolist(), []
    if isinstance(source, str) and not Path(source).is_file():
        near = hint(source, map(str, people.columns))
        raise CohortError(f"{source!r} is neither a column of people nor a FASTA file{near}")
    return _joined(people, source, roles)


def _joined(
    people: pd.DataFrame, source: str | Path, roles: dict[str, Any]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The sequences of a FASTA file beside the people that they belong to, by id."""
    names, sequences = read_fasta(source)
    have, rows, notes = align.ids(names), align.ids(people.index), []
    if roles.pop("join", "exact") == "inner":
        keep = align.common(rows, have)
        if not len(keep):
            raise CohortError("people and the FASTA file have no id in common; check the ids")
        notes = [inner_note(have, people, keep, roles.get("groups", ()))]
        people = people[np.isin(rows, have)]
        rows = align.ids(people.index)
    else:
        _no_strangers(have, rows)
    at = align.match(have, rows, what="the FASTA file")
    return people, [sequences[i] for i in at], notes


def _no_strangers(have: Text, rows: Text) -> None:
    extra = int((~np.isin(have, rows)).sum())
    if extra and np.isin(rows, have).all():
        raise CohortError(
            f"{extra} of {len(have)} records of the FASTA file are of nobody in people; take them "
            'out, or say join="inner" to keep the common ids'
        )


def _codes(
    texts: Sequence[str], kind: str, length: int | None, ways: Mapping[str, str]
) -> tuple[Int, list[str]]:
    """The row of `shares` at each position (n, L), and what was read otherwise than it stands."""
    notes: list[str] = []
    rows = [np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8) for text in texts]
    signs = LETTERS[kind] + "".join(SEVERAL[kind])
    nothing = len(signs)
    raw = _matrix(rows, length, notes)
    there = raw > 0
    lower = (raw >= ord("a")) & (raw <= ord("z"))
    raw[lower] -= 32
    raw = _other_spelling(raw, kind, notes)
    lookup = np.full(256, -1, dtype=np.int64)
    lookup[[ord(sign) for sign in signs]] = np.arange(nothing)
    codes = lookup[raw]
    _no_strange_signs(raw, there & (codes < 0), kind)
    if ways["masked"] == "unknown":
        codes[lower] = signs.index("X" if kind == "protein" else "N")
    _masked(lower, ways["masked"], notes)
    _several(there & (codes >= len(LETTERS[kind])), ways["unknown"], notes)
    codes[~there] = nothing
    return codes, notes


def _matrix(rows: Sequence[Any], length: int | None, notes: list[str]) -> Any:
    """The signs of all rows (n, L) as bytes, 0 where a row has ended."""
    sizes = np.array([len(row) for row in rows])
    if (sizes == 0).any():
        raise CohortError(f"{int((sizes == 0).sum())} of {len(rows)} sequences are empty")
    if length is None and len(np.unique(sizes)) > 1:
        raise CohortError(
            f"sequences have {len(np.unique(sizes))} lengths, from {sizes.min()} to {sizes.max()} "
            f"positions; align them, or say length={sizes.max()} to end the shorter ones in "
            "positions without a letter"
        )
    size = int(sizes.max(initial=0)) if length is None else length
    if (sizes > size).any():
        raise CohortError(
            f"{int((sizes > size).sum())} of {len(rows)} sequences have more than {size} positions "
            f"(up to {sizes.max()}); nothing is cut in silence: cut them, or allow a greater length"
        )
    if (sizes < size).any():
        notes.append(
            f"{_many(sizes < size)} end before position {size}, the shortest after {sizes.min()}; "
            "what follows holds no letter."
        )
    out = np.zeros((len(rows), size), dtype=np.uint8)
    for own, row in zip(out, rows, strict=True):
        own[: len(row)] = row
    return out


def _other_spelling(raw: Any, kind: str, notes: list[str]) -> Any:
    """U read as T, or T as U, where only one of them occurs."""
    if kind == "protein":
        return raw
    own, other = (ord(sign) for sign in ("TU" if kind == "dna" else "UT"))
    strange = raw == other
    if not strange.any():
        return raw
    if (raw == own).any():
        raise CohortError(
            f"both T and U occur, U in {int((raw == ord('U')).any(axis=1).sum())} of {len(raw)} "
            "sequences; write all of them as DNA or all as RNA"
        )
    notes.append(f"Every {chr(other)} was read as {chr(own)} ({kind.upper()}).")
    return np.where(strange, own, raw)


def _no_strange_signs(raw: Any, strange: Any, kind: str) -> None:
    if not strange.any():
        return
    signs = sorted({chr(sign) for sign in np.unique(raw[strange])})
    gaps = " (gaps of an alignment: take them out)" if set(signs) & set("-.") else ""
    raise CohortError(
        f"{int(strange.sum())} signs in {int(strange.any(axis=1).sum())} of {len(raw)} sequences "
        f"are no letters of {kind}, such as {signs[:5]}{gaps}; first at position "
        f"{int(np.argwhere(strange)[0, 1]) + 1}: repair them, or say alphabet="
    )


def _masked(lower: Any, way: str, notes: list[str]) -> None:
    if not lower.any():
        return
    told = f"{int(lower.sum()):,} lower-case letters in {_many(lower.any(axis=1))}"
    if way == "error":
        raise CohortError(f'{told}; say masked="read" to read them, or "unknown" to hide them')
    done = "read as the letters that they are" if way == "read" else "hidden as unknown"
    notes.append(f"{told} were {done}.")


def _several(several: Any, way: str, notes: list[str]) -> None:
    if not several.any():
        return
    told = (
        f"{int(several.sum()):,} signs for several letters (as N) in {_many(several.any(axis=1))}"
    )
    if way == "error":
        raise CohortError(
            f'{told}; say unknown="even" to divide them evenly, or "zero" for no letter'
        )
    done = "divided evenly among their letters" if way == "even" else "read as no letter"
    notes.append(f"{told} were {done}.")


def _many(rows: Any) -> str:
    """How many sequences, a few of them not counted."""
    count = int(rows.sum())
    few = f"fewer than {least_shown()}" if count < least_shown() else f"{count:,}"
    return f"{few} of {len(rows):,} sequences"
