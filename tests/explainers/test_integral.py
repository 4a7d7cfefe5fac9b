"""The integral behind the stem: rules, exact pieces, climbing, and what each costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from evenlight.explainers import breakpoints
from evenlight.explainers.climb import Problem, begin, climb
from evenlight.explainers.gradients import Paths, gradients, point_bytes
from evenlight.explainers.opened import Network
from evenlight.explainers.quadrature import ladder, legendre, nested
from evenlight.explainers.stem import find
from evenlight.models.networks import kept
from tests.zoo import Residual, layers


def outputs(raw: Tensor) -> list[Tensor]:
    """Each raw output as a margin."""
    return list(raw.unbind(dim=1))


@contextmanager
def paths(module: nn.Module, rows: int = 20, seed: int = 0) -> Iterator[tuple[Paths, Tensor]]:
    """Paths from 0 to some rows behind the stem of a network of 6 features, and the rows."""
    maker = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 6, generator=maker).double()
    with kept(module.double()):
        net = find(module, x[:4])
        start, end = net.enter(torch.zeros(1, 6).double()), net.enter(x)
        yield Paths(net, outputs, start.detach(), end.detach()), x


@pytest.mark.parametrize(("n", "full", "coarse"), [(3, 5, 1), (7, 11, 5), (15, 23, 13)])
def test_nested_rules_are_exact_up_to_their_degree(n: int, full: int, coarse: int) -> None:
    """Kronrod's rule of n nodes holds Gauss's of half of them."""
    rule = nested(n)
    assert rule.coarse is not None
    for degree in range(full + 1):
        assert np.isclose(rule.weights @ rule.nodes**degree, 1 / (degree + 1), atol=1e-14)
    for degree in range(coarse + 1):
        assert np.isclose(rule.coarse @ rule.nodes**degree, 1 / (degree + 1), atol=1e-14)


def test_a_trapezoid_of_captums_weights_would_be_low() -> None:
    """Our weights add up to 1 at every size; captum's riemann_trapezoid gives (n - 1) / n."""
    for rule in (*ladder(1, 512), *ladder(100, 512)):
        assert np.isclose(rule.weights.sum(), 1.0, atol=1e-14)


@pytest.mark.parametrize("hidden", [(5,), (16,), (12, 8), (9, 8, 7)])
@pytest.mark.parametrize("targets", [1, 3])
def test_pieces_are_exact(hidden: tuple[int, ...], targets: int) -> None:
    """Between bends the gradient is constant: complete to rounding, and the fine rule agrees."""
    torch.manual_seed(1)
    with paths(layers(6, *hidden, targets)) as (own, x):
        chain = breakpoints.read(own.net, own.end)
        assert chain is not None
        found = breakpoints.averaged(own, chain, batch=64)
        moved = own.net.module(x) - own.net.module(torch.zeros(1, 6).double())
        for t in range(targets):
            total = (found[t] * (own.end - own.start)).sum(dim=1)
            torch.testing.assert_close(total, moved[:, t], atol=1e-12, rtol=0)
        fine = own.averaged(legendre(3000), batch=4096)[0]
        torch.testing.assert_close(found, fine, atol=3e-3, rtol=0)


def test_pieces_do_not_depend_on_how_they_are_batched() -> None:
    """One piece at a time, or all of them."""
    torch.manual_seed(1)
    with paths(layers(6, 12, 8, 1)) as (own, _):
        chain = breakpoints.read(own.net, own.end)
        assert chain is not None
        one, all_of_them = (breakpoints.averaged(own, chain, batch=b) for b in (1, 10_000))
        torch.testing.assert_close(one, all_of_them, atol=1e-14, rtol=0)


@pytest.mark.parametrize(
    "module",
    [
        layers(6, 8, 1, activation=nn.GELU),
        layers(6, 8, 1, activation=nn.LeakyReLU),
        nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 1)),
        nn.Sequential(*layers(6, 8, 2), nn.Softmax(dim=1)),
    ],
)
def test_other_networks_are_no_chain(module: nn.Module) -> None:
    """Whatever is not linear layers with ReLUs is integrated by nodes."""
    with paths(module) as (own, _):
        assert breakpoints.read(own.net, own.end) is None


def test_functional_and_in_place_relus_are_a_chain() -> None:
    """A chain is read from what its layers are handed, whoever bent it."""

    class Functional(nn.Module):
        """Two layers behind the stem."""

        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList([nn.Linear(6, 8), nn.Linear(8, 5), nn.Linear(5, 1)])

        def forward(self, x: Tensor) -> Tensor:
            """Rows (n, 6) to (n, 1)."""
            x = torch.relu(self.parts[0](x))
            return torch.as_tensor(self.parts[2](torch.relu_(self.parts[1](x))))

    with paths(Functional()) as (own, _):
        chain = breakpoints.read(own.net, own.end)
        assert chain is not None
        assert len(chain.layers) == 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), batch=st.integers(1, 200))
def test_sums_do_not_depend_on_the_batch(seed: int, batch: int) -> None:
    """However points are cut into batches, the averaged gradient is the same (float64: 1e-12)."""
    torch.manual_seed(seed)
    with paths(layers(6, 5, 2, activation=nn.Tanh), rows=7, seed=seed) as (own, _):
        one, other = (own.averaged(nested(7), batch=b) for b in (batch, 10_000))
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
def test_behind_the_stem_and_at_the_input_agree_to_rounding(activation: type[nn.Module]) -> None:
    """The same nodes in both places, in float64: 1e-12."""
    torch.manual_seed(0)
    with paths(layers(6, 9, 5, 2, activation=activation)) as (own, x):
        folded = own.averaged(nested(15), batch=100)
        plain = Network(own.net.module, x[:1])
        direct = Paths(plain, outputs, torch.zeros_like(x[:1]), x).averaged(nested(15), batch=100)
        for k in range(2):
            for t in range(2):
                back = own.net.pull(x, folded[k, t])
                torch.testing.assert_close(back, direct[k, t], atol=1e-12, rtol=0)


