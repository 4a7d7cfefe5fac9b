"""Faults 71, 76 and 78: bombs, files of another kind, and names that are one to a reader."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data import archives
from evenlight.data.archives import check_packed, check_zip
from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.plain_files import DEEPEST, read_json, read_toml
from evenlight.data.shown import LONGEST_NAME
from evenlight.errors import FeatureError, InputError, PlanError, Refused
from evenlight.modalities.tables import read_table


def zipped(path: Path, members: dict[str, bytes], *, packed: bool = True) -> Path:
    """A zip file."""
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_usual_archive_passes(tmp_path: Path) -> None:
    """Members come back by name, small ones whatever their ratio."""
    path = zipped(tmp_path / "a.zip", {"x.npy": b"\0" * 5000, "d/y.npy": b"abc"})
    assert [one.filename for one in check_zip(path)] == ["x.npy", "d/y.npy"]


def test_71_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """By ratio, by all bytes together, by their number, and none is unpacked."""
    path = zipped(tmp_path / "ratio.zip", {"a": b"\0" * 2**24})
    with pytest.raises(Refused, match=r"16777216 bytes of a member are packed into \d+") as told:
        check_zip(path)
    assert told.value.exit_code == 4
    path = zipped(tmp_path / "total.zip", {"a": b"12345", "b": b"12345"})
    with pytest.raises(Refused, match="it claims 10 bytes, of which 9 are allowed"):
        check_zip(path, most=9)


def test_71_members_that_overlap_are_refused(tmp_path: Path) -> None:
    """Many entries that all point at one packed block (Fifield 2019) are no archive."""
    held = {name: bytes(range(256)) * 4 for name in ("a", "b")}
    path = zipped(tmp_path / "a.zip", held, packed=False)
    raw = bytearray(path.read_bytes())
    places = [i for i in range(len(raw)) if raw[i : i + 4] == b"PK\x01\x02"]
    for at in places:
        raw[at + 20 : at + 24] = (len(raw)).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(Refused, match="its members overlap"):
        check_zip(path)


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/../../b", "C:\\a", "..\\a", "\\\\host\\share"]
)
def test_75_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    """Whatever the system's way of writing paths."""
    with pytest.raises(Refused, match="a member leads to"):
        check_zip(zipped(tmp_path / "a.zip", {name: b"x"}))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Programs differ in which of the two they read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("a", "2")
    with pytest.raises(Refused, match="1 names occur twice"):
        check_zip(tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(b"PK no zip")
    with pytest.raises(InputError, match=r"b\.zip is no zip file"):
        check_zip(tmp_path / "b.zip")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zip"])
def test_71_a_packed_table_that_is_a_bomb_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    """A table that unpacks to more than 100 times its size is not handed to pandas."""
    monkeypatch.setattr(archives, "FREE", 2**20)
    text = b"id,age,sex\n" + b"1,2,f\n" * 2**20
    path = tmp_path / f"people.csv{ending}"
    if ending == ".zip":
        zipped(path, {"people.csv": text})
    else:
        packed = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
        pack: Callable[[bytes], bytes] = packed[ending]  # type: ignore[assignment]
        path.write_bytes(pack(text))
    with pytest.raises(Refused, match="unpack"):
        read_table(path, features=["age"], id="id", groups=["sex"])


def test_a_usual_packed_table_is_read(tmp_path: Path) -> None:
    """Small tables that are packed come back; bundles of files are asked to be unpacked."""
    rows = "".join(f"p{i},{i},{'fm'[i % 2]}\n" for i in range(40))
    (tmp_path / "people.csv.gz").write_bytes(gzip.compress(f"id,age,sex\n{rows}".encode()))
    assert read_table(tmp_path / "people.csv.gz", features=["age"], id="id", groups=["sex"]).n == 40
    (tmp_path / "people.tar.gz").write_bytes(b"")
    with pytest.raises(Refused, match="is a bundle of files"):
        check_packed(tmp_path / "people.tar.gz")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(rows.encode())[:-9])
    with pytest.raises(InputError, match=r"cut\.csv\.gz cannot be unpacked"):
        check_packed(tmp_path / "cut.csv.gz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 100_000, "is nested too deep"),
        ("x = " + "[" * 40 + "]" * 40, f"is nested deeper than {DEEPEST} tables"),
        ("[" + ".".join("a" * 40) + "]", f"is nested deeper than {DEEPEST} tables"),
        ("x = " + "9" * 5000, "is not TOML"),
        ("a = 1\na = 2", "is not TOML: Cannot overwrite"),
        ("[t]\n[t]", "is not TOML: Cannot declare"),
        ('{"policy": {}}', "it looks like JSON"),
        ("policy:\n  alpha: 0.05\n", "it looks like YAML"),
        ("- one\n- two\n", "it looks like YAML"),
        ("a = &anchor 1", "is not TOML"),
        ("x = 1" + " " * 2**20, "is larger than"),
    ],
)
def test_76_what_is_no_toml_is_told_and_no_internal_fault(
    tmp_path: Path, text: str, message: str
) -> None:
    """Fault 76: depth, numbers, keys that occur twice, JSON, YAML and size are one error."""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanError, match=message):
        read_toml(path, error=PlanError)


