"""How well probabilities match labels: figures, pictures of them, and calibration.

No network is made and no file is read here.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bins of the expected calibration error.
# Source: Guo, Pleiss, Sun, Weinberger (2017), "On calibration of modern neural networks".
NUM_BINS = 15
# A probability of 0 for the right digit counts as this, so that one mistake is not infinitely bad.
SMALLEST_PROBABILITY = 1e-12
# 1 / temperature is looked for between these: far beyond what a trained network needs.
SHARPNESS_RANGE = (0.02, 50.0)
# A sure reading may be taken at its word: at most one in 500 is wrong. One in 1,000 would be asking
# for more than MNIST's labels give: of 5,000 validation digits, the last five that are read wrongly
# are so with confidences above 0.98, and three times as many right readings would be called unsure.
SURE_ACCURACY = 0.998
# Below 0.5 a reading is rejected anyway; above 0.95 too many right ones would be called unsure.
UNSURE_RANGE = (0.5, 0.95)


def figures(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Measure probabilities against labels.

    Args:
        labels: `uint8 (N,)`, 0 to 9; N is 1 or more.
        probabilities: `float (N, 10)`, each row summing to 1.

    Returns:
        What JSON can hold: `num`; `accuracy`, 0 to 1; `recall`, ten of 0 to 1 by digit (None for a
        digit that is not among the labels); `confusion`, 10 × 10 counts, a row a true digit, a
        column an answer; `ece`, the expected calibration error, 0 to 1; `nll`, the mean negative
        log-likelihood in nats.
    """
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, probabilities.argmax(1)), 1)
    return {
        "num": len(labels),
        "accuracy": round(float(np.trace(confusion) / len(labels)), 6),
        "recall": recalls(confusion.diagonal(), confusion.sum(1)),
        "confusion": confusion.tolist(),
        "ece": round(calibration_error(labels, probabilities), 6),
        "nll": round(negative_log_likelihood(labels, probabilities), 6),
    }


def recalls(rights: NDArray[np.integer], totals: NDArray[np.integer]) -> list[float | None]:
    """Divide what was read rightly of each digit by how many there were, 0 to 1; None of none."""
    return [
        round(float(right / total), 6) if total else None
        for right, total in zip(rights, totals, strict=True)
    ]