def test_averages_equal_the_literal_sum() -> None:
    """One node and one row at a time, with the two weightings of a nested rule."""
    torch.manual_seed(0)
    with paths(layers(6, 5, 2, activation=nn.Tanh), rows=3) as (own, _):
        rule = nested(7)
        assert rule.coarse is not None
        found = own.averaged(rule, batch=4)
        slow = torch.zeros_like(found)
        for i in range(3):
            for node, *weights in zip(rule.nodes, rule.weights, rule.coarse, strict=True):
                z = own.start[0] + node * (own.end[i] - own.start[0])
                for t, g in enumerate(gradients(own.net, outputs, z[None])):
                    for k, weight in enumerate(weights):
                        slow[k, t, i] += weight * g[0]
        torch.testing.assert_close(found, slow)


def _climbed(module: nn.Module, cap: int = 512) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Nodes and agreement of each row, and how many points each pass held."""
    with paths(module) as (own, x):
        with torch.no_grad():
            moved = (module(x) - module(torch.zeros(1, 6).double())).T.numpy()
        scale = np.maximum(np.abs(moved), np.median(np.abs(moved)))
        points: list[int] = []
        module.get_submodule("1").register_forward_hook(
            lambda part, given, out: points.append(len(out))
        )
        problem = Problem(own.net, outputs, own.start, ladder(1, cap), batch=4096)
        found = begin(problem, own.end, move=moved, scale=scale)
        climb(problem, own.end, found, np.ones(len(x), dtype=bool), move=moved, scale=scale)
    return found.nodes, found.agreed, points


def test_only_rows_that_need_it_are_refined() -> None:
    """A smooth network takes 7 nodes a row, a sharp one climbs, row by row."""
    torch.manual_seed(0)
    nodes, agreed, points = _climbed(layers(6, 5, 1, activation=nn.Tanh))
    assert agreed.all()
    assert sum(points) == 7 * len(nodes) + sum(15 * (nodes >= 15))
    sharp = layers(6, 5, 1, activation=nn.Tanh)
    with torch.no_grad():
        sharp.get_parameter("0.weight").mul_(20)
    nodes, agreed, points = _climbed(sharp)
    levels = np.array([7, 15, 32, 64, 128, 256, 512])
    assert {15, 32} <= set(nodes.tolist())
    assert sum(points) == sum(levels[levels <= n].sum() for n in nodes)


def test_a_row_that_never_agrees_is_said_at_the_cap() -> None:
    """At the cap a row is handed back as it is, and marked."""
    sharp = layers(6, 5, 1, activation=nn.Tanh)
    with torch.no_grad():
        sharp.get_parameter("0.weight").mul_(500)
    nodes, agreed, _ = _climbed(sharp, cap=32)
    assert not agreed.all()
    assert (nodes[~agreed] == 32).all()


def test_a_low_residual_alone_is_not_enough() -> None:
    """Two errors that cancel in the sum are seen, since two levels must agree in every number."""

    class Cancels(nn.Module):
        """A slope, plus and minus the same steep step in two columns, which rows hold alike."""

        def forward(self, x: Tensor) -> Tensor:
            """Rows (n, 6) to (n, 1)."""
            step = torch.sigmoid(20 * (x - 0.3))
            return (x[:, 0] + step[:, 1] - step[:, 2])[:, None]

    rows = torch.randn(20, 6, generator=torch.Generator().manual_seed(0)).double()
    rows[:, 2] = rows[:, 1]
    with kept(nn.Sequential(nn.Identity(), Cancels())) as module:
        own = Paths(Network(module, rows[:1]), outputs, torch.zeros(1, 6).double(), rows)
        coarse = own.averaged(legendre(3), 99)[0, 0] * rows
        np.testing.assert_allclose(coarse.sum(1), rows[:, 0], atol=1e-12)
        problem = Problem(own.net, outputs, own.start, ladder(1, 512), batch=4096)
        moved = rows[:, :1].T.numpy()
        scale = np.maximum(np.abs(moved), np.median(np.abs(moved)))
        found = begin(problem, rows, move=moved, scale=scale)
        climb(problem, rows, found, np.ones(20, dtype=bool), move=moved, scale=scale)
    assert found.agreed.all()
    assert found.nodes.max() > 15
    exact = torch.sigmoid(20 * (rows[:, 1] - 0.3)) - torch.sigmoid(torch.tensor(-6.0)).double()
    np.testing.assert_allclose(found.share[0, :, 1], exact, atol=0.01)


def test_the_memory_of_a_point_is_measured() -> None:
    """More channels take more bytes, and the network's own weights are not counted."""
    with kept(Residual()) as module:
        net = find(module, torch.randn(3, 3, 16, 16))
        images = point_bytes(net, outputs, net.enter(torch.randn(2, 3, 16, 16)))
    with paths(layers(6, 5, 1)) as (own, _):
        rows = point_bytes(own.net, outputs, own.end)
    assert 8 * 8 * 8 * 4 < images < 300_000
    assert 5 * 8 < rows < 1_000
