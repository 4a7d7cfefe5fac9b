"""Where a model looks: maps and regions in a plan, in the record, among findings, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from evenlight.api import report, run
from evenlight.auditing import audit
from evenlight.check import check
from evenlight.codec import plain
from evenlight.cohorts.phantom import NOTHING, Phantom, phantom
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.space import Space
from evenlight.errors import PlanError
from evenlight.measures.regions_telling import CARRIES, READINGS
from evenlight.measures.superpixels import balanced_spread
from evenlight.plan import Plan
from evenlight.plan_people import MAP_VIEWS
from evenlight.record import Audit, audit_schema
from evenlight.reports import build
from tests.html_tree import tree
from tests.mapped_world import chests, looking

SIDE = 24
QUESTION = {"measure": "reliance", "grouping": "group", "given": "outcome"}


def builder() -> torch.nn.Module:
    """A sum over positions, not yet weighted."""
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIDE * SIDE, 1)).eval()


def network(made: Phantom) -> torch.nn.Module:
    """Looks at the usual lesion and at the mark, and nowhere else."""
    net: torch.nn.Module = builder()
    last: Any = list(net.children())[-1]
    with torch.no_grad():
        last.weight.copy_(torch.tensor(20 * looking(made)).reshape(1, -1))
        last.bias.zero_()
    return net


def asked(**more: Any) -> Plan:
    """A plan of one question, quick, with what is named."""
    return Plan.from_data({
        "explain": {"method": "ig", "baseline": "mean", "repeats": 0},
        "maps": {"draws": 200, "forming": 0.005}, "question": [QUESTION], **more,
    })  # fmt: skip


@pytest.fixture(scope="module", name="people")
def _people() -> Phantom:
    return chests(160)


@pytest.fixture(scope="module", name="found")
def _found(people: Phantom) -> Audit:
    """One audit of people with a mark that goes with the group."""
    without = {"maps": {"draws": 200, "forming": 0.005, "without": ["outside"]}}
    return audit(network(people), people.cohort, plan=asked(**without), sets=people.regions)


def test_maps_shares_and_signs_are_in_the_record(found: Audit, people: Phantom) -> None:
    """Three maps given nothing and the outcome, without what is left out; only the mark tells."""
    (maps,), (shares,) = found.further.maps, found.further.region_shares
    (telling,), (image,) = found.further.region_telling, found.further.images
    assert [(v.name, v.given) for v in maps.views] == [
        (name, given) for name in MAP_VIEWS for given in ("nothing", "outcome")
    ]
    assert maps.means == MAP_VIEWS
    outside = people.labels == people.regions.names.index("outside")
    np.testing.assert_array_equal(maps.mask == 0, outside)
    assert {c.region for c in maps.told(1)} == {people.mark_region}
    assert shares.sets == people.regions.names
    np.testing.assert_allclose(shares.share.sum(axis=1), 1.0)
    assert telling.candidates() == (people.mark_region,)
    own = people.cohort.grouping("group").codes
    means = [people.cohort.dense()[own == k].mean(axis=0)[0] for k in (0, 1)]
    step = np.diff(np.unique(image.image)).min()  # grey values are told to one step
    balanced, reach = balanced_spread(people.cohort)
    assert step == pytest.approx(reach, rel=1e-4)
    np.testing.assert_allclose(image.image, balanced[0], atol=0.51 * step)
    assert np.corrcoef(image.image.ravel(), np.mean(means, axis=0).ravel())[0, 1] > 0.98


def test_the_record_comes_back_and_fits_its_schema(found: Audit) -> None:
    """JSON loses nothing of maps, regions and the mean image."""
    again = Audit.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    named = audit_schema()["$defs"]["Audit"]["properties"]["schema"]["const"]
    jsonschema.validate(plain(again) | {"schema": named}, audit_schema())
    tables = found.tables()
    assert set(tables["region_shares"]["level"]) == {"a", "b"}
    assert {"maps", "region_telling", "images"} <= set(tables)


def test_findings_say_where(found: Audit) -> None:
    """One finding a map that differs, one a candidate region, with numbers and what decides."""
    maps = {f.view: f.sentence for f in found.findings if f.kind == "map"}
    assert "among people with the same outcome: in " in maps["signed|outcome|margin"]
    assert "of its mass in marker corner" in maps["signed|outcome|margin"]
    for told in maps.values():
        assert "differs between b and a" in told
        assert "looks" not in told  # of one function that images differ is no other look
    assert maps["signed|nothing|margin"].startswith("What positions add to the output differs")
    assert maps["signed|nothing|margin"].endswith("Images differ there, or their use does.")
    (region,) = [f for f in found.findings if f.kind == "region"]
    assert (region.subject, region.severity, region.view) == ("marker corner", "watch", "outcome")
    assert "% of the output's variance lies between the groups there" in region.sentence
    assert "the gate of reliance decides" in region.sentence


def test_the_page_shows_where_it_looks(found: Audit, tmp_path: Path) -> None:
    """B7 has its link, a picture with a text from the numbers, tables, and no single person."""
    text = report(found, tmp_path).read_text()
    root = tree(text)
    (b7,) = [n for n in root.all("section") if n.attributes["id"] == "b7"]
    assert [a for a in root.all("a") if a.attributes["href"] == "#b7"]
    told = [d.text() for d in b7.all("desc")]
    assert told[0].startswith("attribution given the outcome, b against a: one cluster")
    assert [t.split(" given")[0] for t in told] == ["attribution", "|attribution|", "sensitivity"]
    for words in (
        "Candidates for a shortcut among people with the same outcome: marker corner.",
        "F11. ", "T9. ", "T9, shortcuts. ", "T9, clusters. ", "laid on the mean image",
        "Maps of their size, b against a", "Maps of the output's slopes, b against a",
        "Mean slope of the output of each group on one scale",
    ):  # fmt: skip
        assert words in b7.text(), words
    methods = next(n for n in root.all("section") if n.attributes["id"] == "c1").text()
    assert "Maps by group: 576 positions (template generated chest)" in methods
    assert "p00001" not in text
    assert (tmp_path / "figures" / "F11.svg").is_file()


def test_burned_in_marks_are_looked_for_without_being_asked(found: Audit) -> None:
    """A mark that goes with the group is told by the detectors of marks, in words and a table."""
    (beside,) = found.further.artefacts
    told = beside.to_frame().query("given == 'outcome'").set_index("subject")["p_maxt"]
    assert told["stamp"] < 0.01
    assert told["border"] > 0.05
    (note,) = [note for note in found.warnings if "burned-in" in note]
    assert note.startswith("Detectors of burned-in marks tell group among people with the same out")
    assert "stamp (narrow and bright in a corner)" in note
    b7 = next(n for n in tree(build(found)).all("section") if n.attributes["id"] == "b7").text()
    assert "What lies in the images beside the body, by group" in b7
    assert "T9, beside the body." in b7


def test_nothing_planted_is_no_candidate() -> None:
    """People who differ in nothing: no cluster given the outcome, no region that tells."""
    same = chests(160, planted=NOTHING)
    made = audit(network(same), same.cohort, plan=asked(), sets=same.regions)
    assert not made.further.maps[0].told(1)
    assert made.further.region_telling[0].candidates() == ()
    assert not [f for f in made.findings if f.kind in ("map", "region")]
    assert not [note for note in made.warnings if "burned-in" in note]


def test_where_regions_cannot_be_asked_the_page_says_why(found: Audit) -> None:
    """The strictest condition that can be asked speaks; where none can, the reason stands."""
    (telling,) = found.further.region_telling
    for left, words in (
        (("nothing",), "Candidates for a shortcut: "),
        ((), "cannot be asked here"),
    ):
        none = np.array([given not in left for given in telling.given])[:, None]
        hidden = replace(
            telling, reading=np.where(none, READINGS[-1], telling.reading),
            share_reason=np.where(none, "too few", telling.share_reason),
            **dict[str, Any](
                {name: np.where(none, np.nan, getattr(telling, name)) for name in CARRIES}
            ),
        )  # fmt: skip
        page = build(replace(found, further=replace(found.further, region_telling=(hidden,))))
        b7 = next(n for n in tree(page).all("section") if n.attributes["id"] == "b7").text()
        assert words in b7


def test_positions_that_are_not_shared_are_compared_by_region_only(people: Phantom) -> None:
    """No map is averaged where nobody says that places are the same; regions are, with a note."""
    features = people.cohort.features
    nowhere = Features(features.names, space=Space((SIDE, SIDE)))
    alone = people.cohort.altered(features=nowhere)
    made = audit(network(people), alone, plan=asked(), sets=people.regions)
    assert made.further.maps == ()
    assert made.further.images == ()
    assert made.further.region_shares
    assert any("regions were" in told for told in made.warnings)
    with pytest.raises(PlanError, match=r"maps\.compare needs images whose positions"):
        audit(network(people), alone, plan=asked(maps={"compare": True}), sets=people.regions)


def test_a_grid_and_superpixels_need_no_file(people: Phantom) -> None:
    """A plan that names them makes the regions, blind to the groups."""
    for regions, names in (
        ({"grid": [2, 2]}, ("part 1,1", "part 1,2", "part 2,1", "part 2,2")),
        ({"superpixels": 4}, ("superpixel 1", "superpixel 2", "superpixel 3", "superpixel 4")),
    ):
        plan = asked(regions=regions, maps={"compare": False})
        made = audit(network(people), people.cohort, plan=plan)
        assert made.comparisons[0].subjects == names
        assert any("the plan does not ask for it" in told for told in made.warnings)


@pytest.mark.parametrize(
    ("more", "given", "told"),
    [
        ({"regions": {"grid": [2, 2]}}, True, "regions are given twice, by regions.grid"),
        ({"regions": {"grid": [99, 2]}}, False, "regions.grid: "),
        ({"regions": {"labels": "a.npy"}}, False, "regions.labels is a file beside the plan"),
        ({"maps": {"without": ["outsid"]}}, True, "'outsid'.*did you mean 'outside'"),
    ],
)
def test_regions_that_do_not_fit_are_an_error_before_any_compute(
    people: Phantom, more: dict[str, Any], given: bool, told: str
) -> None:
    """The plan, the cohort and the regions are held together before the model is called."""
    sets = people.regions if given else None
    with pytest.raises(PlanError, match=told):
        audit(lambda x: 1 / 0, people.cohort, plan=asked(**more), sets=sets)


def test_regions_of_a_table_are_refused() -> None:
    """A table has columns, and no regions."""
    table = Cohort(np.eye(40), phantom(40).cohort.people, groups=["group"], outcome="ill")
    with pytest.raises(PlanError, match=r"regions\.grid is of images, and x is a table of 40"):
        audit(lambda x: 1 / 0, table, plan=asked(regions={"grid": [2, 2]}))


PLAN = """
[model]
weights = "net.safetensors"
builder = "tests.audits.test_looked_audit:builder"

