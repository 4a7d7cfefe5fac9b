"""The audit in the forms of others: each is what its own specification or library says it is."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import huggingface_hub
import pandas as pd
import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement as in_toto

from evenlight import reports
from evenlight.errors import InputError
from evenlight.record import Audit
from evenlight.reports.exporters import FORMATS, export
from evenlight.reports.exporters import mlflow as tracking
from evenlight.reports.exporters.markdown import marked
from evenlight.reports.exporters.statement import encoded, signed
from evenlight.reports.exporters.tables import harmless
from tests.made_audit import audit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an audit."""
    made = audit()
    made.save(tmp_path / "audit")
    reports.write(made, tmp_path / "audit")
    return tmp_path / "audit"


def test_every_form_is_written_and_the_same_again(folder: Path) -> None:
    """Every form gives files of mode 0600, with the same bytes a second time."""
    paths = export(audit(), folder, list(FORMATS))
    first = [path.read_bytes() for path in paths]
    assert len(first) > 20
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    again = export(audit(), folder, list(FORMATS))
    assert paths == again
    assert first == [path.read_bytes() for path in again]


def test_no_form_says_where_or_by_whom(folder: Path) -> None:
    """No file holds the path of the folder or the name of its owner."""
    for path in export(audit(), folder, list(FORMATS)):
        data = path.read_bytes()
        assert str(folder).encode() not in data
        assert folder.parent.name.encode() not in data


def test_an_unknown_form_names_the_nearest(folder: Path) -> None:
    """A form that is not there is an error with the nearest one."""
    with pytest.raises(InputError, match="did you mean 'parquet'"):
        export(audit(), folder, ["parket"])


def test_another_folder_is_refused(folder: Path) -> None:
    """A folder that holds another record is not written to."""
    (folder / "audit.json").write_text("{}")
    with pytest.raises(InputError, match="does not hold this audit"):
        export(audit(), folder, ["methods"])
    assert not (folder / "methods.md").exists()


def test_parquet_holds_the_tables(folder: Path) -> None:
    """Each table comes back from Parquet as it is in the record."""
    export(audit(), folder, ["parquet"])
    for name, frame in audit().tables().items():
        found = pd.read_parquet(folder / "tables" / f"{name}.parquet")
        pd.testing.assert_frame_equal(found, frame, check_dtype=False)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_spreadsheet_is_a_formula(start: str) -> None:
    """Texts and heads that a spreadsheet would run begin with an apostrophe, numbers do not."""
    frame = pd.DataFrame({f"{start}a": [f"{start}1+1", "x"], "b": [-1.0, 2.0]})
    made = harmless(frame)
    assert list(made.columns) == [f"'{start}a", "b"]
    assert made.iloc[:, 0].tolist() == [f"'{start}1+1", "x"]
    assert made["b"].tolist() == [-1.0, 2.0]


def test_the_statement_is_one_of_in_toto(folder: Path) -> None:
    """in-toto's own library accepts the statement, and its digests are those of the files."""
    export(audit(), folder, ["statement"])
    data = json.loads((folder / "attestation.json").read_text())
    made = in_toto.Statement.copy_from_pb(
        json_format.ParseDict(data, in_toto.Statement([], "", {}).pb)
    )
    made.validate()
    digests = {one["name"]: one["digest"]["sha256"] for one in data["subject"]}
    for name in ("audit.json", "gate.json", "report.html"):
        assert digests[name] == sha256((folder / name).read_bytes()).hexdigest()
    assert digests["model"] == audit().model.digest
    assert data["predicate"]["verdict"] == audit().verdict.word


def test_a_signature_can_be_checked(folder: Path, tmp_path: Path) -> None:
    """What an outside key signed is what its public half verifies, over the encoding of DSSE."""
    key, public = tmp_path / "key.pem", tmp_path / "public.pem"
    new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*new, "-out", str(key)], check=True, capture_output=True)
    asked = ["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)]
    subprocess.run(asked, check=True, capture_output=True)
    export(audit(), folder, ["statement"], sign=f"openssl dgst -sha256 -sign {key}")
    envelope = json.loads((folder / "attestation.json").read_text())
    payload, signature = tmp_path / "payload", tmp_path / "signature"
    payload.write_bytes(encoded(b64decode(envelope["payload"])))
    signature.write_bytes(b64decode(envelope["signatures"][0]["sig"]))
    check = ["openssl", "dgst", "-sha256", "-verify", str(public), "-signature", str(signature)]
    subprocess.run([*check, str(payload)], check=True, capture_output=True)
    payload.write_bytes(payload.read_bytes() + b" ")
    assert subprocess.run([*check, str(payload)], check=False, capture_output=True).returncode


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("false", "ended with 1"),
        ("true", "0 bytes"),
        ("no-such-program", "did not run"),
        ("", "empty"),
    ],
)
def test_a_command_that_does_not_sign_is_an_error(command: str, told: str) -> None:
    """A command that fails, says nothing or is not there signs nothing."""
    with pytest.raises(InputError, match=told):
        signed("{}", command)


