"""The gate: what is said of a planted shortcut, of a clean model, and with less evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.twins import Twin
from evenlight.errors import AttributionError, InputError
from evenlight.explainers.explain import explain
from evenlight.measures.lever import Levers
from evenlight.measures.levers import levers
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Evidence, unsupported_set
from evenlight.measures.shortcut_evidence import closed as closed_by
from evenlight.measures.shortcuts import UNSUPPORTED, Closure, Shortcut, Word
from evenlight.measures.structure import Structure
from evenlight.probes.refitting import Refitting
from evenlight.probes.swap import swap
from evenlight.probes.twin import twin

NAMES = tuple(f"x{j}" for j in range(9))
SETS = FeatureSets.from_lists(
    {"cause": NAMES[:3], "markers": NAMES[3:6], "noise": NAMES[6:]}, NAMES
)
WORD: Word = "consistent_with_a_shortcut"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A model, its training and audited people, attributions and twin."""

    model: object
    training: Cohort
    cohort: Cohort
    phi: Attributions
    pair: Twin


def people(
    seed: int, n: int, *, gap: float, prefix: str, kind: str = "binary", k: int = 2
) -> Cohort:
    """Causes that differ little between groups, markers that differ much, noise; a gap."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % k
    x = rng.normal(size=(n, 9))
    x[:, :3] += 0.3 * group[:, None]
    x[:, 3:6] += 1.2 * group[:, None]
    score = 0.5 * x[:, :3].sum(axis=1) + gap * (group - (k - 1) / 2) - 0.3 * (k - 1)
    y = (
        (rng.random(n) < expit(score)).astype(float)
        if kind == "binary"
        else score + rng.normal(size=n)
    )
    table = pd.DataFrame(
        {"group": np.array(list("abc"))[group], "y": y},
        index=[f"{prefix}{i:05d}" for i in range(n)],
    )
    return Cohort(x, table, NAMES, outcome="y", unit="row", groups=["group"])


@cache
def held(gap: float, *, kind: str = "binary", k: int = 2, n: int = 1200) -> Held:
    """Everything the gate needs, made once."""
    training = people(1, n, gap=gap, prefix="t", kind=kind, k=k)
    cohort = people(2, n, gap=gap, prefix="a", kind=kind, k=k)
    model = LogisticRegression(C=0.05) if kind == "binary" else Ridge(50.0)
    model.fit(training.dense(), training.y)
    pair = twin(model, cohort, training=training, by="group", refitting=Refitting(refits=6), rng=3)
    return Held(model, training, cohort, explain(model, cohort), pair)


def closed(made: Held) -> Levers:
    """What swapping the unsupported sets closes."""
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    moved = swap(made.model, made.cohort, by="group", sets=unsupported_set(lean, SETS))
    return levers(moved, made.cohort, by="group")


def gated(made: Held, **evidence: Any) -> Shortcut:
    """The gate by sets, of what `rely` finds."""
    return gated_of(made.phi, made.cohort, **evidence)


def gated_of(phi: Attributions, cohort: Cohort, *, rng: int = 0, **evidence: Any) -> Shortcut:
    """The same of other people."""
    lean = rely(phi.by(SETS), cohort, by="group", rng=rng)
    return shortcut(lean, phi, cohort, sets=SETS, evidence=Evidence(**evidence))


def test_a_planted_shortcut_is_called_so_with_all_the_evidence() -> None:
    """Markers of the group carry a recruitment gap: all four criteria are met."""
    made = held(2.0)
    found = gated(made, twin=made.pair, levers=closed(made))
    assert found.word == WORD
    assert found.met.tolist() == ["met"] * 4
    assert found.ranked()[0] == "markers"
    assert found.partial[2] < 0.5
    assert "without demonstrated support" in found.reason


def test_a_clean_model_is_not_called_so() -> None:
    """Without a recruitment gap the unsupported share is small and the twin leans on it as much."""
    made = held(0.0)
    found = gated(made, twin=made.pair, levers=closed(made))
    assert found.word == "unresolved"
    assert found.met[0] == "not met"
    assert "above 10 % (from " in found.reason


@pytest.mark.parametrize("missing", ["twin", "levers", "both"])
def test_without_a_part_of_the_evidence_it_is_unresolved(missing: str) -> None:
    """No twin and no outside cohort, or no intervention: the reason names what is missing."""
    made = held(2.0)
    own: dict[str, object] = {"twin": made.pair, "levers": closed(made)}
    found = gated(made, **{n: v for n, v in own.items() if missing not in (n, "both")})
    assert found.word == "unresolved"
    if missing != "levers":
        assert "no twin was given and no outside cohort was given" in found.reason
    if missing != "twin":
        assert "no intervention was given" in found.reason
    assert (found.met == "not asked").sum() == (2 if missing == "both" else 1)


def test_an_outside_cohort_in_which_the_reliance_fails_is_the_other_route() -> None:
    """Among people recruited without the gap the slope between groups is shown below a half."""
    made = held(2.0)
    clean = people(5, 4000, gap=0.0, prefix="o")
    found = gated(made, levers=closed(made), outside=(explain(made.model, clean), clean))
    assert found.word == WORD
    assert found.outside[2] < 0.5
    assert np.isnan(found.excess_total).all()
    assert found.met[2] == "met"
    same = people(6, 4000, gap=2.0, prefix="o")
    borne = gated(made, levers=closed(made), outside=(explain(made.model, same), same))
    assert borne.word == "unresolved"
    assert borne.outside[1] > 0.5
    assert "does not show it to fail" in borne.reason


def test_an_outside_cohort_alone_does_not_replace_decided_support() -> None:
    """Of few audited people neither the remainder nor support is known: the reason says both."""
    made = held(1.0)
    clean = people(5, 4000, gap=0.0, prefix="o")
    few = made.cohort.take(np.arange(104))
    elsewhere = explain(made.model, clean), clean
    found = gated_of(explain(made.model, few), few, outside=elsewhere)
    assert found.outside[2] < 0.5
    assert found.resolved < 0.5
    assert found.met.tolist()[1:3] == ["met", "not met"]
    assert "support is decided for" in found.reason
    assert "below 50 %" in found.reason


def test_the_numbers_are_those_of_their_definitions() -> None:
    """The unsupported share, its excess and limit, written out by loops over refits and people."""
    made = held(2.0)
    found = gated(made, twin=made.pair)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    lacking = [j for j in range(3) if not lean.support[j].startswith("supported")]
    assert found.unsupported[0] == pytest.approx(sum(lean.share[1, j] for j in lacking))
    apart = [
        sum(slow_share(a, made.cohort, j) - slow_share(b, made.cohort, j) for j in lacking)
        for a, b in zip(made.pair.models, made.pair.twins, strict=True)
    ]
    mean, sd = np.mean(apart), np.std(apart, ddof=1)
    wanted = [mean, sd, mean - stats.t.ppf(0.95, 5) * sd]
    np.testing.assert_allclose(found.excess_total, wanted, atol=2e-6)


def slow_share(made: Attributions, cohort: Cohort, j: int) -> float:
    """B of set j given the outcome, less its mean under permutation, person by person."""
    phi = made.by(SETS).values.astype(float)[:, j]
    f, g, y = made.total(), cohort.grouping("group").codes, cohort.y
    top = below = chance = 0.0
    for outcome in (0.0, 1.0):
        at = y == outcome
        n = int(at.sum())
        middle_f, middle_phi = f[at].mean(), phi[at].mean()
        for level in (0, 1):
            own = at & (g == level)
            top += own.sum() * (f[own].mean() - middle_f) * (phi[own].mean() - middle_phi)
        chance += float(((f[at] - middle_f) * (phi[at] - middle_phi)).sum()) / (n - 1)
        below += float(((f[at] - middle_f) ** 2).sum())
    return (top - chance) / below


def test_nothing_depends_on_the_order_of_rows() -> None:
    """People in another order, and twins in another order of theirs, give the same record."""
    made = held(2.0)
    first = gated(made, twin=made.pair, rng=4)
    order = np.random.default_rng(0).permutation(made.cohort.n)
    mixed = made.cohort.take(order)
    again = gated_of(made.phi, mixed, twin=made.pair, rng=4)
    np.testing.assert_array_equal(first.over.excess, again.over.excess)
    np.testing.assert_array_equal(first.unsupported, again.unsupported)
    assert first.reason == again.reason


def test_a_continuous_outcome_and_three_groups_pass_the_gate_too() -> None:
    """A ridge on a number, with three groups in steps, is called so as well."""
    made = held(1.5, kind="continuous", k=3)
    found = gated(made, twin=made.pair, levers=closed(made))
    assert found.word == WORD
    assert found.levels == ("a", "b", "c")


def test_without_an_outcome_it_cannot_be_estimated() -> None:
    """A cohort without an outcome, or with too few people, gives not_estimable and a reason."""
    made = held(2.0)
    bare = Cohort(made.cohort.dense(), made.cohort.people, NAMES, unit="row", groups=["group"])
    found = gated_of(made.phi, bare)
    assert found.word == "not_estimable"
    assert "given the outcome" in found.reason
    few = made.cohort.take(np.arange(16))
    small = gated_of(explain(made.model, few), few)
    assert small.word == "not_estimable"
    assert "two groups" in small.reason


def test_evidence_that_does_not_fit_is_named() -> None:
    """Twins by another grouping, of too few pairs or other features, and foreign interventions."""
    made = held(2.0)
    pair = made.pair
    with pytest.raises(InputError, match="the twin is by 'sex'"):
        gated(made, twin=replace(pair, grouping="sex"))
    short = replace(pair, models=pair.models[:3], twins=pair.twins[:3], offsets=pair.offsets[:3])
    with pytest.raises(InputError, match="3 pairs of refits; at least 5"):
        Evidence(twin=short)
    lean, sums = rely(made.phi, made.cohort, by="group"), Evidence(twin=pair.by(SETS))
    with pytest.raises(AttributionError, match="the twin has 3 features and the model 9"):
        shortcut(lean, made.phi, made.cohort, evidence=sums)
    with pytest.raises(InputError, match="the intervention moved \\['cause'\\]"):
        gated(made, levers=Closure(("cause",), 0.5, 0.4, 0.6))
    other = levers(swap(made.model, made.cohort, by="group", sets=SETS), made.cohort, by="group")
    with pytest.raises(InputError, match="no line of the interventions is about"):
        gated(made, levers=other)
    far = replace(made.phi, target="other")
    with pytest.raises(AttributionError, match="outside cohort has attributions"):
        gated(made, outside=(far, made.cohort))


@pytest.mark.parametrize("name", ["twin", "outside", "levers", "training"])
def test_evidence_of_another_kind_is_named(name: str) -> None:
    """A word in place of a record is an error that names the field."""
    with pytest.raises(InputError, match=f"^{name} is "):
        Evidence(**{name: "group"})  # type: ignore[arg-type]


def test_a_reliance_of_something_else_is_refused() -> None:
    """By features, of another target, between other groups, or adjusted otherwise."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    ask = partial(shortcut, sets=SETS)
    with pytest.raises(AttributionError, match="through 3 subjects, the attributions are of"):
        shortcut(lean, made.phi, made.cohort)
    with pytest.raises(AttributionError, match="the reliance is of 'other'"):
        ask(replace(lean, target="other"), made.phi, made.cohort)
    with pytest.raises(InputError, match=r"between \['a', 'z'\].*of \['a', 'b'\]"):
        ask(replace(lean, levels=("a", "z")), made.phi, made.cohort)
    homes = Structure(families="group")
    with pytest.raises(InputError, match="is not adjusted, the gate would be families by group"):
        ask(lean, made.phi, made.cohort, adjust=homes)


