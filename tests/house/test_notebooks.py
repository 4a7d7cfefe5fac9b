"""The notebooks and their people: real where the data are, else generated, and told as such."""

from __future__ import annotations

import json
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import evenlight as ev

STUDIES = ("expression", "genotypes", "hospital")


@pytest.fixture(scope="module", name="studies")
def _studies(root: Path) -> ModuleType:
    """examples/studies.py, which is no part of the package."""
    spec = spec_from_file_location("studies", root / "examples" / "studies.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    sys.modules["studies"] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(name="bare")
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No study is where EVENLIGHT_DATA says."""
    monkeypatch.setenv("EVENLIGHT_DATA", str(tmp_path))


def _sources(path: Path, kind: str) -> list[str]:
    held = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in held["cells"] if cell["cell_type"] == kind]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", STUDIES)
def test_generated_people_are_told_as_such(name: str, studies: ModuleType) -> None:
    """Where the files are absent the study says that it was generated, and what to set."""
    told = getattr(studies, name)().told
    assert told.startswith("GENERATED: ")
    assert "EVENLIGHT_DATA" in told
    assert told.endswith("true of nobody.")


@pytest.mark.parametrize("name", STUDIES)
def test_generated_people_have_the_shape_of_the_real_ones(
    name: str, studies: ModuleType, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many rows and features, the same columns, the same levels, gaps where there are gaps."""
    monkeypatch.setenv("EVENLIGHT_DATA", str(data))
    real = getattr(studies, name)()
    monkeypatch.setenv("EVENLIGHT_DATA", str(tmp_path))
    made = getattr(studies, name)()
    assert real.told.startswith("Real: ")
    assert made.x.shape == real.x.shape
    assert set(made.people.columns) == set(real.people.columns)
    for column in ("population", "superpopulation", "sex"):
        if column in real.people:
            assert set(made.people[column]) == set(real.people[column])
    assert (made.sites is None) == (real.sites is None)
    assert made.x.isna().any().any() == real.x.isna().any().any()
    for one in (real, made):
        assert one.x.index.equals(one.people.index)
        assert one.x.columns.is_unique


@pytest.mark.usefixtures("bare")
def test_174_generated_people_have_expression_and_genotypes(studies: ModuleType) -> None:
    """As of the real ones, and whoever is in both has one population and one sex."""
    first, second = studies.expression().people, studies.genotypes().people
    both = first.index.intersection(second.index)
    assert len(both) == 174
    columns = ["population", "superpopulation", "sex"]
    pd.testing.assert_frame_equal(first.loc[both, columns], second.loc[both, columns])


@pytest.mark.usefixtures("bare")
def test_generated_genotypes_tell_ancestry_and_not_sex(studies: ModuleType) -> None:
    """The sites that were chosen tell the superpopulation best, and sex is the negative control."""
    made = studies.genotypes()
    sites = ev.Features(tuple(made.x.columns), table=made.sites)
    cohort = ev.Cohort(made.x, made.people, sites, unit="row", groups=["superpopulation", "sex"])
    told = ev.associate(cohort, by="superpopulation").to_frame()
    share = told.query("given == 'nothing'").set_index("subject")["share"]
    informative = made.sites.index[made.sites["panel"] == "ancestry informative"]
    assert share[informative].median() > 2 * share.drop(informative).median() > 0
    by_sex = ev.associate(cohort, by="sex").to_frame().query("given == 'nothing'")
    assert (by_sex["p_maxt"] <= 0.05).sum() <= 1


def test_cells_hold_what_their_docstring_says(studies: ModuleType) -> None:
    """G0 is three times as high in B, G1 differs by the share of T cells alone, G2 by illness."""
    made = studies.cells()
    assert made.told.startswith("GENERATED: ")
    people, x = made.people, made.x.div(made.x.sum(axis=1), axis=0)
    assert (people.groupby("donor")[["ancestry", "ill"]].nunique() == 1).all(axis=None)
    b, ill = people["ancestry"] == "B", people["ill"] == 1
    assert 2.4 < x.loc[b, "G0"].mean() / x.loc[~b, "G0"].mean() < 3.6
    assert x.loc[b, "G1"].mean() / x.loc[~b, "G1"].mean() > 1.2
    t = people["cell_type"] == "T"
    assert np.isclose(x.loc[b & t, "G1"].mean(), x.loc[~b & t, "G1"].mean(), rtol=0.1)
    assert x.loc[ill, "G2"].mean() / x.loc[~ill, "G2"].mean() > 1.4
    assert np.isclose(x.loc[b, "G2"].mean(), x.loc[~b, "G2"].mean(), rtol=0.15)


def test_each_notebook_tells_where_its_people_are_from(root: Path) -> None:
    """Whoever asks `studies` for people prints what it says of them, each of them, at once."""
    asked = 0
    for path in sorted((root / "examples").glob("*.ipynb")):
        code = "\n".join(_sources(path, "code"))
        here = len(re.findall(r"studies\.\w+\(\)", code))
        asked += here
        assert len(re.findall(r"print\(\w+\.told\)", code)) == here, path.name
    assert asked >= 5


def test_notebooks_are_kept_without_output_and_open_in_words(root: Path) -> None:
    """Each begins with what it asks and how long it takes, and holds no output of a run."""
    for path in sorted((root / "examples").glob("*.ipynb")):
        held = json.loads(path.read_text(encoding="utf-8"))
        assert held["cells"][0]["cell_type"] == "markdown", path.name
        assert "takes" in "".join(held["cells"][0]["source"]), path.name
        assert all(not c.get("outputs") for c in held["cells"]), path.name
        assert all(c.get("execution_count") is None for c in held["cells"]), path.name
