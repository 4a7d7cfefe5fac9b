"""Cells from an h5ad and genotypes from a bed, explained and compared from disk, beside peers.

    python -m benchmarks.omics                       both, at all rows and at a quarter of them
    python -m benchmarks.omics cells --rows 20000
    python -m benchmarks.omics genotypes

Every line is a fresh process, so that nothing which ran before hides what it takes: its peak memory
beyond what it held when its libraries were loaded (VmHWM of /proc, reset before each step), and its
CPU seconds. *Flat in rows* is the peak at all rows over that at a quarter of them: 1 is flat, 4 is
proportional. A bed is read in passes that fill 64 MB, 699 people of 24,000 variants, and fewer
people make a smaller pass: so genotypes are asked of 10,016 people beside 2,504, and single
variants, whose tests cost draws x people x variants, of 2,504 alone. The peers hold the matrix in
memory, as people do: captum on batches of 4,096 cells, shap's linear explainer on all genotypes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.omics_files import GENES, VARIANTS, write_cells, write_genotypes

CELLS, PEOPLE, IN_A_SET = 100_000, 10_016, 100

SINGLE = 2_504
"""Most people whose single variants are compared."""

STEPS = 16
"""Gradients a cell, of ours and of the peer."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: CPU seconds, megabytes beyond the loaded libraries, and what was found."""

    name: str
    seconds: float
    megabytes: float
    note: str = ""


def status(name: str) -> float:
    """A line of /proc/self/status in megabytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


@contextmanager
def measured(into: list[Step], name: str, base: float) -> Iterator[list[str]]:
    """CPU seconds and the highest resident memory beyond `base` while a step runs."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    begun, notes = time.process_time(), list[str]()
    yield notes
    taken = time.process_time() - begun
    into.append(Step(name, taken, status("VmHWM") - base, "; ".join(notes)))


def network() -> Any:
    """2,000 genes, 128 and 32 hidden units, one output."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    parts = nn.Linear(GENES, 128), nn.GELU(), nn.Linear(128, 32), nn.GELU(), nn.Linear(32, 1)
    return nn.Sequential(*parts).eval()


def score() -> Any:
    """A polygenic score of every variant."""
    import numpy as np

    import evenlight as ev

    rng = np.random.default_rng(1)
    weights = {f"rs{j}": float(w) for j, w in enumerate(rng.normal(0, 0.02, VARIANTS))}
    return ev.CoefficientTable("score", 0.0, weights)


def cells(folder: Path, path: Path) -> list[Step]:
    """Read, explain, compare and rely, nothing held that is as long as the cells are many."""
    import zarr

    import evenlight as ev

    model, out = network(), list[Step]()
    import evenlight.explainers.path

    adapted = ev.adapt(model, link="logit", gives="margin")

    base = status("VmRSS")
    with measured(out, "read", base):
        cohort = ev.read_anndata(
            path, backed="r", unit="donor", outcome="case", groups=["ancestry"]
        )
    kept = zarr.create_array(
        folder / f"{cohort.n}.zarr", shape=(cohort.n, GENES), chunks=(4096, 512), dtype="float32"
    )
    with measured(out, "explain (ig), attributions to zarr", base) as notes:
        made = ev.explain(adapted, cohort, method="ig", baseline="mean", steps=STEPS, out=kept)
        notes.append(f"{(~made.converged).sum()} rows above 1 %")
    asked = ev.Testing(own_value=False)
    with measured(out, "compare", base):
        ev.compare(made, cohort, by="ancestry", testing=asked)
    with measured(out, "rely", base):
        ev.rely(made, cohort, by="ancestry")
    return out


def cells_peer(folder: Path, path: Path) -> list[Step]:
    """Anndata in memory, made dense, captum on batches of 4,096 cells."""
    import anndata
    import numpy as np
    import torch
    from captum.attr import IntegratedGradients

    model, out = network(), list[Step]()
    base = status("VmRSS")
    with measured(out, "captum on the dense matrix", base):
        x = torch.from_numpy(anndata.read_h5ad(path).X.toarray())
        captum, start = IntegratedGradients(model), x.mean(dim=0, keepdim=True)
        held = [
            captum.attribute(
                part, start, target=0, n_steps=STEPS, internal_batch_size=4096
            ).detach().numpy()
            for part in x.split(4096)
        ]  # fmt: skip
        np.concatenate(held)
    return out


def genotypes(folder: Path, path: Path) -> list[Step]:
    """Read, explain, compare and rely over sets of 100 variants and over single ones."""
    import zarr

    import evenlight as ev

    model, out = score(), list[Step]()
    import evenlight.explainers.linear

    base = status("VmRSS")
    with measured(out, "read", base):
        cohort = ev.read_plink(
            path, people=path.with_suffix(".csv"), unit="row", outcome="case", groups=["ancestry"]
        )
    kept = zarr.create_array(
        folder / f"{cohort.n}.zarr", shape=(cohort.n, VARIANTS), chunks=(512, 2048), dtype="float32"
    )
    with measured(out, "explain (linear), attributions to zarr", base):
        made = ev.explain(model, cohort, method="linear", out=kept)
    names = cohort.features.names
    sets = ev.FeatureSets.from_lists(
        {f"s{k}": names[k : k + IN_A_SET] for k in range(0, VARIANTS, IN_A_SET)}, names
    )
    with measured(out, f"sums over {VARIANTS // IN_A_SET} sets, compare and rely", base):
        summed = made.by(sets)
        ev.compare(summed, cohort, by="ancestry")
        ev.rely(summed, cohort, by="ancestry")
    if cohort.n <= SINGLE:
        with measured(out, f"compare, {VARIANTS:,} single variants", base):
            ev.compare(made, cohort, by="ancestry")
        with measured(out, f"rely, {VARIANTS:,} single variants", base):
            ev.rely(made, cohort, by="ancestry")
    return out


def genotypes_peer(folder: Path, path: Path) -> list[Step]:
    """bed-reader in memory, shap's linear explainer on all of it."""
    import numpy as np
    import shap
    from bed_reader import open_bed

    weights = np.array(list(score().weights.values()))
    out, base = list[Step](), status("VmRSS")
    with measured(out, "shap.LinearExplainer on the dense matrix", base):
        with open_bed(path) as bed:
            x = bed.read(dtype="float32")
        shap.LinearExplainer((weights, 0.0), x).shap_values(x)
    return out


