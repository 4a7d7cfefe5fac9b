"""Count skipped tests, and fail if one skipped although the real data are there.

    python .ci/skips.py JUNIT_XML DATA_FOLDER

A test that needs the real data carries the property `data` (tests/conftest.py sets it).
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(report: str, folder: str) -> int:
    """0 unless the folder is there and a test that needs it skipped, or no such test ran."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    skipped = [case for case in cases if case.find("skipped") is not None]
    data = [c for c in cases if c.find("properties/property[@name='data']") is not None]
    lost = [case for case in data if case in skipped]
    print(f"{len(cases)} tests, {len(skipped)} skipped")
    print(f"{len(data)} tests need the real data, {len(lost)} of them skipped")
    for case in skipped:
        message = case.find("skipped")
        why = "" if message is None else message.get("message", "")
        print(f"  {case.get('classname')}::{case.get('name')}: {why}")
    if not Path(folder).is_dir():
        print(f"the folder of real data, {folder}, is not there")
        return 0
    if lost or not data:
        print(f"the real data are in {folder}, so every test that needs them must run")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
