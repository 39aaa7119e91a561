"""Gated recurrent unit, forward alone (section 4)."""

from __future__ import annotations

import numpy as np

from fqt.reference.fixed import Scale
from fqt.reference.gates import Gates, error
from fqt.reference.layer import Layer
from fqt.reference.squash import limit16, round_away, tanh

__all__ = ["error", "forward"]

RESET, UPDATE, NEW = range(3)


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][features], a step each -> h [height][width][units], or of the last step
    [1][1][units]"""
    gates = Gates(layer)
    state, h = np.zeros((2, layer.output.shape[2]), np.int64)  # Q15; the output less its zero
    states = []
    for x in gates.x:
        reset, keep = (gates.value(gate, x, h) for gate in (RESET, UPDATE))
        if layer.record.activation == "reset_before":
            read = gates.output_of(round_away(reset * state, 15), 15)
            from_state = gates.from_state(NEW, read, gates.biases[NEW + 1])
        else:
            from_state = gates.from_state(NEW, h, gates.biases[NEW + 1])
            from_state = round_away(reset * limit16(from_state), 15)
        new = tanh(limit16(gates.from_input(NEW, x) + from_state), 3)
        state = round_away(keep * state + (32768 - keep) * new, 15)
        h = gates.output_of(state, 15)
        states.append(h)
    return gates.as_output(states)