def test_attributions_may_be_summed_already() -> None:
    """What `rely` was given can be passed on as it is."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    both = [
        shortcut(lean, phi, made.cohort, sets=SETS, evidence=Evidence(twin=made.pair))
        for phi in (made.phi, made.phi.by(SETS))
    ]
    assert plain(both[0]) == plain(both[1])


def stratified(made: Held, sites: int) -> Cohort:
    """The audited people in so many sites."""
    table = made.cohort.people.assign(site=[f"s{i % sites:03d}" for i in range(made.cohort.n)])
    return Cohort(
        made.cohort.dense(), table, NAMES, outcome="y", unit="row", groups=["group"],
        strata=["site"],
    )  # fmt: skip


def test_the_strictest_condition_that_could_be_measured_is_asked() -> None:
    """Few sites are held fixed with the outcome; too many are told, and the outcome alone asked."""
    made = held(2.0)
    for sites, given in ((3, "outcome and strata"), (99, "outcome")):
        cohort = stratified(made, sites)
        phi = explain(made.model, cohort)
        lean = rely(phi.by(SETS), cohort, by="group")
        found = shortcut(lean, phi, cohort, sets=SETS, evidence=Evidence(levers=closed(made)))
        g = lean.condition(given)
        assert (lean.strictest, found.given, found.word) == (g, given, "unresolved")
        np.testing.assert_array_equal(found.share, lean.share[g])
        assert found.resolved == lean.resolved[g]
    assert found.stricter.startswith("outcome and strata: ")
    assert "strata are too many for these people" in found.stricter
    assert found.reason.endswith(f"asked given the outcome only, since it could not be given "
                                 f"{found.stricter}")  # fmt: skip


def test_the_twin_stands_in_the_strata_of_the_condition_asked() -> None:
    """Where strata cannot be held, excess and share are those of the cohort without strata."""
    made = held(2.0)
    cohort = stratified(made, 99)
    phi = explain(made.model, cohort)
    refits = replace(
        made.pair,
        models=tuple(replace(m, cohort_digest="") for m in made.pair.models),
        twins=tuple(replace(m, cohort_digest="") for m in made.pair.twins),
    )
    found, plain_ = gated_of(phi, cohort, twin=refits), gated(made, twin=made.pair)
    np.testing.assert_allclose(found.excess_total, plain_.excess_total, atol=1e-12)
    np.testing.assert_allclose(found.share, plain_.share, atol=0.005)


def test_an_intervention_that_could_not_be_asked_is_no_agreement() -> None:
    """A closure without limits leaves the gate unresolved, for its own reason."""
    made = held(2.0)
    gone = Closure(("markers",), np.nan, np.nan, np.nan, "the gap's interval holds 0")
    found = gated(made, twin=made.pair, levers=gone)
    assert found.word == "unresolved"
    assert "the gap's interval holds 0" in found.reason
    with pytest.raises(InputError, match="without a reason"):
        Closure(("markers",), np.nan, 0.0, 0.0)


def undecided(lean: Reliance, *support: str) -> Reliance:
    """The same reliance with other words of support, and nothing said of its shares."""
    verdict = np.full_like(lean.total_verdict, "cannot_tell")
    return replace(lean, support=np.array(support), total_verdict=verdict)


@pytest.mark.parametrize("gap", [0.0, 2.0])
def test_an_intervention_on_all_that_a_model_uses_is_no_evidence(gap: float) -> None:
    """It closes the gap of any model; support that is decided takes its place."""
    made = held(gap)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    nothing = replace(lean, support=np.full(3, "not_supported_within_groups"))
    moved = swap(made.model, made.cohort, by="group", sets=unsupported_set(nothing, SETS))
    every = levers(moved, made.cohort, by="group")
    assert every.closing.closure[0] == pytest.approx(1.0, abs=0.02)
    assert every.closing.closure_low[0] > 0
    evidence = Evidence(twin=made.pair, levers=every)
    unsure = undecided(nothing, "unresolved", "unresolved", "unresolved")
    found = shortcut(unsure, made.phi, made.cohort, sets=SETS, evidence=evidence)
    assert found.met[3] == "not asked"
    assert "cannot tell: 3 of 3 subjects were neutralised" in found.reason
    assert found.word == "unresolved"
    assert np.isnan(found.closure).all()
    told = shortcut(nothing, made.phi, made.cohort, sets=SETS, evidence=evidence)
    assert told.met[3] == "met"
    assert np.isnan(told.closure).all()
    assert told.word == ("consistent_with_a_shortcut" if gap else "unresolved")
    part = Closure(("markers",), 0.5, 0.4, 0.6)
    some = Evidence(twin=made.pair, levers=part)
    told = shortcut(nothing, made.phi, made.cohort, sets=SETS, evidence=some)
    assert told.met[3] == "met"


def test_a_supported_subject_that_the_model_does_not_use_leaves_the_intervention_empty() -> None:
    """Beside markers stands a set without any weight: nothing else moves the output."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    assert lean.lacking.tolist() == [False, True, True]
    moved = Closure(("markers", "noise"), 1.0, 0.9, 1.1)
    used, unused = (replace(lean, mass=np.array([m, 0.7, 0.3 - m])) for m in (0.2, 0.0))
    assert closed_by(moved, used, 0).met
    unsure = undecided(unused, str(lean.support[0]), "unresolved", "unresolved")
    assert closed_by(moved, unsure, 0).met is None
    assert closed_by(moved, unsure, 0).reason.startswith("cannot tell: 2 of 3 subjects")
    opened = Closure(("markers", "noise"), -0.5, -0.8, -0.2)
    assert closed_by(opened, unused, 0).met is False


