"""Cells of reliance are part of the one run: its lines, its musts, its tables, its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

from evenlight.errors import InputError, UnknownName
from evenlight.qualify import harness, profiles, run
from evenlight.qualify.lines import COMPARED, RELIED, Found, Line, append, code_digest, read
from evenlight.qualify.musts import Held, check, of_reliance, relied
from evenlight.qualify.page import write
from evenlight.qualify.rates import rows
from evenlight.qualify.reliance.cells import CELLS, Cell, parts
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import WORLDS
from evenlight.qualify.table import markdown, text

CLEAN = "LD tags, linear, n = 400"
TAGS = "LD tags, trees, n = 4000"
OTHER = "severity shift, trees, n = 4000"
FOUND = "oligogenic shortcut, linear, n = 4000"


def said(consistent: float, *, alone: float = 0.0, unresolved: float = 1.0) -> Found:
    """What one repetition of a cell found."""
    own = {"consistent": consistent, "unresolved": unresolved, "share met": 1.0, "rho": 0.4}
    return {"gate": {"evenlight": own}, "no twin": {"evenlight": {"consistent": alone}}}


def lines_of(case: str, called: int, runs: int) -> list[Line]:
    """`runs` repetitions of a cell, the first `called` of them consistent with a shortcut."""
    return [Line(case, s, 0, "cellcode", said(float(s < called))) for s in range(runs)]


def state_of(held: list[Held], case: str, rate: str = "consistent") -> str:
    """The state of what must hold of the gate in one cell."""
    wanted = (case, "gate", rate)
    return next(h.state for h in held if (h.must.case, h.must.question, h.must.rate) == wanted)


def test_every_cell_of_the_issue_is_there() -> None:
    """Each world with each kind at three sizes, and substructure in 20,000 people."""
    small = {name for name, cell in CELLS.items() if cell.n < 20_000}
    assert len(small) == len(WORLDS) * len(KINDS) * 3
    assert {c.world for n, c in CELLS.items() if n not in small} == {"nested substructure"}
    assert {"linear", "penalised", "trees", "network"} == set(KINDS)
    assert all(Cell(c.world, c.kind, c.n).name == name for name, c in CELLS.items())
    assert not set(CELLS) & set(profiles.groups())


def test_profiles_are_affordable_and_full_runs_show_something() -> None:
    """A short run costs a minute; a full one 2 to 3 hours on four cores, of all cells, 20 each."""
    short, full = profiles.PROFILES["short"], profiles.PROFILES["full"]
    assert profiles.seconds(short) <= 60
    assert 1.5 <= profiles.seconds(full) / 3600 / 4 <= 2.5
    assert set(full.cells) == set(CELLS)
    assert min(full.cells.values()) >= 20
    with pytest.raises(InputError, match="1 of the cells do not exist, first 'nowhere'"):
        profiles.Runs(1, 1, 0, {"nowhere": 1})


def test_groups_divide_all_that_is_run() -> None:
    """The groups hold every case once; a part of reliance is a part."""
    groups = profiles.groups()
    whole = [
        case for name in ("comparisons", "audits", "images", "reliance") for case in groups[name]
    ]
    assert sorted(whole) == sorted(harness.EVERY)
    assert set(parts()["reliance, trees"]) == {n for n, c in CELLS.items() if c.kind == "trees"}
    assert profiles.chosen("full", ["reliance, n = 20000"]) == groups["reliance, n = 20000"]
    assert profiles.chosen("short", ["reliance"]) == [n for n in CELLS if n in profiles.SHORT]
    assert profiles.chosen("short", None)[: len(groups["comparisons"])] == groups["comparisons"]


def test_what_a_profile_leaves_out_is_refused(tmp_path: Path) -> None:
    """A cell that a short run does not have is no empty success, and a misspelt one is named."""
    with pytest.raises(InputError, match="short run leaves 'LD tags, trees, n = 4000' out"):
        run.qualify("short", tmp_path, cases=["null", TAGS])
    with pytest.raises(UnknownName, match="did you mean 'LD tags, trees, n = 4000'"):
        run.qualify("full", tmp_path, cases=["LD tag, trees, n = 4000"])


def test_a_run_of_cells_is_taken_up_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that are there are kept, those that failed are run again, and a number is a number."""
    asked: list[tuple[str, str, int, int]] = []

    def gate(world: str, kind: str, n: int, seed: int) -> Found:
        asked.append((world, kind, n, seed))
        found = said(0.0)
        found["gate"]["evenlight"]["AUPRC"] = float("nan")
        return found

    monkeypatch.setattr(harness, "gate", gate)
    monkeypatch.setitem(profiles.PROFILES, "short", profiles.Runs(1, 1, 99, {CLEAN: 3}))
    append(tmp_path / run.LINES, [
        Line(CLEAN, 0, 0, "old", said(0.0)),
        Line(CLEAN, 1, 0, "old", {}, "Interrupted: midway"),
    ])  # fmt: skip
    made = run.qualify("short", tmp_path, cases=["reliance"])
    assert asked == [("LD tags", "linear", 400, 1), ("LD tags", "linear", 400, 2)]
    assert [one.code == "old" for one in made.lines] == [True, False, False]
    assert {one.code for one in made.lines[1:]} == {code_digest(RELIED)}
    assert made.lines[1].draws == 0
    assert "AUPRC" not in made.lines[1].found["gate"]["evenlight"]
    assert "NaN" not in (tmp_path / run.LINES).read_text()
    assert made.exit_code == 0
    assert "LD tags" in (tmp_path / run.TEXT).read_text()


