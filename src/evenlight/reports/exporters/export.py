"""The forms that an audit can be written in, by name, and the verb that writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evenlight import files
from evenlight.data.nearest import hint
from evenlight.errors import InputError
from evenlight.record import Audit, as_told
from evenlight.reports.exporters.frameworks import frameworks
from evenlight.reports.exporters.github import github
from evenlight.reports.exporters.gitlab import gitlab
from evenlight.reports.exporters.junit import junit
from evenlight.reports.exporters.methods import methods
from evenlight.reports.exporters.mlflow import mlflow
from evenlight.reports.exporters.model_card import model_card
from evenlight.reports.exporters.multiqc import multiqc
from evenlight.reports.exporters.reading import reading
from evenlight.reports.exporters.ro_crate import ro_crate
from evenlight.reports.exporters.statement import FILES, signed, statement
from evenlight.reports.exporters.summary import summary
from evenlight.reports.exporters.tables import parquet, spreadsheets

FORMATS: Mapping[str, Callable[[Audit, Path], Mapping[str, str | bytes]]] = {
    "methods": methods,
    "summary": summary,
    "reading": reading,
    "parquet": parquet,
    "spreadsheets": spreadsheets,
    "model-card": model_card,
    "mlflow": mlflow,
    "multiqc": multiqc,
    "frameworks": frameworks,
    "junit": junit,
    "github": github,
    "gitlab": gitlab,
    "statement": statement,
    "ro-crate": ro_crate,
}
"""In the order in which they are written: the statement digests files, the crate lists them."""

FOLDERS = {"parquet": "tables", "spreadsheets": "spreadsheets", "frameworks": "frameworks"}
"""The folder of the forms that are written into one."""


def export(
    audit: Audit | str | Path,
    folder: str | Path,
    formats: Sequence[str],
    *,
    sign: str | None = None,
) -> tuple[Path, ...]:
    """Write the audit in these forms into its folder; the paths of what was written.

    `audit` may be the folder of one, or its audit.json, as well.

    `sign` is a command that signs the statement (`signed`), which becomes an envelope.

    Raises InputError, before anything is written, for an unknown form, for `sign` without the
    statement, where `formats` is one word, the folder is not that of this audit, and where one
    inside it is a link.
    """
    if isinstance(formats, str):
        raise InputError(f"formats is a list of names; write formats=[{formats!r}]")
    return _export(
        Audit.load(audit) if isinstance(audit, str | Path) else audit, folder, formats, sign
    )


@as_told
def _export(
    audit: Audit, folder: str | Path, formats: Sequence[str], sign: str | None
) -> tuple[Path, ...]:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"no form {unknown[0]!r}{hint(unknown[0], FORMATS)}")
    if sign is not None and "statement" not in formats:
        raise InputError("sign= signs the statement; ask for the form 'statement' as well")
    top = Path(folder)
    record = top / FILES[0]
    if not record.is_file() or record.read_text(encoding="utf-8") != audit.to_json():
        raise InputError(f"{top.name} does not hold this audit; call audit.save({top.name!r})")
    files.below(top, *(name for form, name in FOLDERS.items() if form in formats))
    written: list[Path] = []
    for name in (known for known in FORMATS if known in formats):
        made = FORMATS[name](audit, top)
        if name == "statement" and sign is not None:
            made = {key: signed(str(text), sign) for key, text in made.items()}
        written += [files.write(top / key, content) for key, content in made.items()]
    return tuple(written)