def test_signing_needs_the_statement(folder: Path) -> None:
    """`sign` without a statement is an error and not passed over."""
    with pytest.raises(InputError, match="form 'statement'"):
        export(audit(), folder, ["methods"], sign="cat")


def test_the_hub_reads_the_card(folder: Path) -> None:
    """The hub's own library finds every metric of every group in the front matter."""
    export(audit(), folder, ["model-card"])
    card = huggingface_hub.ModelCard.load(folder / "model_card.md")
    told = {
        (one.dataset_split, one.metric_type): one.metric_value for one in card.data.eval_results
    }
    made = audit().performances[0]
    for r, part in enumerate(made.parts):
        for m, metric in enumerate(made.metrics):
            value = made.value[r, m]
            assert told.get((f"{made.grouping}: {part}", metric)) == (
                pytest.approx(value) if value == value else None
            )


def test_the_crate_lists_every_file(folder: Path) -> None:
    """Every file of the folder is in the crate with its digest, and nothing else is."""
    export(audit(), folder, list(FORMATS))
    made = json.loads((folder / "ro-crate-metadata.json").read_text())
    graph: dict[str, Any] = {one["@id"]: one for one in made["@graph"]}
    listed = {key: one["sha256"] for key, one in graph.items() if one["@type"] == "File"}
    there = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "ro-crate-metadata.json"
    }
    assert listed == there
    assert {one["@id"] for one in graph["./"]["hasPart"]} == set(there)
    assert graph["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.3"}
    known = set(graph)
    for one in graph.values():
        assert {
            ref["@id"] for ref in _references(one) if not ref["@id"].startswith("http")
        } <= known


def _references(value: object) -> list[dict[str, str]]:
    """Every {"@id": ...} inside an entity."""
    if isinstance(value, dict):
        own = [value] if set(value) == {"@id"} else []
        return own + [ref for part in value.values() for ref in _references(part)]
    return [ref for part in value for ref in _references(part)] if isinstance(value, list) else []


def test_multiqc_gets_a_row_for_each_contrast(folder: Path) -> None:
    """The table has one row for each part of each answer, and no number that is missing."""
    export(audit(), folder, ["multiqc"])
    made = json.loads((folder / "evenlight_mqc.json").read_text())
    assert made["plot_type"] == "table"
    assert len(made["data"]) == sum(len(a.parts) for a in audit().answers)
    assert all(None not in row.values() for row in made["data"].values())
    assert all(set(row) <= set(made["headers"]) for row in made["data"].values())


class Tracker:
    """What a run of a tracking server would hold."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.tags: dict[str, Any] = {}
        self.folder = ""

    def log_metrics(self, metrics: dict[str, float]) -> None:
        """Keep them."""
        self.metrics = metrics

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Keep them."""
        self.tags = tags

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep where they are."""
        self.folder = local_dir


def test_a_tracking_server_gets_numbers_word_and_folder(folder: Path) -> None:
    """The widest gap of a question is the largest of its parts; the verdict is a tag."""
    made, run = audit(), Tracker()
    tracking.log(made, folder, run)
    assert run.tags["audit.verdict"] == made.verdict.word
    assert run.folder == str(folder)
    answer = next(a for a in made.answers if any(p.effect is not None for p in a.parts))
    widest = max(abs(p.effect) for p in answer.parts if p.effect is not None)
    assert run.metrics[f"audit.{answer.measure}.{answer.grouping}.max_gap"] == widest


def test_names_are_text_in_markdown() -> None:
    """Markup in a name is shown and not obeyed."""
    assert marked("[a](javascript:x) <b>") == r"\[a\](javascript:x) \<b\>"
    assert "\u202e" not in marked("a\u202eb")


def test_methods_tell_what_was_done_and_what_to_cite(folder: Path) -> None:
    """methods.md names the model, the versions and a source for each method used."""
    export(audit(), folder, ["methods"])
    text = (folder / "methods.md").read_text("utf-8")
    made: Audit = audit()
    assert marked(made.model.name) in text
    assert all(version in text for version in made.provenance.get("versions", {}).values())
    assert text.rstrip().splitlines()[-1].startswith("- ")
