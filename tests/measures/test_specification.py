"""Shares of forks: every kind of choice counts once, and what is no answer does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.errors import InputError
from evenlight.figures.specification import specification_text
from evenlight.measures.specification import HOLDS, MOST, Specification, Unrun
from evenlight.measures.specification_words import counted, reading

Run = tuple[str, str]
"""The kind of a fork and its verdict, "" where the fork does not enter."""


def planted(verdict: str, runs: Sequence[Run], unrun: Sequence[str] = ()) -> Specification:
    """One question answered `verdict`, and forks that answer as they say."""
    f = len(runs)
    word = np.array([[said or verdict] for _, said in runs], dtype=np.str_).reshape(f, 1)
    number = np.full((f, 1), 0.5)
    return Specification(
        ids=("E-1",), questions=("Is it alike?",), measures=("attribution",),
        verdict=np.array([verdict]), contrast=("b / a",), subject=("dose",),
        effect=np.array([1.0]), low=np.array([0.5]), high=np.array([1.5]),
        margin=np.array([0.2]), unit=("SD",),
        names=tuple(kind for kind, _ in runs), settings=tuple(str(i) for i in range(f)),
        fork_verdict=word, fork_effect=number, fork_low=number, fork_high=number,
        fork_subject=np.full((f, 1), "dose"), reason=np.full((f, 1), ""),
        holds=word == verdict,
        touched=np.array([bool(said) for _, said in runs], dtype=bool).reshape(f, 1),
        unrun=tuple(Unrun(kind, "1", "no memory") for kind in unrun),
    )  # fmt: skip


SIX = [("background", "different")] * 6


def test_six_backgrounds_do_not_outvote_one_explainer() -> None:
    """Fork by fork 6 of 7 hold; of two kinds of choice one holds, and the other never does."""
    made = planted("different", [*SIX, ("explainer", "similar")])
    assert made.share.tolist() == [0.5]
    assert made.worst == ("explainer",)
    assert made.fragile.tolist() == [True]
    assert made.holds.mean() > HOLDS
    assert "50 % of other choices" in reading(made, 0)
    assert "least of explainer, 0 of 1" in reading(made, 0)
    assert "the answer depends on the choice" in specification_text(made, 0)


def slow(runs: Sequence[Run], verdict: str) -> float:
    """The mean over kinds of the share within the kind, one fork after another."""
    shares = []
    for kind in dict.fromkeys(name for name, _ in runs):
        own = [said for name, said in runs if name == kind and said not in ("", "not_estimable")]
        if own:
            shares.append(sum(said == verdict for said in own) / len(own))
    return sum(shares) / len(shares) if shares else float("nan")


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["seed", "background", "explainer", "scale", "prompt"]),
        st.sampled_from(["", "similar", "different", "cannot_tell", "not_estimable"]),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_the_share_is_the_mean_over_kinds(runs: list[Run]) -> None:
    """A literal count agrees, in any order of forks, and forks that do not enter change nothing."""
    made = planted("similar", runs)
    np.testing.assert_allclose(made.share, slow(runs, "similar"))
    np.testing.assert_allclose(planted("similar", runs[::-1]).share, made.share)
    more = planted("similar", [*runs, ("new", "")])
    np.testing.assert_allclose(more.share, made.share)
    assert more.fragile.tolist() == made.fragile.tolist()


@settings(max_examples=60, deadline=None)
@given(RUNS, st.integers(2, 5))
def test_a_kind_told_several_times_counts_once(runs: list[Run], times: int) -> None:
    """More forks of one kind with the same answers leave the share and the worst share as is."""
    made = planted("similar", runs)
    more = planted("similar", [run for run in runs for _ in range(times)])
    np.testing.assert_allclose(more.share, made.share)
    np.testing.assert_allclose(more.kind_share, made.kind_share)


def test_a_kind_that_always_overturns_is_found_among_many() -> None:
    """Of six kinds one holds never: the mean is above 80 %, and the kind is named all the same."""
    firm = [(kind, "similar") for kind in ("seed", "scale", "baseline", "explainer", "prompt")] * 2
    made = planted("similar", [*firm, *[("preprocessing", "different")] * 3])
    assert made.share[0] > HOLDS
    assert made.fragile[0]
    assert "less than half of the choices of preprocessing, 0 of 3" in reading(made, 0)
    one = planted("similar", [*firm, ("preprocessing", "different")])
    assert not one.fragile[0]  # a single fork may be borderline; it is named
    assert one.worst == ("preprocessing",)
    assert "least of preprocessing, 0 of 1" in reading(one, 0)
    assert "Under another choice of preprocessing it is never so." in reading(one, 0)
    assert MOST == 0.5


def test_what_was_not_run_is_told_and_never_held() -> None:
    """Not run: in no share, told by kind beside it, and nothing is said of all choices."""
    runs = [("seed", "similar"), ("scale", "similar"), ("background", "similar")]
    whole, part = planted("similar", runs), planted("similar", runs, ["explainer", "explainer"])
    assert whole.share[0] == part.share[0] == 1.0
    assert "does not depend on any one of these" in reading(whole, 0)
    assert "could be tried. Could not be run, and not counted as held: explainer (2)." in reading(
        part, 0
    )
    told = part.shares().set_index("kind")
    assert told.loc["explainer"].to_dict() == {
        "question": "Is it alike?", "verdict": "similar", "forks": 0, "held": 0, "unasked": 0,
        "unrun": 2,
    }  # fmt: skip
    alone = planted("similar", [], ["explainer"])
    assert np.isnan(alone.share[0])
    assert "Could not be run, and not counted as held: explainer (1)." in reading(alone, 0)


def test_what_could_not_be_asked_neither_holds_nor_falls() -> None:
    """Under one scale the question cannot be asked: it is told beside the share, not in it."""
    runs = [("seed", "similar"), ("background", "similar"), ("explainer", "similar")]
    made = planted("similar", [*runs, ("scale", "not_estimable")])
    assert made.share.tolist() == [1.0]
    assert not made.fragile[0]
    assert made.counted[:, 0].tolist() == [True, True, True, False]
    assert "Could not be asked, and not counted as held: scale (1)." in reading(made, 0)
    assert "could be tried" in reading(made, 0)
    assert made.shares().set_index("kind").loc["scale", "unasked"] == 1
    nobody = planted("similar", [("scale", "not_estimable")] * 3)
    assert np.isnan(nobody.share[0])
    assert not nobody.fragile[0]


@pytest.mark.parametrize("open_", ["cannot_tell", "not_estimable"])
def test_what_cannot_be_told_does_not_hold(open_: str) -> None:
    """It stays open under every fork: this is said, and never that an answer holds."""
    stays = planted(open_, [(kind, open_) for kind in ("seed", "scale", "background")])
    assert not stays.answered[0]
    assert "no answer that holds" in reading(stays, 0)
    assert "does not depend" not in reading(stays, 0)
    assert not stays.fragile[0]
    turns = planted(open_, [("seed", open_), ("scale", "similar"), ("explainer", "different")])
    assert turns.fragile[0]
    assert "Answered otherwise: similar under scale (1); different under explainer (1)" in reading(
        turns, 0
    )
    assert "whether it can be told depends on the choice" in reading(turns, 0)


def test_few_forks_are_never_called_fragile() -> None:
    """Two forks that overturn an answer say too little; of one kind, the kind is named."""
    made = planted("similar", [("seed", "different")] * 2)
    assert not made.fragile[0]
    assert counted(made, 0) == "0 of 2 other choices of seed"
    assert "Too few choices" in reading(made, 0)
    assert planted("similar", [("seed", "different")] * 3).fragile[0]


def test_units_and_shares_have_their_lengths() -> None:
    """A record with two units for one question is refused; percentages have a space."""
    made = planted("similar", [("seed", "similar")])
    with pytest.raises(InputError, match="1 ids and 2 in unit"):
        replace(made, unit=("SD", "SD"))
    assert "100 % of 1 forks" in repr(made)
    assert isinstance(made.shares(), pd.DataFrame)
