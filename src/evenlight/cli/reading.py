"""Commands that read an audit: gate, report, translate, export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evenlight.cli.options import Audit, Json, ended, note, say, tell


class Assets(StrEnum):
    """Where style sheet and script of the page are."""

    inline = "inline"
    linked = "linked"


class Form(StrEnum):
    """What an audit can be exported to (`reports.exporters.FORMATS`, which is too heavy here)."""

    methods = "methods"
    summary = "summary"
    reading = "reading"
    parquet = "parquet"
    spreadsheets = "spreadsheets"
    model_card = "model-card"
    mlflow = "mlflow"
    multiqc = "multiqc"
    frameworks = "frameworks"
    junit = "junit"
    github = "github"
    gitlab = "gitlab"
    statement = "statement"
    ro_crate = "ro-crate"


Static = Annotated[bool, typer.Option("--static", help="report.static.html, without script.")]
Scriptless = Annotated[bool, typer.Option("--static", help="Pages without script.")]
Linked = Annotated[
    Assets, typer.Option(help="linked: style sheet and script as files, for servers that drop them")
]
Paper = Annotated[bool, typer.Option("--pdf", help="Also as PDF, by the Chromium installed here.")]
Forms = Annotated[list[Form], typer.Argument(metavar="FORM...", help=", ".join(Form))]
Catalogue = Annotated[
    Path, typer.Argument(metavar="CATALOGUE", help="Sentences of a language, a .po file as de.po.")
]
Sign = Annotated[
    str | None, typer.Option(help="Command that signs the statement: stdin to a signature.")
]


def gate(audit: Audit, json: Json = False) -> None:
    """Read the verdict of an audit; the exit code is the gate's."""
    from evenlight.standing import standing

    found = standing(audit)
    if json:
        told = {"exit_code": found.exit_code, "reason": found.reason, "waivers": found.waivers}
        tell({"verdict": found.word, **told})
    else:
        say(f"gate: {found.word}. {found.reason}")
    raise ended(found.exit_code)


def report(
    audit: Audit,
    static: Static = False,
    assets: Linked = Assets.inline,
    pdf: Paper = False,
    json: Json = False,
) -> None:
    """Write the page again from the record alone."""
    from evenlight import reports
    from evenlight.record import Audit as Record

    folder = _folder(audit)
    linked = assets == Assets.linked
    page = reports.write(Record.load(audit), folder, static=static, linked=linked, paper=pdf)
    written = {"page": page} | ({"pdf": page.with_suffix(".pdf")} if pdf else {})
    if json:
        tell({name: str(path) for name, path in written.items()})
        return
    for name, path in written.items():
        say(f"{name}: {path}")


def translate(
    audit: Audit, catalogue: Catalogue, static: Scriptless = False, json: Json = False
) -> None:
    """Write page and summary in another language; where the catalogue is not there, begin it."""
    from evenlight.record import Audit as Record
    from evenlight.reports.catalogue import begun, untold
    from evenlight.reports.translated import translate as write

    found = Record.load(audit)
    if not catalogue.exists():
        all_of = begun(catalogue)
        told = f"wrote {catalogue}: {all_of:,} sentences to translate; then call this again"
        tell({"catalogue": str(catalogue), "sentences": all_of}) if json else say(told)
        return
    page, plain = write(found, _folder(audit), catalogue, static=static)
    lacking, all_of = untold(catalogue)
    if json:
        tell({"page": str(page), "summary": str(plain), "lacking": lacking, "sentences": all_of})
        return
    say(f"page: {page}")
    say(f"summary: {plain}")
    if lacking:
        note(f"{lacking:,} of {all_of:,} sentences are not translated, and are said in English")


def export(audit: Audit, forms: Forms, sign: Sign = None, json: Json = False) -> None:
    """Write an audit in other forms into its folder: tables, tests, cards, a signed statement."""
    from evenlight.record import Audit as Record
    from evenlight.reports.exporters import export as write

    names = list(dict.fromkeys(form.value for form in forms))
    made = write(Record.load(audit), _folder(audit), names, sign=sign)
    if json:
        tell({"written": [str(path) for path in made]})
        return
    for path in made:
        say(f"wrote {path}")


def _folder(audit: Path) -> Path:
    return audit if audit.is_dir() else audit.parent
