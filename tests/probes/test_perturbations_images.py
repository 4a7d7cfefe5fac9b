"""Images: against literal pixels, independent libraries and laws, on made and real ones."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from evenlight.errors import CohortError, ModelError
from evenlight.probes.perturbations import geometry, intensities
from evenlight.probes.perturbations.drawing import perturbed_rows
from evenlight.probes.perturbations.suites import suite
from tests.perturbed_world import cohort_of, images

WINDOW = (0.0, 255.0)


def rng(seed: int = 0) -> np.random.Generator:
    """A fresh generator."""
    return np.random.default_rng(seed)


def smooth(n: int = 3, side: int = 32) -> np.ndarray:
    """Images without sharp edges, 0 to 255."""
    y, x = np.mgrid[:side, :side] / side
    rows = [np.sin(3 * x + k) * np.cos(2 * y) for k in range(n)]
    return np.stack([(r - r.min()) / (r.max() - r.min()) * 255 for r in rows])


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(0.0, 45.0), seed=st.integers(0, 1000))
def test_turning_keeps_the_range_and_turning_by_nothing_the_image(angle: float, seed: int) -> None:
    """Values stay within those of the image; 0 degrees gives back every pixel."""
    x = rng(seed).uniform(-1000, 3000, size=(1, 9, 11))
    made = geometry.rotated(x, angle, rng(seed))
    assert made.min() >= x.min() - 1e-9
    assert made.max() <= x.max() + 1e-9
    np.testing.assert_array_equal(geometry.rotated(x, 0.0, rng(seed)), x)


def test_turning_by_ninety_degrees_is_a_transposition() -> None:
    """A quarter turn moves pixels without mixing them, one way or the other by chance."""
    x = rng().uniform(size=(20, 8, 8))
    made = geometry.rotated(x, 90.0, rng(1))
    ways = [np.allclose(m, np.rot90(o, 1)) for m, o in zip(made, x, strict=True)]
    back = [np.allclose(m, np.rot90(o, -1)) for m, o in zip(made, x, strict=True)]
    assert all(a != b for a, b in zip(ways, back, strict=True))
    assert 0 < sum(ways) < 20


def test_blur_agrees_with_pillow() -> None:
    """Another library's Gaussian of two pixels gives the same image to a grey value or two."""
    x = smooth()[0]
    own = intensities.blurred(x[None], 2.0, rng())[0]
    theirs = np.asarray(
        Image.fromarray(x.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2.0)), dtype=float
    )
    inner = slice(6, -6)
    np.testing.assert_allclose(own[inner, inner], theirs[inner, inner], atol=2.5)


def test_compression_equals_a_file_written_by_hand() -> None:
    """Quality 50 through the suite's function and through pillow itself are the same values."""
    x = np.rint(smooth())
    made = intensities.compressed(x, 50.0, rng(), window=WINDOW)
    for plane, seen in zip(x, made, strict=True):
        held = io.BytesIO()
        Image.fromarray(plane.astype(np.uint8)).save(held, format="JPEG", quality=50)
        np.testing.assert_array_equal(np.asarray(Image.open(held)), seen)


