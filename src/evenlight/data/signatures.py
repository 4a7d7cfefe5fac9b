"""Published clocks and linear signatures: a table of terms and weights as a formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data.archives import check_packed
from evenlight.data.coefficients import CoefficientTable, Link
from evenlight.errors import ModelError

CONSTANTS = ("intercept", "(intercept)")
"""What a table calls its constant, in any case."""


def read_clock(
    path: str | Path,
    *,
    term: str = "term",
    weight: str = "weight",
    reference: str | None = None,
    link: Link | None = None,
    target: str = "age",
) -> CoefficientTable:
    r"""An epigenetic clock from a CSV file: the constant, and a weight for each CpG.

    `term`, `weight` and `reference` name columns; the reference (such as the mean beta value in
    training) is what `CoefficientTable.filled` holds missing CpGs at. A file does not say which
    link its clock has, so `link` must be given: "horvath" gives years as 21 exp(m) - 1 where the
    margin m is below 0, else 21 m + 20 (Horvath 2013, Genome Biol 14:R115; of the clock of skin and
    blood too); clocks that are linear in years (Hannum 2013, PhenoAge) have link "identity".
    Attributions are on the margin: with link "horvath" a year of adult age is 1 / 21 of it.

    In the table beside that paper the columns are `term="CpGmarker"`,
    `weight="CoefficientTraining"`, `reference="medianByCpG"`.

    Raises ModelError without a link, for columns that are missing, a term that occurs twice or has
    no weight, and a reference outside 0 to 1.

    >>> import tempfile
    >>> made = Path(tempfile.mkdtemp()) / "clock.csv"
    >>> _ = made.write_text("term,weight\n(Intercept),0.5\ncg1,2.0\ncg2,-1.0\n")
    >>> clock = read_clock(made, link="horvath")
    >>> clock.intercept, dict(clock.weights), clock.unit
    (0.5, {'cg1': 2.0, 'cg2': -1.0}, 'years')
    """
    if link is None:
        raise ModelError(
            'link= of a clock must be given: link="horvath" for those of Horvath (2013; skin and '
            'blood 2018), link="identity" for clocks that are linear in years (Hannum, PhenoAge); '
            "the other one gives other years"
        )
    name, table = _table(path, term, [weight, *([reference] if reference else [])])
    weights = _numbers(table, weight, name)
    constants = table.index.str.casefold().isin(CONSTANTS)
    held: dict[str, float] = {}
    if reference is not None:
        known = table.loc[~constants & table[reference].notna().to_numpy()]
        held = dict(zip(known.index, _numbers(known, reference, name).tolist(), strict=True))
        bad = [cpg for cpg, value in held.items() if not 0 <= value <= 1]
        if bad:
            raise ModelError(
                f"{name}: {len(bad)} values of {reference!r} are no beta values of 0 to 1, first "
                f"{bad[:5]}"
            )
    return CoefficientTable(
        name, float(weights[constants].sum()),
        dict(zip(table.index[~constants], weights[~constants].tolist(), strict=True)),
        link, target, "years", reference=held,
    )  # fmt: skip


def read_signature(
    path: str | Path,
    *,
    term: str = "gene",
    weight: str = "weight",
    mean: str | None = None,
    sd: str | None = None,
    target: str = "signature",
) -> CoefficientTable:
    r"""A signature of genes from a CSV file: the weighted sum of their values, or z-scores.

    With `mean` and `sd`, the columns of those of a reference, the score is the sum of weight times
    (x - mean) / sd, written as a formula in x: what a person scores does not depend on who else is
    in the cohort, as z-scores within it would. A gene that nobody measured is then held at its
    mean by `CoefficientTable.filled`, where its z-score is 0.

    Raises ModelError for columns that are missing, only one of mean and sd, a gene that occurs
    twice or has no number, and an sd that is not positive.

    >>> import tempfile
    >>> made = Path(tempfile.mkdtemp()) / "signature.csv"
    >>> _ = made.write_text("gene,weight,m,s\nA,2,10,4\nB,-1,3,1\n")
    >>> score = read_signature(made, mean="m", sd="s")
    >>> score.intercept, dict(score.weights), dict(score.reference)
    (-2.0, {'A': 0.5, 'B': -1.0}, {'A': 10.0, 'B': 3.0})
    """
    if (mean is None) != (sd is None):
        raise ModelError(f"mean={mean!r} and sd={sd!r}; z-scores need both columns, sums neither")
    scales = [column for column in (mean, sd) if column is not None]
    name, table = _table(path, term, [weight, *scales])
    constants = table.index.str.casefold().isin(CONSTANTS)
    start = float(_numbers(table[constants], weight, name).sum())
    genes = table[~constants]
    w = _numbers(genes, weight, name)
    if mean is None or sd is None:
        return CoefficientTable(
            name, start, dict(zip(genes.index, w.tolist(), strict=True)), target=target
        )
    m, s = _numbers(genes, mean, name), _numbers(genes, sd, name)
    if not (s > 0).all():
        flat = genes.index[s <= 0].tolist()
        raise ModelError(f"{name}: {len(flat)} values of {sd!r} are not above 0, first {flat[:5]}")
    return CoefficientTable(
        name, start - float(w @ (m / s)), dict(zip(genes.index, (w / s).tolist(), strict=True)),
        target=target, reference=dict(zip(genes.index, m.tolist(), strict=True)),
    )  # fmt: skip


def _table(path: str | Path, term: str, columns: list[str]) -> tuple[str, pd.DataFrame]:
    """Name of the file, and its columns by term, text as it is written."""
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"there is no table {file.name!r}")
    check_packed(file)
    table = pd.read_csv(file, dtype=str)
    missing = [name for name in (term, *columns) if name not in table.columns]
    if missing:
        raise ModelError(
            f"{file.name}: no column {missing}; it has {list(table.columns)[:12]}; name those "
            "of terms and weights"
        )
    terms = table[term].astype("object")
    if terms.isna().any() or terms.duplicated().any():
        twice = terms[terms.duplicated()].tolist()
        raise ModelError(
            f"{file.name}: {int(terms.isna().sum())} rows without a term, and {len(twice)} terms "
            f"that occur twice, first {twice[:5]}"
        )
    name = file.name.removesuffix(".gz").rpartition(".")[0]
    return name, table.set_index(pd.Index(terms.astype(str)))[columns]


def _numbers(table: pd.DataFrame, column: str, name: str) -> Float:
    found = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    bad = table.index[~np.isfinite(found)].tolist()
    if bad:
        raise ModelError(f"{name}: {len(bad)} terms have no number in {column!r}, first {bad[:5]}")
    made: Float = found
    return made
