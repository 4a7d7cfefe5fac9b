"""The folder of a run: its lock, its manifest, what is kept in it and what is not."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from evenlight.cohorts import warfarin
from evenlight.errors import EvenlightWarning, InputError, NoVerdict
from evenlight.journal import Work, digest_of, manifest
from evenlight.journal.manifests import differences


@dataclass(frozen=True, slots=True)
class Number:
    """A record."""

    value: float


MANIFEST = {"plan": "abc", "code": "1"}


def _of(value: float) -> Number:
    warnings.warn(f"value {value}", EvenlightWarning, stacklevel=2)
    return Number(value)


def test_what_is_kept_is_not_made_again_and_warns_again(tmp_path: Path) -> None:
    """A second run takes the part, with its warnings and its seconds, and makes nothing."""
    with Work(tmp_path / "w") as work:
        journal = work.begin(MANIFEST)
        with pytest.warns(EvenlightWarning, match="value 2"):
            found = journal("part", Number, lambda: _of(2.0))
        assert (found, journal.made, journal.taken) == (Number(2.0), ["part"], [])
    with Work(tmp_path / "w") as work:
        journal = work.begin(MANIFEST)
        with pytest.warns(EvenlightWarning, match="value 2"):
            found = journal("part", Number, lambda: _of(3.0))
        assert (found, journal.made, journal.taken) == (Number(2.0), [], ["part"])
        assert journal.seconds > 0


def test_58_a_tile_that_was_changed_is_made_again(tmp_path: Path) -> None:
    """A turned bit costs the time of its part, and no more."""
    with Work(tmp_path / "w") as work:
        journal = work.begin(MANIFEST)
        journal("part", Number, lambda: Number(2.0))
        path = tmp_path / "w" / "part.tile"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        assert journal("part", Number, lambda: Number(2.0)) == Number(2.0)
        assert journal.made == ["part", "part"]


def test_61_work_of_another_manifest_is_an_error_with_a_diff(tmp_path: Path) -> None:
    """Nothing of two plans, codes, models or data is ever mixed."""
    with Work(tmp_path / "w") as work:
        work.begin(MANIFEST)
    with (
        Work(tmp_path / "w") as work,
        pytest.raises(InputError, match=r"code: 1, now 2; data: nothing, now x.*delete w"),
    ):
        work.begin({"plan": "abc", "code": "2", "data": "x"})


def test_61_the_manifest_names_whatever_the_answers_depend_on() -> None:
    """Another label, role, value, plan, model, set, code or number of threads is another run."""
    cohort = warfarin().take(np.arange(60))
    given: Mapping[str, object] = {"sets": None}
    made = manifest(plan="p", model="m", cohort=cohort, given=given)
    people, groups = cohort.people.assign(sex="male"), cohort.groups[0]
    unknown = replace(groups, codes=np.where(np.arange(60) == 3, -1, groups.codes))
    others = [
        manifest(plan="q", model="m", cohort=cohort, given=given),
        manifest(plan="p", model="n", cohort=cohort, given=given),
        manifest(plan="p", model="m", cohort=cohort.take(np.arange(59)), given=given),
        manifest(plan="p", model="m", cohort=cohort, given={"sets": cohort.features.variables()}),
    ]
    with patch("evenlight.journal.manifests.code_digest", lambda: "other"):
        others.append(manifest(plan="p", model="m", cohort=cohort, given=given))
    with patch("evenlight.journal.manifests._threads", lambda: 99):
        others.append(manifest(plan="p", model="m", cohort=cohort, given=given))
    assert all(len(differences(made, other)) == 1 for other in others)
    assert digest_of(people) != digest_of(cohort.people)
    assert digest_of(unknown) != digest_of(groups)


def test_what_has_no_digest_is_named() -> None:
    """An object of which nothing is known cannot be taken up again, and that is said."""
    with pytest.raises(InputError, match="a object has no digest"):
        digest_of(object())
    assert digest_of(pd.Series([1, 2])) != digest_of(pd.Series([2, 1]))


def _hold(folder: Path, ready: object, done: object) -> None:
    with Work(folder):
        ready.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_60_two_runs_in_one_folder(tmp_path: Path) -> None:
    """The second is refused; once the first was killed, its lock is gone with it."""
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    first = context.Process(target=_hold, args=(tmp_path / "w", ready, done))
    first.start()
    assert ready.wait(60)
    with pytest.raises(InputError, match=rf"another run \(process {first.pid}\) works in w"):
        Work(tmp_path / "w").__enter__()
    first.kill()
    first.join()
    with Work(tmp_path / "w") as work:
        work.begin(MANIFEST)


def test_56_parts_that_a_killed_run_left_are_swept(tmp_path: Path) -> None:
    """Files that were being written when their process died are gone at the next start."""
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".a.tile.x1.partial").write_text("half")
    with Work(folder) as work:
        work.begin(MANIFEST)
    assert sorted(p.name for p in folder.iterdir()) == ["READ-ME.txt", "lock", "manifest.json"]


def test_55_space_is_looked_at_before_the_start(tmp_path: Path) -> None:
    """A run that is foreseen to fill the disk does not begin, and says where else it can work."""
    with (
        Work(tmp_path / "w") as work,
        pytest.raises(InputError, match=r"MB free.*--out on another disk.*audit\(work=\)"),
    ):
        work.begin(MANIFEST, wanted=2**60)


def test_55_a_full_disk_ends_without_a_verdict(tmp_path: Path) -> None:
    """What cannot be kept is no answer; what was kept before is there."""
    with Work(tmp_path / "w") as work:
        journal = work.begin(MANIFEST)
        journal("one", Number, lambda: Number(1.0))
        with (
            patch("evenlight.files.os.fsync", side_effect=OSError(28, "No space left on device")),
            pytest.raises(NoVerdict, match="two could not be kept: No space left"),
        ):
            journal("two", Number, lambda: Number(2.0))
    assert [p.name for p in (tmp_path / "w").glob("*.tile")] == ["one.tile"]


def test_a_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    """Folder, lock and manifest cannot be read by others."""
    with Work(tmp_path / "w") as work:
        work.begin(MANIFEST)
    assert (tmp_path / "w").stat().st_mode & 0o777 == 0o700
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in (tmp_path / "w").iterdir())


def test_work_of_a_manifest_that_cannot_be_read_is_never_gone_on_with(tmp_path: Path) -> None:
    """It may be of anything."""
    with Work(tmp_path / "w") as work:
        work.begin(MANIFEST)
    (tmp_path / "w" / "manifest.json").write_text("[")
    with Work(tmp_path / "w") as work, pytest.raises(InputError, match="cannot be read"):
        work.begin(MANIFEST)
