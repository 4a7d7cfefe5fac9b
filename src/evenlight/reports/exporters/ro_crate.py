"""The output folder as a research object: one JSON-LD file that says what made which file.

RO-Crate 1.3 (https://www.researchobject.org/ro-crate/specification/1.3/) with the profile Process
Run Crate (https://www.researchobject.org/workflow-run-crate/profiles/process_run_crate/). No path,
host or user is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from evenlight.data.shown import visible
from evenlight.record import Audit
from evenlight.reports.words import STANDING

CONTEXT = "https://w3id.org/ro/crate/1.3/context"
CRATE = "https://w3id.org/ro/crate/1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"
METADATA = "ro-crate-metadata.json"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"

KINDS = {
    ".json": "application/json", ".html": "text/html", ".csv": "text/csv", ".svg": "image/svg+xml",
    ".md": "text/markdown", ".parquet": "application/vnd.apache.parquet", ".xml": "application/xml",
    ".pdf": "application/pdf",
}  # fmt: skip

SAID = {
    "audit.json": "The record: everything that the audit found",
    "audit.schema.json": "JSON Schema of the record",
    "gate.json": "The verdict, for pipelines",
    "report.html": "The page of the audit",
    "methods.md": "Methods and sources",
    "attestation.json": "In-toto statement of the verdict",
}


def ro_crate(audit: Audit, folder: Path) -> dict[str, str]:
    """ro-crate-metadata.json over every file that lies in the folder by now."""
    graph = [*_about(audit, folder), *map(_file_of(folder), _files(folder))]
    made = {"@context": CONTEXT, "@graph": graph}
    return {METADATA: json.dumps(made, indent=1, sort_keys=True) + "\n"}


def _files(folder: Path) -> list[Path]:
    """Files of the audit, in order; hidden ones, and the crate's own file, are none."""
    inside = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    wanted = (p for p in inside if p.name != METADATA and not p.name.startswith("."))
    return sorted(wanted, key=lambda path: path.relative_to(folder).as_posix())


def _about(audit: Audit, folder: Path) -> Iterator[dict[str, Any]]:
    """Descriptor, root, the action, its instrument, and what went in."""
    date = str(audit.provenance.get("date", ""))
    yield {
        "@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"},
        "conformsTo": {"@id": CRATE},
    }  # fmt: skip
    files = [{"@id": path.relative_to(folder).as_posix()} for path in _files(folder)]
    yield {
        "@id": "./", "@type": "Dataset", "conformsTo": {"@id": PROFILE}, "datePublished": date,
        "name": f"evenlight audit of {visible(audit.model.name)}",
        "description": f"Gate: {audit.verdict.word}. {audit.verdict.reason} {STANDING}",
        "license": {"@id": "#terms"}, "hasPart": files, "mentions": {"@id": "#audit"},
        "mainEntity": {"@id": "audit.json"},
    }  # fmt: skip
    yield {
        "@id": "#terms", "@type": "CreativeWork", "name": "Terms of the audited data",
        "description": "The results of this audit are under the terms of the data and the model "
        "that were audited; whoever passes them on names those.",
    }  # fmt: skip
    yield {
        "@id": PROFILE, "@type": ["CreativeWork", "Profile"], "name": "Process Run Crate",
        "version": "0.6",
    }  # fmt: skip
    yield from _run(audit, date, files)


def _run(audit: Audit, date: str, files: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    versions = audit.provenance.get("versions", {})
    version = str(versions.get("evenlight", "unknown"))
    inputs = ("model", audit.model.name, audit.model.digest), (
        "cohort", audit.cohort.name, audit.cohort.digest,
    )  # fmt: skip
    yield {
        "@id": "#audit", "@type": "CreateAction", "name": "Audit", "endTime": date,
        "description": f"The plan's digest is {audit.plan_digest}",
        "instrument": {"@id": "#evenlight"}, "object": [{"@id": f"#{own[0]}"} for own in inputs],
        "result": files,
    }  # fmt: skip
    yield {
        "@id": "#evenlight", "@type": "SoftwareApplication", "name": "evenlight",
        "softwareVersion": version, "version": version, "url": f"pkg:pypi/evenlight@{version}",
        "license": {"@id": LICENCE},
        "softwareRequirements": ", ".join(f"{k} {v}" for k, v in sorted(versions.items())),
    }  # fmt: skip
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "Apache License 2.0",
           "description": "The terms of evenlight itself"}  # fmt: skip
    for key, name, digest in inputs:
        yield {
            "@id": f"#{key}", "@type": "CreativeWork", "name": visible(name),
            "identifier": f"sha256:{digest}", "description": f"The audited {key}, by its digest",
        }  # fmt: skip


def _kind(name: str) -> str:
    """What a file is that has no name of its own here, by the folder that it lies in."""
    return {"tables": "A table of the audit", "figures": "A figure of the page"}.get(
        name.partition("/")[0], "Made from the record of the audit"
    )


def _file_of(folder: Path) -> Any:
    def one(path: Path) -> dict[str, Any]:
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        return {
            "@id": name, "@type": "File", "name": name, "description": SAID.get(name, _kind(name)),
            "contentSize": str(len(data)), "sha256": sha256(data).hexdigest(),
            "encodingFormat": KINDS.get(path.suffix, "application/octet-stream"),
        }  # fmt: skip

    return one
