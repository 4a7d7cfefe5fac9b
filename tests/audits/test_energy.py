"""What an audit took."""

from __future__ import annotations

import time

import pytest

from evenlight.energy import CORE, Began, energy


def test_energy_is_power_by_time_of_the_processor_alone() -> None:
    """An hour of one core is its watts in watt hours; a sleeping process takes next to nothing."""
    assert energy(3600)["watt_hours"] == pytest.approx(CORE)
    began = Began()
    time.sleep(0.2)
    took = began.until_now(before=5.0)
    assert took["seconds"] >= 5.2
    assert took["energy"]["cpu_seconds"] <= 0.2
    assert "GPU" in took["energy"]["assumed"]