def calibration_error(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> float:
    """Measure how far confidence is from accuracy: the expected calibration error, 0 to 1.

    Args:
        labels: `uint8 (N,)`.
        probabilities: `float (N, 10)`.

    Source: Guo et al. (2017), "On calibration of modern neural networks", with 15 equal bins.
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    gaps = np.bincount(_bins(confidence), right - confidence, NUM_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def negative_log_likelihood(
    labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]
) -> float:
    """Measure the mean of -log of the right digit's probability, in nats."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, SMALLEST_PROBABILITY)).mean())


def fit_temperature(labels: NDArray[np.uint8], logits: NDArray[np.floating[Any]]) -> float:
    """Find what logits must be divided by for their softmax to be calibrated.

    The likelihood is concave in 1 / temperature, so that a ternary search finds its only peak.

    Args:
        labels: `uint8 (N,)`, of digits that nothing was learnt from.
        logits: `float (N, 10)`.

    Returns:
        The temperature: above 1 where the network was too sure of itself.

    Source: Guo et al. (2017), "On calibration of modern neural networks", temperature scaling.
    """

    def loss(sharpness: float) -> float:
        return negative_log_likelihood(labels, softmax(logits * sharpness))

    low, high = SHARPNESS_RANGE
    while high - low > 1e-5:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return 2 / (low + high)


def unsure_threshold(labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]]) -> float:
    """Find the lowest confidence from which on at least 99.8 % of readings are right.

    Args:
        labels: `uint8 (N,)`, of digits that nothing was learnt from.
        probabilities: `float (N, 10)`, calibrated.

    Returns:
        A confidence in hundredths, 0.5 to 0.95.
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    low, high = UNSURE_RANGE
    for threshold in np.arange(low, high, 0.01):
        sure = confidence >= threshold
        if sure.any() and right[sure].mean() >= SURE_ACCURACY:
            return round(float(threshold), 2)
    return high


def reject_threshold(digits: NDArray[np.floating[Any]], false_refusal_rate: float) -> float:
    """Find the largest confidence below which at most a stated share of digits lies.

    What it wins, `refused_share` tells of what is no digit.

    Args:
        digits: `float (N, 10)`, probabilities of digits that nothing was learnt from; or `(N,)`,
            their confidences. N is 1 or more.
        false_refusal_rate: The largest share of digits that may be refused, 0 to 1.

    Returns:
        The confidence from which on a reading is taken for a digit, 0 to 1.
    """
    scores = np.sort(_confidence(digits))
    num_refused = min(math.floor(false_refusal_rate * len(scores) + 1e-9), len(scores) - 1)
    # Down: a reading keeps six decimals, and the digit at the threshold itself is not refused.
    return math.floor(float(scores[num_refused]) * 1e6) / 1e6


def refused_share(probabilities: NDArray[np.floating[Any]], reject_below: float) -> float:
    """Give the share whose confidence is below a threshold, 0 to 1.

    Args:
        probabilities: `float (N, 10)`, or `(N,)`, the confidences; N is 1 or more.
        reject_below: The threshold.
    """
    return float((_confidence(probabilities) < reject_below).mean())


def auroc(
    positive_scores: NDArray[np.floating[Any]], negative_scores: NDArray[np.floating[Any]]
) -> float:
    """Measure how often a positive scores above a negative: the area under the ROC curve.

    Args:
        positive_scores: `float (P,)`, as of digits; P is 1 or more.
        negative_scores: `float (N,)`, as of what is no digit; N is 1 or more.

    Returns:
        The share of all P × N pairs in which the positive has the higher score, a tie counting as
        a half, 0 to 1: exact, and no integral over thresholds.

    Source: Hanley and McNeil (1982), "The meaning and use of the area under a ROC curve".
    """
    negative = np.sort(negative_scores)
    below = np.searchsorted(negative, positive_scores, "left")
    not_above = np.searchsorted(negative, positive_scores, "right")
    pairs = len(negative) * len(positive_scores)
    return float((below.sum() + not_above.sum()) / (2 * pairs))


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Turn logits `(N, 10)` into probabilities `(N, 10)`."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return shares


def curves_picture(history: list[dict[str, float]], best_epoch: int, path: Path) -> None:
    """Draw loss and accuracy over the epochs as a PNG.

    Args:
        history: A row an epoch: `epoch`, `loss`, `accuracy`, `validation_loss`,
            `validation_accuracy`.
        best_epoch: The epoch to mark.
        path: The file to write.
    """
    figure = _figure(10, 4)
    epochs = [row["epoch"] for row in history]
    axes = figure.subplots(1, 2)
    for axis, key in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(epochs, [row[key] for row in history], label="training, distorted", color="C7")
        axis.plot(epochs, [row[f"validation_{key}"] for row in history], label="validation")
        axis.axvline(best_epoch, color="C2", linestyle=":", label=f"best epoch, {best_epoch}")
        axis.set(xlabel="epoch", title=key)
        axis.grid(alpha=0.3)
    axes[0].set_yscale("log")
    axes[1].set_ylim(bottom=max(0.0, min(row["validation_accuracy"] for row in history) - 0.02))
    axes[1].legend(loc="lower right")
    figure.savefig(path, dpi=120)


def confusion_picture(confusion: list[list[int]], path: Path) -> None:
    """Draw a confusion matrix as a PNG, shaded by each true digit's share.

    Args:
        confusion: 10 × 10 counts, a row a true digit, a column an answer.
        path: The file to write.
    """
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = _figure(7, 6.5)
    axis = figure.subplots()
    axis.imshow(shares**0.35, cmap="Blues", vmin=0, vmax=1)  # the root lets single mistakes show
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.3 else "black"
        axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
    mistakes = int(counts.sum() - np.trace(counts))
    axis.set(
        xlabel="answered",
        ylabel="true digit",
        xticks=range(10),
        yticks=range(10),
        title=f"{mistakes:,} mistakes in {counts.sum():,} digits",
    )
    figure.savefig(path, dpi=120)


def reliability_picture(
    labels: NDArray[np.uint8], probabilities: NDArray[np.floating[Any]], path: Path
) -> None:
    """Draw how often readings of each confidence are right, and how many there are, as a PNG.

    Args:
        labels: `uint8 (N,)`, 0 to 9.
        probabilities: `float (N, 10)`.
        path: The file to write.

    Source: Guo et al. (2017), "On calibration of modern neural networks", figure 1.
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = _bins(confidence)
    counts = np.bincount(bins, minlength=NUM_BINS)
    filled = np.flatnonzero(counts)
    accuracy = np.bincount(bins, right, NUM_BINS)[filled] / counts[filled]
    mean = np.bincount(bins, confidence, NUM_BINS)[filled] / counts[filled]
    places, width = (filled + 0.5) / NUM_BINS, 0.9 / NUM_BINS

    figure = _figure(6.5, 7.5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.bar(places, accuracy, width, color="C0", alpha=0.8, label="right")
    upper.plot((0, 1), (0, 1), color="black", linestyle=":", label="calibrated")
    upper.plot(mean, accuracy, "o", color="C1", label="mean confidence")
    upper.set(
        ylabel="share that is right",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title=f"Calibration error {calibration_error(labels, probabilities):.2%}, "
        f"{len(labels):,} digits",
    )
    upper.legend(loc="upper left")
    lower.bar(places, counts[filled], width, color="C7")
    for place, count in zip(places, counts[filled], strict=True):
        lower.text(place, count * 1.2, f"{count:,}", ha="center", va="bottom", fontsize=7)
    lower.set(xlabel="confidence", ylabel="digits", yscale="log")
    lower.set_ylim(0.5, counts.max() * 8)
    for axis in (upper, lower):
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def _bins(confidence: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Give the bin of each confidence; a bin holds its upper edge, as the paper has it."""
    bins: NDArray[np.intp] = np.ceil(confidence * NUM_BINS).astype(np.intp) - 1
    return bins.clip(0, NUM_BINS - 1)


def _confidence(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return probabilities.max(1) if probabilities.ndim == 2 else probabilities


def _figure(width_in: float, height_in: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)  # no window system, and no state that pyplot would keep
    return figure
