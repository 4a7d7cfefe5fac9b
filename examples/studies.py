"""The people of the notebooks: real where their files are, else generated in the same shape.

The folder that the environment variable EVENLIGHT_DATA names (default ../shared/data beside the
repository) may hold genevar-hapmap210, kg2504-genotypes, support2 and nih-cxr-1000. Where one is
absent, people are drawn at random with the same columns and as many rows, and `told` says so: what
is then found is true of nobody. The cells of donors are always generated.

    python examples/studies.py     # which of them are here
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.cohorts.phantom import phantom

SIGNS = [
    "age", "num.co", "diabetes", "dementia", "scoma", "meanbp", "hrt", "resp", "temp", "wblc",
    "pafi", "alb", "bili", "crea", "sod", "ph",
]  # fmt: skip
"""What is known of a patient on day three: nothing that was scored, predicted or billed later."""

POPULATIONS = {
    "EUR": {"CEU": 99, "FIN": 99, "GBR": 91, "IBS": 107, "TSI": 107},
    "EAS": {"CHB": 103, "JPT": 104, "CHS": 105, "CDX": 93, "KHV": 99},
    "AFR": {"YRI": 108, "LWK": 99, "GWD": 113, "MSL": 85, "ESN": 99, "ASW": 61, "ACB": 96},
    "SAS": {"GIH": 103, "PJL": 96, "BEB": 86, "STU": 102, "ITU": 102},
    "AMR": {"MXL": 64, "PUR": 104, "CLM": 94, "PEL": 85},
}
"""How many people of each population the 1000 Genomes have, by superpopulation."""

LINES = {"EUR": {"CEU": 60}, "EAS": {"CHB": 45, "JPT": 45}, "AFR": {"YRI": 60}}
"""How many cell lines of each were measured."""

APART = 9
"""Generated people of each population with expression and no genotypes: 174 of 210 have both."""


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """x (n, p) and people by id; `told` says where they are from; `sites` (p rows) places x."""

    x: pd.DataFrame
    people: pd.DataFrame
    told: str
    sites: pd.DataFrame | None = None


def expression() -> Study:
    """210 cell lines x 3,221 probes, log2; population, superpopulation, sex (Stranger 2007)."""
    folder = _folder("genevar-hapmap210")
    if folder is None:
        return _drawn_expression()
    held = np.load(folder / "expression.npz")
    x = pd.DataFrame(held["X"], held["samples"].astype(str), held["probes"].astype(str))
    people = pd.read_csv(folder / "samples.csv", index_col="sample")
    return Study(x, people, _real("210 HapMap cell lines, 3,221 probes, log2 (GENEVAR)"))


def genotypes() -> Study:
    """2,504 people x 3,127 sites, copies of the alternate allele; population and sex, no disease.

    127 sites were chosen by others because they tell ancestry (Kosoy 2009), 3,000 are a draw of
    common exome sites. `sites` has chromosome, position, both alleles, build and `panel`.
    """
    folder = _folder("kg2504-genotypes")
    if folder is None:
        return _drawn_genotypes()
    held = np.load(folder / "genotypes.npz")
    chosen, common = held["seldin128_sites"].tolist(), held["exome_common_sites"].tolist()
    names = [name.split("|")[0] for name in chosen] + common
    place = [name.split("|")[-1].split(":") for name in (*chosen, *common)]
    sites = _sites(names, place, len(chosen))
    x = np.hstack([held["seldin128"], held["exome_common"]]).astype(np.float64)
    people = pd.read_csv(folder / "samples.csv", index_col="sample")
    frame = pd.DataFrame(x, held["samples"].astype(str), names)
    return Study(frame, people, _real("2,504 people of the 1000 Genomes, 3,127 sites"), sites)


def hospital() -> Study:
    """9,105 seriously ill patients x 16 signs, with gaps; race, sex, diagnosis, death, d.time."""
    folder = _folder("support2")
    if folder is None:
        return _drawn_hospital()
    table = pd.read_csv(folder / "support2.csv.gz")
    table.index = pd.Index([f"p{i}" for i in table.pop("sno")])
    people = table[["race", "sex", "dzgroup", "hospdead", "death", "d.time"]]
    return Study(
        table[SIGNS].astype(float), people, _real("9,105 patients of SUPPORT (Knaus 1995)")
    )


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """x (n, h, w) from 0 to 255, and people by file; `told` says where they are from."""

    x: np.ndarray
    people: pd.DataFrame
    told: str


def chests() -> Images:
    """1,000 chest X-rays, 64 x 64, of 264 patients: abnormal, sex, age, view (Wang 2017)."""
    folder = _folder("nih-cxr-1000")
    if folder is None:
        return _drawn_chests()
    people = pd.read_csv(folder / "metadata.csv", index_col="file")
    x = np.load(folder / "images.npz")["images"]
    return Images(x, people, _real("1,000 chest X-rays of 264 patients (NIH ChestX-ray14)"))


def _drawn_chests() -> Images:
    """Phantoms of as many rows; what is marked in a corner is called AP."""
    made = phantom(500, images=2, side=64, rng=0)
    cohort, rng = made.cohort, np.random.default_rng(1)
    people = pd.DataFrame(
        {
            "abnormal": cohort.people["ill"].to_numpy(),
            "patient_id": cohort.people["person"].to_numpy(),
            "age": rng.integers(20, 85, cohort.n),
            "sex": np.where(cohort.people["group"] == "a", "female", "male"),
            "view": np.where(made.truth["mark"] > 0, "AP", "PA"),
        },
        index=cohort.people.index,
    )
    x = np.clip(150 * cohort.dense()[:, 0], 0, 255).astype(np.uint8)
    return Images(x, people, _generated("nih-cxr-1000", "1,000 images of 500 people"))


def cells() -> Study:
    """Counts of 200 genes in 30 cells of each of 120 donors, generated.

    G0 is three times as high in ancestry B, and half as high again in the ill. G1 is high in T
    cells, of which the ill have more, and donors of B as well. G2 is higher in the ill. Half of the
    donors of each ancestry are ill.
    """
    rng = np.random.default_rng(7)
    donor = np.repeat(np.arange(120), 30)
    b, ill = donor % 2 == 1, donor // 2 % 2 == 1
    often = np.clip(0.3 + 0.25 * b[::30] + 0.25 * ill[::30] + rng.normal(0, 0.06, 120), 0.1, 0.9)
    t = rng.random(len(donor)) < often[donor]
    mean = np.tile(rng.gamma(1.5, 1.5, 200), (len(donor), 1))
    mean *= rng.gamma(12, 1 / 12, (120, 200))[donor]
    mean[:, 0] *= np.where(b, 3, 1) * np.where(ill, 1.5, 1)
    mean[:, 1] = np.where(t, 12, 1)
    mean[:, 2] = np.where(ill, 5, 3) * rng.gamma(40, 1 / 40, 120)[donor]
    mean *= rng.lognormal(0, 0.3, len(donor))[:, None]
    ids = [f"d{i:03d}_{j:02d}" for i in range(120) for j in range(30)]
    x = pd.DataFrame(rng.poisson(mean).astype(float), ids, [f"G{j}" for j in range(200)])
    people = pd.DataFrame(
        {"donor": [f"d{i:03d}" for i in donor], "ancestry": np.where(b, "B", "A"),
         "cell_type": np.where(t, "T", "NK"), "ill": ill.astype(int)},
        index=ids,
    )  # fmt: skip
    return Study(x, people, "GENERATED: 3,600 cells of 120 donors, 200 genes; true of nobody.")


def _folder(name: str) -> Path | None:
    """The folder of one study; None where it is not there."""
    given = os.environ.get("EVENLIGHT_DATA")
    place = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    return place / name if (place / name).is_dir() else None


def _real(what: str) -> str:
    return f"Real: {what}."


def _generated(name: str, what: str) -> str:
    return (
        f"GENERATED: {what}, drawn at random in the shape of {name}, which is not here (set "
        "EVENLIGHT_DATA to the folder that holds it). Whatever is found below is true of nobody."
    )


def _listed(counts: dict[str, dict[str, int]], *, after: int = 0) -> pd.DataFrame:
    """People by number within their population, the first `after` of each left out."""
    rows = [
        (f"{pop}{i:03d}", pop, above, "female" if i % 2 else "male")
        for above, pops in counts.items()
        for pop, n in pops.items()
        for i in range(1 + after, 1 + after + n)
    ]
    table = pd.DataFrame(rows, columns=["sample", "population", "superpopulation", "sex"])
    return table.set_index("sample")


def _sites(names: list[str], place: list[list[str]], chosen: int) -> pd.DataFrame:
    """One row a site: chromosome, position, reference and alternate allele of each `place`."""
    told = pd.DataFrame(place, names, ["chromosome", "position", "other_allele", "counted_allele"])
    told["position"] = told["position"].astype(int)
    told["build"] = "GRCh37"
    told["panel"] = ["ancestry informative"] * chosen + ["common exome"] * (len(names) - chosen)
    return told


def _drawn_expression() -> Study:
    """Some probes follow sex, some ancestry, and a few factors run through all of them."""
    rng = np.random.default_rng(1)
    people = _listed(LINES)
    n, p = len(people), 3221
    above = people["superpopulation"].map({"EUR": 0, "EAS": 1, "AFR": 2}).to_numpy()
    x = rng.uniform(6, 12, p) + rng.normal(size=(n, 5)) @ rng.normal(0, 0.15, (5, p))
    x += rng.normal(0, 0.3, (n, p))
    x[:, :300] += rng.normal(0, 0.4, (3, 300))[above]
    x[:, 300:305] += np.where(people["sex"] == "female", 2.0, 0.0)[:, None]
    frame = pd.DataFrame(x.astype(np.float32), people.index, [f"probe{j:04d}-S" for j in range(p)])
    return Study(frame, people, _generated("genevar-hapmap210", "210 people with 3,221 probes"))


def _drawn_genotypes() -> Study:
    """Allele frequencies that drifted apart (Balding and Nichols 1995); no linkage."""
    rng = np.random.default_rng(2)
    people = _listed(POPULATIONS, after=APART)
    far = np.repeat([0.4, 0.1], [127, 3000])
    root = rng.uniform(0.1, 0.9, len(far))
    above = {name: _drifted(root, far, rng) for name in POPULATIONS}
    often = {
        pop: _drifted(above[name], np.full(len(far), 0.005), rng)
        for name, pops in POPULATIONS.items()
        for pop in pops
    }
    p = np.stack([often[pop] for pop in people["population"]])
    places = sorted(
        zip(rng.integers(1, 23, len(far)), rng.integers(1, 4_500_000, len(far)), strict=True)
    )
    pairs = np.array(["A:G", "C:T", "A:C", "G:T"])[rng.integers(0, 4, len(far))]
    place = [
        [str(c), str(10 * at), *pair.split(":")]
        for (c, at), pair in zip(places, pairs, strict=True)
    ]
    names = [f"rs{j + 1}" for j in range(127)] + [":".join(one) for one in place[127:]]
    x = pd.DataFrame(rng.binomial(2, p).astype(float), people.index, names)
    told = _generated("kg2504-genotypes", "2,504 people with 3,127 sites")
    return Study(x, people, told, _sites(names, place, 127))


def _drifted(root: np.ndarray, far: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frequencies that drifted by FST `far` from those of the root, kept off 0 and 1."""
    scale = (1 - far) / far
    return np.clip(rng.beta(root * scale, (1 - root) * scale), 0.01, 0.99)


