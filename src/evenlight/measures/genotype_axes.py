"""Axes of ancestry from genotypes, and blocks of linked sites."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.units import unit_codes
from evenlight.errors import EvenlightWarning, FeatureError, GroupError
from evenlight.measures.genotypes import dosages, genotyped, sites_in_order
from evenlight.measures.linked import doubtful_blocks
from evenlight.measures.prepare import Setting
from evenlight.small_groups import least_shown
from evenlight.stats.linkage import CUT, Places, apart_from_groups, linked_blocks, unlinked
from evenlight.stats.population import PrincipalAxes, principal_axes


@dataclass(frozen=True, slots=True, eq=False)
class GenotypeAxes:
    """Axes of people from their genotypes, with what they were made of.

    `sites` (s,) are the columns that were left after pruning; `levels` name the groups within
    which axes were made ("" for all people), and `share` (levels, q) is the share of the variance
    of a level's scaled genotypes along each axis. `models` hold the loadings.
    """

    axes: Axes
    sites: tuple[str, ...]
    levels: tuple[str, ...]
    share: Float
    models: tuple[PrincipalAxes, ...]

    def __repr__(self) -> str:
        within = f" within {len(self.levels)} groups" if self.levels != ("",) else ""
        many = self.axes.values.shape[1]
        return f"GenotypeAxes: {many} axes{within} from {len(self.sites):,} unlinked sites"

    def project(self, cohort: Cohort) -> Axes:
        """The same axes of other people, by the allele frequencies and loadings of the first.

        Scores of people who made no part of the axes are drawn towards 0 where sites outnumber
        people. Raises GroupError for axes within groups, FeatureError where a site is missing.
        """
        if self.levels != ("",):
            raise GroupError("axes within groups are those of their people; make them anew")
        lost = [site for site in self.sites if site not in cohort.features.place]
        if lost:
            raise FeatureError(
                f"{len(lost)} of {len(self.sites)} sites are no columns of this cohort, first "
                f"{lost[:3]}; the axes need each of them (NaN where missing)"
            )
        here, _ = genotyped(cohort, self.sites)
        scores = self.models[0].scores(dosages(here, self.sites))
        return Axes(self.axes.name, scores[here.unit], cohort.rows, self.axes.names)


def genotype_axes(
    cohort: Cohort,
    *,
    columns: Sequence[str] | None = None,
    within: str | Groups | None = None,
    families: str | Groups | None = None,
    components: int = 10,
    prune: float = CUT,
) -> Axes:
    """Principal axes of people's genotypes, as `Axes` to compare along or to adjust for.

    The first `components` axes of sites that are left after pruning (`prune` is the squared
    correlation above which two are linked), on Patterson's scale. `columns` name the genotype
    columns, by default all of x; every one must hold allele counts. `within` a grouping, axes are
    made group by group and tell the structure inside each; they are 0 for people of unknown group
    and in groups that are too small. Of each of `families` one person makes the axes, and all are
    placed on them, since a family makes axes of its own (Conomos, Miller and Thornton 2015, Genet
    Epidemiol 39:276). Raises FeatureError for columns that are no genotypes or lie on X, Y or MT.
    """
    return principal_genotypes(
        cohort,
        columns=columns,
        within=within,
        families=families,
        components=components,
        prune=prune,
    ).axes


def principal_genotypes(
    cohort: Cohort,
    *,
    columns: Sequence[str] | None = None,
    within: str | Groups | None = None,
    families: str | Groups | None = None,
    components: int = 10,
    prune: float = CUT,
) -> GenotypeAxes:
    """`genotype_axes` with sites, shares of variance and loadings, to place other people on."""
    here, names = genotyped(cohort, columns, what="axes would tell sex")
    values = dosages(here, names)
    of_group, levels = _levels(here, within)
    alone = _one_of_each(here, families)
    _, places = sites_in_order(cohort, names)
    keep = _kept(values[alone], of_group[alone] if within is not None else None, places, prune)
    sites = tuple(n for n, k in zip(names, keep, strict=True) if k)
    scores, models, made = np.zeros((len(values), components)), [], []
    for i, level in enumerate(levels):
        own = of_group == i
        if within is not None and (own & alone).sum() < max(least_shown(), components + 2):
            continue
        model = principal_axes(values[own & alone][:, keep], components=components)
        scores[own] = model.scores(values[own][:, keep])
        models.append(model)
        made.append(level)
    if not models:
        raise GroupError(
            f"no group has {max(least_shown(), components + 2)} people for {components} axes "
            "within it; ask for fewer components"
        )
    name = "pcs" if within is None else f"pcs within {_name(within)}"
    share = np.array([m.share for m in models])
    axes = Axes(name, scores[here.unit], cohort.rows)
    return GenotypeAxes(axes, sites, tuple(made), share, tuple(models))


def ld_blocks(
    cohort: Cohort,
    *,
    columns: Sequence[str] | None = None,
    within: str | Groups | None = None,
    cut: float = CUT,
) -> FeatureSets:
    """Blocks of linked sites as sets of features, kind "LD block".

    A border stands where no pair within reach with squared correlation above `cut` lies across it,
    so no two sites of different blocks are linked within 1 million bases (50 columns where the
    feature table, `Features(names, table=frame)`, has no chromosome and position). `within` a
    grouping, correlations are those inside groups: populations that drifted apart correlate without
    linkage. Variables that are no genotypes are sets of their own.

    `EvenlightWarning` says where neither table nor `within` is given, where a declared grouping or
    far sites show that populations make blocks, and which block holds too much (`doubtful_blocks`).
    """
    here, names = genotyped(cohort, columns)
    values = dosages(here, names)
    own = values if within is None else apart_from_groups(values, _levels(here, within)[0])
    _, places = sites_in_order(cohort, names)
    block = linked_blocks(own, places, cut=cut)
    for told in doubtful_blocks(cohort, names, (own, places, block), within=within, cut=cut):
        warnings.warn(told, EvenlightWarning, stacklevel=2)
    labels = dict(zip(names, block.tolist(), strict=True))
    owner = cohort.features.variables().owners() + len(names)
    every = np.array(
        [labels.get(n, int(o)) for n, o in zip(cohort.features.names, owner, strict=True)]
    )
    return FeatureSets.from_clusters(every, cohort.features.names, kind="LD block")


def unlinked_sites(
    cohort: Cohort,
    *,
    columns: Sequence[str] | None = None,
    within: str | Groups | None = None,
    cut: float = CUT,
) -> tuple[str, ...]:
    """The names of sites that are left after pruning, along the genome.

    No two of them within reach (1 million bases, or 50 columns where the feature table has no
    places) have a squared correlation above `cut`; sites that do not vary are left out. `within` a
    grouping, correlations are those inside groups, as in `ld_blocks`. Raises FeatureError for
    columns that are no genotypes.
    """
    here, names = genotyped(cohort, columns)
    codes = None if within is None else _levels(here, within)[0]
    keep = _kept(dosages(here, names), codes, sites_in_order(cohort, names)[1], cut)
    return tuple(n for n, k in zip(names, keep, strict=True) if k)


def _kept(values: Float, codes: Int | None, places: Places, cut: float) -> Bool:
    """Unlinked sites (s,), by correlation within groups where axes are made within them."""
    keep = unlinked(values if codes is None else apart_from_groups(values, codes), places, cut=cut)
    if not keep.any():
        raise FeatureError("no genotype column varies between the people; axes need some that do")
    return keep


def _levels(here: Setting, within: str | Groups | None) -> tuple[Int, tuple[str, ...]]:
    """The group of each unit (u,), -1 unknown, and their names; one of everybody for None."""
    if within is None:
        return np.zeros(len(here.unit_group), dtype=np.int64), ("",)
    groups = here.cohort.grouping(within)
    return unit_codes(groups.codes[here.kept], here.unit), groups.levels


def _one_of_each(here: Setting, families: str | Groups | None) -> Bool:
    """Mask (u,) of one person of each family, the first by unit; whose family is unknown is one."""
    if families is None:
        return np.ones(len(here.unit_group), dtype=bool)
    codes, _ = _levels(here, families)
    out: Bool = codes < 0
    _, first = np.unique(codes, return_index=True)
    out[first] = True
    return out


def _name(by: str | Groups) -> str:
    return by.name if isinstance(by, Groups) else by
