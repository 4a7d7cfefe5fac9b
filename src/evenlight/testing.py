"""The pytest plugin: an audit as a test of a model.

    from evenlight.testing import assert_audit

    def test_the_model_uses_the_same_features(evenlight_run):
        assert_audit(evenlight_run("audit.toml"))

The fixture `evenlight_run` runs a plan once a session and gives the folder that it wrote. pytest
loads this file by itself wherever evenlight is installed, so nothing heavy is loaded at its top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from evenlight.findings import Answer, Gate
    from evenlight.record import Audit

PASSED = ("passed", "waived")
"""Words of a gate that passed; one where nothing blocks is no pass."""


def assert_audit(audit: Audit | str | Path, *, passed: bool = True) -> None:
    """Raise AssertionError, with every answer and its evidence, unless the gate passed.

    `audit` is an audit, its folder, or its audit.json. A gate passes only where a question was set
    to block: missing evidence, an unfinished run and a gate that nothing can fail are no pass.
    With `passed=False` the gate must have *failed*, as for a model that is known to be bad.

    Raises PlanError where a waiver has ended.
    """
    __tracebackhide__ = True
    from evenlight.clock import latest
    from evenlight.record import Audit
    from evenlight.standing import standing
    from evenlight.waivers import ended

    if isinstance(audit, Audit):
        place, found, gate = None, audit, audit.gate()
        ended(gate.waivers, on=latest())
    else:
        place, gate = Path(audit), standing(audit)
        found = Audit.load(audit)
    right = gate.word in PASSED if passed else gate.word == "failed"
    if not right:
        raise AssertionError("\n".join(_told(found, gate, place, passed=passed)))


def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures."""
    config.pluginmanager.register(_fixtures(), "evenlight-fixtures")


def _fixtures() -> object:
    """The fixtures as a plugin; pytest is imported here, since only pytest calls this."""
    import pytest

    @pytest.fixture(scope="session")
    def evenlight_run(
        pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
    ) -> Callable[..., Path]:
        """Run a plan (path from pytest's root folder) once; the folder of its audit."""
        made: dict[tuple[Path, str | None], Path] = {}

        def run(plan: str | Path, *, trust: str | None = None) -> Path:
            from evenlight.api import run as go

            key = (pytestconfig.rootpath / plan, trust)
            if key not in made:
                out = tmp_path_factory.mktemp("evenlight") / "audit"
                go(key[0], out, trust=trust)
                made[key] = out
            return made[key]

        return run

    plugin = ModuleType("evenlight_fixtures")  # a class would bind the fixture to itself
    plugin.evenlight_run = evenlight_run  # type: ignore[attr-defined]
    return plugin


def _told(audit: Audit, gate: Gate, place: Path | None, *, passed: bool) -> Iterator[str]:
    from evenlight.data.shown import short

    wanted = "has not passed" if passed else "has not failed"
    yield (
        f"the audit of {short(audit.model.name)} on {audit.cohort.units} units of "
        f"{short(audit.cohort.name)} {wanted}: gate {gate.word}, exit code {gate.exit_code}"
    )
    yield f"  {short(gate.reason, 700)}"
    for answer in audit.answers:
        yield from _answer(answer)
    for waiver in gate.waivers:
        yield f"  waived until {waiver.until} by {short(waiver.person)}: {waiver.id}"
    if place is not None:
        folder = place if place.is_dir() else place.parent
        yield f"  page: {folder / 'report.html'}"


def _answer(answer: Answer) -> Iterator[str]:
    from evenlight.data.shown import short
    from evenlight.measures.words import SPOKEN
    from evenlight.reports.exporters.noted import largest

    blocks = " (blocks)" if answer.blocks else ""
    yield f"  {SPOKEN[answer.verdict]:22s} {short(answer.question, 200)}{blocks}"
    yield f"  {'':22s} {largest(answer)}"
    if answer.blocks and answer.findings:
        yield f"  {'':22s} findings: {', '.join(answer.findings[:5])}"
