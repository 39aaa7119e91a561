"""What recurrent layers share. They run forward alone: weights come from another tool, and what
lies behind such a layer trains."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fqt.arguments import is_whole_number, truth_value
from fqt.kinds import GATE_BIASES, KINDS
from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_EXTENT


class Recurrent(Layer):
    """weights: [gates][units][channels + units]; biases [4][units]."""

    title: ClassVar[str]  # with its article, for messages
    # Of each row of biases the gate, and which of its parts they go with: 0 that of the input, 1
    # that of the state.
    bias_places: ClassVar[tuple[tuple[int, int], ...]]

    def __init__(self, units, sequence=False, *, name=None, source=None):
        super().__init__(name=name, source=source)
        if not is_whole_number(units, 1, LARGEST_EXTENT):
            raise ValueError(f"{self.kind} layers have 1 to {LARGEST_EXTENT} units, not {units!r}")
        self.units = int(units)
        self.sequence = truth_value("sequence", sequence)
        self.weights = self.biases = np.empty(0, np.float32)

    def build(self, input_shape, rng):
        height, width, _ = self.input_shape = tuple(input_shape)
        self.output_shape = (*((height, width) if self.sequence else (1, 1)), self.units)
        recurrence = KINDS[self.kind].recurrence
        assert recurrence is not None
        shape = recurrence.shape(self.output_shape, self.input_shape)
        self.weights = np.empty(shape, np.float32)
        self.reset(rng)

    def reset(self, rng):
        """Random weights, uniform within 1 / sqrt(units); biases of zero."""
        reach = 1 / np.sqrt(self.units)
        self.weights = rng.uniform(-reach, reach, self.weights.shape).astype(np.float32)
        self.biases = np.zeros((GATE_BIASES, self.units), np.float32)

    @property
    def state(self):
        return {"weights": self.weights, "biases": self.biases}

    def begin(self, x):
        """Before the first step of a forward pass. x [batch][steps][channels]"""

    def step(self, x, h):
        """x [batch][channels], h [batch][units] of the step before -> h"""
        raise NotImplementedError

    def forward(self, x):
        steps = x.reshape(len(x), -1, x.shape[-1])
        self.begin(steps)
        h = np.zeros((len(x), self.units), x.dtype)
        states = []
        for number in range(steps.shape[1]):
            h = self.step(steps[:, number], h).astype(x.dtype)
            if self.sequence:
                states.append(h)
        made = np.stack(states, axis=1) if self.sequence else h
        return made.reshape(len(x), *self.output_shape)

    def backward(self, dy, input_needed=True):
        raise ValueError(
            f"{self.name}: {self.title} passes no error on: train=... names layers behind it "
            "alone (train it and what lies before it in PyTorch or Keras, and fqt.convert the "
            "network)"
        )
