"""What recurrent layers share: the sums of their gates, and the functions of these (section 4)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fqt.reference.fixed import Scale, fixed_multiply
from fqt.reference.layer import Layer
from fqt.reference.squash import limit16, round_away, sigmoid

BIAS_LIMIT = 1 << 30


class Gates:
    """The parameters of a layer's gates. x: int64 [steps][features], less their zero point;
    biases: int64 [4][units]; scales: those of the file."""

    def __init__(self, layer: Layer):
        record = layer.record
        assert record.weights is not None and record.biases is not None
        assert record.weight_scales is not None
        self.output = layer.output
        self.x = layer.inputs[0].centred().reshape(-1, layer.inputs[0].shape[2])
        self.biases = np.clip(record.biases.astype(np.int64), -BIAS_LIMIT, BIAS_LIMIT)
        self.scales = [Scale.unpack(scale) for scale in record.weight_scales]
        weights = record.weights.astype(np.int64)
        features = self.x.shape[1]
        self._of_x, self._of_h = weights[..., :features], weights[..., features:]
        given, made = (Scale.unpack(one.scale) for one in (layer.inputs[0], self.output))
        of_gates = self.scales[: 2 * len(weights)]
        self._x_units = [(scale * given).shifted(12) for scale in of_gates[::2]]
        self._h_units = [(scale * made).shifted(12) for scale in of_gates[1::2]]
        self._from_one = Scale.from_int(1) / made

    def from_input(self, gate: int, x: np.ndarray) -> np.ndarray:
        """A gate's sums over a step of the input, Q3.12"""
        sums = self._of_x[gate] @ x + self.biases[gate]
        return limit16(_requantised(sums, self._x_units[gate]))

    def from_state(self, gate: int, h: np.ndarray, biases: np.ndarray | int = 0) -> np.ndarray:
        """The same over outputs less their zero point, which are not limited to 16 bits."""
        return _requantised(self._of_h[gate] @ h + biases, self._h_units[gate])

    def value(
        self,
        gate: int,
        x: np.ndarray,
        h: np.ndarray,
        function: Callable[[np.ndarray], np.ndarray] = sigmoid,
    ) -> np.ndarray:
        """Of a gate that reads both, Q15."""
        return function(limit16(self.from_input(gate, x) + self.from_state(gate, h)))

    def output_of(self, values: np.ndarray, point: int) -> np.ndarray:
        """values, with so many bits behind the point, in the output's units, less its zero
        point."""
        zero_point = self.output.zero_point
        units = self._from_one.shifted(-point)
        return np.clip(_requantised(values, units) + zero_point, -128, 127) - zero_point

    def as_output(self, states: list[np.ndarray]) -> tuple[np.ndarray, list[Scale]]:
        """The outputs of all steps, or of the last, as the output's shape says."""
        shape = self.output.shape
        made = np.array(states)[-int(np.prod(shape[:2])) :] + self.output.zero_point
        return made.reshape(shape), [Scale.from_int(1)]


def _requantised(values: np.ndarray, scale: Scale) -> np.ndarray:
    """values * scale as LiteRT rounds it: to 31 bits of the mantissa, then to the exponent."""
    shift = -31 - scale.exponent
    if shift <= 0:
        return fixed_multiply(values, scale)
    return round_away(fixed_multiply(values, Scale(scale.mantissa, -31)), min(shift, 31))


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """No layer in front of a recurrent one trains."""
    raise NotImplementedError(f"layer {layer.number} passes no errors on")