def test_one_repetition_is_what_the_gate_says(tmp_path: Path) -> None:
    """A real repetition of a small cell, asked with and without structure, reads back the same."""
    name = "relatives, penalised, n = 400"
    one = harness.line(name, 0, draws=0)
    assert not one.error
    assert set(one.found) == {"gate", "gate, adjusted", "no twin"}
    assert one.found["gate"] != one.found["gate, adjusted"]
    assert one.found["no twin"]["evenlight"] == {"consistent": 0.0}
    append(tmp_path / run.LINES, [one])
    assert read(tmp_path / run.LINES) == {(name, 0): one}


def test_the_digest_of_cells_covers_what_they_run() -> None:
    """More rooms than that of comparisons, whose digest is as it was."""
    assert set(RELIED) > set(COMPARED)
    assert code_digest() == code_digest(COMPARED) != code_digest(RELIED)


@pytest.mark.parametrize(
    ("called", "runs", "state"),
    [
        (0, 30, "holds"),
        (3, 30, "holds"),
        (5, 30, "watch"),
        (8, 30, "fails"),
        (0, 9, "not measured"),
    ],
)
def test_a_clean_cell_is_judged_by_the_binomial_tail(called: int, runs: int, state: str) -> None:
    """Runs called a shortcut against 5 %, as scipy's exact test has it; few runs show nothing."""
    held = relied(rows(lines_of(TAGS, called, runs)))
    assert state_of(held, TAGS) == state
    if state in ("watch", "fails"):
        exact = binomtest(called, runs, 0.05, alternative="greater").pvalue
        assert exact < 0.0228
        assert (exact < 0.05 / len(list(of_reliance()))) == (state == "fails")


def test_a_shortcut_that_is_missed_fails() -> None:
    """From 4,000 people on 95 % must be found; twelve of twenty are too few."""
    held = relied(rows(lines_of(FOUND, 12, 20)))
    assert state_of(held, FOUND) == "fails"
    assert state_of(relied(rows(lines_of(FOUND, 20, 20))), FOUND) == "holds"


def test_a_word_without_a_twin_fails_at_once() -> None:
    """One run is enough of what must never be."""
    lines = [Line(CLEAN, 0, 0, "x", said(0.0, alone=1.0)), Line(CLEAN, 1, 0, "x", said(0.0))]
    held = relied(rows(lines))
    own = [h for h in held if h.must.case == CLEAN and h.must.question == "no twin"]
    assert [h.state for h in own] == ["fails"]
    assert own[0].limit == 0


def test_many_cells_do_not_excuse_a_comparison() -> None:
    """Chance in all cells of reliance is no allowance for the other requirements."""
    lines = [Line("null", s, 0, "x", _flagged(s < 105)) for s in range(1400)]
    held = next(h for h in check(rows(lines)) if h.must.case == "null")
    assert held.state == "fails"
    assert 3.2 < held.z < 3.58


def _flagged(wrong: bool) -> Found:
    own = {"nulls": 1.0, "tests_null": 1.0, "raw_null": float(wrong), "flag_null": 0.0}
    return {"difference": {"evenlight": own}}


def test_the_worst_cell_is_told_by_name() -> None:
    """Of two clean cells that which is called a shortcut more often, not their mean."""
    lines = [*lines_of(OTHER, 0, 30), *lines_of(TAGS, 6, 30), *lines_of(FOUND, 30, 30)]
    page = text(lines)
    row = next(x for x in page.splitlines() if x.startswith("clean called a shortcut"))
    assert TAGS in row
    assert OTHER not in row
    assert "20 (7; 30)" in row
    low, high = binomtest(6, 30).proportion_ci(0.95, "exact")
    assert f"{100 * low:.0f} to {100 * high:.0f}" in row
    assert row.split()[-1] == "2"


def test_the_page_takes_both_kinds_of_lines_and_names_both_codes(
    root: Path, tmp_path: Path
) -> None:
    """From two folders; what no folder has stays as it stands on the page."""
    old, new, page = tmp_path / "old", tmp_path / "new", tmp_path / "page.md"
    for folder in (old, new):
        folder.mkdir()
    page.write_text((root / "docs" / "qualify.md").read_text(encoding="utf-8"), encoding="utf-8")
    append(old / run.LINES, [Line("null", s, 0, "firstcode", _flagged(False)) for s in range(12)])
    append(new / run.LINES, lines_of(TAGS, 6, 12))
    mark = "<!-- reliance figures -->"
    before = page.read_text(encoding="utf-8").split(mark)[1]
    write(page, old)
    assert page.read_text(encoding="utf-8").split(mark)[1] == before
    write(page, old, new)
    first, second = page.read_text(encoding="utf-8").split(mark)
    assert "Permutations: as many as a family needs. Code: firstcode." in first
    assert "Repetitions of a cell: 12. Code: cellcode." in second
    assert f"| 5 | {TAGS} | gate | consistent | at most 5.0 | 50.0 (14.4) | fails |" in second
    assert TAGS not in markdown(list(read(old / run.LINES).values()))
