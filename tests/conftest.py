"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
NO_DATA = "real data are not there"


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; without it the test is skipped, and the summary says so."""
    folder = Path(os.environ.get("EVENLIGHT_DATA", "") or ROOT / ".." / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{NO_DATA}: no folder {folder}; set EVENLIGHT_DATA to where they are")
    return folder.resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that asks for the real data, and skip those that need a GPU without one."""
    without = pytest.mark.skip(reason="there is no GPU")
    for item in items:
        if "data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)
        if item.get_closest_marker("data"):
            item.user_properties.append(("data", "real"))
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(without)
