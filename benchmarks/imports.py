"""How long imports take: each in a fresh Python, repeated; the goal for evenlight is below 0.4 s.

    python benchmarks/imports.py [REPEATS]

Time is that of the import alone, measured inside the new process, without Python's own start. The
first run of each fills the disk cache and is not counted.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

GOAL = 0.4
STATEMENTS = (
    "import evenlight",
    "from evenlight import Cohort",
    "import evenlight.cli",
    "import evenlight.reports",
    "import evenlight.cohorts",
    "import evenlight.measures.compare",
    "import numpy",
    "import pandas",
    "import torch",
)
CODE = "from time import perf_counter as t; a = t(); {}; print(t() - a)"


def seconds(statement: str) -> float:
    """Seconds that one import takes in a fresh Python."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(statement)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main(repeats: int = 7) -> int:
    """Print a table; 0 if the goal is met."""
    print(f"{'statement':<36}{'min s':>8}{'median s':>10}   ({repeats} repeats)")
    bare = 0.0
    for statement in STATEMENTS:
        seconds(statement)
        times = [seconds(statement) for _ in range(repeats)]
        bare = median(times) if statement == "import evenlight" else bare
        print(f"{statement:<36}{min(times):>8.3f}{median(times):>10.3f}")
    met = bare < GOAL
    print(f"goal for a bare import, {GOAL} s: {'met' if met else 'missed'} ({bare:.3f} s)")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
