"""Suites of counts of reads, of expression on a log scale, and of genotypes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.errors import UnknownName
from evenlight.probes.perturbations import columns as whole
from evenlight.probes.perturbations import counts as reads
from evenlight.probes.perturbations import expression as logs
from evenlight.probes.perturbations import genotypes as calls
from evenlight.probes.perturbations.expression import Scale, scale_named
from evenlight.probes.perturbations.facts import (
    Facts,
    chosen_columns,
    facts,
    named,
    ordered,
    pool,
    row_mean,
)
from evenlight.probes.perturbations.loci import Loci, loci
from evenlight.probes.perturbations.needs import need
from evenlight.probes.perturbations.perturbation import Needs, Perturbation, Suite

SHARES = (0.05, 0.1, 0.2)
COMMON = 1e-3
"""Rows whose sums differ by less than this share of their mean have one sum."""
SOUP = "Young and Behjati 2020, GigaScience 9:giaa151"
DOUBLETS = "Wolock et al. 2019, Cell Systems 8:281"
BATCHES = "Johnson, Li and Rabinovic 2007, Biostatistics 8:118"


def counts(cohort: Cohort, *, only: Sequence[str] | None = None) -> Suite:
    """Ten perturbations of counts of reads (cells or samples x genes, whole numbers).

    Raises CohortError for values that are no counts.
    """
    at = chosen_columns(cohort, only) if cohort.x.ndim == 2 else None
    need(cohort, "counts", at)
    assert at is not None
    found = facts(cohort, at)
    p, size = len(at), float(row_mean(cohort, at, lambda x: x.sum(axis=1)))
    profile = found.mean / max(found.mean.sum(), 1e-300)
    soup = partial(reads.ambient, profile=profile)
    one: Callable[..., Perturbation] = partial(Perturbation, needs="counts")
    made = (
        one("dropout", reads.dropout, SHARES, "share of values lost", source="Bernoulli"),
        one("sequencing depth", reads.thinned, (0.1, 0.25, 0.5), "share of reads lost",
            source="Robinson and Storey 2014, Bioinformatics 30:3424"),
        one("batch shift", reads.batch_shift, (0.1, 0.25, 0.5), "SD of a gene's shift, log2",
            source=BATCHES, common=_normal(p)),
        one("amplification noise", reads.amplified, (0.1, 0.25, 0.5), "SD, log2",
            source="log-normal amplification"),
        one("ambient RNA", soup, SHARES, "share of reads from the soup", source=SOUP),
        one("doublets", partial(reads.doublets, pool=pool(cohort, at)), SHARES,
            "share of rows with a second cell", source=DOUBLETS),
        *_genes("counts", found, np.zeros(p)),
        one("library size", partial(reads.resized, size=size), (0.25, 0.5, 1.0),
            "share of the way to a common library size", source="counts per fixed total"),
        _selection("counts", found, np.zeros(p)),
    )  # fmt: skip
    notes = ("Doublets hold the reads of up to 200 people of the cohort, from all its groups.",)
    return Suite("counts", made, named(only), "counts", notes)


def expression(
    cohort: Cohort, *, scale: str | None = None, only: Sequence[str] | None = None
) -> Suite:
    """Perturbations of expression on the declared `scale`: log1p, log2p1, log2 or log10.

    Logarithms of value + 1 (log1p, log2p1) hold 0 where nothing was seen, as of single cells;
    log2 and log10 are of intensities. Raises UnknownName without a scale, CohortError for a map, or
    negative values where the scale has none.
    """
    log = scale_named(scale)
    at = chosen_columns(cohort, only) if cohort.x.ndim == 2 else None
    need(cohort, "log counts", at)
    assert at is not None
    found = facts(cohort, at)
    if log.floors and (found.low < 0).any():
        j = int(found.low.argmin())
        raise UnknownName(
            f"scale={log.name!r} holds no negative values, and "
            f"{cohort.features.names[int(at[j])]!r} has {found.low[j]:.3g}; declare the scale that "
            "the values have, or undo their centring"
        )
    one: Callable[..., Perturbation] = partial(Perturbation, needs="log counts")
    empty = np.zeros(len(at)) if log.floors else found.mean
    steps, notes = (_cells if log.floors else _arrays)(cohort, at, log)
    made = (
        one("dropout", partial(logs.dropout, floor=np.zeros(len(at)) if log.floors else found.low),
            SHARES, "share of values at their floor", source="Bernoulli"),
        one("measurement error", partial(logs.noise, scale=log), (0.1, 0.25, 0.5), "SD, log2",
            source="log-normal error"),
        one("batch shift", partial(logs.batch_shift, scale=log), (0.1, 0.25, 0.5),
            "SD of a gene's shift, log2", source=BATCHES, common=_normal(len(at))),
        *_genes("log counts", found, empty),
        _selection("log counts", found, empty),
        *steps,
    )  # fmt: skip
    return Suite("expression", made, named(only), log.name, notes)


def genotypes(
    cohort: Cohort, *, missing: calls.Fill = "mean", only: Sequence[str] | None = None
) -> Suite:
    """Perturbations of genotypes 0, 1, 2 or dosages; missing calls hold `missing`: mean, mode, nan.

    Strand-ambiguous variants are flipped by themselves where alleles are known, from a features'
    table (chrom, pos, ref, alt) or names chrom:pos:ref:alt. Where males have one copy, or a site
    has three alleles, nothing is flipped: 2 - x would be no count. Raises CohortError for values
    outside 0 .. 2, or "nan" for a cohort whose model is not known to take NaN.
    """
    at = chosen_columns(cohort, only) if cohort.x.ndim == 2 else None
    need(cohort, "dosage", at)
    assert at is not None
    found, p, where = facts(cohort, at), len(at), loci(cohort.features, at.tolist())
    shares = _shares(cohort, at)
    fill = _filling(cohort, missing, found, shares)
    one: Callable[..., Perturbation] = partial(Perturbation, needs="dosage", by_row=False)
    some = partial(whole.any_order, p)
    steps = (0.01, 0.05, 0.1)
    made = [
        one("reference build", partial(calls.misplaced, neighbour=where.neighbour), steps,
            f"share of variants at {where.told}", source="neighbour's genotypes", common=some),
        one("variants lost", partial(whole.lost, fill=found.mean), SHARES,
            "share of variants at their mean", source="lost in a lift-over", common=some),
        one("imputation error", partial(calls.imputed, shares=shares), SHARES, "1 - r2",
            source="Browning and Browning 2009, American Journal of Human Genetics 84:210",
            by_row=True),
        one("missing calls", partial(calls.uncalled, fill=fill), SHARES,
            f"share of calls set to {missing}", source="missing at random", by_row=True),
    ]  # fmt: skip
    flips, notes = _flips(where, steps)
    return Suite("genotypes", (*flips, *made), named(only), "dosage", notes)


def _flips(where: Loci, steps: tuple[float, ...]) -> Made:
    """Variants whose other allele was counted, and those of A/T or C/G by themselves."""
    one = partial(Perturbation, needs="dosage", by_row=False, source="2 - x")
    double, ambiguous, notes, made = where.double, where.ambiguous, list[str](), []
    if len(double):
        made.append(
            one("allele flips", calls.flipped, steps, "share of variants flipped",
                common=partial(_any_of, double))
        )  # fmt: skip
    if len(ambiguous):
        made.append(
            one("strand flips", calls.flipped, (0.25, 0.5, 1.0), "share of A/T and C/G variants",
                common=partial(_any_of, ambiguous))
        )  # fmt: skip
    else:
        why = "no variant is A/T or C/G" if where.ref is not None else "alleles are not known"
        notes.append(f"Strand flips were left out: {why}.")
    if left := len(where.neighbour) - len(double):
        notes.append(
            f"Flips leave out {left} variants of which not everybody has two copies or whose site "
            "has more than two alleles: there 2 - x is no count of the other one."
        )
    return made, tuple(notes)


def _any_of(some: Int, rng: np.random.Generator) -> Int:
    return rng.permutation(some)


def _genes(needs: Needs, found: Facts, fill: Float) -> tuple[Perturbation, ...]:
    """Ids lost, and ids that stand for each other."""
    p = len(fill)
    return (
        Perturbation("gene-id loss", partial(whole.lost, fill=fill), SHARES, "share of genes lost",
                     needs, "ids of another annotation", partial(whole.any_order, p), False),
        Perturbation("gene-id aliasing", whole.aliased, SHARES, "share of genes exchanged",
                     needs, "two ids exchanged", partial(whole.any_pairs, p), False),
    )  # fmt: skip


def _selection(needs: Needs, found: Facts, fill: Float) -> Perturbation:
    order = np.argsort(found.sd, kind="stable").astype(np.int64)
    of = partial(whole.left_out, fill=fill, order=order)
    unit = "share of genes, the least variable, left out"
    return Perturbation(
        "gene selection", of, (0.1, 0.25, 0.5), unit, needs, "highly variable genes", None, False
    )


Made = tuple[list[Perturbation], tuple[str, ...]]


def _cells(cohort: Cohort, at: Int, log: Scale) -> Made:
    """What befalls droplets, and choices made before the logarithm of value + 1."""
    linear = row_mean(cohort, at, log.linear)
    profile, size = linear / max(linear.sum(), 1e-300), float(linear.sum())
    one: Callable[..., Perturbation] = partial(Perturbation, needs="log counts")
    notes = ["Doublets hold values of up to 200 people of the cohort, from all its groups."]
    made = [
        one("ambient RNA", partial(logs.ambient, scale=log, profile=profile), SHARES,
            "share of the sum from the soup", source=SOUP, by_row=False),
        one("doublets", partial(logs.doublets, scale=log, pool=pool(cohort, at)), SHARES,
            "share of rows with a second cell", source=DOUBLETS),
        _offset(log, 1.0, "added to the pseudo-count of 1"),
        _base(log),
    ]  # fmt: skip
    if _readable(log.linear(pool(cohort, at))):
        made.insert(
            0,
            one(
                "sequencing depth",
                partial(logs.thinned, scale=log),
                (0.1, 0.25, 0.5),
                "share of reads lost",
                source="Robinson and Storey 2014, Bioinformatics 30:3424",
            ),
        )
    else:
        notes.append("Sequencing depth was left out: counts cannot be read back from the values.")
    away = row_mean(cohort, at, lambda x: np.abs(log.linear(x).sum(axis=1) / size - 1))
    if away > COMMON:
        made.append(one(
            "normalisation", partial(logs.rescaled, scale=log, size=size), (0.25, 0.5, 1.0),
            "share of the way to a common sum", source="values per fixed total", by_row=False,
        ))  # fmt: skip
    else:
        notes.append("Normalisation was left out: all rows have the same sum already.")
    return made, tuple(notes)


def _readable(linear: Float) -> bool:
    """Whether rows (k, p) are multiples of one read each."""
    counts = logs.reads_of(linear)
    return bool((counts == np.rint(counts)).all())


def _arrays(cohort: Cohort, at: Int, log: Scale) -> Made:
    """Choices of normalisation, and of what is done before the logarithm of an intensity."""
    quantiles = row_mean(cohort, at, lambda x: np.sort(x, axis=1))
    middle = float(np.median(quantiles))
    one: Callable[..., Perturbation] = partial(Perturbation, needs="log counts", by_row=False)
    ways = (0.25, 0.5, 1.0)
    return [
        one("quantile normalisation", partial(logs.quantiled, quantiles=quantiles), ways,
            "share of the way to it", source="Bolstad et al. 2003, Bioinformatics 19:185"),
        one("median centring", partial(logs.centred, middle=middle), ways,
            "share of the way to it", source="equal medians"),
        _offset(log, float(log.linear(np.array(middle))), "times the median, added before the log"),
        _base(log),
    ], ()  # fmt: skip


def _offset(log: Scale, level: float, unit: str) -> Perturbation:
    of = partial(logs.offset, scale=log, level=level)
    steps = (0.1, 0.5, 1.0)
    return Perturbation(
        "offset of the log", of, steps, unit, "log counts", "started logarithm", None, False
    )


def _base(log: Scale) -> Perturbation:
    """Natural logarithms read as binary ones, or the other way round."""
    natural = log.base not in (2.0, 10.0)
    factor = 1 / np.log(2) if natural else np.log(log.base)
    told = "binary" if natural else "natural"
    return Perturbation(
        "base of the log", partial(logs.rebased, factor=float(factor)), (0.1, 0.25, 1.0),
        f"share of the way to the {told} logarithm", "log counts", "change of base", None, False,
    )  # fmt: skip


def _shares(cohort: Cohort, at: Int) -> Float:
    """Shares of calls nearest to 0, and to 0 or 1, (2, p), missing ones left out."""
    below, count = np.zeros((2, len(at))), np.zeros(len(at))
    for x in ordered(cohort, at):
        below += np.stack([(x < 0.5).sum(axis=0), (x < 1.5).sum(axis=0)])
        count += (~np.isnan(x)).sum(axis=0)
    return below / np.maximum(count, 1)


def _filling(cohort: Cohort, missing: str, found: Facts, shares: Float) -> Values:
    """What stands for a missing call, (p,)."""
    if missing == "mean":
        return found.mean
    if missing == "mode":
        parts = np.stack([shares[0], shares[1] - shares[0], 1 - shares[1]])
        return np.asarray(np.argmax(parts, axis=0), dtype=np.float64)
    if missing == "nan":
        return np.full(len(found.mean), np.nan)
    raise UnknownName(f"missing={missing!r}; wanted mean, mode or nan")


def _normal(p: int) -> Callable[[np.random.Generator], Any]:
    return lambda rng: rng.normal(size=p)
