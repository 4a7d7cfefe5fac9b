"""The gate on real genotypes, with a trait that is simulated and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.explainers.explain import explain
from evenlight.measures.levers import levers
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence, unsupported_set
from evenlight.measures.shortcuts import Shortcut
from evenlight.probes.refitting import Refitting
from evenlight.probes.swap import swap
from evenlight.probes.twin import twin

LEVELS = ("AFR", "AMR", "EAS", "EUR", "SAS")
CHROMOSOMES = {"1-2": (1, 2), "3-6": (3, 6), "7-10": (7, 10), "11-14": (11, 14),
               "15-18": (15, 18), "19-22": (19, 22)}  # fmt: skip


def _drawn(data: Path, gap: float) -> tuple[Cohort, Cohort, FeatureSets]:
    """Training and audited halves of 2,504 people; 12 causal sites on chromosomes 1 and 2.

    `gap` is half the log odds by which recruitment sets the first ancestry apart from the last.
    """
    rng = np.random.default_rng(0)
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    people = pd.read_csv(data / "kg2504-genotypes" / "samples.csv", index_col="sample")
    sites = [str(s) for s in held["exome_common_sites"]]
    chosen = np.sort(rng.choice(len(sites), 600, replace=False))
    x, names = held["exome_common"][:, chosen].astype(float), [sites[c] for c in chosen]
    chromosome = np.array([int(name.split(":")[0]) for name in names])
    able = np.flatnonzero((chromosome <= 2) & (x.std(axis=0) > 0.5))
    causal = rng.choice(able, 12, replace=False)
    effect = 0.45 * rng.choice([-1.0, 1.0], 12)
    code = people["superpopulation"].map({level: i for i, level in enumerate(LEVELS)}).to_numpy()
    score = (x[:, causal] - x[:, causal].mean(axis=0)) @ effect + gap * (code / 2 - 1)
    table = people.assign(case=(rng.random(len(x)) < expit(score)).astype(int))
    sets = FeatureSets.from_lists(
        {
            f"chromosomes {told}": [
                n for n, c in zip(names, chromosome, strict=True) if low <= c <= high
            ]
            for told, (low, high) in CHROMOSOMES.items()
        },
        names,
    )
    order = rng.permutation(len(x))
    halves = (order[: len(x) // 2], order[len(x) // 2 :])
    training, audited = (
        Cohort(pd.DataFrame(x[i], index=table.index[i], columns=names), table.iloc[i],
               outcome="case", unit="row", groups=["superpopulation"])
        for i in halves
    )  # fmt: skip
    return training, audited, sets


def _asked(data: Path, gap: float, by: str) -> Shortcut:
    training, audited, sets = _drawn(data, gap)
    model = LogisticRegression(C=0.01, max_iter=500).fit(training.dense(), training.y)
    phi = explain(model, audited, method="linear")
    pair = twin(model, audited, training=training, by=by, refitting=Refitting(method="linear"))
    lean, closed = rely(phi.by(sets), audited, by=by), None
    if lean.lacking.any():
        moved = swap(model, audited, by=by, sets=unsupported_set(lean, sets))
        closed = levers(moved, audited, by=by)
    shown = Evidence(twin=pair, levers=closed)
    return shortcut(lean, phi, audited, sets=sets, evidence=shown)


@pytest.mark.parametrize(
    ("gap", "by", "word"),
    [
        (1.5, "superpopulation", "consistent_with_a_shortcut"),
        (0.0, "superpopulation", "unresolved"),
        (1.5, "sex", "unresolved"),
    ],
)
def test_confounded_recruitment_is_called_so_and_nothing_else(
    data: Path, gap: float, by: str, word: str
) -> None:
    """A trait with a recruitment gap by ancestry is; without the gap, or by sex, nothing is."""
    found = _asked(data, gap, by)
    assert found.word == word
    assert found.met[1] == ("met" if word != "unresolved" else "not met")
    if by == "sex":
        assert abs(found.unsupported[0]) < 0.02
