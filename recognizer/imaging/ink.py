"""From a picture to a map of its ink: scale, grey, polarity, illumination, threshold."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import inked_window
from recognizer.imaging.errors import BlankImage
from recognizer.imaging.sheets import find_sheet

# Longest side that the steps work at. Small crops are enlarged, so that a pixel is finer than
# half a stroke; beyond 480 px the real photos gained nothing and cost four times as much.
SMALLEST_SIDE, LARGEST_SIDE = 160, 480

# Colours are sampled at so many places a side.
_SAMPLED_SIDE = 64
# Luma of red, green and blue (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114])
# Colour is taken in place of luma where it shows twice the difference, so four times the variance,
# and that is no noise: strokes over 3 % of the picture that differ by 30 levels have 27.
_COLOUR_GAIN, _LEAST_COLOUR = 4.0, 27.0

# The border is even when it varies by less than this share of the picture's own contrast.
_EVEN_BORDER = 0.25
# Else the window of the local median, as a share of the longest side: wider than most strokes.
_MEDIAN_WINDOW = 0.34

# Ink of one shade on a share p of the paper has a skewness of 1/√p about the paper, so above 1;
# below, there are differences on both sides of it.
_DOUBTFUL = 1.0

# Paper as noisy as this is no paper but ink: then the polarity was wrong. The grainiest of our
# photos of digits, newspaper, has 0.21.
_NOISIEST_PAPER = 0.3

# The background is estimated on a thumbnail: light changes slowly.
_THUMBNAIL_SIDE = 96
# Paper is lighter than this, so that the division of black by black stays bounded.
_DARKEST_PAPER = 8
# The widest stroke that the background closes over, as a share of the longest side.
_WIDEST_STROKE = 0.3

# Ink is at least this much darker than its paper. 0.045 is 11 grey levels: the faintest pencil of
# our photos has 0.06, the shadow edges that the division leaves stay below 0.04.
_FAINTEST_INK = 0.045
# And this many standard deviations of the paper's own noise.
_NOISE_SIGMAS = 5.0
# Grain that asks for more blur: half the darkness of blue ink on the halftone of our newspapers.
_GRAINY = 0.12
# Hysteresis: what belongs to a stroke is at least this share of the stroke's own darkness
# (Canny 1986 recommends 1:2 to 1:3 for the two thresholds).
_STROKE_SHARE = 0.3


@dataclass(frozen=True)
class Ink:
    """Where the ink is.

    Attributes:
        darkness: `float32 (h, w)`, 0 paper … 1 black, paper and light divided out.
        candidates: `uint8 (h, w)`, 1 where it is darker than the paper's noise.
        polarity: `dark_on_light` or `light_on_dark`.
        is_polarity_doubtful: Whether much differs from the paper on both sides.
        threshold: The least darkness that was taken for ink anywhere, 0 to 1.
    """

    darkness: NDArray[np.float32]
    candidates: NDArray[np.uint8]
    polarity: str
    is_polarity_doubtful: bool
    threshold: float


def find_ink(grey: NDArray[np.uint8], *, is_inverted: bool = False) -> Ink:
    """Separate ink from paper.

    Args:
        grey: `uint8 (h, w)`, at working scale.
        is_inverted: Whether to take the other polarity than the one that seems right.

    Returns:
        The ink.

    Raises:
        BlankImage: Nothing stands out from the paper.
    """
    thumbnail = to_thumbnail(grey)
    lightness = lightness_of_ink(thumbnail)
    sheet = find_sheet(grey) if lightness > 0 else None
    is_light = lightness > 0 and sheet is None
    is_doubtful = abs(lightness) < _DOUBTFUL or sheet is not None
    if is_inverted:
        is_light, sheet = not is_light, None
    darkness, threshold = separate(grey, thumbnail, is_light=is_light)
    if threshold > _NOISIEST_PAPER and sheet is None and not is_inverted:
        other, lower = separate(grey, thumbnail, is_light=not is_light)
        if lower < threshold:
            darkness, threshold, is_light = other, lower, not is_light
    candidates = (darkness > threshold).astype(np.uint8)
    if sheet is not None:
        candidates &= sheet
    if not candidates.any():
        raise BlankImage(
            "Expected a digit, but the picture is blank: nothing stands out from the background. "
            "Draw or photograph one digit."
        )
    polarity = "light_on_dark" if is_light else "dark_on_light"
    np.clip(darkness, 0, 1, out=darkness)
    return Ink(darkness, candidates, polarity, is_doubtful, threshold)


def separate(
    grey: NDArray[np.uint8], thumbnail: NDArray[np.uint8], *, is_light: bool
) -> tuple[NDArray[np.float32], float]:
    """Divide paper and light out, and say from which darkness on there is surely ink."""
    if is_light:
        grey, thumbnail = 255 - grey, 255 - thumbnail
    return without_grain(divide_background(grey, thumbnail))


def to_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the luma (ITU-R BT.601), as eyes and MNIST's scanner do; else the axis of contrast.

    The axis is the first principal component (Pearson 1901) of how colours differ from the paper's.
    It is taken where luma shows only a small part of that: red ink on green paper.
    """
    axis = contrast_axis(pixels)
    if axis is None:
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    row = np.append(axis, 127.5 * (1 - axis.sum()))  # grey stays in the middle
    return np.asarray(cv2.transform(pixels, row[np.newaxis]), np.uint8)


