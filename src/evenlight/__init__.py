"""evenlight: whether a biomedical model leans on the same features for everyone.

    import evenlight as ev

    cohort = ev.Cohort(x, people=obs, outcome="case", unit="donor", groups=["ancestry", "sex"])
    audit = ev.audit(model, cohort)
    audit.save("audit/"); ev.report(audit, "audit/")

Every public name is loaded on first use (PEP 562), so that importing evenlight is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenlight import cohorts as cohorts
    from evenlight import hf as hf
    from evenlight import pl as pl
    from evenlight import qualify as qualify
    from evenlight import tl as tl
    from evenlight.api import report as report
    from evenlight.api import run as run
    from evenlight.auditing import audit as audit
    from evenlight.data.attributions import Attributions as Attributions
    from evenlight.data.attributions import Background as Background
    from evenlight.data.beside_images import holding as holding
    from evenlight.data.beside_images import with_references as with_references
    from evenlight.data.by_baseline import ByBaseline as ByBaseline
    from evenlight.data.coefficients import CoefficientTable as CoefficientTable
    from evenlight.data.cohort import Cohort as Cohort
    from evenlight.data.ensemble import Ensemble as Ensemble
    from evenlight.data.faithful import Faithfulness as Faithfulness
    from evenlight.data.feature_list import FeatureList as FeatureList
    from evenlight.data.features import Features as Features
    from evenlight.data.features import FeatureSets as FeatureSets
    from evenlight.data.features import Indicators as Indicators
    from evenlight.data.gene_names import name_facts as name_facts
    from evenlight.data.groups import Axes as Axes
    from evenlight.data.groups import Groups as Groups
    from evenlight.data.local_ancestry import LocalAncestry as LocalAncestry
    from evenlight.data.name_diff import name_diff as name_diff
    from evenlight.data.ordered import ordered as ordered
    from evenlight.data.outcome import Survival as Survival
    from evenlight.data.perturbed import Perturbed as Perturbed
    from evenlight.data.probed import Contrasts as Contrasts
    from evenlight.data.probed import Intervention as Intervention
    from evenlight.data.probed import Predictions as Predictions
    from evenlight.data.recorded import recorded as recorded
    from evenlight.data.renamed import renamed as renamed
    from evenlight.data.renamed import renaming as renaming
    from evenlight.data.representation import Representation as Representation
    from evenlight.data.rows import Rows as Rows
    from evenlight.data.scores import Scores as Scores
    from evenlight.data.searched import Search as Search
    from evenlight.data.signatures import read_clock as read_clock
    from evenlight.data.signatures import read_signature as read_signature
    from evenlight.data.sums import summed as summed
    from evenlight.data.tile_bags import bag as bag
    from evenlight.data.training import TrainingSummary as TrainingSummary
    from evenlight.data.twins import Twin as Twin
    from evenlight.differing import Difference as Difference
    from evenlight.differing import Regression as Regression
    from evenlight.differing.diff import diff as diff
    from evenlight.explainers.explain import explain as explain
    from evenlight.explainers.preview import preview as preview
    from evenlight.explainers.trees import interactions as interactions
    from evenlight.forks import Fork as Fork
    from evenlight.forks import hold as hold
    from evenlight.forks import with_holds as with_holds
    from evenlight.forks.alternatives import alternatives as alternatives
    from evenlight.forks.alternatives import preparations as preparations
    from evenlight.forks.baselines import baselines as baselines
    from evenlight.forks.retrained import retrained as retrained
    from evenlight.layered import layerings as layerings
    from evenlight.measures.agreement import agree as agree
    from evenlight.measures.allele_frequencies import allele_frequencies as allele_frequencies
    from evenlight.measures.allele_frequencies import maf_strata as maf_strata
    from evenlight.measures.alleles import Alleles as Alleles
    from evenlight.measures.artefacts import artefacts as artefacts
    from evenlight.measures.assess import assess as assess
    from evenlight.measures.associate import associate as associate
    from evenlight.measures.axes_omnibus import axes_omnibus as axes_omnibus
    from evenlight.measures.by_allele import by_allele as by_allele
    from evenlight.measures.by_local_ancestry import by_local_ancestry as by_local_ancestry
    from evenlight.measures.clusters import clusters as clusters
    from evenlight.measures.compare import compare as compare
    from evenlight.measures.compare_maps import compare_maps as compare_maps
    from evenlight.measures.conforming import Calibration as Calibration
    from evenlight.measures.conforming import Conformal as Conformal
    from evenlight.measures.coverage import label_coverage as label_coverage
    from evenlight.measures.decide import decide as decide
    from evenlight.measures.demographic import Demographics as Demographics
    from evenlight.measures.demographics import demographics as demographics
    from evenlight.measures.encoded_used import encoded_used as encoded_used
    from evenlight.measures.fragility import fragility as fragility
    from evenlight.measures.genotype_axes import genotype_axes as genotype_axes
    from evenlight.measures.genotype_axes import ld_blocks as ld_blocks
    from evenlight.measures.genotype_axes import principal_genotypes as principal_genotypes
    from evenlight.measures.genotype_axes import unlinked_sites as unlinked_sites
    from evenlight.measures.globally import globally as globally
    from evenlight.measures.hierarchy import hierarchy as hierarchy
    from evenlight.measures.intersect import intersect as intersect
    from evenlight.measures.intersect import intersect_values as intersect_values
    from evenlight.measures.judging import Judging as Judging
    from evenlight.measures.labels import label_agreement as label_agreement
    from evenlight.measures.leak import leak as leak
    from evenlight.measures.levers import levers as levers
    from evenlight.measures.map_testing import MapTesting as MapTesting
    from evenlight.measures.mapped import MapComparison as MapComparison
    from evenlight.measures.match import match as match
    from evenlight.measures.mixed import mixed as mixed
    from evenlight.measures.omnibus import omnibus as omnibus
    from evenlight.measures.perform import perform as perform
    from evenlight.measures.perform_along import perform_along as perform_along
    from evenlight.measures.proxies import over_proxies as over_proxies
    from evenlight.measures.proxies import proxies as proxies
    from evenlight.measures.rate import rate as rate
    from evenlight.measures.refits import refits as refits
    from evenlight.measures.regions_telling import regions_telling as regions_telling
    from evenlight.measures.regions_within import regions_within as regions_within
    from evenlight.measures.relatives import relatives as relatives
    from evenlight.measures.rely import rely as rely
    from evenlight.measures.replicate import replicate as replicate
    from evenlight.measures.set_shares import set_shares as set_shares
    from evenlight.measures.shortcut import shortcut as shortcut
    from evenlight.measures.shortcut_evidence import Evidence as Evidence
    from evenlight.measures.shortcut_evidence import unsupported_set as unsupported_set
    from evenlight.measures.slices import slices as slices
    from evenlight.measures.structure import Structure as Structure
    from evenlight.measures.superpixels import superpixels as superpixels
    from evenlight.measures.suspects import suspects as suspects
    from evenlight.measures.testing import Testing as Testing
    from evenlight.measures.tip import tip as tip
    from evenlight.measures.tip_reliance import tip_reliance as tip_reliance
    from evenlight.measures.tip_views import tip_views as tip_views
    from evenlight.measures.trained_values import trained_values as trained_values
    from evenlight.measures.uncertain import uncertain as uncertain
    from evenlight.measures.versions import versions as versions
    from evenlight.modalities.admixture import read_admixture as read_admixture
    from evenlight.modalities.alignment import align_alleles as align_alleles
    from evenlight.modalities.annotated import read_anndata as read_anndata
    from evenlight.modalities.atlases import Atlas as Atlas
    from evenlight.modalities.atlases import read_atlas as read_atlas
    from evenlight.modalities.atlases import read_label_maps as read_label_maps
    from evenlight.modalities.cells import by_type as by_type
    from evenlight.modalities.cells import pseudobulk as pseudobulk
    from evenlight.modalities.eigenvec import read_eigenvec as read_eigenvec
    from evenlight.modalities.hypothetical import hypothetical as hypothetical
    from evenlight.modalities.images import read_images as read_images
    from evenlight.modalities.kinship_tables import read_king_cutoff as read_king_cutoff
    from evenlight.modalities.kinship_tables import read_kinship as read_kinship
    from evenlight.modalities.local_ancestry import local_ancestry as local_ancestry
    from evenlight.modalities.local_ancestry import read_msp as read_msp
    from evenlight.modalities.motifs import Hits as Hits
    from evenlight.modalities.motifs import by_motif as by_motif
    from evenlight.modalities.motifs import motif_hits as motif_hits
    from evenlight.modalities.pgs import PolygenicScore as PolygenicScore
    from evenlight.modalities.pgs import read_pgs as read_pgs
    from evenlight.modalities.plink import read_plink as read_plink
    from evenlight.modalities.positions import by_position as by_position
    from evenlight.modalities.positions import windows as windows
    from evenlight.modalities.references import Shuffles as Shuffles
    from evenlight.modalities.references import shuffled as shuffled
    from evenlight.modalities.sequences import read_sequences as read_sequences
    from evenlight.modalities.tables import read_table as read_table
    from evenlight.modalities.vcf import read_vcf as read_vcf
    from evenlight.models.adapt import adapt as adapt
    from evenlight.models.bags import AttentionPool as AttentionPool
    from evenlight.models.bags import bagged as bagged
    from evenlight.models.horizon import event_by as event_by
    from evenlight.models.horizon import time_lost as time_lost
    from evenlight.models.listed import feature_list as feature_list
    from evenlight.models.load import read_model as read_model
    from evenlight.models.segmented import segmented as segmented
    from evenlight.models.wired import wire as wire
    from evenlight.plan import Plan as Plan
    from evenlight.pooling import Pool as Pool
    from evenlight.pooling.pool import pool as pool
    from evenlight.probes.common_patch import Patch as Patch
    from evenlight.probes.common_patch import common_patch as common_patch
    from evenlight.probes.common_patch import occluded as occluded
    from evenlight.probes.common_regions import common_regions as common_regions
    from evenlight.probes.concepts import concepts as concepts
    from evenlight.probes.contrasts import contrasts as contrasts
    from evenlight.probes.embedded import Embeddings as Embeddings
    from evenlight.probes.embeddings import embed as embed
    from evenlight.probes.ensembles import members as members
    from evenlight.probes.erase import erase as erase
    from evenlight.probes.faithfulness import faithfulness as faithfulness
    from evenlight.probes.flip import flip as flip
    from evenlight.probes.image_parameters import Parameter as Parameter
    from evenlight.probes.moved_parameter import moved_parameter as moved_parameter
    from evenlight.probes.over_baselines import over_baselines as over_baselines
    from evenlight.probes.patches import patches as patches
    from evenlight.probes.perturb import perturb as perturb
    from evenlight.probes.perturb_again import perturb_again as perturb_again
    from evenlight.probes.perturbations.perturbation import Perturbation as Perturbation
    from evenlight.probes.perturbations.perturbation import Suite as Suite
    from evenlight.probes.perturbations.suites import suite as suite
    from evenlight.probes.predict import predict as predict
    from evenlight.probes.refitting import Refitting as Refitting
    from evenlight.probes.residualise import residualise as residualise
    from evenlight.probes.shuffle import remove as remove
    from evenlight.probes.shuffle import shuffle as shuffle
    from evenlight.probes.swap import swap as swap
    from evenlight.probes.twin import twin as twin
    from evenlight.probes.twin import twin_of as twin_of
    from evenlight.probes.worst import worst as worst
    from evenlight.purging import purge as purge
    from evenlight.record import Audit as Audit
    from evenlight.reports.exporters.export import export as export
    from evenlight.small_groups import profile as profile
    from evenlight.verifying import verify as verify
    from evenlight.waivers import read_waivers as read_waivers


__version__ = "0.1.0"

_HOME = {
    "Alleles": "measures.alleles",
    "Atlas": "modalities.atlases",
    "AttentionPool": "models.bags",
    "Attributions": "data.attributions",
    "Audit": "record",
    "Axes": "data.groups",
    "Background": "data.attributions",
    "ByBaseline": "data.by_baseline",
    "Calibration": "measures.conforming",
    "CoefficientTable": "data.coefficients",
    "Cohort": "data.cohort",
    "Conformal": "measures.conforming",
    "Contrasts": "data.probed",
    "Demographics": "measures.demographic",
    "Difference": "differing",
    "Embeddings": "probes.embedded",
    "Ensemble": "data.ensemble",
    "Evidence": "measures.shortcut_evidence",
    "Faithfulness": "data.faithful",
    "FeatureList": "data.feature_list",
    "FeatureSets": "data.features",
    "Features": "data.features",
    "Fork": "forks",
    "Groups": "data.groups",
    "Hits": "modalities.motifs",
    "Indicators": "data.features",
    "Intervention": "data.probed",
    "Judging": "measures.judging",
    "LocalAncestry": "data.local_ancestry",
    "MapComparison": "measures.mapped",
    "MapTesting": "measures.map_testing",
    "Parameter": "probes.image_parameters",
    "Patch": "probes.common_patch",
    "Perturbation": "probes.perturbations.perturbation",
    "Perturbed": "data.perturbed",
    "Plan": "plan",
    "PolygenicScore": "modalities.pgs",
    "Pool": "pooling",
    "Predictions": "data.probed",
    "Refitting": "probes.refitting",
    "Regression": "differing",
    "Representation": "data.representation",
    "Rows": "data.rows",
    "Scores": "data.scores",
    "Search": "data.searched",
    "Shuffles": "modalities.references",
    "Structure": "measures.structure",
    "Suite": "probes.perturbations.perturbation",
    "Survival": "data.outcome",
    "Testing": "measures.testing",
    "TrainingSummary": "data.training",
    "Twin": "data.twins",
    "adapt": "models.adapt",
    "agree": "measures.agreement",
    "align_alleles": "modalities.alignment",
    "allele_frequencies": "measures.allele_frequencies",
    "alternatives": "forks.alternatives",
    "artefacts": "measures.artefacts",
    "assess": "measures.assess",
    "associate": "measures.associate",
    "audit": "auditing",
    "axes_omnibus": "measures.axes_omnibus",
    "bag": "data.tile_bags",
    "bagged": "models.bags",
    "baselines": "forks.baselines",
    "by_allele": "measures.by_allele",
    "by_local_ancestry": "measures.by_local_ancestry",
    "by_motif": "modalities.motifs",
    "by_position": "modalities.positions",
    "by_type": "modalities.cells",
    "clusters": "measures.clusters",
    "cohorts": "",
    "common_patch": "probes.common_patch",
    "common_regions": "probes.common_regions",
    "compare": "measures.compare",
    "compare_maps": "measures.compare_maps",
    "concepts": "probes.concepts",
    "contrasts": "probes.contrasts",
    "decide": "measures.decide",
    "demographics": "measures.demographics",
    "diff": "differing.diff",
    "embed": "probes.embeddings",
    "encoded_used": "measures.encoded_used",
    "erase": "probes.erase",
    "event_by": "models.horizon",
    "explain": "explainers.explain",
    "export": "reports.exporters.export",
    "faithfulness": "probes.faithfulness",
    "feature_list": "models.listed",
    "flip": "probes.flip",
    "fragility": "measures.fragility",
    "genotype_axes": "measures.genotype_axes",
    "globally": "measures.globally",
    "hf": "",
    "hierarchy": "measures.hierarchy",
    "hold": "forks",
    "holding": "data.beside_images",
    "hypothetical": "modalities.hypothetical",
    "interactions": "explainers.trees",
    "intersect": "measures.intersect",
    "intersect_values": "measures.intersect",
    "label_agreement": "measures.labels",
    "label_coverage": "measures.coverage",
    "layerings": "layered",
    "ld_blocks": "measures.genotype_axes",
    "leak": "measures.leak",
    "levers": "measures.levers",
    "local_ancestry": "modalities.local_ancestry",
    "maf_strata": "measures.allele_frequencies",
    "match": "measures.match",
    "members": "probes.ensembles",
    "mixed": "measures.mixed",
    "motif_hits": "modalities.motifs",
    "moved_parameter": "probes.moved_parameter",
    "name_diff": "data.name_diff",
    "name_facts": "data.gene_names",
    "occluded": "probes.common_patch",
    "omnibus": "measures.omnibus",
    "ordered": "data.ordered",
    "over_baselines": "probes.over_baselines",
    "over_proxies": "measures.proxies",
    "patches": "probes.patches",
    "perform": "measures.perform",
    "perform_along": "measures.perform_along",
    "perturb": "probes.perturb",
    "perturb_again": "probes.perturb_again",
    "pl": "",
    "pool": "pooling.pool",
    "predict": "probes.predict",
    "preparations": "forks.alternatives",
    "preview": "explainers.preview",
    "principal_genotypes": "measures.genotype_axes",
    "profile": "small_groups",
    "proxies": "measures.proxies",
    "pseudobulk": "modalities.cells",
    "purge": "purging",
    "qualify": "",
    "rate": "measures.rate",
    "read_admixture": "modalities.admixture",
    "read_anndata": "modalities.annotated",
    "read_atlas": "modalities.atlases",
    "read_clock": "data.signatures",
    "read_eigenvec": "modalities.eigenvec",
    "read_images": "modalities.images",
    "read_king_cutoff": "modalities.kinship_tables",
    "read_kinship": "modalities.kinship_tables",
    "read_label_maps": "modalities.atlases",
    "read_model": "models.load",
    "read_msp": "modalities.local_ancestry",
    "read_pgs": "modalities.pgs",
    "read_plink": "modalities.plink",
    "read_sequences": "modalities.sequences",
    "read_signature": "data.signatures",
    "read_table": "modalities.tables",
    "read_vcf": "modalities.vcf",
    "read_waivers": "waivers",
    "recorded": "data.recorded",
    "refits": "measures.refits",
    "regions_telling": "measures.regions_telling",
    "regions_within": "measures.regions_within",
    "relatives": "measures.relatives",
    "rely": "measures.rely",
    "remove": "probes.shuffle",
    "renamed": "data.renamed",
    "renaming": "data.renamed",
    "replicate": "measures.replicate",
    "report": "api",
    "residualise": "probes.residualise",
    "retrained": "forks.retrained",
    "run": "api",
    "segmented": "models.segmented",
    "set_shares": "measures.set_shares",
    "shortcut": "measures.shortcut",
    "shuffle": "probes.shuffle",
    "shuffled": "modalities.references",
    "slices": "measures.slices",
    "suite": "probes.perturbations.suites",
    "summed": "data.sums",
    "superpixels": "measures.superpixels",
    "suspects": "measures.suspects",
    "swap": "probes.swap",
    "time_lost": "models.horizon",
    "tip": "measures.tip",
    "tip_reliance": "measures.tip_reliance",
    "tip_views": "measures.tip_views",
    "tl": "",
    "trained_values": "measures.trained_values",
    "twin": "probes.twin",
    "twin_of": "probes.twin",
    "uncertain": "measures.uncertain",
    "unlinked_sites": "measures.genotype_axes",
    "unsupported_set": "measures.shortcut_evidence",
    "verify": "verifying",
    "versions": "measures.versions",
    "windows": "modalities.positions",
    "wire": "models.wired",
    "with_holds": "forks",
    "with_references": "data.beside_images",
    "worst": "probes.worst",
}
"""Public name to the module that holds it."""

__all__ = ["__version__", *_HOME]  # the names of _HOME are strings


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'evenlight' has no attribute {name!r}")
    if not _HOME[name]:
        return import_module(f"evenlight.{name}")
    value = getattr(import_module(f"evenlight.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
