"""Layers, slices and proxies in a whole audit: what they find, and nobody's row on the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.api import report
from evenlight.auditing import audit
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.proxied import Proxied
from evenlight.measures.slices import Slices
from evenlight.models.adapt import adapt
from evenlight.plan import Plan
from evenlight.probes.embeddings import embed
from evenlight.probes.predict import predict
from evenlight.record import Audit, audit_schema
from tests.html_tree import tree

NAMES = ["ancestral", "scanned", "severity", "hidden"]


def asked(**reliance: object) -> Plan:
    """A plan that asks for nothing but what is named, beside one question."""
    return Plan.from_data(
        {
            "question": [{"measure": "reliance", "grouping": "ancestry", "given": "outcome"}],
            "measure": {"further": False},
            "explain": {"repeats": 0},
            "reliance": reliance,
        }
    )


def people(n: int = 500, seed: int = 0, **roles: Any) -> Cohort:
    """X tells ancestry and scanner apart; frail people are ill more often than the model knows."""
    rng = np.random.default_rng(seed)
    in_b, new = rng.random(n) < 0.5, rng.random(n) < 0.5
    x = rng.normal(size=(n, 4))
    x[:, 0] += 2.0 * in_b
    x[:, 1] += 2.0 * new
    frail = rng.random(n) < 0.3
    risk = x[:, 1] + x[:, 2] - 1.0 + 3.0 * frail
    table = pd.DataFrame(
        {
            "ancestry": np.where(in_b, "B", "A"),
            "scanner": np.where(new, "new", "old"),
            "site": rng.choice(["north", "south"], n),
            "frail": np.where(frail, "yes", "no"),
            "age": rng.uniform(20, 90, n),
            "ill": (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int),
        },
        index=[f"person{i:05d}" for i in range(n)],
    )
    axes = Axes("pcs", np.column_stack([3.0 * in_b, new]) + 0.5 * rng.normal(size=(n, 2)), None)
    own: dict[str, Any] = {
        "groups": ["ancestry", "scanner"], "strata": ["site"], "axes": [axes], "outcome": "ill",
    }  # fmt: skip
    return Cohort(x, table, NAMES, unit="row", **{**own, **roles})


class Net(nn.Module):
    """A first layer that keeps all it is given, and a head that reads `scanned` and `severity`."""

    def __init__(self) -> None:
        super().__init__()
        self.kept, self.head = nn.Linear(4, 4), nn.Linear(4, 1)
        with torch.no_grad():
            self.kept.weight.copy_(torch.eye(4))
            self.kept.bias.zero_()
            self.head.weight.copy_(torch.tensor([[0.0, 1.0, 1.0, 0.0]]))
            self.head.bias.fill_(-1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The margin (n, 1)."""
        made: torch.Tensor = self.head(self.kept(x))
        return made


def model() -> object:
    """The network with its link."""
    return adapt(Net().eval(), link="logit")


FULL = asked(layers=["kept"], slices=["frail", "age"], proxies=True)


@pytest.fixture(scope="module", name="audited")
def _audited() -> Audit:
    return audit(model(), people(), plan=FULL)


