"""What cannot be taken of a .tflite file is told in one line: where it is, and what to do."""

import sys

import numpy as np
import pytest
from tflite_files import UNIT, TfliteBuilder

from fqt.importers import tflite
from fqt.importers.convert import conversion_of, convert, quantized, read_network
from fqt.importers.lower import lower


def image(dtype="int8", shape=(1, 6, 6, 2)):
    b = TfliteBuilder()
    return b, b.tensor(shape, dtype, None if dtype == "float32" else UNIT)


def of_operator(name, **options):
    """A network in whose middle an operator of one input stands."""
    b, x = image("float32")
    y = b.operator(name, [b.conv(x, 2)], b.tensor([1, 6, 6, 2]), **options)
    return b.bytes(x, b.dense(y, 2))


def concatenated(parts, shape, axis=3):
    b, x = image()
    y = b.operator("CONCATENATION", parts(b, x), b.like(x, shape), axis=axis)
    return b.bytes(x, b.conv(y, 2))


def row(b, x):
    y = b.like(x, [1, 1, 6, 2])
    return b.operator("MEAN", [x, b.constant([1])], y, keepDims=True)


def floored():
    b, x = image()
    y = b.operator("FLOOR", [b.conv(x, 2)], b.like(x, [1, 6, 6, 2]))
    return b.bytes(x, b.dense(y, 2))


def typed(dtype):
    b, x = image(dtype)
    weights = b.tensor([3, 72], dtype, UNIT, np.ones((3, 72)))
    return b.bytes(x, b.operator("FULLY_CONNECTED", [x, weights], b.tensor([1, 3], dtype, UNIT)))


def fused(activation):
    b, x = image()
    return b.bytes(x, b.dense(x, 3, activation))


def averaged(kernel, padding):
    b, x = image("float32")
    return b.bytes(x, b.dense(b.pool("AVERAGE_POOL_2D", b.conv(x, 2), kernel, padding), 2))


def mean_over_channels():
    b, x = image("float32")
    y = b.operator("MEAN", [b.conv(x, 2), b.constant([3])], b.tensor([1, 6, 6]))
    return b.bytes(x, b.dense(y, 2))


def mixed_order():
    b, x = image("float32")
    y = b.transpose(b.conv(x, 6), [0, 3, 1, 2])
    return b.bytes(x, b.conv(y, 2))


def two_outputs():
    b, x = image()
    return b.bytes(x, b.dense(x, 3), b.dense(x, 2))


def weights_of(values, zero_point=0):
    b, x = image(shape=(1, 4))
    weights = b.tensor([2, 4], "int8", (0.01, zero_point), np.full((2, 4), values))
    return b.bytes(x, b.operator("FULLY_CONNECTED", [x, weights], b.like(x, [1, 2])))


def softmax_inside():
    b, x = image(shape=(1, 4))
    return b.bytes(x, b.dense(b.softmax(x), 2))


def softmax_at_each_place():
    b, x = image()
    return b.bytes(x, b.softmax(b.conv(x, 2)))


def of_constant(operator="ADD", dtype="float32", value=0.0):
    """One a place, not one a channel."""
    b, x = image(dtype)
    values = np.full((1, 6, 6, 2), value)
    values[0, 0] = 1
    quantization = UNIT if dtype == "int8" else None
    constant = b.tensor(values.shape, dtype, quantization, values)
    y = b.conv(x, 2)
    return b.bytes(x, b.dense(b.operator(operator, [y, constant], b.like(y, [1, 6, 6, 2])), 2))


def resized(height, width, **options):
    b, x = image()
    return b.bytes(x, b.dense(b.resize(x, height, width, **options), 2))


def transposed(kernel, stride):
    b, x = image()
    return b.bytes(x, b.dense(b.transposed(x, 2, kernel, stride, padding=1), 2))


def deep():
    b, x = image(shape=(1, 2))
    y = x
    for _ in range(129):
        y = b.dense(y, 2)
    return b.bytes(x, y)


def without_scale():
    b, x = image()
    y = b.dense(b.conv(x, 2), 2)
    b.graph.tensors[3].quantization = None  # what the convolution makes
    return b.bytes(x, y)