[cohort]
table = "people.csv"
id = "image"
images = { path = "images.npz", key = "x", names = "image", layout = "nhw", shared = "registered" }
outcome = "ill"
unit = "person"
groups = ["arm"]

[groups.arm]
column = "group"
reference = "a"

[regions]
labels = "regions.npy"
names = { 0 = "outside", 1 = "marker corner", 2 = "soft tissue", 3 = "lung r", 4 = "lung l", 5 = "heart" }

[explain]
method = "ig"
baseline = "mean"
repeats = 0

[maps]
draws = 200
forming = 0.005
without = ["outside"]

[[question]]
measure = "reliance"
grouping = "arm"
"""  # noqa: E501


def written(folder: Path, people: Phantom) -> Path:
    """The same world as files; images in another order than the table."""
    cohort = people.cohort
    order = np.argsort(cohort.rows)[::-1]
    cohort.people.to_csv(folder / "people.csv", index_label="image")
    x = cohort.dense(order)[:, 0].astype(np.float32)
    np.savez(folder / "images.npz", x=x, image=cohort.rows[order])
    np.save(folder / "regions.npy", people.labels.astype(np.int16))
    save_file(network(people).state_dict(), folder / "net.safetensors")
    (folder / "audit.toml").write_text(PLAN)
    return folder / "audit.toml"


def test_a_plan_of_files_reads_images_and_regions(
    tmp_path: Path, people: Phantom, found: Audit
) -> None:
    """Images and a label map beside the plan give what the same objects in memory give."""
    plan = written(tmp_path, people)
    lines = list(check(plan, trust="import"))
    assert any(line.startswith("regions  outside, marker corner, ") for line in lines)
    made = run(plan, tmp_path / "out", trust="import")
    (maps,), (here,) = made.further.maps, found.further.maps
    np.testing.assert_allclose(maps.mean, here.mean, atol=1e-4)
    assert {c.region for c in maps.told(1)} == {"marker corner"}
    assert (tmp_path / "out" / "tables" / "region_shares.csv").is_file()
    assert 'id="b7"' in (tmp_path / "out" / "report.html").read_text()


def test_a_colour_picture_is_no_label_map(tmp_path: Path, people: Phantom) -> None:
    """Its red channel alone would merge red and yellow; as one channel of grey it is read."""
    plan = written(tmp_path, people)
    plan.write_text(PLAN.replace("regions.npy", "regions.png"))
    labels = people.labels.astype(np.uint8)
    Image.fromarray(np.stack([labels % 2, labels, labels], axis=-1)).save(tmp_path / "regions.png")
    with pytest.raises(PlanError, match=r"regions\.labels: regions.png has 3 channels \(red, gr"):
        list(check(plan, trust="import"))
    Image.fromarray(labels).save(tmp_path / "regions.png")
    assert any(line.startswith("regions  outside, ") for line in check(plan, trust="import"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('labels = "regions.npy"', 'labels = "none.npy"', "there is no file 'none.npy'"),
        ('path = "images.npz"', 'path = "../images.npz"', "leads out of the plan's folder"),
        ('path = "images.npz"', 'path = "scans"', "there is no file or folder 'scans'"),
        ('1 = "marker corner", ', "", "regions.labels: "),
    ],
)
def test_files_that_do_not_fit_are_told(
    tmp_path: Path, people: Phantom, old: str, new: str, told: str
) -> None:
    """A file that is not there, or elsewhere, and labels without a name."""
    plan = written(tmp_path, people)
    plan.write_text(PLAN.replace(old, new))
    with pytest.raises(PlanError, match=told):
        list(check(plan, trust="import"))