def contrast_axis(pixels: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Give the colour axis `(3,)` along which ink and paper differ; None where luma shows it."""
    step = max(1, max(pixels.shape) // _SAMPLED_SIDE)
    sample = np.ascontiguousarray(pixels[::step, ::step].reshape(-1, 3).T)  # (3, N)
    if (sample[0] == sample[1:]).all():
        return None
    paper = [quantiles(channel, 0.5) for channel in sample]  # (3, 1)
    lean = sample - np.array(paper)
    spread = lean @ lean.T / lean.shape[1]  # (3, 3)
    variances, axes = np.linalg.eigh(spread)  # ascending
    by_luma = float(_LUMA @ spread @ _LUMA) / float(_LUMA @ _LUMA)
    if variances[-1] < _LEAST_COLOUR or variances[-1] < _COLOUR_GAIN * by_luma:
        return None
    axis = axes[:, -1]
    return np.asarray(axis * np.sign(axis @ _LUMA) / np.abs(axis).sum())


def to_working_scale(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize so that the longest side is within the working range; by area when it shrinks."""
    longest = max(grey.shape)
    ratio = min(max(1.0, SMALLEST_SIDE / longest), LARGEST_SIDE / longest)
    if ratio == 1:
        return grey
    height, width = grey.shape
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=method).astype(np.uint8, copy=False)


