"""How near the outputs of one network are to those of another, and when the two have nothing in
common: a quantized network and the float32 one, a converted one and its source."""

from __future__ import annotations

import numpy as np

OUTPUT_UNIT = 2.0**-16  # of what a device tells
# Of the error of the outputs, in units of what tells samples apart. Networks of random weights on
# noise reach 0.28, trained ones 0.05; at 0.5 a decision between two classes falls otherwise for
# one sample in seven.
DOUBTFUL = 0.3
UNUSABLE = 0.5
OF_CLASSES = ("softmax_cross_entropy", "pixelwise_cross_entropy")
AGREEMENT = 0.5  # of classes, beyond chance: where it is less they are unusable


def spread(count: int, most: int) -> np.ndarray:
    """At most so many of range(count), evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))


def of_places(loss: str, outputs: np.ndarray, classes: int) -> np.ndarray:
    """Outputs [samples][outputs] with a row for each decision: with pixelwise cross-entropy one
    for each pixel."""
    return outputs.reshape(-1, classes) if loss == "pixelwise_cross_entropy" else outputs


def error_share(loss: str, got: np.ndarray, want: np.ndarray) -> float:
    """The error of outputs [samples][outputs] (of_places) in units of what tells samples
    apart: their deviation from the mean sample. Where the float32 network tells none apart, in
    units of the outputs themselves."""
    decides = True
    if loss in OF_CLASSES:  # which takes no notice of what all outputs share
        got = got - got.mean(axis=1, keepdims=True)
        want = want - want.mean(axis=1, keepdims=True)
        decides = len(np.unique(want.argmax(axis=1))) > 1
    elif loss == "binary_cross_entropy":
        decides = differs(want > 0)
    error = root_mean_square(got - want)
    size = root_mean_square(want)
    signal = root_mean_square(want - want.mean(axis=0))
    if decides and signal > 1e-6 * size:
        return error / signal
    # Outputs about 0 tell of no training, not of a range.
    return error / size if size > 16 * OUTPUT_UNIT else 0.0


def agreement(got: np.ndarray, want: np.ndarray) -> float:
    """Cohen's kappa of the classes that outputs [samples][classes] decide for: 1 for all the same,
    0 for as many as by chance, and where there is one class only."""
    classes = np.arange(want.shape[1])
    of_got, of_want = (outputs.argmax(axis=1)[:, None] == classes for outputs in (got, want))
    agree = float((of_got & of_want).any(axis=1).mean())
    by_chance = float((of_got.mean(axis=0) * of_want.mean(axis=0)).sum())
    return 0.0 if by_chance == 1 else (agree - by_chance) / (1 - by_chance)


def has_nothing_in_common(loss: str, got: np.ndarray, want: np.ndarray) -> bool:
    """Whether outputs [samples][outputs] do not tell what others tell: they are off by more than
    half of what tells samples apart, and where they decide for classes these do not agree."""
    if error_share(loss, got, want) <= UNUSABLE:
        return False
    return loss not in OF_CLASSES or agreement(got, want) < AGREEMENT


def differs(samples: np.ndarray) -> bool:
    """Whether the samples [samples][...] are not all the same."""
    return bool((samples != samples[0]).any())


def root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).mean()))
