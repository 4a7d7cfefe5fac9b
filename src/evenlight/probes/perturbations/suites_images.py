"""The suite of images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.probes.perturbations import geometry as shape
from evenlight.probes.perturbations import intensities as grey
from evenlight.probes.perturbations.facts import window as range_of
from evenlight.probes.perturbations.needs import need
from evenlight.probes.perturbations.perturbation import Perturbation, Suite


def imaging(
    cohort: Cohort,
    *,
    window: tuple[float, float] | None = None,
    spacing: float | None = None,
    units: str = "of the window",
) -> Suite:
    """Twelve perturbations of images (n, ..., h, w) in their last two axes.

    `window` (low, high) is the range of grey values, by default that of the cohort; with `units`
    such as "HU", strengths of noise and level are told in these. `spacing` is the side of a pixel
    in mm: lengths are then in mm. Raises CohortError for a table or an empty window.
    """
    need(cohort, "image")
    ends = range_of(cohort) if window is None else (float(window[0]), float(window[1]))
    if not ends[1] > ends[0]:
        raise CohortError(f"the window goes from {ends[0]:g} to {ends[1]:g}; it needs a width")
    length = "pixels" if spacing is None else "mm"
    return Suite(
        "imaging",
        (*_greys(ends, units), *_shapes(spacing or 1.0, length, ends)),
        scale=f"{ends[0]:g} to {ends[1]:g}",
    )


def _greys(ends: grey.Window, units: str) -> tuple[Perturbation, ...]:
    one: Callable[..., Perturbation] = partial(Perturbation, needs="image", by_row=False)
    wide = 1.0 if units == "of the window" else ends[1] - ends[0]
    share = "share of the window" if wide == 1 else units

    def counted(of: Callable[..., object]) -> Callable[..., object]:
        return partial(_in_units, of=partial(of, window=ends), one=wide)

    def steps(*shares: float) -> tuple[float, ...]:
        return tuple(s * wide for s in shares)

    return (
        one("noise", counted(grey.noise), steps(0.01, 0.03, 0.1), f"SD, {share}",
            source="Gaussian", by_row=True),
        one("contrast", partial(grey.contrasted, window=ends), (0.1, 0.25, 0.5),
            "contrast added, as a share", source="narrower window"),
        one("window level", counted(grey.windowed), steps(0.02, 0.05, 0.1), f"level, {share}",
            source="shifted window"),
        one("intensity bias field", partial(grey.biased, window=ends), (0.05, 0.1, 0.3),
            "largest log gain", by_row=True,
            source="Sled, Zijdenbos and Evans 1998, IEEE TMI 17:87"),
        one("compression", partial(grey.compressed, window=ends), (10, 50, 90),
            "below JPEG quality 100", source="ISO/IEC 10918-1"),
        one("marker", partial(grey.marked, window=ends), (0.05, 0.1, 0.2),
            "side, share of the image's", source="Zech et al. 2018, PLoS Medicine 15:e1002683",
            by_row=True),
        one("scanner", partial(grey.rescanned, window=ends), (0.1, 0.25, 0.5),
            "added to gamma 1, and pixels of point spread", source="gamma and point spread"),
    )  # fmt: skip


def _shapes(one_pixel: float, length: str, ends: grey.Window) -> tuple[Perturbation, ...]:
    one: Callable[..., Perturbation] = partial(Perturbation, needs="image", by_row=False)

    def counted(of: Callable[..., object]) -> Callable[..., object]:
        return of if one_pixel == 1 else partial(_in_units, of=of, one=one_pixel)

    def steps(*pixels: float) -> tuple[float, ...]:
        return tuple(s * one_pixel for s in pixels)

    return (
        one("blur", counted(grey.blurred), steps(0.5, 1.0, 2.0), f"SD, {length}",
            source="Gaussian point spread"),
        one("resampling", shape.resampled, (0.25, 0.5, 1.0), "growth of a pixel's side",
            source="linear interpolation"),
        one("crop", shape.cropped, (0.02, 0.05, 0.1), "share of each side cut off",
            source="smaller field of view"),
        one("rotation", shape.rotated, (2.0, 5.0, 10.0), "degrees", source="either way by chance",
            by_row=True),
        one("deformation", counted(shape.deformed), steps(0.5, 1.0, 2.0), f"RMS, {length}",
            source="Simard, Steinkraus and Platt 2003, ICDAR", by_row=True),
    )  # fmt: skip


def _in_units(
    values: object, strength: float, rng: object, *, of: Callable[..., object], one: float
) -> object:
    """`of` at a strength told in units of which `one` make its own."""
    return of(values, strength / one, rng)
