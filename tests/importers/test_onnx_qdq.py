"""Small .onnx files that onnxruntime quantized (QDQ), converted, against onnxruntime on the same
samples."""

import numpy as np
import onnx as onnx_package
import pytest
from onnx_files import OnnxBuilder, run
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from test_onnx import network_of
from test_tflite import int8_outputs

from fqt.importers import onnx
from fqt.importers.convert import quantized
from fqt.importers.lower import lower

ZERO = np.int8(0)
KINDS = {
    "a scale a channel": {"per_channel": True, "activation_type": QuantType.QInt8},
    "bytes": {"per_channel": False, "activation_type": QuantType.QUInt8},
}
EXACT = ("convolution", "depthwise", "groups", "relu6", "max pool", "pad", "channels last")
EXACT += ("shapes", "resized", "transposed convolution", "tanh", "sigmoid inside", "leaky relu")
# Halves, as with LiteRT.
ROUNDED = ("scaled samples", "residual", "average pool", "global", "mean")


class Samples(CalibrationDataReader):
    def __init__(self, samples):
        self.rows = iter(samples)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row[None]}


def qdq_of(folder, body, kind):
    """(the file's bytes, the shape of a sample)."""
    data, logits, shape = network_of(body)
    model = onnx_package.load_from_string(data)
    del model.graph.node[-1]  # the softmax
    model.graph.output[0].name = logits
    samples = np.random.default_rng(2).normal(size=(20, *shape)).astype(np.float32)
    path = folder / "quantized.onnx"
    how = {"quant_format": QuantFormat.QDQ, "weight_type": QuantType.QInt8, **KINDS[kind]}
    quantize_static(model, path, Samples(samples), **how)
    return path.read_bytes(), shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", EXACT + ROUNDED)
def test_quantized_networks_give_onnxruntime_s_numbers(tmp_path, body, kind):
    data, shape = qdq_of(tmp_path, body, kind)
    network = lower(onnx.read(data))
    assert network.is_int8
    samples = np.random.default_rng(1).normal(size=(50, *shape)).astype(np.float32)
    wanted = run(data, samples, onnx_package.load_from_string(data).graph.output[0].name)
    scale = network.nodes[-1].quantization.scales[0]
    zero_point = network.nodes[-1].quantization.zero_points[0]
    difference = np.abs(int8_outputs(network, samples) - np.round(wanted / scale) - zero_point)
    assert difference.max() <= 2 * (body in ROUNDED)
    assert difference.mean() < 0.6
    model = quantized(network, None, "last:1")
    assert model.layers[-1].trainable


def test_a_relu_that_vanished_into_a_range_is_found_again(tmp_path):
    for kind in KINDS:
        data, _ = qdq_of(tmp_path, "convolution", kind)
        assert b"Relu" not in data
        first, last = lower(onnx.read(data)).nodes
        assert (first.activation, last.activation) == ("relu", "none")


def between(scale=0.1, zero_point=ZERO, weights=None, weight_scale=0.01):
    """A dense layer, quantized by hand."""
    b = OnnxBuilder((1, 4))
    ends = np.float32(scale), zero_point
    x = b.node("DequantizeLinear", b.node("QuantizeLinear", "x", *ends), *ends)
    values = np.ones((3, 4), np.int8) if weights is None else weights
    given = b.node("DequantizeLinear", values, np.float32(weight_scale), axis=0)
    y = b.node("Gemm", x, given, transB=1)
    y = b.node("DequantizeLinear", b.node("QuantizeLinear", y, *ends), *ends)
    return b.bytes(y, opset=21)  # which has 16 bits too


WRONG = {
    "its weights are not in -127 to 127": {"weights": np.full((3, 4), -128, np.int8)},
    "its scales are not positive": {"scale": -1.0},
    "it is not int8 or uint8, with one scale": {"zero_point": np.int16(0)},
    "its scales are not one a channel": {"weight_scale": [0.1, 0.2]},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_quantized_otherwise_is_told(message):
    assert lower(onnx.read(between())).is_int8
    with pytest.raises(ValueError) as told:
        lower(onnx.read(between(**WRONG[message])))
    assert message in str(told.value)


def test_a_part_that_is_float_is_told():
    b = OnnxBuilder((1, 4))
    ends = np.float32(0.1), np.int8(0)
    x = b.node("DequantizeLinear", b.node("QuantizeLinear", "x", *ends), *ends)
    with pytest.raises(ValueError, match="its weights have no scales: quantize the weights too"):
        onnx.read(b.bytes(b.dense(x, 3, 4)))
