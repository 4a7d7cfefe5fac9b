"""A plan guessed from an .h5ad file, and an audit of it: obs are the people, a matrix is x."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight.drafting import draft
from evenlight.errors import CohortError, InputError, PlanError
from evenlight.load import load_cohort
from evenlight.plan import Plan
from tests.annotated_world import annotated
from tests.command_line import data, evenlight


def written(folder: Path, **changed: object) -> Any:
    """Cells of 24 donors in a file, with a formula of their genes beside it."""
    made = annotated()
    for name, value in changed.items():
        setattr(made, name, value)
    made.write_h5ad(folder / "cells.h5ad")
    terms = "".join(f"{gene},0.1\n" for gene in made.var_names)
    (folder / "score.csv").write_text(f"term,weight\nintercept,0\n{terms}")
    return made


def test_roles_are_those_of_obs_and_the_matrix_is_asked_for(tmp_path: Path) -> None:
    """Donors are people; which of two matrices the model saw is left to say."""
    written(tmp_path)
    told = data("init", "cells.h5ad", folder=tmp_path)
    assert "cohort.layer: name the matrix that the model was trained on: X, counts" in told["open"]
    made = Plan.from_toml(tmp_path / "audit.toml").cohort
    assert (made.table, made.id, made.features, made.layer) == ("cells.h5ad", None, (), None)
    assert (made.unit, made.groups, made.outcome) == ("donor", ("ancestry",), "case")
    text = (tmp_path / "audit.toml").read_text()
    assert "# no role was found for: cell_type\n" in text
    assert "ENSG" not in text


def test_the_only_matrix_is_named_and_the_unit_is_never_the_row(tmp_path: Path) -> None:
    """Without donors a line is left: a row may be a cell."""
    made = written(tmp_path, layers={})
    made.obs = made.obs.drop(columns="donor")
    made.write_h5ad(tmp_path / "cells.h5ad")
    found = draft(tmp_path / "cells.h5ad")
    assert Plan.from_toml(found.path).cohort.layer == "X"
    assert any(one.startswith("cohort.unit: name the column of donors") for one in found.open)
    with pytest.raises(CohortError, match="unit"):
        load_cohort(Plan.from_toml(found.path), tmp_path)


def test_what_is_drafted_can_be_checked(tmp_path: Path) -> None:
    """`init` and `check` are all that is needed where the matrix is X."""
    written(tmp_path)
    evenlight("init", "cells.h5ad", folder=tmp_path)
    done = evenlight("check", "audit.toml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "contrast B against A: can be asked" in done.stdout
    assert "x is X." in done.stdout


def test_the_plan_reads_the_matrix_and_the_groups_that_it_names(tmp_path: Path) -> None:
    """The layer is x; a grouping with an order of its own is joined to the rows by their names."""
    made = written(tmp_path)
    asked: dict[str, Any] = {
        "model": {"table": "score.csv"},
        "cohort": {"table": "cells.h5ad", "layer": "counts", "unit": "donor", "outcome": "case",
                   "groups": ["ancestry"]},
        "groups": {"ancestry": {"column": "ancestry", "order": ["B", "A"]}},
    }  # fmt: skip
    cohort = load_cohort(Plan.from_data(asked), tmp_path)
    np.testing.assert_array_equal(cohort.dense(), made.layers["counts"])
    assert cohort.rows.tolist() == list(made.obs_names)
    (groups,) = cohort.groups
    assert groups.levels == ("B", "A")
    assert [groups.levels[code] for code in groups.codes] == made.obs["ancestry"].tolist()
    asked["cohort"]["layer"] = "X"
    np.testing.assert_allclose(load_cohort(Plan.from_data(asked), tmp_path).dense(), made.X)
    asked["cohort"]["layer"] = "count"
    with pytest.raises(CohortError, match="there is no layer 'count'; did you mean 'counts'"):
        load_cohort(Plan.from_data(asked), tmp_path)


@pytest.mark.parametrize(
    ("cohort", "why"),
    [
        ({"table": "people.csv", "layer": "counts"}, "layer is of an .h5ad file"),
        ({"table": "cells.h5ad", "features": ["G1"]}, "leave out features"),
        ({"table": "cells.h5ad", "id": "cell"}, "leave out id"),
    ],
)
def test_roles_that_do_not_go_with_the_file_are_errors(cohort: dict[str, Any], why: str) -> None:
    """Before anything is read, with the key that is to go."""
    with pytest.raises(PlanError, match=why):
        Plan.from_data({"cohort": cohort})


def test_a_file_without_a_matrix_is_told(tmp_path: Path) -> None:
    """There is nothing that a model could see."""
    written(tmp_path, layers={}, X=None)
    with pytest.raises(InputError, match="holds no matrix, neither X nor a layer"):
        draft(tmp_path / "cells.h5ad")
