"""Gated recurrent unit (Cho et al. 2014), forward alone."""

from __future__ import annotations

import numpy as np

from fqt.arguments import truth_value
from fqt.layers.functions import sigmoid
from fqt.layers.recurrent import Recurrent


class GRU(Recurrent):
    """Each position of the input, row by row, is a step of its channels; the output is the state
    of the last step, 1 x 1 x units, or with sequence=True that of each, in the input's height and
    width. reset_after: whether the reset gate is behind the state's weights, as in PyTorch and by
    default in Keras, or in front of them.

    weights: [3][units][channels + units], of the gates reset, update, new; biases [4][units], of
    reset, of update, of new with the input, of new with the state. They are random until they are
    set (of torch.nn.GRU: torch.cat([weight_ih_l0, weight_hh_l0], 1).reshape(3, units, -1); of
    bias_ih_l0 and bias_hh_l0, each of shape (3, units), the sum of both for reset and update, then
    the last of the one and of the other): fit trains only what lies behind this layer. Raises
    ValueError for units that no model file holds.
    """

    kind = name_stem = "gru"
    title = "a GRU"
    bias_places = ((0, 0), (1, 0), (2, 0), (2, 1))

    def __init__(self, units, sequence=False, reset_after=True, *, name=None, source=None):
        super().__init__(units, sequence, name=name, source=source)
        self.reset_after = truth_value("reset_after", reset_after)

    def step(self, x, h):
        channels = x.shape[1]
        of_x = np.einsum("guc,bc->gbu", self.weights[..., :channels], x) + self.biases[:3, None]
        of_h = np.einsum("guc,bc->gbu", self.weights[:2, :, channels:], h)
        reset, keep = sigmoid(of_x[:2] + of_h)
        weights, biases = self.weights[2, :, channels:].T, self.biases[3]
        from_h = reset * (h @ weights + biases)
        if not self.reset_after:
            from_h = (reset * h) @ weights + biases
        return keep * h + (1 - keep) * np.tanh(of_x[2] + from_h)
