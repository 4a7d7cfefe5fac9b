"""What a plan may ask for beside reliance: what is refused, what is left out, what stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.auditing import audit
from evenlight.check import check
from evenlight.data.cohort import Cohort
from evenlight.data.representation import Representation
from evenlight.encoding import without_stratum
from evenlight.errors import PlanError
from evenlight.plan import Plan
from evenlight.proxying import representations
from evenlight.reports.sections import b1_people
from tests.audits.test_beside import asked, model, people
from tests.html_tree import tree


def test_what_was_not_asked_for_is_not_made() -> None:
    """Without the keys nothing is read, searched or clustered."""
    made = audit(model(), people(200), plan=asked())
    further = made.further
    assert (further.encoded, further.slices, further.proxies) == ((), (), ())


def test_what_cannot_be_had_is_said() -> None:
    """So few people that slices and clusters cannot be made: notes with the reason."""
    made = audit(model(), people(20), plan=asked(slices=["frail"], proxies=True))
    assert (made.further.slices, made.further.proxies) == ((), ())
    told = " ".join(made.warnings)
    assert "could not be searched: fewer than 44 units" in told
    assert "Proxy groups of pcs could not be had: 2 clusters of 20 units; at least 2" in told


def test_there_are_no_more_clusters_than_people_allow() -> None:
    """Of 36 people two clusters are made and not three, and nothing is said to be missing."""
    made = audit(model(), people(36), plan=asked(proxies=True))
    assert [one.k.tolist() for one in made.further.proxies] == [[2]]
    assert not any("could not be had" in warning for warning in made.warnings)


def test_a_wrong_layer_is_refused_with_the_known_names_before_any_compute() -> None:
    """An unknown name, and a model without layers; nothing was explained by then."""
    stages: list[str] = []
    with pytest.raises(PlanError, match=r"reliance.layers: no layer 'kep'.*'kept', 'head'"):
        audit(model(), people(100), plan=asked(layers=["kep"]), progress=stages.append)
    assert stages == ["checking the model"]
    cohort = people(100)
    alone = LogisticRegression().fit(cohort.dense(), cohort.y)
    with pytest.raises(PlanError, match="no network and no pipeline"):
        audit(alone, cohort, plan=asked(layers="all"))


@pytest.mark.parametrize(
    ("reliance", "message"),
    [
        ({"layers": "kept"}, r'layers = \["name"\], or say "all"'),
        ({"slices": "age"}, r'slices = \["name"\], or say true'),
        ({"slices": ["agee"]}, "reliance.slices: no column 'agee'.*did you mean 'age'"),
        ({"slices": ["ill"]}, "'ill' is the outcome"),
        ({"layers": "all", "against": "sitee"}, "did you mean 'site'"),
        ({"against": "site"}, "reliance.against is asked of layers"),
        ({"proxy": True}, "did you mean 'proxies'"),
    ],
)
def test_a_wrong_wish_names_the_key_and_the_nearest(
    reliance: dict[str, object], message: str
) -> None:
    """Strings where lists are wanted, unknown columns, the outcome, and an idle explanation."""
    with pytest.raises(PlanError, match=message):
        asked(**reliance).completed(people(60))


def test_slices_without_an_outcome_are_refused() -> None:
    """There is nothing by which a slice could be worst."""
    plan = Plan.from_data({"reliance": {"slices": True}})
    with pytest.raises(PlanError, match="needs a binary or continuous outcome"):
        plan.completed(people(60, outcome=None))


def test_all_slices_are_those_of_the_declared_columns() -> None:
    """True means every grouping, stratum and covariate; the first stratum is the competitor."""
    plan = asked(slices=True, layers="all").completed(people(60, covariates=["age"]))
    assert plan.reliance.slices == ("ancestry", "scanner", "site", "age")
    assert plan.reliance.against == "site"
    assert plan.completed(people(60, covariates=["age"])) == plan
    assert asked(slices=False) == asked()


def test_the_steps_of_a_pipeline_are_layers() -> None:
    """What a pipeline holds after each transformer, by its names."""
    cohort = people(400)
    pipe = make_pipeline(StandardScaler(), PCA(2), LogisticRegression())
    pipe.fit(cohort.dense(), cohort.y)
    made = audit(pipe, cohort, plan=asked(layers="all", against="scanner"))
    (ancestry, scanner) = made.further.encoded
    assert set(ancestry.layers) == {"standardscaler", "pca"}
    assert set(ancestry.besides) == {"", "scanner", "ancestry"}
    assert set(scanner.besides) == {""}


def test_a_stratum_that_competes_is_not_held_where_it_is_asked_about() -> None:
    """The cohort without it has one stratum fewer; the cohort itself keeps its own."""
    cohort = people(60)
    before = cohort.stratum.copy()
    freed = without_stratum(cohort, "site")
    assert freed.strata == ()
    assert (freed.stratum == 0).all()
    assert cohort.strata == ("site",)
    np.testing.assert_array_equal(cohort.stratum, before)
    assert freed.digest == cohort.digest
    assert without_stratum(cohort, "frail") is cohort


def test_where_no_grouping_is_declared_proxies_stand_in_and_say_so() -> None:
    """Clumps of axes become the grouping, marked as a proxy wherever it is named."""
    plan = Plan.from_data(
        {"reliance": {"proxies": True}, "measure": {"further": False}, "explain": {"repeats": 0}}
    )
    cohort = people(200, groups=())
    made = audit(model(), cohort, plan=plan)
    (composition,) = made.compositions
    assert composition.grouping.endswith("clusters (proxy)")
    assert composition.source == "proxy"
    assert any(w.startswith("No grouping was declared. pcs,") for w in made.warnings)
    assert cohort.groups == ()
    text = tree(str(b1_people.section(made))).text()
    assert f"By {composition.grouping}" in text
    assert "labels: proxy" in text
    with pytest.raises(PlanError, match="the cohort has no groups"):
        audit(model(), cohort, plan=Plan.from_data({}))


def test_the_output_is_never_clustered() -> None:
    """A layer that is the output gives no proxies; the last inner one does, else the values."""
    cohort = people(200, axes=())
    with pytest.raises(PlanError, match="name an inner layer"):
        representations(model(), cohort, asked(layers=["head"], proxies=True))
    kind, found = representations(model(), cohort, asked(layers="all", proxies=True))
    assert (kind, [item.name for item in found]) == ("layer", ["layer kept"])
    kind, found = representations(model(), cohort, asked(proxies=True))
    assert (kind, [item.name for item in found]) == ("values", ["the values"])
    (values,) = found
    assert isinstance(values, Representation)
    np.testing.assert_allclose(values.values.std(axis=0), 1.0, rtol=1e-5)


def test_proxies_that_nothing_can_be_made_of_are_refused() -> None:
    """Without groups, axes and layers a map gives no candidate groups: the remedy is named."""
    table = pd.DataFrame({"ill": [0, 1] * 20}, index=[f"m{i}" for i in range(40)])
    maps = Cohort(np.zeros((40, 1, 3, 3)), table, list("abcdefghi"), outcome="ill", unit="row")
    with pytest.raises(PlanError, match="declare axes, or name a layer"):
        audit(model(), maps, plan=Plan.from_data({"reliance": {"proxies": True}}))


TOML = """
[model]
table = "score.csv"
link = "logit"
[cohort]
table = "people.csv"
id = "id"
features = ["dose", "severity"]
outcome = "ill"
unit = "row"
groups = ["ancestry"]
[reliance]
slices = ["age"]
proxies = true
"""


def test_check_says_what_will_be_looked_at_beside(tmp_path: Path) -> None:
    """Slices and proxies are told before any compute, and a layer that is not there is an error."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(120)],
            "dose": rng.normal(size=120),
            "severity": rng.normal(size=120),
            "age": rng.uniform(20, 90, 120),
            "ancestry": rng.choice(["A", "B"], 120),
            "ill": rng.integers(0, 2, 120),
        }
    )
    table.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "score.csv").write_text("term,weight\nintercept,0\ndose,1\nseverity,1\n")
    plan = tmp_path / "audit.toml"
    plan.write_text(TOML)
    told = list(check(plan))
    assert "slices   over age" in told
    assert "proxies  candidate groups by clusters, no labels" in told
    plan.write_text(TOML + 'layers = ["first"]\n')
    with pytest.raises(PlanError, match=r"reliance\.layers"):
        list(check(plan))