def test_toml_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    """A byte order mark is no error, other encodings are."""
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_toml(tmp_path / "a.toml") == {"a": 1}
    (tmp_path / "b.toml").write_bytes("a = 'ä'".encode("utf-16"))
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_toml(tmp_path / "b.toml")
    with pytest.raises(InputError, match="there is no file"):
        read_toml(tmp_path / "c.toml")


def test_71_json_that_is_nested_too_deep_is_an_error(tmp_path: Path) -> None:
    """Of a feature list as of any other file; a key that is there twice is one as well."""
    path = tmp_path / "list.json"
    path.write_text("[" * 200_000)
    with pytest.raises(FeatureError, match="nested too deep"):
        FeatureList.load(path)
    path.write_text('{"names": [], "names": ["a"]}')
    with pytest.raises(InputError, match="the key 'names' is there twice"):
        read_json(path)
    path.write_text(json.dumps({"a": [1]}))
    assert read_json(path) == {"a": [1]}


@pytest.mark.parametrize(
    ("one", "other"),
    [("TP53", "tp53"), ("caf\u00e9", "cafe\u0301"), ("\ufb01ber", "FIBER"), ("\u2167", "viii")],
)
def test_78_names_that_differ_in_form_alone_are_refused(one: str, other: str) -> None:
    """Fault 78: capitals, accents put together otherwise, ligatures; both shown escaped."""
    with pytest.raises(FeatureError, match="differ by capitals or by the form") as told:
        Features((one, "x", other))
    assert ascii(one) in str(told.value)
    assert ascii(other) in str(told.value)
    assert str(told.value).isascii()


def test_78_names_that_only_look_alike_are_two() -> None:
    """A Greek and a Latin letter, and names that differ by a space, are not one."""
    names = ("\u0391", "A1", "A 1", "stra\u00dfe 1", "strasse 2")
    assert Features(names).names == names


ODD = ("__proto__", "constructor", "nan", "None", "NaN ", "1", "1.0", "-0", "true", "toString")
"""Names that mean something to a language, a table reader or a page."""


def test_79_odd_names_are_plain_data(tmp_path: Path) -> None:
    """Fault 79: they name features, levels and sets, and come back from a table as they are."""
    rng = np.random.default_rng(0)
    lines = [",".join(("id", "grp", *ODD))]
    levels = ("__proto__", "constructor")
    for i in range(40):
        numbers = ",".join(f"{v:.3f}" for v in rng.normal(size=len(ODD)))
        lines.append(f"p{i},{levels[i % 2]},{numbers}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    cohort = read_table(tmp_path / "t.csv", features=ODD, id="id", groups=["grp"])
    assert cohort.features.names == ODD
    assert cohort.groups[0].levels == levels
    made = FeatureSets.from_lists({name: [name] for name in ODD}, ODD)
    assert made.names == ODD


@pytest.mark.parametrize("what", ["feature", "set", "level", "grouping", "id", "unit", "stratum"])
def test_77_a_name_of_any_length_is_not_taken(what: str) -> None:
    """Fault 77: what is far too long is an error that shows its beginning, or its position."""
    long = "x" * (LONGEST_NAME + 1)
    table = pd.DataFrame({"sex": ["f", "m"] * 4, "who": list("aabbccdd"), "site": ["s"] * 8})
    table.index = [f"p{i}" for i in range(8)]
    frame = pd.DataFrame(np.eye(8)[:, :2], columns=["a", "b"], index=table.index)
    options: dict[str, Any] = {"unit": "row"}
    if what == "feature":
        frame.columns = ["a", long]
    elif what == "level":
        table["sex"] = ["f", long] * 4
    elif what == "id":
        table.index = frame.index = [*table.index[:7], long]
    elif what in ("unit", "stratum"):
        column = {"unit": "who", "stratum": "site"}[what]
        table.loc["p5", column] = long
        options = {"unit": "who"} if what == "unit" else {"unit": "row", "strata": ["site"]}
    made: dict[str, Callable[[], object]] = {
        "set": lambda: FeatureSets.from_lists({long: ["a"]}, ["a", "b"]),
        "grouping": lambda: Groups(long, ("f", "m"), np.zeros(8, dtype=np.int64)),
    }
    make = made.get(what, lambda: Cohort(frame, table, groups=["sex"], **options))
    with pytest.raises(InputError, match=r"16,385 characters.*at most 16,384: give") as told:
        make()
    assert len(str(told.value)) < 400
    if what in ("id", "unit", "stratum"):
        assert "xx" not in str(told.value)
        assert f"position {7 if what == 'id' else 5}" in str(told.value)


def test_77_a_name_as_long_as_may_be_is_taken() -> None:
    """At the limit a name is kept as it is."""
    assert Features(("x" * LONGEST_NAME, "a")).names[0] == "x" * LONGEST_NAME
