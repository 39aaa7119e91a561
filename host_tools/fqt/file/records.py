"""What a model file holds: a record a layer, and the graph that they form."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fqt.file.layout import OUTPUT_RANGE_START
from fqt.kinds import KINDS, Shape


@dataclass(frozen=True, eq=False)
class Table:
    """A function of int8 numbers: for each input from -128 on the output, int8 [256], and the
    derivative, int8 [256] in -127 to 127, in units of `scale`, of the output's real value by that
    of the input."""

    outputs: np.ndarray
    derivatives: np.ndarray
    scale: float


@dataclass
class LayerRecord:
    """One layer. Arrays are None for layers without weights, and for frozen layers of a
    checkpoint.

    inputs: the tensors that it reads, 0 the model's input, i the output of layer i (from 1); none:
    the one before. weights: int8 [out][kernel_height][kernel_width][in] (dense: [out][in];
    depthwise_conv2d: [out][kernel_height][kernel_width]); low_bytes: the same shape, in units of
    1 / 256 of a weight's, or None; low_bits: how many bits of them are kept, 8 or 4 (the upper);
    weight_scales: float32 [out]; biases: int32 [out], in units of bias_scale * weight_scales.
    Of an lstm (never trainable) weights are int8 [4][units][features + units], of the gates input,
    forget, cell, output; weight_scales float32 [9]: of each gate for the features and for the
    units, then the limit of the cell state; biases int32 [4][units]; activation says how many of
    the cell's bits lie before the point (fqt.kinds.CELL_BITS). Of a gru alike, with the gates
    reset, update, new, weights [3][units][features + units], weight_scales [6]; the fourth row of
    biases is the new gate's, in units of output_scale times its second scale; activation says
    where the reset gate is (fqt.kinds.RESET_PLACES).
    table: of a layer that has one, whose function `activation` names; bias_scale is then its slope
    or alpha, or 0.
    """

    kind: str
    name: str
    output_shape: Shape
    activation: str = "none"
    trainable: bool = False
    output_scale: float = 1.0
    output_zero_point: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, bottom, left, right
    bias_scale: float = 0.0
    error_scale: float = 0.0
    output_range: int = OUTPUT_RANGE_START
    inputs: tuple[int, ...] = ()
    weights: np.ndarray | None = None
    low_bytes: np.ndarray | None = None
    weight_scales: np.ndarray | None = None
    biases: np.ndarray | None = None
    low_bits: int = 8
    table: Table | None = None

    @property
    def has_weights(self) -> bool:
        return KINDS[self.kind].weights is not None

    @property
    def function_parameter(self) -> float:
        """Of a table's function: its slope or alpha, or 0."""
        return self.bias_scale

    @property
    def is_one_place(self) -> bool:
        """Whether the output is 1 x 1."""
        return self.output_shape[:2] == (1, 1)

    @property
    def keeps_scale(self) -> bool:
        """Whether the output has the scale and zero point of the input."""
        return KINDS[self.kind].keeps_scale

    @property
    def passes_error_scale(self) -> bool:
        """Whether each error of the input has one source, so that its scale follows from the
        output's (docs/arithmetic.md, section 6)."""
        return KINDS[self.kind].passes_error_scale(self)

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        arrays = (self.weights, self.biases)
        return sum(array.size for array in arrays if array is not None)


@dataclass
class ModelRecords:
    """A whole model: the header's fields and the layers in the order in which they run.

    input_map, output_map: float32 [channels][2] and [outputs][2], offset and scale: a number x in
    the user's units is (x - offset) / scale to the network (docs/arithmetic.md, section 3); None:
    numbers are the network's own. labels: a name for each output, or none; note: what belongs to
    the model and is no number.
    """

    name: str
    input_shape: Shape
    layers: list[LayerRecord] = field(default_factory=list)
    input_type: str = "uint8"
    input_scale: float = 1 / 255
    input_zero_point: int = -128
    random_state: int = 1
    identity: int = 0
    step_count: int = 0
    checkpoint: bool = False
    loss: str = "softmax_cross_entropy"
    greatest_loss: int = 0
    input_map: np.ndarray | None = None
    output_map: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    note: str = ""

    def multiply_adds(self, index: int) -> int:
        """Of each pass of layer `index` (from 0), taps in the padding included: every weight meets
        every position of the output once, of a recurrent layer of the input: its steps."""
        layer = self.layers[index]
        read = self.tensor(self.inputs_of(index)[0])[0]
        height, width, _ = read if KINDS[layer.kind].recurrence else layer.output_shape
        return 0 if layer.weights is None else height * width * layer.weights.size

    def inputs_of(self, index: int) -> tuple[int, ...]:
        """The tensors that layer `index` (from 0) reads."""
        inputs = self.layers[index].inputs if index < len(self.layers) else ()
        return inputs or (index,)

    def tensor(self, number: int) -> tuple[Shape, float, int]:
        """Shape, scale and zero point of a tensor: 0 is the model's input, i the output of layer i
        (from 1)."""
        if number == 0:
            return self.input_shape, self.input_scale, self.input_zero_point
        made_by = self.layers[number - 1]
        return made_by.output_shape, made_by.output_scale, made_by.output_zero_point

    def readers_of(self, tensor: int) -> list[int]:
        """The layers (from 0) that read a tensor."""
        return [i for i in range(len(self.layers)) if tensor in self.inputs_of(i)]

    def clips(self, tensor: int) -> str:
        """The activation that clipped a tensor: looked for through max pooling and flatten."""
        while tensor > 0 and self.layers[tensor - 1].keeps_scale:
            tensor = self.inputs_of(tensor - 1)[0]
        if tensor == 0:
            return "none"
        kind = KINDS[self.layers[tensor - 1].kind]
        if kind.has_table or kind.recurrence:
            return "none"
        return self.layers[tensor - 1].activation

    def keeps_range(self, tensor: int) -> bool:
        """Whether the scale of a tensor never moves: a table is of it, also through kinds that
        keep the scale."""
        if tensor > 0 and KINDS[self.layers[tensor - 1].kind].has_table:
            return True
        return any(
            KINDS[self.layers[reader].kind].has_table
            or (self.layers[reader].keeps_scale and self.keeps_range(reader + 1))
            for reader in self.readers_of(tensor)
        )

    def hands_error_scale_on(self, tensor: int) -> bool:
        """Whether the scale of a tensor's error follows from that of its only reader's output."""
        readers = self.readers_of(tensor)
        return len(readers) == 1 and self.layers[readers[0]].passes_error_scale

    @property
    def outputs(self) -> int:
        """Elements of the last layer's output."""
        return math.prod(self.layers[-1].output_shape)

    @property
    def is_pixelwise(self) -> bool:
        """Whether each place of the output has a class of its own, a channel: a pixel."""
        return self.loss == "pixelwise_cross_entropy"

    @property
    def classes(self) -> int:
        """What outputs, or with pixelwise cross-entropy those of a pixel, choose from."""
        return self.layers[-1].output_shape[2] if self.is_pixelwise else self.outputs

    @property
    def pixels(self) -> int:
        """Places with a class of their own; 1, but for pixelwise cross-entropy."""
        return self.outputs // self.classes
