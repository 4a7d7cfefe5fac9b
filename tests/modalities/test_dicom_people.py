"""No byte of what is read from DICOM tells who took part, when or where."""

from __future__ import annotations

import logging
import traceback
import warnings
from inspect import getclosurevars
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, keyword_dict

from evenlight.errors import CohortError, EvenlightError
from evenlight.modalities import dicom as reading
from evenlight.modalities.dicom import read_dicom_rows
from evenlight.modalities.dicom_tags import NUMBERS, WORDS, facts_of
from tests.scan_files import dicom, everything, slices, values

NAMES = ("ZYXWVUT", "QQMRN4711QQ", "19500102", "HOSPITALXYZ")

PLANTED = {
    "PatientName": "ZYXWVUT^JANE", "PatientID": "QQMRN4711QQ", "IssuerOfPatientID": "HOSPITALXYZ",
    "OtherPatientIDs": "QQMRN4711QQ", "PatientBirthDate": "19500102", "StudyDate": "19500102",
    "SeriesDate": "19500102", "AcquisitionDateTime": "19500102101112", "AccessionNumber":
    "QQMRN4711QQ", "StudyID": "QQMRN4711QQ", "InstitutionName": "HOSPITALXYZ",
    "InstitutionAddress": "HOSPITALXYZ 1", "ReferringPhysicianName": "ZYXWVUT^A",
    "OperatorsName": "ZYXWVUT^B", "StationName": "HOSPITALXYZ", "StudyDescription": "ZYXWVUT",
    "SeriesDescription": "QQMRN4711QQ", "PatientComments": "HOSPITALXYZ",
    "ImageComments": "ZYXWVUT", "PatientAddress": "HOSPITALXYZ 2",
    "EthnicGroup": "ZYXWVUT", "Occupation": "ZYXWVUT",
    "DeviceSerialNumber": "QQMRN4711QQ", "Manufacturer": "ZYXWVUT", "ManufacturerModelName":
    "HOSPITALXYZ", "ProtocolName": "ZYXWVUT", "BodyPartExamined": "ZYXWVUT",
    "ViewPosition": "ZYXWVUT", "PatientSex": "ZYXWVUT", "PatientAge": "1950", "Modality": "CR",
    "PatientPosition": "HOSPITALXYZ", "ImageLaterality": "ZYXWVUT", "VOILUTFunction": "ZYXWVUT",
    "RescaleType": "QQMRN4711QQ", "WindowCenterWidthExplanation": "ZYXWVUT",
    "PresentationIntentType": "HOSPITALXYZ", "BurnedInAnnotation": "ZYXWVUT",
    "SeriesInstanceUID": "1.2.19500102.4711", "StudyInstanceUID": "1.2.19500102.4711",
    "FrameOfReferenceUID": "1.2.19500102.4711",
}  # fmt: skip


