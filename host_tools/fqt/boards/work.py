"""The work of a model: which passes of which layers run in a prediction and in a training step,
and the counts that their cycles are estimated from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from fqt.file.model_file import ModelFile

PASSES = ("forward", "error", "update")
# Of a pass: multiply-adds, elements of the output and of the input, elements of the columns of
# inputs that the filters meet, weights, and the pass itself.
COUNTS = ("multiply_adds", "outputs", "inputs", "columns", "weights", "passes")


@dataclass(frozen=True)
class Pass:
    """One pass over one layer. counts: as COUNTS names them."""

    name: str
    layer: str
    kind: str
    counts: tuple[int, ...]

    @property
    def what(self) -> str:
        """What its cycles are fitted for: the pass and the kind."""
        return f"{self.name} {self.kind}"


def passes_of(model: ModelFile) -> list[Pass]:
    """All that runs in a training step, forward first; of a model without trainable layers the
    forward passes."""
    shapes = [model.input_shape, *(layer.output_shape for layer in model.layers)]
    needs_error = [False]  # of each tensor
    for index, layer in enumerate(model.layers):
        inputs = model.inputs_of(index)
        needs_error.append(layer.trainable or any(needs_error[i] for i in inputs))
    found: dict[str, list[Pass]] = {name: [] for name in PASSES}
    for index, layer in enumerate(model.layers):
        inputs = model.inputs_of(index)
        outputs = prod(layer.output_shape)
        positions = layer.output_shape[0] * layer.output_shape[1]
        weights = 0 if layer.weights is None else layer.weights.size
        filter_elements = weights // len(layer.weights) if layer.weights is not None else 0
        if layer.kind == "depthwise_conv2d":
            filter_elements = weights
        counts = (
            model.multiply_adds(index),
            outputs,
            sum(prod(shapes[i]) for i in inputs),
            positions * filter_elements,
            weights,
            1,
        )
        runs = {
            "forward": True,
            "error": any(needs_error[i] for i in inputs),
            "update": layer.trainable,
        }
        for name in PASSES:
            if runs[name]:
                found[name].append(Pass(name, layer.name, layer.kind, counts))
    return [one for name in PASSES for one in found[name]]
