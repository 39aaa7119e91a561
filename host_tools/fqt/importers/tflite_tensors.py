"""The tensors of a .tflite file as those of a graph: types, quantization, constants."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fqt.importers.graph import Quantization, Tensor, refuse
from fqt.importers.tflite_file import FileTensor, TfliteFile

TYPES = {"FLOAT32": "<f4", "FLOAT16": "<f2", "INT8": "<i1", "INT32": "<i4", "INT64": "<i8"}
REPLACE = "build the network without it, or with layers that docs/importing.md lists"


class TfliteTensors:
    """What a file says of its tensors, and those of the graph that grows from it. place: of the
    operator that is being read, for messages."""

    def __init__(self, file: TfliteFile):
        self.file = file
        self.tensors: dict[str, Tensor] = {}
        self.place = ""

    def name(self, number: int) -> str:
        """The graph's name of a tensor that is computed, which the graph has from now on."""
        tensor = self.file.tensors[number]
        name = f"{number} {tensor.name}"
        if name not in self.tensors:
            end = number in self.file.inputs or number in self.file.outputs
            allowed = ("FLOAT32", "INT8", "UINT8") if end else ("FLOAT32", "INT8")
            if tensor.type not in allowed:
                self._refuse_type(tensor)
            if not tensor.is_plain:
                refuse(self._of(tensor), "it keeps a state or is sparse", REPLACE)
            values = None
            if tensor.data is not None:
                values = self.constant(number).astype(np.float32)
            quantization = self._quantization(tensor) if tensor.type != "FLOAT32" else None
            if values is not None and quantization is not None:
                refuse(self._of(tensor), "an operator reads a constant", REPLACE)
            self.tensors[name] = Tensor(name, tensor.shape, values, quantization)
        return name

    def _of(self, tensor: FileTensor) -> str:
        place = self.place or "the network"
        return f"{place}, tensor {tensor.name!r}"

    def _refuse_type(self, tensor: FileTensor) -> None:
        advice = {
            "UINT8": "uint8 networks are of TensorFlow 1: convert it again, to int8",
            "INT16": "16-bit activations are not taken: convert it again, with int8 activations",
        }
        refuse(
            self._of(tensor),
            f"it is {tensor.type}, not INT8 or FLOAT32",
            advice.get(tensor.type, REPLACE),
        )

    def _quantization(self, tensor: FileTensor) -> Quantization:
        scales, zero_points, axis = tensor.scales, tensor.zero_points, tensor.axis
        axis = (
            0 if len(tensor.shape) == 1 else axis
        )  # of biases, where some files have the weights'
        if not len(scales) or len(scales) != len(zero_points):
            refuse(self._of(tensor), "it has no scale and zero point", "quantize it again")
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            refuse(self._of(tensor), f"a scale is {scales.min()}", "quantize it again")
        zero_points = zero_points - (128 if tensor.type == "UINT8" else 0)
        if np.abs(zero_points + 0.5).max() > 128 and tensor.type != "INT32":
            refuse(self._of(tensor), "a zero point is beyond 8 bits", "quantize it again")
        if len(scales) == 1:
            return Quantization(scales, zero_points)
        if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != len(scales):
            refuse(self._of(tensor), "its scales are not one a channel", "quantize it again")
        return Quantization(scales, zero_points, axis)

    def range_of(self, number: int) -> Quantization:
        """Of a tensor that may keep a state, or only say it."""
        return self._quantization(self.file.tensors[number])

    def constant(self, number: int) -> np.ndarray:
        """The numbers of a constant, as the file has them; of one that a DEQUANTIZE makes of
        float16, these."""
        tensor = self.file.tensors[self._dequantized_constant(number)]
        if tensor.data is None:
            refuse(self._of(tensor), "it is computed, not a constant", REPLACE)
        if tensor.type not in TYPES:
            self._refuse_type(tensor)
        dtype = np.dtype(TYPES[tensor.type])
        if math.prod(tensor.shape) * dtype.itemsize != tensor.data.nbytes:
            refuse(
                self._of(tensor),
                f"{tensor.data.nbytes} bytes are not of shape {tensor.shape}",
                "the file is damaged, fetch or export it again",
            )
        values = tensor.data.view(dtype).reshape(tensor.shape)
        if dtype.kind == "f" and not np.isfinite(values).all():
            refuse(self._of(tensor), "its numbers are not all finite", "train the network again")
        return values

    def is_float_constant(self, number: int) -> bool:
        tensor = self.file.tensors[self._dequantized_constant(number)]
        return tensor.data is not None and tensor.type in ("FLOAT32", "FLOAT16")

    def _dequantized_constant(self, number: int) -> int:
        for one in self.file.operators:
            if one.name == "DEQUANTIZE" and one.inputs and number in one.outputs:
                return one.inputs[0]
        return number

    def integers(self, number: int) -> np.ndarray:
        """The same of a constant that says how, as axes."""
        values = self.constant(number)
        if values.dtype.kind != "i":
            refuse(self.place, "it has fractions for axes", "the file is damaged, export it again")
        return values

    def weights(self, number: int, quantized: bool, axes: tuple[int, ...]) -> str:
        """Weights or biases with their axes moved, the outputs first: int8 (biases int32) with a
        quantization where the layer is quantized, else float32."""
        tensor = self.file.tensors[number]
        values = self.constant(number)
        if values.ndim != len(axes):
            refuse(self._of(tensor), f"it has the shape {values.shape}", REPLACE)
        quantization = None
        if values.dtype.kind == "i":
            quantization = self._quantization(tensor)
            if quantization.zero_points.any() or (values.itemsize == 1 and (values == -128).any()):
                refuse(
                    self._of(tensor),
                    "weights have a zero point, or are -128",
                    "quantize it again, weights symmetric in -127 to 127",
                )
        if quantized != (quantization is not None):
            if quantized:
                refuse(self._of(tensor), "it is float in a layer of int8", "quantize all of it")
            values, quantization = _dequantized(values, quantization), None
        elif quantization is not None and quantization.axis is not None:
            quantization = replace(quantization, axis=axes.index(quantization.axis))
        values = values if quantized else values.astype(np.float32)
        values = np.ascontiguousarray(values.transpose(axes))
        name = f"{number} {tensor.name} {len(self.tensors)}"
        self.tensors[name] = Tensor(name, values.shape, values, quantization)
        return name

    def shape(self, number: int, axes: int) -> tuple[int, ...]:
        tensor = self.file.tensors[number]
        if len(tensor.shape) != axes or math.prod(tensor.shape) < 1:
            refuse(self._of(tensor), f"it has the shape {tensor.shape}, not {axes} axes", REPLACE)
        return tensor.shape


def _dequantized(values: np.ndarray, quantization: Quantization | None) -> np.ndarray:
    assert quantization is not None
    shape = [1] * values.ndim
    if quantization.axis is not None:
        shape[quantization.axis] = -1
    return values.astype(np.float32) * quantization.scales.reshape(shape)
