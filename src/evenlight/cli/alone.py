"""Commands that do one verb of an audit: explain, compare, rely."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenlight.cli.options import Device, Json, Plan, Trust, note, progress, say, tell

if TYPE_CHECKING:
    import pandas as pd

    from evenlight.alone import Alone
    from evenlight.results import Measures

Table = Annotated[
    Path | None, typer.Option("--out", "-o", help="CSV file for the whole table, as it is told.")
]
Rows = Annotated[
    Path | None,
    typer.Option(help="New folder for the attributions of every row: data of people (zarr)."),
]
By = Annotated[str | None, typer.Option(help="Only this grouping; every one if left out.")]
Top = Annotated[int, typer.Option(help="Lines that are printed, at most.", min=1)]

UNGATED = "note: one verb alone has no gate; `evenlight run` audits the whole"


def explain(
    plan: Plan,
    out: Table = None,
    rows: Rows = None,
    top: Top = 20,
    trust: Trust = None,
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Explain the model of a plan on its cohort, and say which features it leans on most."""
    if rows is not None:
        from evenlight.alone import new_rows

        new_rows(rows)
    found = _explained(plan, None, out, trust, device, compared=False)
    frame, made = found.importance(), found.made
    _write(frame, out)
    if rows is not None:
        note(f"wrote {found.keep_rows(rows)}, data of people: `evenlight purge` deletes it")
    if json:
        told = {"method": made.method, "target": made.target, "scale": made.scale}
        tell(told | {"features": frame.to_dict("records")})
        return
    say(f"{made.method}: {made.target}, on the {made.scale}; mean |attribution| over units")
    for one in frame.head(top).itertuples():
        say(f"{one.mean_abs_attribution:12.4g} {one.feature}")
    _more(len(frame) - top)


def compare(
    plan: Plan,
    by: By = None,
    out: Table = None,
    top: Top = 20,
    trust: Trust = None,
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Compare between groups which features the model uses, and how."""
    found = _explained(plan, by, out, trust, device)
    compared = found.compare()
    _write([one.to_frame() for one in compared], out)
    measures = found.measures(compared=compared)
    if json:
        tell({"comparisons": compared, "findings": found.judged(measures).items})
        return
    _judged(found, measures, top)


def rely(
    plan: Plan,
    by: By = None,
    out: Table = None,
    top: Top = 20,
    trust: Trust = None,
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Measure how much of the output lies between groups, and through which features."""
    found = _explained(plan, by, out, trust, device)
    relied = found.rely()
    _write([one.to_frame() for one in relied], out)
    measures = found.measures(relied=relied)
    if json:
        tell({"reliances": relied, "findings": found.judged(measures).items})
        return
    _judged(found, measures, top)


def _explained(
    plan: Path,
    by: str | None,
    out: Path | None,
    trust: list[str] | None,
    device: str,
    *,
    compared: bool = True,
) -> Alone:
    from evenlight import files
    from evenlight.alone import alone
    from evenlight.errors import InputError

    if out is not None and out.is_dir():
        raise InputError(f"{out.name!r} is a folder; name a file")
    ledger = files.folder(out.parent if out else Path())
    return alone(
        plan, by=by, compared=compared, ledger=ledger, trust=trust, progress=progress(),
        device=device,
    )  # fmt: skip


def _write(frames: pd.DataFrame | list[pd.DataFrame], out: Path | None) -> None:
    if out is None:
        return
    import pandas as pd

    from evenlight import files

    whole = pd.concat(frames, ignore_index=True) if isinstance(frames, list) else frames
    note(f"wrote {files.write(out, whole.to_csv(index=False))}")


def _judged(found: Alone, measures: Measures, top: int) -> None:
    """How many of each verdict by each grouping, then what differs, gravest first."""
    from evenlight.measures.words import SPOKEN
    from evenlight.results import results

    counts: Counter[tuple[str, str]] = Counter(
        (one.grouping, one.verdict) for one in results(measures)
    )
    for grouping in dict.fromkeys(grouping for grouping, _ in counts):
        told = [f"{counts[grouping, v]} {SPOKEN[v]}" for v in SPOKEN if counts[grouping, v]]
        say(f"by {grouping}: {', '.join(told)}")
    findings = found.judged(measures)
    for one in findings[:top]:
        say(one.sentence)
    _more(len(findings) - top)
    note(UNGATED)


def _more(left: int) -> None:
    if left > 0:
        say(f"and {left} more (--top, --out, --json)")
