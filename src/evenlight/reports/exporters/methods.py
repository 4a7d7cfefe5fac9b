"""The paragraph of methods that a paper or a file needs, with what to cite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evenlight.record import Audit
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.sections.c1_told import sentences

SOURCES = {
    "ig": "Sundararajan M, Taly A, Yan Q. Axiomatic attribution for deep networks. ICML 2017.",
    "eg": "Erion G, Janizek JD, Sturmfels P, Lundberg SM, Lee SI. Improving performance of deep "
    "learning models with axiomatic attribution priors and expected gradients. Nat Mach Intell "
    "2021;3:620-631.",
    "shap": "Lundberg SM, Lee SI. A unified approach to interpreting model predictions. NeurIPS "
    "2017.",
    "trees": "Lundberg SM et al. From local explanations to global understanding with explainable "
    "AI for trees. Nat Mach Intell 2020;2:56-67.",
    "permutation": "Chung E, Romano JP. Exact and asymptotically robust permutation tests. Ann "
    "Stat 2013;41:484-507.",
    "max_t": "Westfall PH, Young SS. Resampling-based multiple testing. Wiley, 1993.",
    "fdr": "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B "
    "1995;57:289-300.",
    "equivalence": "Schuirmann DJ. A comparison of the two one-sided tests procedure and the power "
    "approach. J Pharmacokinet Biopharm 1987;15:657-680.",
    "conformal": "Vovk V, Gammerman A, Shafer G. Algorithmic learning in a random world. Springer, "
    "2005.",
    "cluster": "Bullmore ET et al. Global, voxel, and cluster tests, by theory and permutation. "
    "IEEE Trans Med Imaging 1999;18:32-42.",
}


def methods(audit: Audit, folder: Path) -> dict[str, str]:
    """methods.md: how each number was made, the software, and the sources to cite."""
    versions = dict(audit.provenance.get("versions", {}))
    software = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    lines = [
        "# Methods",
        " ".join(marked(sentence) for sentence in sentences(audit)),
        "## Software",
        f"{marked(software) or 'Versions were not recorded.'}",
        "## Sources",
        "\n".join(f"- {source}" for source in sources(audit)),
    ]
    return {"methods.md": "\n\n".join(lines) + "\n"}


def sources(audit: Audit) -> Iterator[str]:
    """What to cite for the methods that this audit used, in a fixed order."""
    method = audit.model.method
    used = {
        "ig": method == "ig",
        "eg": method == "ig",
        "shap": method in ("shapley", "trees", "linear"),
        "trees": method == "trees",
        "permutation": bool(audit.comparisons),
        "max_t": bool(audit.comparisons),
        "fdr": bool(audit.comparisons),
        "equivalence": bool(audit.answers),
        "conformal": bool(audit.further.uncertainties),
        "cluster": bool(audit.further.maps),
    }
    yield from (SOURCES[name] for name, there in used.items() if there)
