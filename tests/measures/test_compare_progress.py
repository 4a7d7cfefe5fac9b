"""How far a long comparison is, and what is not changed by asking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight import codec
from evenlight.data.attributions import Attributions
from evenlight.data.groups import Axes
from evenlight.errors import AttributionError
from evenlight.measures.compare import compare
from evenlight.measures.testing import Testing
from evenlight.progress import Pace
from tests.between_world import people
from tests.command_line import begun, evenlight

COHORT = people(120)

QUICK = Testing(draws=199)


def made() -> Attributions:
    """What each feature adds to a linear score."""
    phi = np.asarray(COHORT.dense() * [1.0, 0.5, 0.2], dtype=np.float32)
    return Attributions.from_arrays(
        phi,
        rows=COHORT.rows.tolist(),
        features=COHORT.features,
        output=phi.sum(axis=1, dtype=np.float64),
        base=0.0,
        target="y",
    )


@pytest.mark.parametrize("along", [False, True])
def test_every_test_is_told_once_and_nothing_else_changes(along: bool) -> None:
    """Tests done rise to all that there are; the record is the same to the last bit."""
    values = np.random.default_rng(3).normal(size=(COHORT.n, 2))
    by = Axes("pcs", values, COHORT.rows) if along else "site"
    heard: list[Pace] = []
    told = compare(made(), COHORT, by=by, testing=QUICK, progress=heard.append)
    quiet = compare(made(), COHORT, by=by, testing=QUICK)
    assert codec.plain(told) == codec.plain(quiet)
    done = [pace.done for pace in heard]
    assert done == sorted(set(done))
    assert done[-1] == heard[-1].rows == told.effect.size
    assert {pace.unit for pace in heard} == {"tests"}


def test_it_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written by default; where no terminal is, a plain line at the end."""
    compare(made(), COHORT, by="site", testing=QUICK)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    compare(made(), COHORT, by="site", testing=QUICK, progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("comparing: 18 of 18 tests, ")
    with pytest.raises(AttributionError, match="wanted True, False or a function"):
        compare(made(), COHORT, by="site", testing=QUICK, progress="yes")  # type: ignore[arg-type]


def test_the_command_tells_how_far_a_long_comparison_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line on stderr as an explanation has, and none where it ends before the first is due."""
    folder = begun(tmp_path)
    assert "tests/s" not in evenlight("compare", "audit.toml", folder=folder).stderr
    monkeypatch.setattr("evenlight.progress._LINES", 0.0)
    done = evenlight("compare", "audit.toml", folder=folder)
    assert "comparing by race, " in done.stderr
    assert "tests/s" in done.stderr
    assert "tests/s" not in done.stdout
