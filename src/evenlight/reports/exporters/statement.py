"""An in-toto statement: this verdict belongs to these files, this model, these people, this plan.

Statement v1 of https://github.com/in-toto/attestation; the envelope is DSSE v1 of
https://github.com/secure-systems-lab/dsse, which cosign and policy engines read.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from evenlight.errors import InputError
from evenlight.record import SCHEMA, Audit

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:evenlight:verdict:1"
PAYLOAD = "application/vnd.in-toto+json"
FILES = ("audit.json", "gate.json", "report.html")
"""The files that a statement is about, where they are there."""

PATIENCE = 120.0
"""Seconds that a signing command may take."""


def statement(audit: Audit, folder: Path) -> dict[str, str]:
    """attestation.json: the statement, unsigned (`signed` makes an envelope of it)."""
    return {"attestation.json": json.dumps(_statement(audit, folder), indent=1) + "\n"}


def signed(text: str, command: str) -> str:
    """A DSSE envelope around a statement, signed by what `command` writes to stdout.

    The command gets the bytes to be signed (the pre-authentication encoding) on stdin, and runs
    without a shell. Raises InputError where it cannot be run, fails, or writes nothing.

    >>> json.loads(signed("{}", "cat"))["payload"]
    'e30='
    """
    payload = text.encode("utf-8")
    signature = _signature(encoded(payload), command)
    envelope = {
        "payload": b64encode(payload).decode(),
        "payloadType": PAYLOAD,
        "signatures": [{"keyid": "", "sig": b64encode(signature).decode()}],
    }
    return json.dumps(envelope, indent=1) + "\n"


def encoded(payload: bytes) -> bytes:
    """The pre-authentication encoding of DSSE v1: type and payload, each with its length.

    >>> encoded(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _statement(audit: Audit, folder: Path) -> dict[str, Any]:
    found = [folder / name for name in FILES if (folder / name).is_file()]
    about = {
        "model": audit.model.digest, "cohort": audit.cohort.digest, "plan": audit.plan_digest,
    }  # fmt: skip
    subjects = [(path.name, sha256(path.read_bytes()).hexdigest()) for path in found]
    return {
        "_type": TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in (*subjects, *about.items())
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "tool": {"name": "evenlight", "version": _version(audit)},
            "schema": SCHEMA,
            "date": audit.provenance.get("date"),
            "planFixedInAdvance": audit.plan_fixed,
            **{k: v for k, v in audit.gate_data().items() if k != "digests"},
        },
    }


def _version(audit: Audit) -> str:
    versions = audit.provenance.get("versions", {})
    return str(versions.get("evenlight", "unknown"))


def _signature(message: bytes, command: str) -> bytes:
    words = shlex.split(command)
    if not words:
        raise InputError("the command that signs is empty; give one, as 'openssl dgst -sign KEY'")
    try:
        done = subprocess.run(words, input=message, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        told = getattr(error, "strerror", None) or f"no answer in {PATIENCE:.0f} s"
        raise InputError(f"the command that signs, {words[0]!r}, did not run: {told}") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise InputError(
            f"the command that signs, {words[0]!r}, ended with {done.returncode} and "
            f"{len(done.stdout)} bytes; nothing was signed. {' '.join(said)}"
        )
    return done.stdout
