"""The record: to JSON and back without loss, with a schema, canonical, and readable as tables."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from evenlight import codec
from evenlight.errors import GateFailed, InputError, NoVerdict
from evenlight.findings import Gate
from evenlight.record import Audit, audit_schema


def test_json_and_back_loses_nothing(formula: Audit) -> None:
    """Every array, number and word of the audit returns, bit for bit."""
    again = Audit.from_json(formula.to_json())
    for one, other in zip(formula.comparisons, again.comparisons, strict=True):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b, err_msg=field.name)
                assert a.dtype.kind == b.dtype.kind, field.name
            else:
                assert a == b, field.name
    assert again.to_json() == formula.to_json()


def test_the_record_fits_its_schema(formula: Audit) -> None:
    """audit.json validates; an unknown key does not."""
    data = json.loads(formula.to_json())
    schema = audit_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    data["extra"] = 1
    with pytest.raises(jsonschema.ValidationError, match="extra"):
        jsonschema.validate(data, schema)


def test_nothing_is_nan_and_every_null_has_a_reason(formula: Audit) -> None:
    """Missing numbers are null, and the record beside them says why."""
    text = formula.to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    race = formula.comparisons[0]
    missing = np.isnan(race.effect)
    assert missing.any()
    assert (race.reason[missing] != "").all()


def test_a_missing_number_without_a_reason_is_refused(formula: Audit) -> None:
    """A record checks itself at birth."""
    race = formula.comparisons[0]
    with pytest.raises(
        InputError, match=r"Comparison.effect\[0, 0, 0\] is missing without a reason"
    ):
        replace(race, reason=np.full(race.reason.shape, ""))
    with pytest.raises(InputError, match=r"Comparison\.effect has shape"):
        replace(race, effect=race.effect[:1])
    with pytest.raises(InputError, match="verdict holds 'fair'"):
        replace(race, verdict=np.full(race.verdict.shape, "fair"))


def test_another_form_is_refused_by_name() -> None:
    """A file of another schema, or none."""
    with pytest.raises(InputError, match="schema is 'urn:other'"):
        Audit.from_json('{"schema": "urn:other"}')
    with pytest.raises(InputError, match="not JSON"):
        Audit.from_json("{")


def test_a_missing_field_is_named(formula: Audit) -> None:
    """A record without its answers."""
    data = json.loads(formula.to_json())
    del data["answers"]
    with pytest.raises(InputError, match=r"missing \['answers'\]"):
        Audit.from_json(json.dumps(data))


def test_arrays_without_cells_keep_their_shape() -> None:
    """An empty table returns with its number of columns."""
    made = codec.plain(np.zeros((0, 3)))
    assert made == {"empty": [0, 3]}


def test_every_measure_is_a_table(formula: Audit) -> None:
    """to_frame everywhere; the tables hold every cell once."""
    tables = formula.tables()
    assert set(tables) == {
        "people", "performance", "performance_differences", "features", "reliance", "sensitivity",
        "flips", "quality", "quality_differences", "findings", "global_tests", "omnibuses",
        "coverages", "intersections", "decisions", "matches", "shortcuts", "levers", "leakages",
        "associations", "lever_closings", "lever_signals",
    }  # fmt: skip
    assert len(tables["features"]) == sum(c.effect.size for c in formula.comparisons)
    assert all(isinstance(d.to_frame(), pd.DataFrame) for d in formula.dependences)


def test_what_closes_the_gap_is_a_table(formula: Audit) -> None:
    """One line a kind, set and pair of every grouping, as in the record."""
    tables, levers = formula.tables(), formula.further.levers
    assert len(tables["lever_closings"]) == sum(len(m.closing.kind) for m in levers) > 0
    assert len(tables["lever_signals"]) == sum(len(m.signal.subject) for m in levers) > 0
    np.testing.assert_array_equal(
        tables["lever_closings"]["closure"], np.concatenate([m.closing.closure for m in levers])
    )
    assert set(tables["lever_closings"]["grouping"]) == {m.grouping for m in levers}


def test_saving_writes_record_gate_schema_and_tables(formula: Audit, tmp_path: Path) -> None:
    """Whole files, readable by their owner only, and no partial ones left."""
    folder = formula.save(tmp_path / "audit")
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {"audit.json", "audit.schema.json", "gate.json", "tables/features.csv"} <= names
    assert not [n for n in names if "partial" in n]
    assert (folder / "audit.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert Audit.load(folder).to_json() == formula.to_json()
    gate = json.loads((folder / "gate.json").read_text())
    assert (gate["verdict"], gate["exit_code"]) == ("no verdict", 3)
    assert gate["digests"]["plan"] == formula.plan_digest


def test_no_patient_is_in_the_record(formula: Audit, tmp_path: Path) -> None:
    """Row ids are written nowhere."""
    folder = formula.save(tmp_path / "audit")
    for path in folder.rglob("*"):
        if path.is_file():
            assert "w0001" not in path.read_text(encoding="utf-8"), path.name


def test_small_counts_are_nowhere(formula: Audit) -> None:
    """Two patients of unknown sex: hidden, the others rounded."""
    sex = formula.compositions[1]
    assert sex.reason.tolist() == ["", "", "suppressed (<11)"]
    assert (sex.count[:2] % 5 == 0).all()
    for counts in (formula.comparisons[1].n, formula.reliances[1].n, formula.sensitivities[1].n):
        assert (counts % 5 == 0).all()
    shown = [formula.compositions[0].cells, formula.performances[1].n]
    assert all(np.nanmin(np.where(a == 0, np.nan, a)) >= 10 for a in shown)


def test_a_gate_raises_as_it_reads() -> None:
    """Failed and no verdict raise; passed does not."""
    Gate("passed", 0, "").raise_for_status()
    with pytest.raises(GateFailed, match="because"):
        Gate("failed", 1, "because").raise_for_status()
    with pytest.raises(NoVerdict, match="unknown"):
        Gate("no verdict", 3, "unknown").raise_for_status()
