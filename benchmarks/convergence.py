"""How far integrated gradients are from right at each number of nodes; the figure of the docs.

    python -m benchmarks.convergence [FIGURE.png]

For four networks: the worst and the median residual of completeness, and the worst error of any
attribution against 4,096 nodes in float64, at 4 to 512 Gauss-Legendre nodes; and what evenlight
takes when it refines row by row. Untrained networks with fixed seeds: the same numbers each time.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import nn

import evenlight as ev
from benchmarks.networks import Vision, omics, resnet
from evenlight.data.attributions import Attributions

NODES = (4, 8, 16, 32, 64, 128, 256, 512)
ROWS = {1: 200, 3: 6}


@dataclass(frozen=True, slots=True)
class Case:
    """A network, the shape of its input, and a name."""

    name: str
    module: nn.Module
    shape: tuple[int, ...]


def cases() -> list[Case]:
    """Two smooth networks and two of ReLUs."""
    return [
        Case("GELU MLP 200-64-32-1", omics(200, 1, hidden=(64, 32), bend=nn.GELU), (200,)),
        Case("ViT-like, GELU", Vision(width=64, depth=2, size=64), (3, 64, 64)),
        Case("ReLU MLP 200-64-32-1", omics(200, 1, hidden=(64, 32)), (200,)),
        Case("ReLU ResNet-18, narrow", resnet(width=8), (3, 64, 64)),
    ]


def cohort(case: Case) -> ev.Cohort:
    """Rows of noise around 0, of 2 SD so that paths bend often."""
    n = ROWS[len(case.shape)]
    x = 2 * np.random.default_rng(0).normal(size=(n, *case.shape))
    people = pd.DataFrame({"sex": np.resize(["f", "m"], n)}, index=[f"r{i:03d}" for i in range(n)])
    return ev.Cohort(x, people, groups=["sex"])


def explained(case: Case, people: ev.Cohort, **own: object) -> Attributions:
    """One path from 0."""
    start = np.zeros(case.shape)
    model = ev.adapt(case.module, link="identity")
    return ev.explain(model, people, method="ig", target=0, baseline=start, **own)


def literal(case: Case, people: ev.Cohort, nodes: int = 4096) -> np.ndarray:
    """The attributions by many nodes in float64, at the input."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    module, x = case.module.double(), torch.tensor(people.dense())
    total = torch.zeros_like(x)
    for a, w in zip((at + 1) / 2, weights / 2, strict=True):
        point = (float(a) * x).requires_grad_(True)
        total += float(w) * torch.autograd.grad(module(point)[:, 0].sum(), point)[0]
    case.module.float()
    return (total * x).numpy()


def scaled(found: Attributions) -> np.ndarray:
    """What a row's errors are judged by."""
    move = np.abs(found.output - found.base)
    return np.maximum(move, np.median(move))


def errors(found: Attributions, exact: np.ndarray) -> tuple[float, float, float]:
    """Worst and median residual, and the worst error of an attribution, relative to its row."""
    scale = scaled(found)
    residual = np.abs(found.error) / scale
    apart = np.abs(found.values - exact).reshape(len(exact), -1).max(axis=1) / scale
    return float(residual.max()), float(np.median(residual)), float(apart.max())


def main(arguments: Sequence[str]) -> int:
    """Print the table, and draw it if a file is named."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    drawn = []
    print("| network | nodes | worst residual | median residual | worst error |")
    print("|---|---|---|---|---|")
    for case in cases():
        people = cohort(case)
        exact = literal(case, people)
        rows = [errors(explained(case, people, steps=n), exact) for n in NODES]
        own = explained(case, people)
        for n, (worst, middle, error) in zip(NODES, rows, strict=True):
            print(f"| {case.name} | {n} | {worst:.1e} | {middle:.1e} | {error:.1e} |")
        worst, middle, error = errors(own, exact)
        taken = f"{own.settings['steps_median']:.0f} to {own.settings['steps']}"
        if own.settings["exact_rows"] == own.n:
            taken = "exact pieces"
        print(f"| {case.name} | evenlight: {taken} | {worst:.1e} | {middle:.1e} | {error:.1e} |")
        drawn.append((case.name, np.array(rows), (worst, error, own.settings["steps_median"])))
    for path in arguments[:1]:
        _figure(drawn).savefig(Path(path), dpi=150)
    return 0


def _figure(drawn: Sequence[tuple[str, np.ndarray, tuple[float, float, float]]]) -> Figure:
    matplotlib.rcParams["svg.hashsalt"] = "evenlight"
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for k, (name, rows, own) in enumerate(drawn):
        style = {"color": f"C{k}", "marker": "osD^"[k], "markersize": 4, "label": name}
        left.loglog(NODES, rows[:, 0], **style)
        right.loglog(NODES, rows[:, 2], **style)
        if own[2]:
            left.plot(own[2], own[0], "*", color=f"C{k}", markersize=13)
            right.plot(own[2], own[1], "*", color=f"C{k}", markersize=13)
    for axes, title in ((left, "Residual, worst row"), (right, "Error of an attribution, worst")):
        axes.axhline(1e-2, color="0.4", linewidth=0.8, linestyle="--")
        axes.set(title=title, xlabel="Gauss-Legendre nodes")
        axes.set_xticks(NODES, [str(n) for n in NODES])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("relative to the move of the output")
    right.legend(frameon=False, fontsize=8)
    return figure


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
