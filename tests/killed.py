"""Audits that are killed at random moments until one is finished; run as a process of its own.

`python tests/killed.py FOLDER KILLS SEED` prints one JSON object. The libraries are loaded once;
each run is a fork of that process, which has one thread.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
"""Half of the runs are killed, a quarter each asked to stop by SIGTERM and Ctrl-C."""


def main(folder: Path, kills: int, seed: int) -> None:
    """Kill runs until `kills` of them died, taking each audit up until it is finished."""
    from tests.journaled import audited, digest, project

    draw = random.Random(seed)
    plan = project(folder / "whole", further="true")
    begun = time.perf_counter()
    audited(plan)
    span = time.perf_counter() - begun
    found: dict[str, Any] = {
        "digests": [digest(plan.parent / "out")], "kills": 0, "finished": 0, "again": 0,
        "codes": {}, "slowest": 0.0, "span": span, "most": 0,
    }  # fmt: skip
    audit = 0
    while found["kills"] < kills:
        plan, tries = project(folder / f"a{audit}", further="true"), 0
        while not _attempt(plan, draw.uniform(0, span * 1.1), draw.choice(SIGNALS), found):
            tries += 1
        found["finished"] += 1
        found["digests"].append(digest(plan.parent / "out"))
        found["most"] = max(found["most"], tries)
        audit += 1
    found["digests"] = sorted(set(found["digests"]))
    print(json.dumps(found))


def _attempt(plan: Path, after: float, number: int, found: dict[str, Any]) -> bool:
    """One run, stopped after some seconds; whether it had finished before."""
    before = _tiles(plan)
    child = _forked(plan)
    done = 0
    end = time.perf_counter() + after
    while time.perf_counter() < end and not done:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.002)
    if not done:
        os.kill(child, number)
        told = time.perf_counter()
        _, status = os.waitpid(child, 0)
        found["slowest"] = max(found["slowest"], time.perf_counter() - told)
    code = os.waitstatus_to_exitcode(status)
    name = "finished" if code == 0 else f"{signal.Signals(number).name} {code}"
    found["codes"][name] = found["codes"].get(name, 0) + 1
    if code == 0:
        return True
    after_it = _tiles(plan)
    found["again"] += sum(after_it.get(tile, inode) != inode for tile, inode in before.items())
    found["kills"] += 1
    return False


def _forked(plan: Path) -> int:
    child = os.fork()
    if child:
        return child
    from evenlight.errors import NoVerdict
    from tests.journaled import audited

    code = 5
    try:
        audited(plan)
        code = 0
    except NoVerdict as stop:
        code = stop.exit_code
    finally:
        os._exit(code)


def _tiles(plan: Path) -> dict[str, int]:
    """The tiles that can be taken up: once all is written the work goes, its manifest first."""
    from tests.journaled import tiles

    held = (plan.parent / ".out.work" / "manifest.json").exists()
    return {tile.name: tile.stat().st_ino for tile in tiles(plan)} if held else {}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