def test_the_set_to_neutralise_is_all_that_lacks_support() -> None:
    """Markers and noise together are the set "unsupported"; others or none are refused."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    found = unsupported_set(lean, SETS)
    assert found.names == (UNSUPPORTED,)
    assert found.members(UNSUPPORTED) == NAMES[3:]
    every = replace(lean, support=np.full(3, "supported_within_groups"))
    with pytest.raises(InputError, match="nothing to neutralise"):
        unsupported_set(every, SETS)
    with pytest.raises(InputError, match="others than the 3"):
        unsupported_set(lean, FeatureSets.from_lists({"all": NAMES}, NAMES))


def test_the_record_refuses_a_word_that_it_does_not_bear_out() -> None:
    """The strong word needs every criterion, a word its list, a gap a reason."""
    made = held(2.0)
    found = gated(made)
    with pytest.raises(InputError, match="needs all of"):
        replace(found, word=WORD)
    with pytest.raises(InputError, match="wanted one of"):
        replace(found, word="biased")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="missing without a reason"):
        replace(found, reasons=np.full(6, ""))
    with pytest.raises(LookupError, match="pass Evidence"):
        found.ranked()
    assert isinstance(found, Shortcut)
    assert len(found.to_frame()) == 3
    assert repr(found).startswith("Shortcut by group: unresolved; ")


def test_a_record_goes_to_json_and_back() -> None:
    """With a twin, and with nothing estimable, every field comes back as it was."""
    made = held(2.0)
    bare = Cohort(made.cohort.dense(), made.cohort.people, NAMES, unit="row", groups=["group"])
    for found in (
        gated(made, twin=made.pair),
        gated_of(made.phi, bare),
    ):
        data = json.loads(json.dumps(plain(found), allow_nan=False))
        assert plain(restore(Shortcut, data)) == plain(found)


def test_evidence_of_another_model_is_refused() -> None:
    """A twin or an intervention of a flipped model, another target, or other groups."""
    made = held(2.0)
    with pytest.raises(AttributionError, match="the twin is of another model: on the same rows"):
        gated(made, twin=replace(made.pair, audited=-made.phi.output))
    found = closed(made)
    for other, words in (
        (replace(found, output=1.5 * found.output), "on another model or other people"),
        (replace(found, target="dose"), "the intervention is on 'dose'"),
    ):
        with pytest.raises(AttributionError, match=words):
            gated(made, levers=other)
    with pytest.raises(InputError, match="the intervention is by 'sex'"):
        gated(made, levers=replace(found, grouping="sex"))
    boosted = HistGradientBoostingClassifier(max_iter=10).fit(
        made.training.dense(), made.training.y
    )
    with pytest.raises(AttributionError, match="the intervention is on another model"):
        gated_of(explain(boosted, made.cohort), made.cohort, levers=found)
    with pytest.raises(AttributionError, match="the twin is of another model"):
        gated_of(explain(boosted, made.cohort), made.cohort, twin=made.pair)


def test_a_reliance_of_another_model_is_refused() -> None:
    """The same sets, target and groups, and other attributions than these."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    other = LogisticRegression(C=0.05).fit(made.training.dense(), 1 - made.training.y)
    other.coef_[0, :3] *= 2
    with pytest.raises(AttributionError, match="found of other attributions than these"):
        shortcut(lean, explain(other, made.cohort), made.cohort, sets=SETS)


