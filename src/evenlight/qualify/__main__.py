"""`python -m evenlight.qualify short|full FOLDER [JOBS]`; the command line has more to say."""

from __future__ import annotations

import sys

from evenlight.qualify.run import qualify

if __name__ == "__main__":
    profile, out, jobs = [*sys.argv[1:], *["short", "qualify", "1"][len(sys.argv) - 1 :]][:3]
    made = qualify(profile, out, jobs=int(jobs), progress=print)  # type: ignore[arg-type]
    print(made.text())
    sys.exit(made.exit_code)
