"""The unsupported share is judged only where enough support is decided, and says how much is."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.arrays import Float, Text
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import MINUS
from evenlight.data.features import FeatureSets
from evenlight.errors import InputError
from evenlight.judge import judge
from evenlight.measures.decided import LEAST_RESOLVED, resolved, unjudged, why_undecided
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.policy import Policy, Question
from evenlight.results import Measures, results
from evenlight.sentences import sentence

P = 60
NAMES = tuple(f"x{j:02d}" for j in range(P))
SETS = FeatureSets.from_lists({f"block {k}": NAMES[20 * k : 20 * k + 20] for k in range(3)}, NAMES)
FEW = "judge by sets of features"


@cache
def world(*, clean: bool = True, apart: float = 0.25, n: int = 400) -> tuple[Cohort, Attributions]:
    """Sixty weak features, all higher in one group; what the model makes of them is true.

    Unless it is not clean: then the first block does nothing but tell the group, and a recruitment
    gap stands in its place.
    """
    rng = np.random.default_rng(7)
    group = np.arange(n) % 2
    x = rng.normal(size=(n, P)) + apart * group[:, None]
    true = np.full(P, 0.2)
    true[:20] = 0.2 if clean else 0.0
    f = (x - apart / 2) @ true + (0.0 if clean else 2.0) * (group - 0.5)
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], "y": (rng.random(n) < expit(f)).astype(int)},
        index=[f"p{i:05d}" for i in range(n)],
    )
    cohort = Cohort(x, people, NAMES, outcome="y", groups=["race"], unit="row")
    return cohort, attributed(cohort, apart)


def attributed(cohort: Cohort, apart: float = 0.25) -> Attributions:
    """What a linear margin with a weight of 0.2 each makes of the features."""
    values = 0.2 * (cohort.dense() - apart / 2)
    return Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0
    )


def said(lean: Reliance) -> tuple[str, str]:
    """Verdict and sentence of the answer about the unsupported share given the outcome."""
    asked = [Question(measure="reliance", grouping="race", given="outcome")]
    _, (answer,), _ = judge(Measures(reliances=(lean,)), asked, Policy())
    return answer.verdict, answer.sentence


def test_single_features_of_a_clean_world_are_not_called_unsupported() -> None:
    """Nothing is unsupported in truth, the share's interval says otherwise: cannot tell, and why.

    The remedy is named, and how much of the share is merely unresolved.
    """
    cohort, made = world()
    lean = rely(made, cohort, by="race")
    g = lean.condition("outcome")
    assert lean.total_low[g, 1] > 0.05  # the planted share, 0, is far below
    assert lean.resolved[g] < LEAST_RESOLVED
    assert lean.total_verdict[g].tolist()[:2] == ["different", "cannot_tell"]
    assert FEW in lean.undecided[g]
    assert "or with more people" in lean.undecided[g]
    verdict, told = said(lean)
    assert verdict == "cannot_tell"
    assert f"below 50 %; {FEW}" in told
    assert "merely unresolved" in told
    assert "more people than these would be needed" not in told


def test_sets_of_the_same_world_are_decided_and_the_share_is_judged() -> None:
    """By blocks support is decided, the interval holds the planted share, and a verdict stands."""
    cohort, made = world()
    lean = rely(made.by(SETS), cohort, by="race")
    g = lean.condition("outcome")
    assert set(lean.support) == {"supported_within_groups"}
    assert lean.total_low[g, 1] <= 0.0 <= lean.total_high[g, 1]
    assert lean.resolved[g] == 1.0
    assert lean.undecided[g] == ""
    assert said(lean)[0] == "similar"


def test_a_share_that_is_shown_to_be_without_support_is_told_apart() -> None:
    """A block that does nothing is called different by sets; the sentence splits its share."""
    cohort, made = world(clean=False, n=3000)
    lean = rely(made.by(SETS), cohort, by="race")
    g = lean.condition("outcome")
    assert lean.support[0] == "not_supported_within_groups"
    verdict, told = said(lean)
    assert verdict == "different"
    apart = 100 * (lean.total[g, 1] - lean.total[g, 2])
    assert f"made up of {apart:.1f} shown to be without support and 0.0 merely unresolved" in told


def test_the_parts_that_are_told_add_up_to_the_share() -> None:
    """What is merely unresolved and the rest are the sums over their own subjects."""
    cohort, made = world(clean=False, n=1500)
    lean = rely(made, cohort, by="race")
    g = lean.condition("outcome")
    by_word = {w: float(lean.share[g, lean.support == w].sum()) for w in set(lean.support)}
    (found,) = (
        r
        for r in results(Measures(reliances=(lean,)))
        if (r.subject, r.view) == ("unsupported_share", "outcome")
    )
    assert {"unresolved", "not_supported_within_groups"} <= set(by_word)
    assert found.unresolved == pytest.approx(by_word["unresolved"])
    rest = by_word["not_supported_within_groups"]
    assert found.effect - found.unresolved == pytest.approx(rest)


def test_what_does_not_follow_the_group_is_similar_though_nothing_is_decided() -> None:
    """No feature differs between the groups: whatever their support, the share is within margin."""
    cohort, made = world(apart=0.0)
    lean = rely(made, cohort, by="race")
    g = lean.condition("outcome")
    assert lean.resolved[g] < LEAST_RESOLVED
    assert lean.total_verdict[g, 1] == "similar"
    assert lean.undecided[g] == ""


def test_without_an_outcome_the_reason_is_that_nothing_could_be_judged() -> None:
    """More people would not help: the reason names the outcome, and no sets."""
    cohort, made = world()
    bare = Cohort(cohort.x, cohort.people, NAMES, groups=["race"], unit="row")
    lean = rely(made, bare, by="race")
    assert lean.total_verdict[0, 1] == "cannot_tell"
    assert lean.undecided[0] == (
        "support within groups could not be judged: support needs an outcome, this cohort has none"
    )
    assert lean.strictest is None
    asked = [Question(measure="reliance", grouping="race", given="nothing")]
    _, (answer,), _ = judge(Measures(reliances=(lean,)), asked, Policy())
    assert answer.verdict == "cannot_tell"
    assert "support needs an outcome, this cohort has none" in answer.sentence


def test_the_record_refuses_a_verdict_on_undecided_support() -> None:
    """Different, or similar with much undecided, is an error; JSON brings back what `rely` made."""
    cohort, made = world()
    lean = rely(made, cohort, by="race")
    assert plain(restore(Reliance, json.loads(json.dumps(plain(lean))))) == plain(lean)
    for word in ("different", "similar"):
        other = lean.total_verdict.copy()
        other[1, 1] = word
        with pytest.raises(InputError, match=f"given outcome is '{word}', with support decided"):
            replace(lean, total_verdict=other)


def slow_unjudged(verdict: str, share: Float, support: Text, margin: float) -> bool:
    """The rule, subject by subject."""
    told = open_ = without = 0.0
    for b, word in zip(share, support, strict=True):
        told, open_ = (told, open_ + abs(b)) if word == "unresolved" else (told + abs(b), open_)
        without += 0.0 if word.startswith("supported") else abs(b)
    if verdict == "similar":
        return without > margin
    return verdict == "different" and told + open_ > 0 and told < 0.5 * (told + open_)


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_is_that_of_its_words(seed: int) -> None:
    """Against loops, over shares of both signs and all words; a reason wherever cannot tell."""
    rng = np.random.default_rng(seed)
    share = rng.normal(scale=0.1, size=(40, 4))
    support = np.array(
        ["supported_within_groups", "not_supported_within_groups", "unresolved", "unresolved"]
    )
    verdict = rng.choice(["different", "similar", "cannot_tell", "not_estimable"], 40)
    found = unjudged(verdict, share, support, margin=0.2)
    wanted = [
        slow_unjudged(v, b, support, 0.2) for v, b in zip(verdict.tolist(), share, strict=True)
    ]
    assert found.tolist() == wanted
    assert 0 < found.sum() < 40
    rho = resolved(share, support)
    why = why_undecided(np.where(found, "cannot_tell", verdict), rho, support, np.full(4, ""))
    assert all(FEW in text for text in why[found & (rho < LEAST_RESOLVED)])
    assert (found & (rho >= LEAST_RESOLVED)).any()
    assert not why[rho >= LEAST_RESOLVED].any()


def cancelling(support: str) -> tuple[Cohort, Attributions]:
    """A cause, and two subjects that tell the group alone and stand against each other.

    They hardly vary within groups where their support is to stay unresolved.
    """
    rng = np.random.default_rng(11)
    n, inside = 3000, 0.05 if support == "unresolved" else 0.3
    group = np.arange(n) % 2
    x = rng.normal(size=(n, 3)) * [1.0, inside, inside]
    x += np.outer(group - 0.5, [1.3, 0.45, -0.45])
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], "y": (rng.random(n) < expit(x[:, 0])).astype(int)},
        index=[f"p{i:05d}" for i in range(n)],
    )
    names = ("cause", "up", "down")
    cohort = Cohort(x, people, names, outcome="y", groups=["race"], unit="row")
    made = Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=names, output=x.sum(axis=1), base=0.0
    )
    return cohort, made


@pytest.mark.parametrize("support", ["unresolved", "not_supported_within_groups"])
def test_parts_that_cancel_are_not_called_similar(support: str) -> None:
    """Two subjects without support stand against each other: their sum is 0, their sizes are not.

    Support is decided for more than half of the reliance; the answer is *cannot tell*, and why.
    """
    cohort, made = cancelling(support)
    lean = rely(made, cohort, by="race")
    g = lean.condition("outcome")
    assert lean.support[0] == "supported_within_groups"
    assert set(lean.support[1:]) == {support}
    assert -lean.margin < lean.total_low[g, 1] < 0.0 < lean.total_high[g, 1] < lean.margin
    assert np.abs(lean.share[g, 1:]).sum() > lean.margin
    assert lean.total_verdict[g, 1] == "cannot_tell"
    verdict, told = said(lean)
    assert verdict == "cannot_tell"
    assert lean.resolved[g] >= LEAST_RESOLVED
    assert "the parts of what lacks support make up for one another" in lean.undecided[g]
    assert "make up for one another" in told


def test_sampling_weights_do_not_enter_and_the_record_says_so() -> None:
    """The same numbers with and without, and a sentence on for whom they speak."""
    cohort, made = world()
    people = cohort.people.assign(w=np.where(np.arange(400) % 3 == 0, 0.0, 1.0))
    heavy = Cohort(cohort.x, people, NAMES, outcome="y", groups=["race"], unit="row", weights="w")
    lean, other = rely(made, cohort, by="race"), rely(made, heavy, by="race")
    np.testing.assert_array_equal(lean.share, other.share)
    assert set(lean.population) == {""}
    assert set(other.population) == {"Every unit counts once: sampling weights (w) do not enter."}


def test_a_sentence_tells_a_share_that_runs_against_the_group_in_its_own_direction() -> None:
    """Features that take 3 % off are 2 and 1, not minus 2 and minus 1."""
    cohort, made = world()
    one = next(
        r for r in results(Measures(reliances=(rely(made, cohort, by="race"),)))
        if r.subject == "unsupported_share"
    )  # fmt: skip
    less = replace(one, effect=-0.03, low=-0.04, high=-0.02, unresolved=-0.01, verdict="similar")
    told = sentence(less)
    assert f"take 3.0 % off what follows race (95 % interval {MINUS}4.0 to {MINUS}2.0)" in told
    assert "made up of 2.0 shown to be without support and 1.0 merely unresolved: similar" in told
