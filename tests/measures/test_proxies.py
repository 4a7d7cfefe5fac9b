"""Proxies: planted clusters, always marked, and verdicts that depend on the clustering."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.errors import GroupError, InputError
from evenlight.measures.leak import leak
from evenlight.measures.perform import perform
from evenlight.measures.proxies import over_proxies, proxies
from evenlight.stats.kmeans import rand_index


def people(n: int, rows: int = 1) -> Cohort:
    """People with an outcome, some rows each."""
    who = np.repeat(np.arange(n), rows)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"who": [f"u{i}" for i in who], "y": rng.integers(0, 2, n)[who]},
        index=[f"r{i}" for i in range(n * rows)],
    )
    return Cohort(np.zeros((n * rows, 1)), table, outcome="y", unit="who")


def clustered(cohort: Cohort, truth: np.ndarray, apart: float = 6.0) -> Representation:
    """An embedding whose units lie in clusters."""
    rng = np.random.default_rng(1)
    k = int(truth.max()) + 1
    middle = apart * np.eye(12)[:k][truth]
    unit = middle + rng.normal(size=(len(truth), 12))
    x = unit[cohort.units] + 0.1 * rng.normal(size=(cohort.n, 12))
    return Representation.given("pen", x, rows=cohort.rows)


def test_planted_clusters_are_found_and_stable() -> None:
    """Three far clusters: the right number is stable, all rows of a unit agree, source is proxy."""
    cohort = people(150, rows=2)
    truth = np.random.default_rng(2).integers(0, 3, 150)
    found = proxies(clustered(cohort, truth), cohort, k=(2, 3, 4))
    three = found.groups[1]
    own = np.array([three.codes[cohort.units == u][0] for u in range(150)])
    assert all((three.codes[cohort.units == u] == own[u]).all() for u in range(150))
    assert rand_index(own, truth) == 1.0
    assert found.stability[1] > 0.98
    assert found.stability[1] > found.stability[[0, 2]].max()
    assert {g.source for g in found.groups} == {"proxy"}
    assert all("(proxy)" in g.name for g in found.groups)
    assert found.components == 10
    assert "3: 1.00" in repr(found)


def test_a_continuum_is_cut_and_shown_as_such() -> None:
    """One cloud: no clustering is more stable than that of a cloud."""
    cohort = people(200)
    x = np.random.default_rng(3).normal(size=(200, 3))
    found = proxies(Axes("pcs", x, cohort.rows), cohort, k=(3, 4))
    assert (found.stability < found.expected + 0.25).all()
    assert (found.stability < 0.75).all()
    assert found.components == 3


def test_verdicts_are_compared_over_clusterings() -> None:
    """What two clusters tell apart is told under every clustering; noise is not."""
    cohort = people(240)
    truth = np.random.default_rng(4).integers(0, 2, 240)
    found = proxies(clustered(cohort, truth), cohort, k=(2, 3))
    shifted = Representation.given("shifted", np.random.default_rng(5).normal(size=(240, 1))
                               + 2.0 * truth[cohort.units][:, None], rows=cohort.rows)  # fmt: skip

    def ask(groups: Groups) -> pd.DataFrame:
        return leak(shifted, cohort, by=groups, given="nothing", draws=199).to_frame()

    made = over_proxies(found, ask)
    assert made.words.tolist() == [["different"], ["different"]]
    assert not made.changes.any()
    assert "0 of 1 verdicts depend" in repr(made)
    assert made.to_frame().columns.tolist() == ["subject", "k=2", "k=3", "changes"]

    def fickle(groups: Groups) -> pd.DataFrame:
        word = "similar" if len(groups.levels) == 2 else "different"
        return pd.DataFrame({"subject": ["a", "a"], "verdict": ["similar", word]})

    assert over_proxies(found, fickle).changes.tolist() == [True]
    with pytest.raises(InputError, match="no verdicts"):
        over_proxies(found, lambda groups: pd.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match=r"ask gave a list, wanted a table .* \.to_frame\(\)"):
        over_proxies(found, lambda groups: ["different"])  # type: ignore[arg-type, return-value]


def test_performance_takes_proxies() -> None:
    """Any measure that takes groups takes them; its table of differences has the verdicts."""
    cohort = people(240)
    truth = np.random.default_rng(6).integers(0, 2, 240)
    found = proxies(clustered(cohort, truth), cohort, k=(2,))
    margin = np.random.default_rng(7).normal(size=240)
    said = Predictions(cohort.rows, margin, 1 / (1 + np.exp(-margin)), "y", "logit")
    made = over_proxies(found, lambda groups: perform(said, cohort, by=groups).differences_frame())
    assert made.words.shape[0] == 1
    assert len(made.subjects) > 3


def test_the_order_of_rows_does_not_matter() -> None:
    """The same people in another order are in the same clusters."""
    cohort = people(90)
    made = clustered(cohort, np.arange(90) % 3, apart=2.0)
    turned = cohort.take(np.random.default_rng(8).permutation(90))
    one, two = proxies(made, cohort, k=(3,)), proxies(made, turned, k=(3,))
    labels = dict(zip(cohort.rows, one.groups[0].codes, strict=True))
    assert [labels[row] for row in turned.rows] == two.groups[0].codes.tolist()
    for name in ("stability", "expected", "between", "smallest"):
        assert plain(getattr(one, name)) == plain(getattr(two, name))


def test_a_cluster_of_few_is_not_counted_out() -> None:
    """Fewer than eleven units in a cluster: its size is not told, the others to 5."""
    cohort = people(60)
    truth = np.where(np.arange(60) < 5, 1, 0)
    found = proxies(clustered(cohort, truth, apart=30.0), cohort, k=(2,))
    assert found.smallest.tolist() == [0]
    assert found.to_frame()["k"].tolist() == [2]


def test_wrong_input_is_named() -> None:
    """Each error names the item and the remedy."""
    cohort = people(60)
    made = clustered(cohort, np.arange(60) % 2)
    with pytest.raises(InputError, match="6 clusters of 60 units"):
        proxies(made, cohort, k=(2, 6))
    with pytest.raises(InputError, match="1 clusters"):
        proxies(made, cohort, k=(1,))
    with pytest.raises(InputError, match="no number of clusters"):
        proxies(made, cohort, k=())
    with pytest.raises(InputError, match="do not vary"):
        proxies(Axes("flat", np.ones((60, 2)), cohort.rows), cohort, k=(2,))
    with pytest.raises(InputError, match="ndarray cannot be clustered"):
        proxies(np.zeros((60, 2)), cohort)  # type: ignore[arg-type]
    found = proxies(made, cohort, k=(2,))
    labelled = (replace(found.groups[0], source="record"),)
    with pytest.raises(GroupError, match="a cluster is no label"):
        replace(found, groups=labelled)
