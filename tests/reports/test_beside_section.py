"""T11, T12, T13 and F20 of the page: layers, slices, proxies and associations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evenlight import reports
from evenlight.further import Further
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.proxied import Proxied
from evenlight.measures.slices import Slices
from evenlight.record import Audit
from tests.figures.test_association import association
from tests.html_tree import Node, tree
from tests.made_audit import audit

HOSTILE = "</td><script>alert(1)</script>"
NAN = float("nan")


def encoded() -> EncodedUsed:
    """Two layers of a network: one used, one small group, not erased."""
    few = "fewer than 11 units in Asian; more people are needed"
    return EncodedUsed(
        groupings=("race", "race"),
        besides=("", ""),
        layers=("first", HOSTILE),
        contrasts=(("Black", "White"), ("Asian", "White")),
        given="outcome",
        target="dose",
        margins=(0.05, 0.1),
        alpha=0.05,
        draws=999,
        unit=1.0,
        n=np.array([[300, 400], [NAN, 400]]),
        auc=np.array([0.8, NAN]),
        auc_low=np.array([0.75, NAN]),
        auc_high=np.array([0.85, NAN]),
        auc_p=np.array([0.001, NAN]),
        gap=np.array([0.5, NAN]),
        used=np.array([0.4, NAN]),
        used_low=np.array([0.3, NAN]),
        used_high=np.array([0.5, NAN]),
        readout=np.array([0.9, NAN]),
        readout_gap=np.array([0.4, NAN]),
        encoded=np.array(["different", "not_estimable"]),
        uses=np.array(["different", "not_estimable"]),
        reading=np.array(["encoded_and_used", "not_estimable"]),
        reason=np.array(["", few]),
        used_reason=np.array(["", few]),
        rounded=np.array([0, 1]),
    )


def slices(names: tuple[str, ...] = ("site: 3", "age: low third")) -> Slices:
    """One slice is confirmed, one has too few people in the other half."""
    few = "fewer than 11 units of the slice, or outside it, in the half that confirms"
    s = len(names)
    return Slices(
        names=names,
        of="loss",
        over=("site", "age"),
        target="dose",
        searched=12,
        alpha=0.05,
        n=np.array([[40, 45], [25, 0]])[:s],
        found=np.array([0.5, 0.4])[:s],
        effect=np.array([0.3, NAN])[:s],
        low=np.array([0.1, NAN])[:s],
        high=np.array([0.5, NAN])[:s],
        holm=np.array([0.002, NAN])[:s],
        verdict=np.array(["confirmed", "not_estimable"])[:s],
        reason=np.array(["", few])[:s],
        rounded=True,
    )


def proxied() -> Proxied:
    """Two clusterings, of which one cuts through a continuum; one verdict depends on them."""
    return Proxied(
        name=HOSTILE,
        made_of="axes",
        units=500,
        components=2,
        k=np.array([2, 3]),
        stability=np.array([0.9, 0.4]),
        expected=np.array([0.5, 0.6]),
        between=np.array([0.6, 0.7]),
        smallest=np.array([120, 0]),
        subjects=("performance | mae", "reliance given outcome | eta_squared"),
        words=np.array([["similar", "different"], ["cannot_tell", "different"]]),
    )


def made() -> Audit:
    """The made audit with all of it."""
    further = Further(
        associations=(association(),),
        encoded=(encoded(),),
        slices=(slices(),),
        proxies=(proxied(),),
    )
    return replace(audit(), further=further)


@pytest.fixture(scope="module", name="place")
def _place() -> dict[str, Node]:
    """Every element with an id."""
    root = tree(reports.build(made()))
    return {n.attributes["id"]: n for n in root.walk() if "id" in n.attributes}


def test_a_layer_tells_what_is_encoded_and_what_of_it_is_used(place: dict[str, Node]) -> None:
    """AUC, what goes, both verdicts and the reading; a small group is a reason and no count."""
    text = place["t11"].text()
    for words in ("0.80 [0.75, 0.85]", "+0.40 [0.30, 0.50]", "encoded and used", "300 and 400"):
        assert words in text
    assert "not told and 400" in text
    assert "fewer than 11 units in Asian" in text
    assert "Encoded is no evidence of use" in text


def test_a_slice_is_told_by_the_half_that_did_not_find_it(place: dict[str, Node]) -> None:
    """Both halves, p and word; fewer than 11 people are no number."""
    text = place["t12"].text()
    for words in ("largest loss", "site: 3", "40 and 45", "+0.30 [0.10, 0.50]", "confirmed"):
        assert words in text
    assert "25 and fewer than 11" in text


def test_proxies_are_called_proxies_wherever_they_stand(place: dict[str, Node]) -> None:
    """The heading, both captions and a head of each table say so; a continuum is called one."""
    part = place["t13"].parent
    assert part is not None
    assert part.all("h3")[0].text().startswith("Proxy groups: clusters of the axes")
    for key in ("t13", "t13v"):
        assert "roxy" in place[key].all("caption")[0].text()
        assert "roxy" in place[key].all("thead")[0].text()
    assert "no: a continuum" in place["t13"].text()
    assert "fewer than 11" in place["t13"].text()
    rows = [row.text() for row in place["t13v"].all("tbody")[0].all("tr")]
    assert rows[0].startswith("performance: mean absolute error")
    assert rows[0].endswith("yes")
    assert rows[1].endswith("no")


def test_the_association_stands_beside_the_share(place: dict[str, Node]) -> None:
    """The picture, and a table in which the largest share comes first; strata left out are told."""
    assert "f20" in place
    assert "too few people to compare: 2" in place["t5a"].all("caption")[0].text()
    rows = [row.text() for row in place["t5a"].all("tbody")[0].all("tr")]
    assert rows[0].startswith("VKORC1")
    assert len(rows) == 8


def test_names_of_layers_and_proxies_are_only_text(place: dict[str, Node]) -> None:
    """A name that would open a tag is shown as it is."""
    for key in ("t11", "t13"):
        part = place[key].parent
        assert part is not None
        assert "alert(1)" in part.text()
        assert not part.all("script")


def test_every_table_has_rows_of_one_width(place: dict[str, Node]) -> None:
    """As many cells as heads, where a head spans rows and in a part without slices as well."""
    none = replace(made(), further=replace(made().further, slices=(slices(()),)))
    root = tree(reports.build(none))
    empty = next(n for n in root.walk() if n.attributes.get("id") == "t12")
    assert "no slice has 20 people" in empty.text()
    for table in (*(place[k] for k in ("t11", "t12", "t13", "t13v", "t5a")), empty):
        many = len(table.all("thead")[0].all("th"))
        for body in table.all("tbody"):
            rows = body.all("tr")
            span = sum(head.attributes.get("scope") == "rowgroup" for head in rows[0].all("th"))
            for i, row in enumerate(rows):
                wide = len(row.all("th")) + len(row.all("td")) + (span if i else 0)
                assert wide == many


def test_slices_stand_where_no_reliance_was_measured() -> None:
    """What was asked for is shown in its section, whatever else is missing."""
    root = tree(reports.build(replace(made(), reliances=(), comparisons=())))
    text = next(n for n in root.walk() if n.attributes.get("id") == "b4").text()
    assert "Where it is worst" in text
    assert "Proxy groups" in text


def test_a_proxied_record_checks_itself() -> None:
    """Only verdict words, shapes that fit, and a known origin."""
    good = proxied()
    assert good.changes.tolist() == [True, False]
    assert good.clustered.tolist() == [True, False]
    assert "1 of 2 verdicts depend" in repr(good)
    for wrong in (
        {"words": np.full((2, 2), "worse")},
        {"k": np.array([2])},
        {"made_of": "ancestry"},
    ):
        with pytest.raises(ValueError, match=r"Proxied|made_of"):
            replace(good, **wrong)
