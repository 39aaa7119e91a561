"""Long short-term memory, forward alone (section 4)."""

from __future__ import annotations

import numpy as np

from fqt.kinds import CELL_BITS, LSTM_GATES
from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.gates import Gates, error
from fqt.reference.layer import Layer
from fqt.reference.squash import limit16, round_away, sigmoid, tanh

__all__ = ["error", "forward"]

FUNCTIONS = (sigmoid, sigmoid, lambda sums: tanh(sums, 3), sigmoid)


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][features], a step each -> h [height][width][units], or of the last step
    [1][1][units]"""
    gates = Gates(layer)
    bits = CELL_BITS.index(layer.record.activation)
    # The cell state's limit lies behind the scales of the weights.
    limit = min(int(fixed_multiply(1, gates.scales[2 * LSTM_GATES].shifted(15 - bits))), 32767)
    cell, h = np.zeros((2, layer.output.shape[2]), np.int64)
    states = []
    for x in gates.x:
        admit, keep, new, give = (
            gates.value(gate, x, h, function) for gate, function in enumerate(FUNCTIONS)
        )
        cell = limit16(round_away(keep * cell, 15) + round_away(admit * new, 15 + bits))
        cell = np.clip(cell, -limit, limit)
        h = gates.output_of(give * tanh(cell, bits), 30)
        states.append(h)
    return gates.as_output(states)
