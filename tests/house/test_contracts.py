"""Who may import whom: the contracts in pyproject.toml hold, and a breach of each is caught."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREACHES = {
    "arrays below data": ("arrays.py", "from evenlight.data import cohort"),
    "data beside stats": ("data/align.py", "from evenlight.stats import effects"),
    "stats beside data": ("stats/effects.py", "from evenlight.data import cohort"),
    "no torch in stats": ("stats/effects.py", "import torch"),
    "statsmodels in one place": ("stats/effects.py", "import statsmodels"),
    "no torch in data": ("data/align.py", "import torch"),
    "no torch in measures": ("measures/check.py", "import torch"),
    "no sklearn in findings": ("findings.py", "import sklearn"),
    "models without stats": ("models/__init__.py", "from evenlight.stats import effects"),
    "models below explainers": ("models/__init__.py", "import evenlight.explainers"),
    "explainers below probes": ("explainers/__init__.py", "import evenlight.probes"),
    "cohorts without models": ("cohorts/warfarin.py", "import evenlight.models"),
    "measures without models": ("measures/check.py", "import evenlight.models"),
    "record without stats": ("record.py", "from evenlight.stats import effects"),
    "record without models": ("record.py", "import evenlight.models"),
    "further without models": ("further.py", "import evenlight.models"),
    "plan without models": ("plan.py", "import evenlight.models"),
    "judge without torch": ("judge.py", "import torch"),
    "reports without audit": ("reports/__init__.py", "import evenlight.auditing"),
    "audit without reports": ("auditing.py", "import evenlight.reports"),
    "figures without models": ("figures/__init__.py", "import evenlight.models"),
    "figures without torch": ("figures/__init__.py", "import torch"),
    "figures below reports": ("figures/__init__.py", "import evenlight.reports"),
    "reports without explainers": ("reports/__init__.py", "import evenlight.explainers"),
    "reports without shap": ("reports/__init__.py", "import shap"),
    "reports without statistics": ("reports/__init__.py", "from evenlight.stats import effects"),
    "qualify without reports": ("qualify/__init__.py", "import evenlight.reports"),
}
"""A file of the package and a line that it must not hold, even inside a function."""


def lint(folder: Path, *, config: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts over the package in `folder`."""
    tool = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(tool), "--no-cache", "--no-logo", "--config", str(config)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_contracts_hold(root: Path) -> None:
    """No room imports what the table forbids."""
    done = lint(root / "src", config=root / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("file", "line"), BREACHES.values(), ids=list(BREACHES))
def test_a_breach_is_caught(file: str, line: str, root: Path, tmp_path: Path) -> None:
    """One forbidden import inside a function breaks a contract."""
    ignore = shutil.ignore_patterns("__pycache__", "*.csv.gz")
    shutil.copytree(root / "src" / "evenlight", tmp_path / "evenlight", ignore=ignore)
    with (tmp_path / "evenlight" / file).open("a") as source:
        source.write(f"\n\ndef late() -> None:\n    {line}\n")
    done = lint(tmp_path, config=root / "pyproject.toml")
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", r"\.")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"evenlight\.{module} -> .*{line.split()[1]}", done.stdout), done.stdout


def test_every_room_has_a_floor(root: Path, tmp_path: Path) -> None:
    """A new room without a place in the contracts is an error."""
    shutil.copytree(root / "src" / "evenlight", tmp_path / "evenlight")
    (tmp_path / "evenlight" / "attic.py").write_text('"""A room nobody planned."""\n')
    done = lint(tmp_path, config=root / "pyproject.toml")
    assert done.returncode == 1
    assert "attic" in done.stdout