def to_thumbnail(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average down to what paper and light are estimated on."""
    ratio = min(1.0, _THUMBNAIL_SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * ratio)), max(1, round(grey.shape[0] * ratio)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def lightness_of_ink(thumbnail: NDArray[np.uint8]) -> float:
    """Tell by the sign whether the ink is lighter than the paper, and by the size how surely.

    Ink is sparse and stands out from paper, so that it gives the differences from paper its sign
    in their skewness. Where the border is even all around, it is paper. Else the local median is:
    then slow shade and the steps at a page's edge are gone too.
    """
    low, middle, high = quantiles(_border(thumbnail), 0.05, 0.5, 0.95)
    darkest, lightest = quantiles(thumbnail, 0.005, 0.995)
    if high - low <= _EVEN_BORDER * (lightest - darkest):
        return _skewness(thumbnail, np.float32(middle))
    window = min(round(max(thumbnail.shape) * _MEDIAN_WINDOW) | 1, 255)
    paper = cv2.medianBlur(thumbnail, max(3, window)).astype(np.float32)
    return _skewness(thumbnail, paper)


def quantiles(values: NDArray[np.uint8], *shares: float) -> list[float]:
    """Give what `np.quantile` gives, by counting: bytes have few values, so in a sixth of its time.

    Args:
        values: `uint8`, of any shape.
        shares: 0 to 1.
    """
    counts = np.bincount(values.ravel(), minlength=256).cumsum()
    ranks = np.array(shares) * (values.size - 1)
    low, high = (counts.searchsorted(around(ranks), side="right") for around in (np.floor, np.ceil))
    return list(low + (ranks % 1) * (high - low))


def separability(grey: NDArray[np.uint8]) -> float:
    """Say how well two tones describe a picture: 1 is two tones exactly, 0 one (Otsu 1979)."""
    total = float(grey.var())
    if not total:
        return 0.0
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    is_light = grey > threshold
    share = float(is_light.mean())
    gap = float(grey[is_light].mean()) - float(grey[~is_light].mean())
    return share * (1 - share) * gap**2 / total


def divide_background(grey: NDArray[np.uint8], thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Divide the paper and its light out.

    The paper's brightness is the morphological closing (Serra 1982) with a window wider than any
    stroke; then, more exactly, the mean of what is paper around each place.

    Args:
        grey: `uint8 (h, w)`, dark ink on light paper.
        thumbnail: The same, small.

    Returns:
        `float32 (h, w)`: 1 - grey / paper. 0 is paper, 1 is black; noise may be below 0.
    """
    height, width = grey.shape
    paper = np.maximum(_paper(thumbnail.astype(np.float32)), _DARKEST_PAPER)
    full = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    darkness = np.asarray(cv2.divide(grey, full, scale=-1, dtype=cv2.CV_32F), np.float32)
    darkness += 1
    return darkness


def without_grain(darkness: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Blur a little; more where paper or print is so grainy that the grain would pass for ink.

    Returns:
        The smooth darkness, and its faintest ink.
    """
    smooth = np.asarray(cv2.GaussianBlur(darkness, (3, 3), 0), np.float32)
    faintest = faintest_ink(smooth)
    if faintest > _GRAINY:
        smooth = np.asarray(cv2.GaussianBlur(darkness, (7, 7), 0), np.float32)
        faintest = faintest_ink(smooth)
    return smooth, faintest


def faintest_ink(darkness: NDArray[np.float32]) -> float:
    """Say how dark is surely more than the paper's noise.

    What is lighter than the paper's mean is paper only, so that its median tells the noise however
    much ink there is (half of the median absolute deviation, Hampel 1974).
    """
    sample = darkness[::2, ::2]
    lighter = sample[sample < 0]
    sigma = 1.4826 * float(np.median(-lighter)) if lighter.size else 0.0
    return max(_FAINTEST_INK, _NOISE_SIGMAS * sigma)


def stroke_mask(darkness: NDArray[np.float32], candidates: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Threshold with hysteresis: each connected piece is cut at a share of its own darkness.

    So a faint pencil beside a black table edge keeps its own threshold, and the faint grid that a
    dark stroke crosses falls away from it.
    """
    inked = inked_window(candidates)
    own, darkness = candidates[inked], darkness[inked]
    num, labels = cv2.connectedComponents(own, connectivity=8, ltype=cv2.CV_16U)
    is_ink = own.view(np.bool_)
    label, value = labels[is_ink], darkness[is_ink].astype(np.float64)
    square = value * value
    sums = np.bincount(label, square, num), np.bincount(label, square * value, num)
    typical = sums[1] / np.maximum(sums[0], 1e-9)
    is_stroke = value > _STROKE_SHARE * typical[label]
    mask = np.zeros_like(candidates)
    mask[inked][is_ink] = is_stroke
    return mask


def _border(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate((values[0], values[-1], values[:, 0], values[:, -1]))


def _skewness(thumbnail: NDArray[np.uint8], paper: NDArray[np.float32] | np.float32) -> float:
    """Give the third moment of the differences from paper by the second to the power of 1.5."""
    lean = thumbnail - paper
    square = lean * lean
    spread = float(square.mean()) ** 1.5
    return float((square * lean).mean()) / spread if spread else 0.0


def _paper(thumbnail: NDArray[np.float32]) -> NDArray[np.float32]:
    envelope = _close(thumbnail)
    is_paper = (thumbnail > envelope * (1 - _FAINTEST_INK)).astype(np.float32)
    side = max(3, max(thumbnail.shape) // 8) | 1
    weight = _soften(is_paper, side)
    mean = _soften(thumbnail * is_paper, side) / np.maximum(weight, 1e-3)
    trust = np.minimum(1, weight * 8)  # where little paper is seen, the envelope
    return np.asarray(trust * mean + (1 - trust) * envelope, np.float32)


def _close(thumbnail: NDArray[np.float32]) -> NDArray[np.float32]:
    """Close over strokes; the margin keeps gradients at the border as they are."""
    side = max(3, round(max(thumbnail.shape) * _WIDEST_STROKE)) | 1
    margin = cv2.copyMakeBorder(thumbnail, side, side, side, side, cv2.BORDER_REPLICATE)
    margin = cv2.GaussianBlur(margin, (3, 3), 0)
    window = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    closed = cv2.morphologyEx(margin, cv2.MORPH_CLOSE, window)
    return closed[side:-side, side:-side].astype(np.float32, copy=False)


def _soften(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Blur by two boxes: nearly a Gaussian, at a cost that does not grow with its width."""
    for _ in range(2):
        values = cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    return values
