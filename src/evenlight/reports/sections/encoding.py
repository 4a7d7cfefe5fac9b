"""B4, what tells the group: features beside their share of the reliance, and layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from htpy import Element, Node

from evenlight.data.digits import confidence, count, estimate, number, plain, probability
from evenlight.data.shown import short, versus
from evenlight.figures.association import together
from evenlight.language import spoken
from evenlight.measures.associations import Association
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.reliance import Reliance
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import (
    FEW,
    evidence,
    folded,
    grid,
    groups,
    name,
    picture,
    rows_of,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.contrasts import both
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import STEPPED

TELLS = (
    "How far each feature's own values tell {grouping}, of its variance and corrected for chance "
    "({measure}); p by permutation, adjusted over features (max-T). Beside it the share of the "
    "output's variance that follows {grouping} through the feature, given {given}."
)
LAYERS = (
    "What layers hold of {grouping}{among}. AUC: how well a linear classifier of unseen people "
    "tells the two groups apart; p by permutation with refits, adjusted over pairs. Goes: the part "
    "of the groups' difference in output that goes when the layer's means no longer differ, in SD "
    "of the output. Limits at {level}, not adjusted over layers: they say where to look. Encoded "
    "is no evidence of use."
)
BESIDE = (
    "The same within the levels of {beside}, and of {beside} within the groups: which of the two "
    "a layer holds."
)
DRIFT = (
    "FST of {sites} genotypes by {grouping}: of all groups Weir and Cockerham's theta, of two "
    "groups Hudson's estimator as a ratio of sums (Bhatia and others 2013). Corrected for the "
    "number of people, so that it lies around 0 where nothing differs. That genotypes differ is "
    "no evidence that the output uses them."
)
LEFT_OUT = "Strata left out, with too few people to compare: {count}."
SAME = "among people with the same {given}"
OF_LINE = (
    "groupings besides layers contrasts n auc auc_low auc_high auc_p used used_low used_high "
    "reason used_reason"
)
"""The fields that one line of T11 tells of."""

READINGS = {
    "encoded_and_used": "encoded and used",
    "encoded_not_used": "encoded, no use seen",
    "not_encoded": "not encoded",
    "cannot_tell": "open",
    "not_estimable": "cannot be asked here",
}


def telling(audit: Audit, key: str, reliance: Reliance) -> Iterator[Node]:
    """The association of features with a grouping, beside their share of the reliance on it."""
    mark = key.replace("t5", "F20")
    made = drawings(audit)
    beside = [r for r in audit.further.associations if r.grouping == reliance.grouping]
    if mark in made:
        yield picture(made[mark], reliance, *beside)
    for record in beside:
        table = _features(f"{key}a", record, reliance)
        yield folded(spoken("How far each feature tells the group"), table)
        if record.drift is not None:
            title = spoken("How far genotypes differ between the groups")
            yield folded(title, _drift(key, record))


def _drift(key: str, record: Association) -> Element:
    """FST over all genotypes, of all groups and of each pair."""
    frame = record.drift_frame()
    rows: list[list[Node]] = [
        [
            name(versus((str(level), str(other))) if other else spoken("All groups")),
            number(float(fst), str(why), digits=2),
        ]
        for level, other, fst, why in frame[["level", "reference", "fst", "reason"]].to_numpy()
    ]
    sites = count(float(frame["sites"].iloc[0]))
    named = spoken(DRIFT, grouping=short(record.grouping), sites=sites)
    pairs = np.argwhere(np.triu(np.ones((len(record.levels),) * 2), 1)).tolist()
    refs = ["pooled pooled_reason"]
    refs += [f"levels/{a} levels/{b} {each('pairs pair_reason', a, b)}" for a, b in pairs]
    told = Told(named, record.drift, f"sites {at(record, 'grouping')}")
    return grid(f"{key}f", "T5, FST", told, (spoken("Groups"), "FST"), rows_of(rows, "", refs))


def _features(key: str, record: Association, reliance: Reliance) -> Element:
    """One row a feature, the largest shares first; without common features the best tellers."""
    given, here, there, g, h = together(record, reliance)
    if not given:
        given, g, h = record.given[0], 0, 0
    place = dict(zip(here.tolist(), there.tolist(), strict=True))
    size_of = [abs(_share(reliance, h, place, j)) for j in range(len(record.subjects))]
    order = np.lexsort((-np.nan_to_num(record.share[g], nan=-1.0), -np.nan_to_num(size_of)))
    heads = (
        spoken("Feature"),
        *(spoken("Given {given}", given=one) for one in record.given),
        *(spoken("Adjusted p"), spoken("Reliance")),
    )
    rows: list[list[Node]] = [
        [
            name(record.subjects[j]),
            *(
                number(float(record.share[i, j]), str(record.reason[i, j]), digits=2)
                for i in range(len(record.given))
            ),
            probability(float(record.p_maxt[g, j]), str(record.reason[g, j])),
            number(_share(reliance, h, place, j), spoken("not measured"), digits=2),
        ]
        for j in order.tolist()
    ]
    named = spoken(TELLS, grouping=short(record.grouping), measure=record.measure, given=given)
    left = int(record.dropped[g])
    named += f" {spoken(LEFT_OUT, count=count(left))}" if left else ""
    told = Told(named, record, f"grouping measure dropped/{g}")
    refs = [_feature_at(record, reliance, h, (j, place.get(j))) for j in order[:FEW].tolist()]
    some = rows_of(rows, "", refs, most=FEW)
    return grid(key, spoken("T5, association"), told, heads, some)


def _feature_at(
    record: Association, reliance: Reliance, h: int, feature: tuple[int, int | None]
) -> str:
    """The pointers of one feature: its association, and its share of the reliance."""
    j, there = feature
    given = range(len(record.given))
    own = [f"{field}/{i}/{j}" for i in given for field in ("share", "reason", "p_maxt")]
    beside = "" if there is None else at(reliance, f"share/{h}/{there}")
    return " ".join((f"subjects/{j}", *own, beside)).strip()


def _share(reliance: Reliance, h: int, place: dict[int, int], j: int) -> float:
    """The share of the j-th feature of an association in the reliance, NaN where it has none."""
    return float(reliance.share[h, place[j]]) if j in place else float("nan")


def layers(audit: Audit, grouping: str) -> Iterator[Node]:
    """The table encoded / used of a grouping, where the plan names layers."""
    for key, record in keyed("t11", audit.further.encoded):
        if record.groupings[0] == grouping:
            yield _encoded(key, record, audit.cohort.strata)


def _encoded(key: str, record: EncodedUsed, strata: Sequence[str]) -> Element:
    asked = list(dict.fromkeys(zip(record.groupings, record.besides, strict=True)))
    lines = list(zip(record.groupings, record.besides, strict=True))
    parts = [
        (
            name(_question(*question)),
            rows_of(
                [_line(record, i) for i, line in enumerate(lines) if line == question],
                OF_LINE,
                [i for i, line in enumerate(lines) if line == question],
            ),
        )
        for question in asked
    ]
    heads = (
        *(spoken("What"), spoken("Layer"), spoken("Contrast"), "n"),
        *(spoken("AUC [interval]"), "p", spoken("Encoded")),
        *(spoken("Goes, SD(f) [interval]"), spoken("Used"), spoken("Reading")),
    )
    beside = next((b for b in record.besides if b), "")
    held = [record.given] if record.given != "nothing" else []
    held += [short(s) for s in strata if s not in (beside, record.groupings[0])]
    named = spoken(
        LAYERS,
        grouping=short(record.groupings[0]),
        among=among(both(held) if held else ""),
        level=confidence(record.alpha),
    )
    named += f" {spoken(BESIDE, beside=short(beside))}" if beside else ""
    encoded, used = (plain(margin) for margin in record.margins)
    named += f" {spoken('Margins: {encoded} and {used}.', encoded=encoded, used=used)}"
    told = Told(
        f"{named}{spoken(STEPPED) if record.rounded.any() else ''}",
        record,
        "groupings/0 alpha margins besides /cohort/strata",
    )
    return groups(key, "T11", told, heads, parts)


def among(given: str) -> str:
    """Among whom: those who have the same of what is given."""
    return "" if given in ("", "nothing") else f" {spoken(SAME, given=given)}"


def _question(grouping: str, beside: str) -> str:
    if not beside:
        return short(grouping)
    return spoken("{grouping} within {beside}", grouping=short(grouping), beside=short(beside))


def _line(record: EncodedUsed, i: int) -> list[Node]:
    why, idle = str(record.reason[i]), str(record.used_reason[i])
    auc = (float(a[i]) for a in (record.auc, record.auc_low, record.auc_high))
    used = (float(a[i]) for a in (record.used, record.used_low, record.used_high))
    n = both(count(float(v), spoken("not told")) for v in record.n[i])
    return [
        name(record.layers[i]),
        name(versus(record.contrasts[i])),
        size(n),
        evidence(estimate(*auc, reason=why)),
        probability(float(record.auc_p[i]), why),
        verdict(str(record.encoded[i])),
        evidence(estimate(*used, reason=idle, sign=True)),
        verdict(str(record.uses[i])),
        spoken(READINGS[str(record.reading[i])]),
    ]
