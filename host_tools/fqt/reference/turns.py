"""In which steps a layer takes part in the backward pass, where its share of the channels is less
than a step can train (section 10)."""

from __future__ import annotations

from collections.abc import Sequence

from fqt.file.records import ModelRecords
from fqt.reference.select import LEAST_CHANNELS

ALL_STEPS = 1 << 16
GOLDEN_RATIO = 40503  # Q16: turns of steps that follow each other lie evenly
EVEN_TURNS = 34  # steps over which a mean is taken: of a Fibonacci number they lie most evenly


def share_of_steps(channels: Sequence[int], rate: int) -> int:
    """The share of steps in which a layer takes part, Q16. channels: its own, and those of the
    layers with weights behind it but the last; rate: the share of channels that train, Q16."""
    shares = [rate * max(count, LEAST_CHANNELS) // LEAST_CHANNELS for count in channels]
    return min([ALL_STEPS, *shares])


def layers_share_of_steps(model: ModelRecords, index: int, rate: int) -> int:
    """The same of layer `index` of a model."""
    channels = [layer.output_shape[2] for layer in model.layers[index:-1] if layer.has_weights]
    return share_of_steps(channels, rate)


def turn_of(step: int) -> int:
    """Layers whose share of steps is greater take part in a step of this number."""
    return step * GOLDEN_RATIO % ALL_STEPS