WRONG = {
    "operator 2, FLOOR: no layer does this: build the network without it": lambda: of_operator(
        "FLOOR"
    ),
    "operator 1, SOFTMAX: softmax inside a network: layers have ReLU": softmax_inside,
    "operator 2, FLOOR: no layer does this": floored,
    "CONV_2D: what it reads is in another order than an image's": lambda: concatenated(
        lambda b, x: [x, b.conv(x, 2)], [1, 12, 6, 2], axis=1
    ),
    "operator 1, CONCATENATION: it reads one tensor twice": lambda: concatenated(
        lambda b, x: [x, x], [1, 6, 6, 4]
    ),
    "operator 2, CONCATENATION: it joins (6, 6, 2) and (1, 6, 2): only channels": lambda: (
        concatenated(lambda b, x: [x, row(b, x)], [1, 7, 6, 2], axis=1)
    ),
    "CONCATENATION: (1, 6, 6, 2) does not become (1, 6, 6, 5)": lambda: concatenated(
        lambda b, x: [x, b.conv(x, 2)], [1, 6, 6, 5]
    ),
    "it is UINT8, not INT8 or FLOAT32: uint8 networks are of TensorFlow 1": lambda: typed("uint8"),
    "it is INT16, not INT8 or FLOAT32: 16-bit activations": lambda: typed("int16"),
    "operator 1, FULLY_CONNECTED: its fused activation function is number 4": lambda: fused(
        "tanh"
    ),
    "operator 2, AVERAGE_POOL_2D: it has padding": lambda: averaged(4, padding=0),
    "operator 2, MEAN: a mean over channels": mean_over_channels,
    "operator 3, CONV_2D: what it reads is in another order": mixed_order,
    "the network has 2 outputs, a model has one": two_outputs,
    "weights have a zero point, or are -128": lambda: weights_of(-128),
    "weights have a zero point, or are -128: quantize": lambda: weights_of(5, zero_point=3),
    "operator 2, ADD: its constants are not one a channel: put it": of_constant,
    "operator 2, DIV: it divides by 0": lambda: of_constant("DIV"),
    "operator 2, ADD, tensor 't1': an operator reads a constant": lambda: of_constant(
        "ADD", "int8"
    ),
    "SUB: no layer does this with two computed inputs, or in int8": lambda: of_constant(
        "SUB", "int8"
    ),
    "RESIZE_NEAREST_NEIGHBOR: (6, 6) does not become (9, 12) by whole": lambda: resized(9, 12),
    "RESIZE_NEAREST_NEIGHBOR: (6, 6) does not become (3, 6) by whole": lambda: resized(3, 6),
    "align_corners with round_prefer_ceil does not repeat each element": lambda: resized(
        18, 18, alignCorners=True
    ),
    "TRANSPOSE_CONV: its window is (2, 2) with stride (4, 4), from (6, 6)": lambda: transposed(
        2, 4
    ),
    "the network has 129 layers, a device runs 128": deep,
    "operator 1, CONV_2D, tensor 't3': it has no scale": without_scale,
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_taken_is_told(message):
    with pytest.raises(ValueError) as told:
        lower(tflite.read(WRONG[message]()))
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_a_softmax_at_each_place_is_a_pixelwise_loss_but_for_one_of_the_user_s():
    for loss in (None, "mean_squared_error"):
        network = lower(tflite.read(softmax_at_each_place()), loss)
        assert network.loss == (loss or "pixelwise_cross_entropy")
        assert network.nodes[-1].kind == "conv2d"


def whole_file():
    b, x = image()
    y = b.pool("MAX_POOL_2D", b.depthwise(b.conv(x, 3, activation="relu")))
    return b.bytes(x, b.softmax(b.dense(b.reshape(y, [1, 27]), 3)))


def take(data):
    """Convert what can be; anything but a ValueError fails."""
    try:
        quantized(lower(tflite.read(data)), None, "last:1")
    except ValueError as error:
        assert str(error)
        return False
    return True


def test_a_file_that_is_cut_off_is_damaged():
    data = whole_file()
    assert take(data)
    for length in range(0, len(data) - 1, 37):
        with pytest.raises(ValueError, match=r"damaged|no \.tflite"):
            tflite.read(data[:length])


def test_forged_bytes_are_errors_or_other_networks():
    data = whole_file()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        forged = bytearray(data)
        for at in rng.integers(8, len(data), 3):
            forged[at] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
        refused += not take(bytes(forged))
    assert refused > 30


def test_other_files_are_no_tflite_files(tmp_path):
    with pytest.raises(ValueError, match=r"no \.tflite file"):
        tflite.read(b"PK\3\4" + bytes(100))
    path = tmp_path / "network.caffemodel"
    with pytest.raises(ValueError, match=r"files that can be read end in .*\.tflite"):
        convert(path)
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "none.tflite")
    path = tmp_path / "network.tflite"
    path.write_bytes(b"TFL3")
    with pytest.raises(ValueError, match=r"network\.tflite: this is no \.tflite file"):
        read_network(path)


def test_ranges_are_of_float_networks_alone():
    float_network = lower(tflite.read(averaged(2, padding=1)))
    with pytest.raises(ValueError, match=r"the network is float32: .*--calibrate DATA\.npz"):
        quantized(float_network, None, "all")
    with pytest.raises(ValueError, match=r"samples are .*\(6, 6, 2\), not \(5, 2, 6, 6\)"):
        quantized(float_network, np.zeros((5, 2, 6, 6), np.float32), "all")
    with pytest.raises(ValueError, match="leave percentile off"):
        conversion_of(lower(tflite.read(whole_file())), None, percentile=99)


def test_layers_that_are_not_there_do_not_train():
    network = lower(tflite.read(whole_file()))
    with pytest.raises(ValueError, match="no layer 'conv_9' with weights"):
        quantized(network, None, "conv_9")
    with pytest.raises(ValueError, match="the network has 3 layers with weights"):
        quantized(network, None, "last:4")
    with pytest.raises(ValueError, match="loss is one of"):
        lower(tflite.read(whole_file()), "hinge")


def test_a_package_that_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite", None)
    with pytest.raises(RuntimeError, match=r"pip install 'fqt-host\[tflite\]'"):
        tflite.read(whole_file())