WORK: dict[str, tuple[int, str, Callable[[Path, int], None]]] = {
    "cells": (CELLS, "h5ad", write_cells), "genotypes": (PEOPLE, "bed", write_genotypes),
}  # fmt: skip
"""Rows, the ending of the file, and what writes it."""

RUNS: dict[str, Callable[[Path, Path], list[Step]]] = {
    "cells": cells, "cells_peer": cells_peer,
    "genotypes": genotypes, "genotypes_peer": genotypes_peer,
}  # fmt: skip


def child(what: str, folder: Path, path: Path) -> None:
    """Run here, and print the steps for the process that asked."""
    import warnings

    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    print(json.dumps([asdict(step) for step in RUNS[what](folder, path)]))


def spawned(what: str, folder: Path, path: Path) -> list[Step]:
    """The steps of a fresh process."""
    order = [sys.executable, "-m", "benchmarks.omics", "--child", what, str(folder), str(path)]
    done = subprocess.run(order, check=True, stdout=subprocess.PIPE, text=True)
    return [Step(**step) for step in json.loads(done.stdout.splitlines()[-1])]


def table(what: str, rows: int) -> None:
    """One table: every step at all rows and at a quarter of them."""
    _, ending, write = WORK[what]
    print(f"\n{what}: {rows:,} rows, and {rows // 4:,}\n")
    print("| work | CPU s | MB more | CPU s, a quarter | MB, a quarter | flat in rows | note |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{n}.{ending}" for n in (rows, rows // 4)]
        for path, n in zip(paths, (rows, rows // 4), strict=True):
            write(path, n)
        for run in (what, f"{what}_peer"):
            whole, part = (spawned(run, folder, path) for path in paths)
            every = {step.name: step for step in whole}
            for b in part:
                print(f"| {' | '.join(line(every.get(b.name), b))} |", flush=True)


def line(a: Step | None, b: Step) -> tuple[str, ...]:
    """One line: a step at all rows, if it was asked there, and at a quarter of them."""
    quarter = f"{b.seconds:.1f}", f"{b.megabytes:.0f}"
    if a is None:
        return b.name, "", "", *quarter, "", b.note
    ratio = f"{a.megabytes / max(b.megabytes, 1e-9):.2f}"
    return a.name, f"{a.seconds:.1f}", f"{a.megabytes:.0f}", *quarter, ratio, a.note


def main(given: list[str]) -> int:
    """The tables that are asked for."""
    if given[:1] == ["--child"]:
        child(given[1], Path(given[2]), Path(given[3]))
        return 0
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("what", nargs="*", choices=[*WORK, []])
    asked.add_argument("--rows", type=int)
    chosen = asked.parse_args(given)
    for what in chosen.what or WORK:
        table(what, chosen.rows or WORK[what][0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
