"""Long short-term memory (Hochreiter, Schmidhuber 1997), forward alone: weights come from another
tool, and what lies behind it trains."""

from __future__ import annotations

import numpy as np

from fqt.arguments import is_whole_number, truth_value
from fqt.layers.layer import Layer
from fqt.layers.limits import LARGEST_EXTENT

NO_LIMIT = 2.0**64


class LSTM(Layer):
    """Each position of the input, row by row, is a step of its channels; the output is the state
    of the last step, 1 x 1 x units, or with sequence=True that of each, in the input's height and
    width.

    weights: [4][units][channels + units], of the gates input, forget, cell, output; biases
    [4][units]; limit: of the cell state's magnitude. They are random until they are set (of
    torch.nn.LSTM: torch.cat([weight_ih_l0, weight_hh_l0], 1).reshape(4, units, -1), and both
    biases added): fit trains only what lies behind this layer. Raises ValueError for units that no
    model file holds.
    """

    kind = name_stem = "lstm"

    def __init__(self, units, sequence=False, *, name=None, source=None):
        super().__init__(name=name, source=source)
        if not is_whole_number(units, 1, LARGEST_EXTENT):
            raise ValueError(f"an lstm layer has 1 to {LARGEST_EXTENT} units, not {units!r}")
        self.units = int(units)
        self.sequence = truth_value("sequence", sequence)
        self.limit = NO_LIMIT
        self.greatest_cell = 0.0  # of the last forward pass
        self.weights = self.biases = np.empty(0, np.float32)

    def build(self, input_shape, rng):
        height, width, channels = self.input_shape = tuple(input_shape)
        self.output_shape = (*((height, width) if self.sequence else (1, 1)), self.units)
        self.weights = np.empty((4, self.units, channels + self.units), np.float32)
        self.reset(rng)

    def reset(self, rng):
        """Random weights, uniform within 1 / sqrt(units); biases of zero, of the forget gate 1."""
        reach = 1 / np.sqrt(self.units)
        self.weights = rng.uniform(-reach, reach, self.weights.shape).astype(np.float32)
        self.biases = np.zeros((4, self.units), np.float32)
        self.biases[1] = 1

    @property
    def state(self):
        return {"weights": self.weights, "biases": self.biases}

    def forward(self, x):
        steps = x.reshape(len(x), -1, x.shape[-1])
        cell, h = np.zeros((2, len(x), self.units), x.dtype)
        states = []
        self.greatest_cell = 0.0
        for step in range(steps.shape[1]):
            read = np.concatenate([steps[:, step], h], axis=1)
            sums = np.einsum("guc,bc->gbu", self.weights, read) + self.biases[:, None]
            new = np.tanh(sums[2])
            admit, keep, _, give = 0.5 + 0.5 * np.tanh(sums / 2)  # sigmoids, which do not overflow
            cell = np.clip(keep * cell + admit * new, -self.limit, self.limit)
            h = (give * np.tanh(cell)).astype(x.dtype)
            self.greatest_cell = max(self.greatest_cell, float(np.abs(cell).max(initial=0)))
            states.append(h)
        if not self.sequence:
            return h.reshape(len(x), *self.output_shape)
        return np.stack(states, axis=1).reshape(len(x), *self.output_shape)

    def backward(self, dy, input_needed=True):
        raise ValueError(
            f"{self.name}: an LSTM passes no error on: train=... names layers behind it alone "
            "(train it and what lies before it in PyTorch or Keras, and fqt.convert the network)"
        )