def _drawn_hospital() -> Study:
    """Death follows age, coma, blood pressure and creatinine, alike for everyone."""
    rng = np.random.default_rng(3)
    n = 9105
    middle = [62.6, 1.9, 0.2, 0.03, 12, 85, 97, 23, 37.1, 12, 240, 2.9, 2.5, 1.8, 138, 7.42]
    spread = [15.6, 1.3, 0, 0, 24, 28, 32, 9.6, 1.25, 9, 110, 0.9, 5, 1.7, 6, 0.08]
    ids = [f"p{i + 1}" for i in range(n)]
    x = pd.DataFrame(rng.normal(middle, spread, (n, len(SIGNS))), ids, SIGNS)
    for sign, often in {"diabetes": 0.2, "dementia": 0.03}.items():
        x[sign] = (rng.random(n) < often).astype(float)
    risk = x["age"] / 30 + x["scoma"] / 20 - x["meanbp"] / 40 + x["crea"] / 3 - 2.5
    time = np.ceil(rng.exponential(700 * np.exp(-0.8 * (risk - risk.mean()))))
    people = pd.DataFrame(
        {"race": rng.choice(["white", "black", "hispanic", "other", "asian"], n,
                            p=[0.79, 0.153, 0.034, 0.013, 0.01]),
         "sex": rng.choice(["male", "female"], n, p=[0.56, 0.44]),
         "dzgroup": rng.choice(["ARF/MOSF w/Sepsis", "CHF", "COPD", "Lung Cancer"], n),
         "hospdead": (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int),
         "death": (time <= 1000).astype(int), "d.time": np.minimum(time, 1000)},
        index=ids,
    )  # fmt: skip
    for sign, gone in {"pafi": 0.26, "alb": 0.37, "bili": 0.29, "ph": 0.25}.items():
        x.loc[rng.random(n) < gone, sign] = np.nan
    return Study(x, people, _generated("support2", "9,105 patients with 16 signs"))


if __name__ == "__main__":
    for study in (expression(), genotypes(), hospital(), cells()):
        print(study.told)
