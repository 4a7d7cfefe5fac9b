"""Published findings, asked again of the people at hand: what was claimed, what evenlight says.

Five are found again, two cannot be told with these people. The warfarin patients come with the
package; the others lie in the folder that EVENLIGHT_DATA names (default ../shared/data beside the
repository), and a finding whose people are absent is left out with a sentence: nothing is made up
in their place. It takes about a minute.

    python examples/published.py
    python examples/published.py --page docs/findings.md     # writes the table there
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

import evenlight as ev
from evenlight.cohorts import CLINICAL, PHARMACOGENETIC, warfarin

DATA = Path(os.environ.get("EVENLIGHT_DATA") or Path(__file__).parents[2] / "shared" / "data")
AGREES, CANNOT_TELL, DISAGREES = "agrees", "cannot tell", "does not agree"
BLACK, WHITE = "Black or African American", "White"


@dataclass(frozen=True, slots=True)
class Asked:
    """One claim in our words, what was found here, and how the two go together."""

    name: str
    claim: str
    source: str
    found: str
    agreement: str


class Absent(Exception):
    """The people of a finding are not here."""


def folder(name: str) -> Path:
    """A folder of real people; Absent where it is not there."""
    found = DATA / name
    if not found.is_dir():
        raise Absent(f"no folder {name} in {DATA}; set EVENLIGHT_DATA to where it is")
    return found


def genotype_gain() -> Asked:
    """Ask of warfarin who gains how much from the clinical to the genetic formula."""
    cohort = warfarin()
    formulas = (CLINICAL, PHARMACOGENETIC)
    said = tuple(ev.predict(formula, cohort) for formula in formulas)
    made = tuple(ev.explain(formula, cohort) for formula in formulas)
    gained = ev.versions(made, cohort, by="race", predictions=said).differences_frame()
    pair = "what == 'loss' and level == @BLACK and reference == @WHITE"
    loss = gained.query(pair).iloc[0]
    moved = ev.contrasts(PHARMACOGENETIC, cohort)
    found = ev.compare(made[1], cohort, by="race", contrasts=moved).to_frame()
    gene = found.query("subject == 'VKORC1' and level == @BLACK and reference == @WHITE")
    value = gene.query("view == 'signed' and given == 'outcome'").iloc[0]
    use = gene.query("view == 'use'").iloc[0]
    r2 = [explained(one, cohort) for one in said]
    agrees = loss["low"] > 0 and value["mechanism"] == "value" and use["verdict"] == "similar"
    return Asked(
        "Genotype gain of warfarin dosing by race",
        "VKORC1 explains more of the dose in White than in Black patients, largely because the "
        "A allele is more frequent there; a genotype predicts a similar dose in both",
        "Limdi et al., Blood 2010;115:3827",
        f"R2 rises from {r2[0][WHITE]:.2f} to {r2[1][WHITE]:.2f} in White and from "
        f"{r2[0][BLACK]:.2f} to {r2[1][BLACK]:.2f} in Black patients; squared error falls by "
        f"{interval(loss, 'apart')} SD less in Black patients of the same sites. VKORC1: mechanism "
        f"{value['mechanism']}, use {use['verdict']}",
        AGREES if agrees else DISAGREES if loss["high"] < 0 else CANNOT_TELL,
    )


def explained(said: ev.Predictions, cohort: ev.Cohort) -> pd.Series:
    """R2 of each part of the people."""
    table = ev.perform(said, cohort, by="race").to_frame().query("metric == 'r2'")
    return table.set_index("part")["value"]


@cache
def chests() -> pd.DataFrame:
    """What the images of 264 patients tell of view and sex, and what outputs of networks tell.

    Each image has the output of the one of five networks that has not seen its patient. A patient
    counts once in each view, and once in all of sex.
    """
    place = folder("nih-cxr-1000")
    people = pd.read_csv(place / "metadata.csv", index_col="file")
    x = np.load(place / "images.npz")["images"].astype(np.float32)
    x = (x - x.mean(axis=(1, 2), keepdims=True)) / x.std(axis=(1, 2), keepdims=True)
    coarse = x.reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4)).reshape(len(x), -1)
    people["said"] = unseen(x, people)
    people["apiece"] = people["patient_id"].astype(str) + " " + people["view"]
    tables = []
    for by, unit in (("view", "apiece"), ("sex", "patient_id")):
        roles = {"outcome": "abnormal", "unit": unit, "groups": [by], "prediction": "said"}
        cohort = ev.Cohort(coarse, people, **roles)
        asked = [ev.recorded(cohort, gives="margin"), "values"]
        tables.append(ev.leak(asked, cohort, by=by, draws=199).to_frame())
    return pd.concat(tables).set_index(["grouping", "kind"])


def unseen(x: np.ndarray, people: pd.DataFrame) -> np.ndarray:
    """Log odds of *abnormal* (n,), each by a network that has not seen the patient."""
    patients = np.random.default_rng(0).permutation(np.unique(people["patient_id"]))
    fold = people["patient_id"].map(dict(zip(patients, cycle(range(5))))).to_numpy()
    label, said = people["abnormal"].to_numpy(), np.zeros(len(x))
    for k in range(5):
        network = trained(x[fold != k], label[fold != k])
        with torch.no_grad():
            said[fold == k] = network(torch.from_numpy(x[fold == k][:, None]))[:, 0]
    return said


def view_in_images() -> Asked:
    """Ask of chest X-rays whether they tell the view."""
    told = chests().loc[("view", "values")]
    return Asked(
        "Chest X-rays tell AP from PA",
        "A network tells AP from PA images with an AUROC of 1.0 (112,120 images)",
        "Kim et al., J Digit Imaging 2019;32:925",
        "a linear classifier of 16 x 16 means, among images of the same label, of patients that "
        f"it has not seen: AUROC {interval(told, 'auc')}",
        AGREES if told["verdict"] == "different" else CANNOT_TELL,
    )


def view_in_outputs() -> Asked:
    """Ask of networks for *abnormal* whether their outputs follow the view, and sex."""
    view, sex = (chests().loc[(by, "output")] for by in ("view", "sex"))
    agrees = view["verdict"] == "different" and view["low"] > sex["auc"]
    return Asked(
        "Outputs follow the view more than sex",
        "The view moves outputs in images without disease by 1.2 to 1.3 SD, and accounts for far "
        "more of the spread of performance than sex (five networks)",
        "medRxiv, January 2026; a preprint",
        f"among images of the same label the output tells the view with an AUROC of "
        f"{interval(view, 'auc')} and sex with {interval(sex, 'auc')}",
        AGREES if agrees else CANNOT_TELL,
    )


def trained(x: np.ndarray, label: np.ndarray) -> nn.Module:
    """A small network that learns *abnormal* from images (n, 64, 64)."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inner, outer, side in ((1, 8, 5), (8, 16, 3), (16, 16, 3)):
        layers += [nn.Conv2d(inner, outer, side, stride=2, padding=side // 2), nn.SiLU()]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.5), nn.Linear(16 * 64, 1))
    seen, wanted = torch.from_numpy(x[:, None]), torch.tensor(label, dtype=torch.float32)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    for _ in range(15):
        for at in torch.randperm(len(seen)).split(32):
            optimiser.zero_grad()
            said = network(seen[at])[:, 0]
            nn.functional.binary_cross_entropy_with_logits(said, wanted[at]).backward()
            optimiser.step()
    return network.eval()


def silent_sex() -> Asked:
    """Ask of autosomal genotypes whether any site, or all together, tell women from men."""
    place = folder("kg2504-genotypes")
    held = np.load(place / "genotypes.npz")
    people = pd.read_csv(place / "samples.csv", index_col="sample")
    x = np.hstack([held["seldin128"], held["exome_common"]]).astype(float)
    names = [*held["seldin128_sites"], *held["exome_common_sites"]]
    cohort = ev.Cohort(x, people, names, unit="row", groups=["sex"])
    alone = ev.associate(cohort, by="sex", genotypes=True)
    together = ev.leak("values", cohort, by="sex", draws=199).to_frame().iloc[0]
    flagged = int((alone.p_maxt <= 0.05).sum())
    agrees = not flagged and together["verdict"] == "similar"
    return Asked(
        "Sex in autosomal genotypes",
        "In 487,999 and 93,864 people no autosomal site whose alleles differ between men and women "
        "was found in both, though a difference of 0.8 % would have been seen",
        "Kasimatis et al., Genetics 2021;217:iyaa015",
        f"{flagged} of {len(names):,} sites tell sex; all together tell it with an AUROC of "
        f"{interval(together, 'auc')}, which is {told_word(together)} to 0.5",
        AGREES if agrees else DISAGREES if flagged else CANNOT_TELL,
    )


def expression_between() -> Asked:
    """Ask of expression how much of it varies between populations, and how many probes differ."""
    place = folder("genevar-hapmap210")
    held = np.load(place / "expression.npz")
    x = pd.DataFrame(held["X"], held["samples"].astype(str), held["probes"].astype(str))
    people = pd.read_csv(place / "samples.csv", index_col="sample")
    asian = people["population"].isin(["CHB", "JPT"])
    people = people.assign(population=people["population"].mask(asian, "CHB+JPT"))
    parts = []
    for pair in (("CEU", "YRI"), ("CEU", "CHB+JPT")):
        both = people["population"].isin(pair).to_numpy()
        cohort = ev.Cohort(x[both], people[both], unit="row", groups=["population"])
        parts.append(ev.associate(cohort, by="population"))
    mostly = max(float((one.share[0] > 0.5).mean()) for one in parts)
    share = [float(np.median(one.share[0])) for one in parts]
    differ = [float((one.p_maxt[0] <= 0.05).mean()) for one in parts]
    return Asked(
        "Expression within and between populations",
        "Most variation is among individuals and not between populations; 17 % of genes differ "
        "between CEU and YRI, and 1,097 of 4,197 (26 %) between CEU and CHB+JPT",
        "Storey et al., Am J Hum Genet 2007;80:502; Spielman et al., Nat Genet 2007;39:226",
        f"the median probe has {100 * share[0]:.0f} % of its variance between CEU and YRI and "
        f"{100 * share[1]:.0f} % between CEU and CHB+JPT, at most {100 * mostly:.1f} % of probes "
        f"have more than half; {100 * differ[0]:.0f} % and {100 * differ[1]:.0f} % differ "
        "(family-wise 5 %)",
        AGREES if mostly < 0.05 and min(differ) > 0 else DISAGREES,
    )


def support_patients() -> ev.Cohort:
    """9,104 patients with what the SUPPORT model said of their next 180 days."""
    table = pd.read_csv(folder("support2") / "support2.csv.gz").dropna(subset=["surv6m"])
    died = (table["death"] == 1) & (table["d.time"] <= 180)
    people = table[["sex"]].assign(died=died.astype(int), risk=1 - table["surv6m"])
    race = ev.Groups.from_labels("race", table["race"], reference="white", missing=["other"])
    roles = {"outcome": "died", "unit": "row", "prediction": "risk", "groups": [race, "sex"]}
    return ev.Cohort(table[["age"]], people, **roles)


def support_model() -> Asked:
    """Ask of SUPPORT whether its model ranks patients as well as was said, and in both sexes."""
    cohort = support_patients()
    worked = ev.perform(ev.recorded(cohort), cohort, by="sex")
    table = worked.to_frame().query("metric == 'auroc'").set_index("part")
    apart = worked.differences_frame().query("metric == 'auroc'").iloc[0]
    whole = table.loc["overall"]
    return Asked(
        "How well the SUPPORT model foretells survival",
        "AUROC for surviving 180 days: 0.79 where it was made, 0.78 in later patients",
        "Knaus et al., Ann Intern Med 1995;122:191",
        f"AUROC {interval(whole, 'value')} in all; men against women "
        f"{interval(apart, 'difference')}, {told_word(apart)}",
        AGREES if whole["low"] <= 0.79 and whole["high"] >= 0.78 else DISAGREES,
    )


def survival_by_race() -> Asked:
    """Ask of SUPPORT whether, as ill as they were, fewer Black than White patients died."""
    cohort = support_patients()
    worked = ev.perform(ev.recorded(cohort), cohort, by="race")
    table = worked.to_frame().query("metric == 'observed_expected'").set_index("part")
    chosen = "metric == 'observed_expected' and level == 'black' and reference == 'white'"
    apart = worked.differences_frame().query(chosen).iloc[0]
    return Asked(
        "Survival of Black and White patients of SUPPORT",
        "Adjusted for severity, function, site and means, survival of African-American patients "
        "was slightly better (hazard ratio 0.91)",
        "Phillips et al., J Gen Intern Med 1996;11:387",
        f"observed over expected deaths {interval(table.loc['black'], 'value')} in Black and "
        f"{interval(table.loc['white'], 'value')} in White patients; difference "
        f"{interval(apart, 'difference')}",
        AGREES if apart["high"] < 0 else DISAGREES if apart["low"] > 0 else CANNOT_TELL,
    )


def interval(row: pd.Series, name: str) -> str:
    """A number with its simultaneous 95 % limits."""
    digits = 2 if abs(row[name]) >= 0.1 else 3
    value, low, high = (f"{row[key]:.{digits}f}" for key in (name, "low", "high"))
    return f"{value} ({low} to {high})"


def told_word(row: pd.Series) -> str:
    """A verdict as people read it."""
    return str(row["verdict"]).replace("_", " ")


FINDINGS: tuple[Callable[[], Asked], ...] = (
    genotype_gain,
    view_in_images,
    view_in_outputs,
    silent_sex,
    expression_between,
    support_model,
    survival_by_race,
)


def table(rows: list[Asked]) -> str:
    """The findings as a table of Markdown."""
    lines = ["| finding | published | here |", "|---|---|---|"]
    for row in rows:
        published = f"{row.claim} ({row.source})"
        lines.append(f"| {row.name} | {published} | **{row.agreement}**: {row.found} |")
    return "\n".join(lines) + "\n"


def written(page: str, rows: list[Asked]) -> str:
    """A page whose table, between two comments, is that of these findings."""
    marks = r"(<!-- found -->\n).*?(<!-- /found -->)"
    return re.sub(marks, lambda m: f"{m[1]}\n{table(rows)}\n{m[2]}", page, flags=re.DOTALL)


def main() -> int:
    """Ask each, print it, write the page where one is named; 1 where a claim is contradicted."""
    rows, absent = [], 0
    for ask in FINDINGS:
        try:
            rows.append(ask())
        except Absent as why:
            absent += 1
            print(f"{ask.__name__}: not asked, {why}\n", flush=True)
            continue
        print(f"{rows[-1].name}: {rows[-1].agreement}\n  published: {rows[-1].claim}")
        print(f"  {rows[-1].source}\n  here: {rows[-1].found}\n", flush=True)
    if "--page" in sys.argv and not absent:
        page = Path(sys.argv[sys.argv.index("--page") + 1])
        page.write_text(written(page.read_text("utf-8"), rows), "utf-8")
    return int(any(row.agreement == DISAGREES for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