def test_without_pillow_compression_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, before anything is computed."""

    def gone(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(intensities, "import_module", gone)
    with pytest.raises(ModelError, match=r"evenlight\[imaging\]"):
        intensities.compressed(smooth(), 50.0, rng(), window=WINDOW)


def test_contrast_level_and_scanner_equal_their_formulas() -> None:
    """Each pixel by hand: stretched about the middle, raised, and to a power."""
    x = np.array([[[0.0, 100.0, 127.5, 200.0, 255.0]]])
    np.testing.assert_allclose(
        intensities.contrasted(x, 0.5, rng(), window=WINDOW)[0, 0],
        [0.0, 86.25, 127.5, 236.25, 255.0],
    )
    np.testing.assert_allclose(
        intensities.windowed(x, 0.1, rng(), window=WINDOW)[0, 0], [25.5, 125.5, 153.0, 225.5, 255]
    )
    flat = np.full((1, 6, 6), 100.0)
    wanted = 255 * (100 / 255) ** 1.25
    np.testing.assert_allclose(intensities.rescanned(flat, 0.25, rng(), window=WINDOW), wanted)


def test_a_bend_has_the_stated_size() -> None:
    """On a ramp along x a bend of 2 pixels (RMS) moves values by the pixels along x."""
    side = 96
    ramp = np.tile(np.arange(float(side)), (side, 1))[None]
    moves = []
    for seed in range(12):
        made = geometry.deformed(ramp, 2.0, rng(seed))[0]
        moves.append((made - ramp[0])[16:-16, 16:-16])
    assert np.sqrt(np.mean(np.square(moves))) == pytest.approx(2.0 / np.sqrt(2), rel=0.25)


def test_a_marker_is_bright_and_in_a_corner() -> None:
    """An L of the window's high end within an eighth of the side; nothing else is touched."""
    x = np.zeros((30, 1, 32, 32))
    made = intensities.marked(x, 0.125, rng(), window=WINDOW)
    left = made[:, 0, :6, :6].max(axis=(1, 2)) > 0
    right = made[:, 0, :6, -6:].max(axis=(1, 2)) > 0
    assert (left != right).all()
    assert 0 < left.sum() < 30
    assert set(np.unique(made)) == {0.0, 255.0}
    assert made[:, 0, 6:].max() == 0


def test_a_crop_shows_the_middle_larger_and_coarse_pixels_hold_means() -> None:
    """A ramp cropped by half has half its slope; a constant stays itself when resampled."""
    ramp = np.tile(np.arange(41.0), (41, 1))[None]
    made = geometry.cropped(ramp, 0.5, rng())[0, 20]
    np.testing.assert_allclose(made, 20 + (np.arange(41) - 20) / 2)
    flat = np.full((1, 3, 15, 17), 7.0)
    np.testing.assert_allclose(geometry.resampled(flat, 0.6, rng()), 7.0)
    coarse = geometry.resampled(rng().normal(size=(1, 40, 40)), 1.0, rng())
    assert coarse.std() < 0.8


def test_lengths_in_millimetres_are_pixels_times_their_side() -> None:
    """A blur of 1.4 mm at 0.7 mm a pixel is a blur of two pixels; noise in HU likewise."""
    cohort = images()
    made = suite("imaging", cohort, spacing=0.7, window=(-1000, 1000), units="HU")
    blur = made.taking("blur").perturbations[0]
    assert blur.unit == "SD, mm"
    x = cohort.dense()
    np.testing.assert_allclose(
        perturbed_rows(blur, x, 1.4, rows=cohort.rows, run=0), intensities.blurred(x, 2.0, rng())
    )
    noise = made.taking("noise").perturbations[0]
    assert (noise.unit, noise.strengths) == ("SD, HU", (20.0, 60.0, 200.0))
    moved = perturbed_rows(noise, x * 0, 60.0, rows=cohort.rows, run=0)
    assert moved.std() == pytest.approx(60.0, rel=0.05)


def test_an_empty_window_is_refused() -> None:
    """Images of one grey value have no window."""
    with pytest.raises(CohortError, match="it needs a width"):
        suite("imaging", cohort_of(np.ones((24, 4, 4))))


def test_real_radiographs_stay_radiographs(data: Path) -> None:
    """40 chest films stay uint8 under all perturbations and, at the least strength, alike."""
    x = np.load(data / "nih-cxr-1000" / "images.npz")["images"][:40]
    cohort = cohort_of(x)
    for change in suite("imaging", cohort).perturbations:
        made = perturbed_rows(change, x, change.strengths[0], rows=cohort.rows, run=0)
        assert made.dtype == np.uint8
        like = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(x, made, strict=True)]
        assert min(like) > 0.85, change.name
        assert (made != x).any()