@pytest.fixture(scope="module", name="folder")
def _folder(audited: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit and its page, written."""
    made = audited.save(tmp_path_factory.mktemp("beside"))
    report(audited, made)
    return made


def test_a_layer_that_holds_a_group_is_told_from_one_that_is_used(audited: Audit) -> None:
    """Ancestry is encoded and nothing goes; the scanner is encoded and used; the site stands by."""
    ancestry, scanner = audited.further.encoded
    for record, used in ((ancestry, False), (scanner, True)):
        lines = list(zip(record.groupings, record.besides, strict=True))
        name = record.groupings[0]
        assert lines == [(name, ""), (name, "site"), ("site", name)]
        assert (record.encoded[:2] == "different").all()
        assert (record.reading[:2] == "encoded_and_used").all() == used
        assert record.encoded[2] != "different"
        far = np.abs(record.used[:2])
        assert ((far > 0.5) if used else (far < 0.3)).all()


def test_encoding_alone_is_information_and_use_is_watched(audited: Audit) -> None:
    """One finding a layer that tells a group, its severity by use, in words that say which."""
    found = {f.grouping: f for f in audited.findings if f.kind == "encoding"}
    assert {name: f.severity for name, f in found.items()} == {
        "ancestry": "info",
        "scanner": "watch",
    }
    assert "Encoding is no evidence of use" in found["ancestry"].sentence
    assert "The output uses it" in found["scanner"].sentence
    assert all("outcome and site" in f.sentence for f in found.values())


def test_a_confirmed_slice_is_a_finding(audited: Audit) -> None:
    """Frail people are ill more often than is said: searched, confirmed, and told."""
    above = next(r for r in audited.further.slices if r.of == "above")
    assert above.names[0] == "frail: yes"
    assert above.verdict[0] == "confirmed"
    assert above.low[0] > 0.1
    told = {f.subject for f in audited.findings if f.kind == "slice" and f.view == "above"}
    assert "frail: yes" in told
    assert told == {n for n, v in zip(above.names, above.verdict, strict=True) if v == "confirmed"}


def test_proxies_come_with_what_changes_over_the_clusterings(audited: Audit) -> None:
    """Axes in clumps are clustered; verdicts on performance and reliance stand by clustering."""
    (record,) = audited.further.proxies
    assert (record.made_of, record.name) == ("axes", "pcs")
    assert record.k.tolist() == [2, 3, 4, 5, 6]
    assert any(s.startswith("performance | ") for s in record.subjects)
    assert "reliance given outcome | eta_squared" in record.subjects
    slow = [len(set(record.words[:, s].tolist())) > 1 for s in range(len(record.subjects))]
    assert record.changes.tolist() == slow


def test_the_record_reads_back_and_fits_its_schema(audited: Audit) -> None:
    """Layers, slices and proxies survive JSON, and the schema describes them."""
    again = Audit.from_json(audited.to_json())
    assert again.to_json() == audited.to_json()
    jsonschema.validate(json.loads(audited.to_json()), audit_schema())
    kinds = {"encoded": EncodedUsed, "slices": Slices, "proxies": Proxied}
    assert [len(getattr(audited.further, name)) for name in kinds] == [2, 3, 1]
    for name, kind in kinds.items():
        for made in getattr(audited.further, name):
            assert plain(restore(kind, plain(made))) == plain(made)


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of an audit with its text."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_text(encoding="utf-8")


NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def rows_of(cohort: Cohort) -> set[str]:
    """Every number of every person, to eight digits: values, axes, layers, outputs, age."""
    said = predict(model(), cohort)
    (kept,) = embed(model(), cohort, layers=["kept"])
    own: list[Any] = [
        cohort.dense(),
        cohort.axes[0].values,
        kept.values,
        said.margin,
        said.response,
    ]
    own.append(cohort.people["age"].to_numpy())
    return {f"{v:.8g}" for a in own for v in np.ravel(a).astype(float)}


def numbers(text: str) -> set[str]:
    """The numbers of a text that are told to at least eight digits."""
    return {f"{float(v):.8g}" for v in NUMBER.findall(text) if len(v) > 9}


def test_nobody_is_on_the_page_in_the_record_or_in_a_table(folder: Path) -> None:
    """No id of a person and no number of a person, in any file; an embedding would be caught."""
    cohort = people()
    mine = rows_of(cohort)
    files = dict(written(folder))
    assert {"encoded.csv", "slices.csv", "proxies.csv", "proxy_verdicts.csv"} <= set(files)
    assert {"report.html", "audit.json"} <= set(files)
    for name, text in files.items():
        assert "person0" not in text, name
        assert not numbers(text) & mine, name
    assert len(numbers(files["audit.json"])) > 500
    (kept,) = embed(model(), cohort, layers=["kept"])
    assert numbers(kept.to_frame().to_csv()) & mine


def test_small_groups_are_counted_nowhere(audited: Audit) -> None:
    """Counts are 0, for fewer than 11, or at least 11."""
    further = audited.further
    counts = [r.n.ravel() for r in further.encoded] + [r.n.ravel() for r in further.slices]
    counts += [r.smallest for r in further.proxies]
    for own in counts:
        assert ((own == 0) | (own >= 10)).all()


def test_the_page_shows_all_of_it(folder: Path) -> None:
    """T11, T12 and T13 with their words; proxy in the heading and in every head; ids are unique."""
    root = tree((folder / "report.html").read_text(encoding="utf-8"))
    ids = [n.attributes["id"] for n in root.walk() if "id" in n.attributes]
    assert len(ids) == len(set(ids))
    assert {"t11", "t11-2", "t12", "t13", "t13v"} <= set(ids)
    place = {n.attributes["id"]: n for n in root.walk() if "id" in n.attributes}
    assert "encoded and used" in place["t11-2"].text()
    assert "ancestry within site" in place["t11"].text()
    assert "site within ancestry" in place["t11"].text()
    assert "frail: yes" in place["t12"].text()
    assert "confirmed" in place["t12"].text()
    heads = [n.text() for n in root.all("h3")]
    assert "Proxy groups: clusters of the axes pcs" in heads
    for key in ("t13", "t13v"):
        assert "proxy" in place[key].all("thead")[0].text().casefold()
    methods = place["c1"].text()
    for words in ("Layers by ancestry", "Worst slices (largest loss)", "Proxy groups: k-means"):
        assert words in methods
