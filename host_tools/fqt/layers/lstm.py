"""Long short-term memory (Hochreiter, Schmidhuber 1997), forward alone."""

from __future__ import annotations

import numpy as np

from fqt.layers.functions import sigmoid
from fqt.layers.recurrent import Recurrent

NO_LIMIT = 2.0**64


class LSTM(Recurrent):
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
    title = "an LSTM"
    bias_places = ((0, 0), (1, 0), (2, 0), (3, 0))

    def __init__(self, units, sequence=False, *, name=None, source=None):
        super().__init__(units, sequence, name=name, source=source)
        self.limit = NO_LIMIT
        self.greatest_cell = 0.0  # of the last forward pass

    def reset(self, rng):
        """As others do, but for the biases of the forget gate: 1."""
        super().reset(rng)
        self.biases[1] = 1

    def begin(self, x):
        self.cell = np.zeros((len(x), self.units), x.dtype)
        self.greatest_cell = 0.0

    def step(self, x, h):
        read = np.concatenate([x, h], axis=1)
        sums = np.einsum("guc,bc->gbu", self.weights, read) + self.biases[:, None]
        new = np.tanh(sums[2])
        admit, keep, _, give = sigmoid(sums)
        self.cell = np.clip(keep * self.cell + admit * new, -self.limit, self.limit)
        self.greatest_cell = max(self.greatest_cell, float(np.abs(self.cell).max(initial=0)))
        return give * np.tanh(self.cell)
