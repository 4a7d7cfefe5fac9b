"""The small group that nothing is told of follows the profile of the plan, down to the page."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evenlight.api import report
from evenlight.data.cohort import Cohort
from evenlight.errors import PlanError, UnknownName
from evenlight.measures.people import compose
from evenlight.plan import Plan
from evenlight.small_groups import PROFILES, hidden_text, in_profile, least_shown, profile
from tests.privacy.world import FEATURES, audited, people


@pytest.mark.parametrize(("name", "least"), PROFILES.items())
def test_one_less_is_hidden_and_as_many_are_shown(name: str, least: int) -> None:
    """A group of k is shown, one of k - 1 is not."""
    for hidden in (least - 1, least):
        x, table = people(hidden=hidden, unknown=0)
        cohort = Cohort(x, table, FEATURES, unit="row", groups=["race"])
        with profile(name):
            told = compose(cohort, by="race").to_frame().set_index("part")
        assert (told.loc["C", "reason"] != "") == (hidden < least)
        assert bool(told["units"].isna()["C"]) == (hidden < least)


def test_the_profile_is_that_of_the_call_alone() -> None:
    """It ends with its block, with its function, and with an error."""
    with pytest.raises(ZeroDivisionError), profile("allofus"):
        _ = 1 / (least_shown() - 21)
    assert (least_shown(), hidden_text()) == (11, "suppressed (<11)")
    assert in_profile(lambda: "ons")(least_shown)() == 10
    with pytest.raises(UnknownName, match="no profile 'hipaa'"), profile("hipaa"):
        pass


def test_a_plan_names_one_of_them() -> None:
    """Another name is an error of the plan; the profile is part of its digest."""
    plans = [Plan.from_data({"policy": {"profile": name}}) for name in PROFILES]
    assert len({plan.digest for plan in plans}) == len(PROFILES)
    assert plans[0] == Plan()
    with pytest.raises(PlanError, match="profile"):
        Plan.from_data({"policy": {"profile": "hipaa"}})


def test_record_and_page_of_an_audit_say_its_own_number(tmp_path: Path) -> None:
    """Fifteen people are hidden by allofus, and the page says "fewer than 21" and never 11."""
    x, table = people(hidden=15, unknown=0)
    made = audited(x, table, plan={"policy": {"profile": "allofus"}, "measure": {"further": False}})
    assert made.profile == "allofus"
    page = report(made, made.save(tmp_path)).read_text(encoding="utf-8")
    for text in (page, made.to_json()):
        assert not re.search(r"(<|&lt;|fewer than )11\b", text)
        assert re.search(r"(<|&lt;|fewer than )21\b", text)
    assert "suppressed (<21)" in made.compositions[0].to_frame()["reason"].tolist()


def test_a_thread_is_as_strict_as_whatever_is_in_force() -> None:
    """It begins without the context of its maker: it hides what any profile in force hides."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(least_shown).result() == 11
        with profile("ons"):
            assert pool.submit(least_shown).result() == 10
            with profile("allofus"):
                assert pool.submit(least_shown).result() == 21
                assert pool.submit(_under, "ons").result() == 10
            assert least_shown() == 10
        assert pool.submit(least_shown).result() == 11


def _under(name: str) -> int:
    with profile(name):
        return least_shown()