@pytest.mark.parametrize("wrong", ["flipped", "other people"])
def test_a_twin_whose_refits_do_not_resemble_the_model_is_no_comparison(wrong: str) -> None:
    """With a flipped outcome, or one that other features tell; the reason says so.

    The twin's own excess would be as large as with the right outcome.
    """
    made = held(2.0)
    y = 1 - made.training.y
    if wrong == "other people":
        x, rng = made.training.dense(), np.random.default_rng(0)
        y = (rng.random(len(x)) < expit(2 * (x[:, 6:].sum(axis=1) - x[:, 3:6].sum(axis=1)))) * 1.0
    table = made.training.people.assign(y=y)
    other = Cohort(made.training.dense(), table, NAMES, outcome="y", unit="row", groups=["group"])
    pair = twin(made.model, made.cohort, training=other, by="group",
                refitting=Refitting(refits=5))  # fmt: skip
    found = gated(made, twin=pair, levers=closed(made))
    assert found.word == "unresolved"
    assert found.met[1] == "not asked"
    assert "the refits do not resemble the audited model" in found.reason
    assert np.isnan(found.excess_total).all()
    assert found.refits == 0
    assert found.resemblance[1] < found.resemblance[2]
    assert plain(restore(Shortcut, plain(found))) == plain(found)


def test_refits_on_the_models_own_people_resemble_it() -> None:
    """The mean correlation is near 1, and its limit far above the least."""
    made = held(2.0)
    found = gated(made, twin=made.pair)
    assert found.resemblance[0] > 0.9
    assert found.resemblance[1] > found.resemblance[2] > 0.3


def test_what_is_no_evidence_is_named() -> None:
    """Sets as a dictionary, and evidence that is none."""
    made = held(2.0)
    lean = rely(made.phi.by(SETS), made.cohort, by="group")
    with pytest.raises(
        InputError, match=r"sets is a dict; wanted FeatureSets, as FeatureSets.from"
    ):
        shortcut(lean, made.phi, made.cohort, sets={"a": ["x0"]})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="evidence is a Twin; wanted Evidence"):
        shortcut(lean, made.phi, made.cohort, sets=SETS, evidence=made.pair)  # type: ignore[arg-type]


def test_why_there_is_no_twin_can_be_said() -> None:
    """The reason given takes the place of the default words."""
    found = gated(held(2.0), no_twin="the twin given is by 'sex'")
    assert "the twin given is by 'sex' and no outside cohort was given" in found.reason
