"""Versions of a model and cohorts: who is hit harder, and which findings are found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions, Background
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import AttributionError, InputError, ModelError
from evenlight.measures.changes import Versions
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.replicate import Replication, replicate
from evenlight.measures.testing import Testing
from evenlight.measures.versions import versions

QUICK = Testing(margin=0.1, draws=300)


def cohort_of(x: Float, race: object = None, *, seed: int = 0) -> Cohort:
    """People with a binary outcome that follows the first column."""
    rng = np.random.default_rng(seed)
    own = np.where(np.arange(len(x)) % 2 == 0, "A", "B") if race is None else race
    y = (rng.random(len(x)) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    people = pd.DataFrame({"race": own, "y": y}, index=[f"p{i}" for i in range(len(x))])
    return Cohort(x, people, outcome="y", groups=["race"], unit="row")


def made_of(cohort: Cohort, phi: Float, digest: str = "pool") -> Attributions:
    """Attributions against one background."""
    made = Attributions.from_arrays(
        phi,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=phi.sum(axis=1),
        base=0.0,
    )
    return replace(made, background=Background(digest, 100))


def predicted(cohort: Cohort, f: Float) -> Predictions:
    """The response of a logit."""
    return Predictions(cohort.rows, f, 1 / (1 + np.exp(-f)), "output", "logit")


def test_rounding_hits_nobody() -> None:
    """fp32 against a version rounded to 1/64: all changes are similar to none, in all groups."""
    phi = np.random.default_rng(0).normal(size=(400, 4))
    cohort = cohort_of(phi)
    rounded = np.round(phi * 64) / 64
    pair = (made_of(cohort, phi), made_of(cohort, rounded))
    told = (predicted(cohort, phi.sum(axis=1)), predicted(cohort, rounded.sum(axis=1)))
    found = versions(pair, cohort, by="race", predictions=told, testing=QUICK)
    assert [part.name for part in found.changes] == [
        "signed", "magnitude", "moved", "output", "loss",
    ]  # fmt: skip
    for part in found.changes:
        assert (part.verdict == "similar").all()
        assert (part.apart_verdict == "similar").all()
    moved = found.of("moved")
    assert (moved.low > 0).all()
    assert moved.change[0, 0] * moved.unit == pytest.approx(
        np.abs(rounded - phi)[::2, 0].mean(), abs=1e-6
    )


def test_a_group_that_loses_a_feature_is_hit_harder() -> None:
    """The second version stops using x1 in B: attribution, output and loss say so."""
    phi = np.random.default_rng(1).normal(size=(600, 3)) + 0.5
    cohort = cohort_of(2 * phi)
    after = phi.copy()
    after[1::2, 0] *= 0.2
    pair = (made_of(cohort, phi), made_of(cohort, after))
    told = (predicted(cohort, 2 * phi[:, 0]), predicted(cohort, 2 * after[:, 0]))
    found = versions(pair, cohort, by="race", predictions=told, testing=QUICK)
    signed = found.of("signed")
    assert signed.verdict[:, 0].tolist() == ["similar", "different"]
    assert signed.apart_verdict[0].tolist() == ["different", "similar", "similar"]
    assert signed.apart[0, 0] < 0
    assert found.of("output").apart_verdict[0, 0] == "different"
    loss = found.of("loss")
    assert loss.change[0, 0] == 0
    assert loss.apart_low[0, 0] > 0
    assert len(found.differences_frame()) == 3 * 3 + 2
    assert "loss 1 of 2" in repr(found)


def test_a_change_that_cancels_is_seen_as_movement() -> None:
    """Up in half of the people and down in the other half: the mean stays, all move."""
    phi = np.random.default_rng(2).normal(size=(400, 2))
    cohort = cohort_of(phi)
    after = phi.copy()
    after[:, 0] += np.where(np.arange(400) % 4 < 2, 0.5, -0.5)
    found = versions(
        (made_of(cohort, phi), made_of(cohort, after)), cohort, by="race", testing=QUICK
    )
    assert (found.of("signed").verdict[:, 0] != "different").all()
    assert (found.of("moved").verdict[:, 0] == "different").all()
    assert (found.of("moved").apart_verdict[:, 0] == "similar").all()


def test_few_people_have_no_change_of_their_own() -> None:
    """Nine of C: hidden, with reasons, and the record survives JSON."""
    phi = np.random.default_rng(3).normal(size=(109, 2))
    race = np.array(["A"] * 50 + ["B"] * 50 + ["C"] * 9)
    cohort = cohort_of(phi, race)
    pair = (made_of(cohort, phi), made_of(cohort, phi * 1.1))
    found = versions(pair, cohort, by="race", testing=QUICK)
    assert found.n_reason[2] == "suppressed (<11)"
    assert np.isnan(found.of("signed").change[2]).all()
    assert (found.of("signed").reason[2] == "suppressed (<11)").all()
    assert "fewer than 11 units in C" in found.of("signed").apart_reason[2, 0]
    assert plain(restore(Versions, plain(found))) == plain(found)


def test_explanations_of_other_questions_are_refused() -> None:
    """Another background, target or feature, unless the background is declared."""
    phi = np.random.default_rng(4).normal(size=(60, 2))
    cohort = cohort_of(phi)
    one, other = made_of(cohort, phi), made_of(cohort, phi, digest="own group")
    with pytest.raises(AttributionError, match="different backgrounds"):
        versions((one, other), cohort, by="race", testing=QUICK)
    found = versions((one, other), cohort, by="race", testing=QUICK, other_background=True)
    assert found.background == "declared to differ"
    with pytest.raises(AttributionError, match="target"):
        versions((one, replace(one, target="dose")), cohort, by="race")
    told = replace(predicted(cohort, phi[:, 0]), target="dose")
    with pytest.raises(ModelError, match="predictions of 'dose'"):
        versions((one, one), cohort, by="race", predictions=(told, told), testing=QUICK)


def shifted(seed: int, shift: Float, n: int = 400) -> Comparison:
    """A comparison in fresh people; B is shifted in each of four features."""
    rng = np.random.default_rng(seed)
    phi = rng.normal(size=(n, 4))
    phi[1::2] += shift
    cohort = cohort_of(phi)
    return compare(made_of(cohort, phi), cohort, by="race", testing=QUICK)


def test_findings_are_found_again_or_contradicted() -> None:
    """x0 in both, x1 in the first only, x2 in neither, x3 the other way round."""
    first = shifted(1, np.array([1.0, 1.0, 0.0, 1.0]), n=2000)
    again = shifted(2, np.array([1.0, 0.0, 0.0, -1.0]), n=2000)
    found = replicate(first, again)
    v = first.view("signed")
    assert found.answer[v, 0].tolist()[:2] == ["replicated", "contradicted"]
    assert found.answer[v, 0, 3] == "contradicted"
    assert found.same_sign[v, 0, 0] == found.inside[v, 0, 0] == found.overlap[v, 0, 0] == 1
    assert found.inside[v, 0, 1] == found.overlap[v, 0, 1] == 0
    assert np.isnan(found.p[v, 0, 2])
    assert found.change_high[v, 0, 3] < 0
    assert plain(restore(Replication, plain(found))) == plain(found)
    assert "replicated" in repr(found)
    assert len(found.to_frame()) == found.first.size


def test_chance_findings_are_seldom_found_again() -> None:
    """Nothing differs; of what the first called different by chance, hardly any comes back."""
    first = shifted(3, np.zeros(4))
    word = np.full(first.verdict.shape, "different", dtype="<U13")
    forced, answers = replace(first, verdict=word), []
    for seed in range(20):
        answers.append(replicate(forced, shifted(100 + seed, np.zeros(4))).answer)
    assert np.mean(np.array(answers) == "replicated") < 0.05


def test_comparisons_that_ask_otherwise_are_refused() -> None:
    """Another margin is another question, another background too."""
    first, again = shifted(5, np.zeros(4), n=80), shifted(6, np.zeros(4), n=80)
    with pytest.raises(InputError, match="margin"):
        replicate(first, replace(again, margin=0.3))
    assert replicate(first, again).background == "the same"
    assert replicate(first, replace(again, background="")).background == "not told"
    with pytest.raises(AttributionError, match="different backgrounds"):
        replicate(first, replace(again, background="other"))
    with pytest.raises(InputError, match="of one cohort"):
        replicate(first, first)