def planted(path: Path, seed: int = 0, **tags: object) -> Path:
    """A file whose every text names somebody, in private tags and sequences as well."""
    stored = np.random.default_rng(seed).integers(0, 4096, size=(5, 6)).astype(np.uint16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dicom(path, stored, **{**PLANTED, "BitsStored": 12, **tags})
        made = pydicom.dcmread(path)
        made.private_block(0x0011, "ZYXWVUT", create=True).add_new(1, "LO", "QQMRN4711QQ")
        inner = pydicom.Dataset()
        inner.PatientID, inner.CodeMeaning = "QQMRN4711QQ", "HOSPITALXYZ"
        made.OtherPatientIDsSequence = made.RequestAttributesSequence = [inner]
        made.save_as(path)
    return path


def told(made: bytes) -> list[str]:
    """The planted words that some bytes hold, as text or as UTF-16."""
    low = made.lower()
    return [n for n in NAMES for code in ("ascii", "utf-16-le") if n.lower().encode(code) in low]


def test_the_planted_words_are_in_the_files(tmp_path: Path) -> None:
    """The search finds what it looks for where it is: in the file itself."""
    assert sorted(set(told(planted(tmp_path / "a.dcm").read_bytes()))) == sorted(NAMES)


@pytest.mark.parametrize("window", [None, "bits", (2000.0, 500.0)])
def test_nobody_is_in_what_is_made(tmp_path: Path, window: object) -> None:
    """Facts, notes, space, values and readers hold no planted word, in no spelling."""
    files = [planted(tmp_path / f"{k}.dcm", k) for k in range(3)]
    rows = read_dicom_rows(files, window=window)  # type: ignore[arg-type]
    assert told(everything(rows)) == []
    assert rows.facts["view"].tolist() == ["other"] * 3
    assert rows.facts["age"].isna().all()


def test_names_of_files_are_not_shown(tmp_path: Path) -> None:
    """Paths are needed to read later; no repr, fact or note tells one."""
    rows = read_dicom_rows([planted(tmp_path / f"ZYXWVUT_{k}.dcm", k) for k in range(2)])
    reads = getclosurevars(rows.x.source.read).nonlocals["x"]  # type: ignore[union-attr]
    shown = repr((rows, rows.x, reads, rows.notes)) + rows.facts.to_csv()
    assert told(shown.encode()) == []


def test_nobody_is_in_a_volume(tmp_path: Path) -> None:
    """The same of a series of slices, whose identifiers decide what belongs together."""
    held = np.zeros((3, 5, 6), dtype=np.uint16)
    tags = {k: v for k, v in PLANTED.items() if k not in ("RescaleType", "SeriesInstanceUID")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = slices(tmp_path / "s", held, spacing=(3.0, 2.0, 1.5), **tags)
    assert told(everything(read_dicom_rows([folder]))) == []


def test_nobody_is_in_errors_warnings_or_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken files are told by position: no name in the message, its causes, a warning or a log."""
    good = planted(tmp_path / "ZYXWVUT_1.dcm")
    broken = {
        "no_rows": planted(tmp_path / "ZYXWVUT_2.dcm", Rows=7),
        "grey": planted(tmp_path / "ZYXWVUT_3.dcm", PhotometricInterpretation="ZYXWVUT"),
        "bits": planted(tmp_path / "ZYXWVUT_4.dcm", BitsStored=16),
    }
    cut = tmp_path / "ZYXWVUT_5.dcm"
    cut.write_bytes(good.read_bytes()[:-20])
    text = tmp_path / "ZYXWVUT_6.dcm"
    text.write_text("QQMRN4711QQ")
    caplog.set_level(logging.DEBUG)
    for bad in (*broken.values(), cut, text):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            with pytest.raises(EvenlightError) as error:
                values(read_dicom_rows([good, bad]))
        lines = [str(one.message) for one in seen]
        lines += [str(error.value), repr(error.value.__cause__)]
        chained = traceback.format_exception_only(error.value)
        assert told("\n".join([*lines, *chained]).encode()) == []
        assert error.value.__suppress_context__ or error.value.__context__ is None
    out = capsys.readouterr()
    assert told((caplog.text + out.out + out.err).encode()) == []


def test_only_listed_tags_are_read() -> None:
    """What is read of a file is a closed list; no name, date or free text of a person is on it."""
    listed = {*reading.HEAD, *reading.PIXELS}
    known = {keyword: tag for tag, keyword in ((v, k) for k, v in keyword_dict.items())}
    kinds = {keyword: dictionary_VR(known[keyword]) for keyword in listed}
    assert not [
        keyword for keyword, vr in kinds.items() if vr in ("PN", "DA", "DT", "TM", "LT", "ST")
    ]
    about = {keyword for keyword in listed if keyword.startswith("Patient")}
    kept = {"ID", "Sex", "Age", "Position", "Orientation"}
    assert about == {f"Patient{name}" for name in kept}
    assert not [k for k in reading.PIXELS if k.startswith(("Patient", "Study", "Series", "Issuer"))]


def test_images_of_one_patient_are_known_by_number(tmp_path: Path) -> None:
    """Patients and devices are numbered in the order of files, whatever their identifiers are."""
    people = ["p9", "p1", "p9", "", "p1"]
    makers = ["GE", "GE", "Siemens Healthineers", "", "GE MEDICAL"]
    files = [
        planted(tmp_path / f"{k}.dcm", k, PatientID=name, Manufacturer=maker)
        for k, (name, maker) in enumerate(zip(people, makers, strict=True))
    ]
    rows = read_dicom_rows(files)
    assert rows.facts["patient"].tolist() == [0, 1, 0, -1, 1]
    assert rows.facts["device"].tolist() == [0, 0, 1, -1, 2]
    assert rows.facts["maker"].tolist() == ["ge", "ge", "siemens", "", "ge"]
    assert "4 images are of 2 patients by their headers." in rows.notes
    same = [planted(tmp_path / f"s{k}.dcm", k, PatientID="ANONYMOUS") for k in range(3)]
    assert any("carry one patient number" in note for note in read_dicom_rows(same).notes)


def test_view_sex_age_and_marks_are_facts(tmp_path: Path) -> None:
    """What an audit needs of a header comes in words of the standard; 90 and older are one age."""
    first = planted(
        tmp_path / "a.dcm", ViewPosition="AP", PatientSex="F", PatientAge="093Y",
        BurnedInAnnotation="YES", KVP=110, PresentationIntentType="FOR PRESENTATION",
    )  # fmt: skip
    rows = read_dicom_rows([first, planted(tmp_path / "b.dcm", 1, PatientAge="061Y")])
    assert rows.facts[["view", "sex", "burned_in"]].to_numpy()[0].tolist() == ["AP", "F", "YES"]
    assert rows.facts["age"].tolist() == [90.0, 61.0]
    assert rows.facts.loc[0, "kvp"] == 110.0
    assert any(
        "Fewer than 11 of 2 images say that text is burned into them" in note for note in rows.notes
    )


@given(st.sampled_from(sorted(WORDS)), st.text(max_size=20))
def test_no_text_passes(tag: str, text: str) -> None:
    """Whatever a tag of words holds, its fact is one of the listed words, "other" or nothing."""
    made = pydicom.Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        setattr(made, tag, text)
    facts = facts_of([made])
    every = {word for words in WORDS.values() for word in words} | {"other", "", *NUMBERS}
    held = [v for v in facts.iloc[0].tolist() if isinstance(v, str)]
    assert set(held) <= every
    assert facts["patient"].tolist() == [-1]


def test_two_patients_in_a_folder_are_refused_without_their_names(tmp_path: Path) -> None:
    """Slices of two people are no volume, and neither is named."""
    folder = slices(tmp_path / "s", np.zeros((3, 5, 6), np.uint16), spacing=(3.0, 2.0, 1.5),
                    PatientID="QQMRN4711QQ")  # fmt: skip
    other = pydicom.dcmread(folder / "0.dcm")
    other.PatientID = "ZYXWVUT"
    other.save_as(folder / "0.dcm")
    with pytest.raises(CohortError, match="holds 2 patients") as error:
        read_dicom_rows([folder])
    assert told(str(error.value).encode()) == []
