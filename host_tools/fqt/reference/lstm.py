"""Long short-term memory, forward alone (section 4)."""

from __future__ import annotations

import numpy as np

from fqt.kinds import CELL_BITS, GATES
from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.layer import Layer
from fqt.reference.squash import limit16, round_away, sigmoid, tanh

BIAS_LIMIT = 1 << 30
LIMIT_PLACE = 8  # of the cell state's limit, behind the scales of the weights


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][features], a step each -> h [height][width][units], or of the last step
    [1][1][units]"""
    record, output = layer.record, layer.output
    assert record.weights is not None and record.biases is not None
    assert record.weight_scales is not None
    x = layer.inputs[0].centred().reshape(-1, layer.inputs[0].shape[2])
    units, features = output.shape[2], x.shape[1]
    weights = record.weights.astype(np.int64)
    biases = np.clip(record.biases.astype(np.int64), -BIAS_LIMIT, BIAS_LIMIT)
    bits = CELL_BITS.index(record.activation)
    output_scale = Scale.unpack(output.scale)
    scales = [Scale.unpack(scale) for scale in record.weight_scales]
    of_x, of_h = (
        [(scale * tensor).shifted(12) for scale in scales[first:LIMIT_PLACE:2]]
        for first, tensor in enumerate((Scale.unpack(layer.inputs[0].scale), output_scale))
    )
    cell_limit = min(int(fixed_multiply(1, scales[LIMIT_PLACE].shifted(15 - bits))), 32767)
    of_product = (Scale.from_int(1) / output_scale).shifted(-30)
    cell = np.zeros(units, np.int64)
    h = np.zeros(units, np.int64)  # less its zero point
    states = []
    for step in x:
        gates = []
        for gate in range(GATES):
            from_x = weights[gate, :, :features] @ step + biases[gate]
            from_h = weights[gate, :, features:] @ h
            sums = limit16(_requantised(from_x, of_x[gate]))
            sums = limit16(sums + _requantised(from_h, of_h[gate]))
            gates.append(tanh(sums, 3) if gate == 2 else sigmoid(sums))
        input_gate, forget_gate, new, output_gate = gates
        kept = round_away(forget_gate * cell, 15)
        cell = limit16(kept + round_away(input_gate * new, 15 + bits))
        cell = np.clip(cell, -cell_limit, cell_limit)
        product = output_gate * tanh(cell, bits)
        y = np.clip(_requantised(product, of_product) + output.zero_point, -128, 127)
        h = y - output.zero_point
        states.append(y)
    return np.array(states)[-int(np.prod(output.shape[:2])) :].reshape(output.shape), [
        Scale.from_int(1)
    ]


def _requantised(values: np.ndarray, scale: Scale) -> np.ndarray:
    """values * scale as LiteRT rounds it: to 31 bits of the mantissa, then to the exponent."""
    shift = -31 - scale.exponent
    if shift <= 0:
        return fixed_multiply(values, scale)
    return round_away(fixed_multiply(values, Scale(scale.mantissa, -31)), min(shift, 31))


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """No layer in front of it trains."""
    raise NotImplementedError("an lstm passes no errors on")
