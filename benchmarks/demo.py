"""How long the demo takes after set-up, and its largest memory; the goal is 60 s and 2 GB.

    python benchmarks/demo.py

It writes into a folder of its own that is removed again. Two threads, as on a machine of two cores.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

SECONDS, GIGABYTES = 60.0, 2.0


def main() -> int:
    """Run the demo once and print both numbers; 0 if both goals are met."""
    command = Path(sys.executable).with_name("evenlight")
    with TemporaryDirectory() as folder:
        start = perf_counter()
        subprocess.run(
            [str(command), "demo"],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "2"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    gigabytes = peak / (1e9 if sys.platform == "darwin" else 1e6)
    print(f"seconds    {seconds:6.1f}   goal {SECONDS:.0f}")
    print(f"gigabytes  {gigabytes:6.2f}   goal {GIGABYTES:.0f}")
    return 0 if seconds <= SECONDS and gigabytes <= GIGABYTES else 1


if __name__ == "__main__":
    raise SystemExit(main())
