"""Principal axes of genotypes: equal to other libraries, to planted ancestry, and projectable."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from evenlight.errors import InputError
from evenlight.stats import population
from evenlight.stats.population import principal_axes
from tests.genotyped import drifted, with_gaps


@pytest.mark.parametrize(("people", "sites"), [(40, 300), (120, 50)])
def test_scores_are_those_of_scikit_learn_and_scikit_allel(people: int, sites: int) -> None:
    """With Patterson's scale the scores are sklearn's PCA and scikit-allel's, up to their signs."""
    allel = pytest.importorskip("allel")
    rng = np.random.default_rng(0)
    x, _, _ = drifted((people // 2, people - people // 2), sites, fst=0.2, rng=rng)
    x = x[:, x.std(axis=0) > 0]
    made = principal_axes(x, components=4)
    p = x.mean(axis=0) / 2
    z = (x - 2 * p) / np.sqrt(p * (1 - p))
    fit = PCA(4, svd_solver="full").fit(z)
    np.testing.assert_allclose(np.abs(made.scores(x)), np.abs(fit.transform(z)), atol=1e-8)
    np.testing.assert_allclose(made.share, fit.explained_variance_ratio_)
    theirs, _ = allel.pca(x.T, n_components=4, scaler="patterson")
    np.testing.assert_allclose(np.abs(made.scores(x)), np.abs(theirs), rtol=1e-3, atol=1e-2)


def test_the_iterative_way_finds_the_same_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many people and sites take ARPACK, which gives the axes of the whole matrix."""
    rng = np.random.default_rng(1)
    x, _, _ = drifted((70, 50, 60), 220, fst=0.2, rng=rng)
    whole = principal_axes(x, components=2)
    monkeypatch.setattr(population, "DENSE", 10)
    part = principal_axes(x, components=2)
    np.testing.assert_allclose(part.scores(x), whole.scores(x), atol=1e-6)
    np.testing.assert_allclose(part.share, whole.share)


def test_three_populations_lie_apart_on_two_axes() -> None:
    """Between groups lies nearly all of two axes, and next to nothing of the third."""
    rng = np.random.default_rng(2)
    x, codes, _ = drifted((60, 60, 60), 2000, fst=0.1, rng=rng)
    scores = principal_axes(x, components=3).scores(x)
    means = np.array([scores[codes == k].mean(axis=0) for k in range(3)])
    within = np.array([scores[codes == k].var(axis=0) for k in range(3)]).mean(axis=0)
    share = means.var(axis=0) / (means.var(axis=0) + within)
    assert (share[:2] > 0.95).all()
    assert share[2] < 0.1


def test_order_of_people_and_gaps_play_no_part() -> None:
    """Reordered people have their own scores, and a few gaps hardly move them."""
    rng = np.random.default_rng(3)
    x, _, _ = drifted((30, 40), 800, fst=0.1, rng=rng)
    made = principal_axes(x, components=2)
    order = rng.permutation(70)
    again = principal_axes(x[order], components=2)
    np.testing.assert_allclose(again.scores(x[order]), made.scores(x)[order], atol=1e-8)
    holes = with_gaps(x, 0.05, rng)
    first = principal_axes(holes, components=1).scores(holes)[:, 0]
    assert abs(np.corrcoef(first, made.scores(x)[:, 0])[0, 1]) > 0.99


def test_axes_point_where_their_largest_loading_is_above_zero() -> None:
    """The sign of an axis is a rule of its sites, whichever allele is counted more."""
    rng = np.random.default_rng(5)
    x, _, _ = drifted((30, 30), 50, fst=0.1, rng=rng)
    for dosage in (x, 2 - x):
        loadings = principal_axes(dosage, components=5).loadings
        assert (loadings[np.abs(loadings).argmax(axis=0), np.arange(5)] > 0).all()


def test_new_people_are_placed_with_their_own() -> None:
    """People who did not make the axes fall on the side of their population."""
    rng = np.random.default_rng(4)
    x, codes, _ = drifted((80, 80), 1000, fst=0.1, rng=rng)
    old = rng.permutation(160) < 100
    made = principal_axes(x[old], components=1)
    side = made.scores(x[~old])[:, 0] > 0
    assert (side == (codes[~old] == codes[~old][side.argmax()])).all()


def test_too_many_axes_are_refused() -> None:
    """Sites that do not vary are no sites; the message counts what there is."""
    x = np.zeros((10, 5))
    x[:4, :2] = 1.0
    with pytest.raises(InputError, match="3 axes of 10 people at 2 sites"):
        principal_axes(x, components=3)
    made = principal_axes(x, components=1)
    with pytest.raises(InputError, match="4 sites, the axes were made of 5"):
        made.scores(x[:, :4])
