"""The page in another language: all its sentences are in the catalogue, and nothing else moves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from evenlight.errors import InputError
from evenlight.language import plural, speaking, spoken
from evenlight.record import Audit
from evenlight.reports import build
from evenlight.reports.catalogue import begun, catalogue, template, untold
from evenlight.reports.exporters.summary import summary
from evenlight.reports.translated import translate
from tests import made_audit
from tests.command_line import evenlight
from tests.html_tree import tree
from tests.pointed_audits import everything
from tests.pseudo import Pseudo, recorded, unspoken

ROOT = Path(__file__).parents[2]
HEAD = 'msgid ""\nmsgstr "Language: de\\nContent-Type: text/plain; charset=utf-8\\n"\n\n'


def written(folder: Path, text: str) -> Path:
    """A catalogue with this text."""
    path = folder / "de.po"
    path.write_text(text, encoding="utf-8")
    return path


def german(folder: Path, **told: str) -> Path:
    """A German catalogue of some sentences."""
    made = polib.POFile()
    made.metadata = {"Language": "de", "Content-Type": "text/plain; charset=utf-8"}
    made.extend(polib.POEntry(msgid=english, msgstr=own) for english, own in told.items())
    return written(folder, str(made))


def known() -> frozenset[str]:
    """Every sentence of the catalogue."""
    entries = polib.pofile(template())
    return frozenset(text for e in entries for text in (e.msgid, e.msgid_plural) if text)


def test_the_catalogue_is_what_the_code_says() -> None:
    """Whoever adds a sentence writes the catalogue anew, and no sentence is made up as it goes."""
    done = subprocess.run(
        [sys.executable, ".ci/catalogue.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("audit", [made_audit.audit, everything])
def test_every_sentence_of_the_page_can_be_translated(audit: object) -> None:
    """Of a page in a language of wide letters only what the record says is left as it was."""
    made = audit()  # type: ignore[operator]
    with speaking("en-x-wide", Pseudo(known())):
        page, plain = build(made), summary(made, Path())["summary.html"]
    held = recorded(json.loads(made.to_json()))
    assert unspoken(page, held) == {}
    assert unspoken(plain, held) == {}
    assert tree(page).all("html")[0].attributes["lang"] == "en-x-wide"


def test_pages_in_english_are_as_they_were_after_one_in_another_language() -> None:
    """What is kept of a page (its pictures) is kept by language."""
    audit = made_audit.audit()
    before = build(audit)
    with speaking("en-x-wide", Pseudo()):
        assert build(audit) != before
    assert build(audit) == before


def test_numbers_and_pointers_do_not_depend_on_the_language() -> None:
    """The same numbers stand in the same order, with the same pointers into the record."""
    audit = made_audit.audit()
    with speaking("en-x-wide", Pseudo()):
        other = build(audit)
    pointers = re.compile(r'data-(?:ref|base)="[^"]*"')
    assert pointers.findall(other) == pointers.findall(build(audit))
    digits = re.compile(r"\d+(?:\.\d+)?")
    told, own = (digits.findall(tree(page).all("main")[0].text()) for page in (other, build(audit)))
    assert told == own


def test_a_catalogue_is_spoken(tmp_path: Path) -> None:
    """Its sentences are said with their values, the others in English; plurals by its own rule."""
    text = (
        'msgid ""\nmsgstr "Language: pl\\nContent-Type: text/plain; charset=utf-8\\nPlural-Forms: '
        "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
        '\\n"\n\nmsgid "{n} row"\nmsgid_plural "{n} rows"\nmsgstr[0] "{n} wiersz"\n'
        'msgstr[1] "{n} wiersze"\nmsgstr[2] "{n} wierszy"\n\n#, fuzzy\nmsgid "Group"\nmsgstr "?"\n'
    )
    language, sentences = catalogue(written(tmp_path, text))
    assert language == "pl"
    with speaking(language, sentences):
        said = [plural(n, "{n} row", "{n} rows", n=n) for n in (1, 3, 12)]
        assert said == ["1 wiersz", "3 wiersze", "12 wierszy"]
        assert (spoken("Group"), spoken("{n} people", n=4)) == ("Group", "4 people")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no catalogue 'de.po'; `evenlight translate AUDIT de.po` begins one"),
        ("<html></html>", "'de.po' is no catalogue of gettext .* give a .po file"),
        ('msgid ""\nmsgstr ""\n', "'de.po' names no language in its header"),
        (HEAD.replace("de", '<b lang=\\"x\\">'), "'de.po' names no language"),
        (
            HEAD + 'msgid "By {grouping}"\nmsgstr "Nach {gruppe}"\n',
            r"\{gruppe\} stands in the translation of 'By \{grouping\}' .* places are \{grouping\}",
        ),
        (
            HEAD + 'msgid "By {grouping}"\nmsgstr "Nach {grouping.__class__}"\n',
            r"\{grouping.__class__\} stands in the translation",
        ),
        (HEAD + 'msgid "Groups"\nmsgstr "{"\n', "'{' has unpaired braces"),
        (
            HEAD.replace("\\n\"\n\n", '\\nPlural-Forms: nplurals=2; plural=exit();\\n"\n\n'),
            "the plural rule of 'de.po' cannot be read",
        ),
    ],
)  # fmt: skip
def test_what_is_no_catalogue_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    """An error names the file, what is wrong, and what to do, before anything is written."""
    path = tmp_path / "de.po" if text is None else written(tmp_path, text)
    with pytest.raises(InputError, match=message):
        translate(made_audit.audit(), tmp_path / "out", path)
    assert not (tmp_path / "out").exists()


def test_a_translation_is_text_and_never_markup(tmp_path: Path) -> None:
    """Elements, scripts and characters that turn the line, in a catalogue, are shown as such."""
    hostile = "</h2><script>alert(1)</script>\u202e"
    path = german(tmp_path, **{"Who was studied": hostile})
    page = translate(made_audit.audit(), tmp_path, path)[0].read_text("utf-8")
    heads = [node.text() for node in tree(page).all("h2")]
    assert hostile.replace("\u202e", "[U+202E]") in heads
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_translation_cannot_leave_the_string_of_a_style_sheet(tmp_path: Path) -> None:
    """What the style sheet says is translated, and its quotes, line ends and tags stay inside."""
    hostile = 'rollt"; color: red; </style>\n\\'
    path = german(tmp_path, **{"scrolls sideways": hostile})
    page = translate(made_audit.audit(), tmp_path, path)[0].read_text("utf-8")
    held = r"rollt\22 ; color: red; \3c /style>[U+000A]\5c "
    assert f'content: "\\2194  {held}"' in page
    assert "scrolls sideways" not in page


def test_a_translation_lies_beside_and_says_that_it_is_one(tmp_path: Path) -> None:
    """The page and the summary have the language in name and `lang`, and name what decides."""
    audit = made_audit.audit()
    audit.save(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    pages = translate(Audit.load(tmp_path), tmp_path, german(tmp_path, Sections="Abschnitte"))
    assert [path.name for path in pages] == ["report.de.html", "summary.de.html"]
    for path in pages:
        root = tree(path.read_text("utf-8"))
        assert root.all("html")[0].attributes["lang"] == "de"
        assert "a translation" in root.all("footer")[0].text()
        assert path.stat().st_mode & 0o777 == 0o600
    assert {path: path.read_bytes() for path in before} == before


def test_english_is_not_translated(tmp_path: Path) -> None:
    """A catalogue of English would write over what the record makes."""
    with pytest.raises(InputError, match="in English by itself"):
        translate(made_audit.audit(), tmp_path, written(tmp_path, HEAD.replace("de", "en-GB")))


def test_a_catalogue_is_begun_and_counted(tmp_path: Path) -> None:
    """A new one has every sentence and no translation; its name gives the language."""
    all_of = begun(tmp_path / "pt_BR.po")
    assert untold(tmp_path / "pt_BR.po") == (all_of, all_of)
    assert all_of > 500
    assert catalogue(tmp_path / "pt_BR.po")[0] == "pt-BR"
    with pytest.raises(InputError, match=r"'german.txt' gives no language"):
        begun(tmp_path / "german.txt")
    with pytest.raises(InputError, match=r"'pt_BR.po' is there"):
        begun(tmp_path / "pt_BR.po")


def test_the_command_begins_and_then_writes(tmp_path: Path) -> None:
    """`evenlight translate AUDIT de.po`: first the catalogue, then the pages."""
    made_audit.audit().save(tmp_path)
    first = evenlight("translate", ".", "de.po", folder=tmp_path)
    assert (first.returncode, "sentences to translate" in first.stdout) == (0, True)
    again = evenlight("translate", ".", "de.po", folder=tmp_path)
    assert again.returncode == 0
    assert "report.de.html" in again.stdout
    assert "sentences are not translated" in again.stderr
