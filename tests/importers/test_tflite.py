"""Small .tflite files of every operator, converted, against LiteRT on the same samples."""

import numpy as np
import pytest
from tflite_files import TYPES, UNIT, TfliteBuilder, run

from fqt import core
from fqt.importers import tflite
from fqt.importers.convert import quantized
from fqt.importers.lower import identity, lower
from fqt.importers.to_float import to_float
from fqt.importers.to_int8 import to_int8

# Each builds on an image, int8 or float32, and returns what the last layer reads.
BODIES = {
    "convolution": lambda b, x: b.conv(x, 5, activation="relu6"),
    "stride and valid": lambda b, x: b.conv(x, 5, stride=2, padding=1, activation="relu"),
    "depthwise": lambda b, x: b.depthwise(b.conv(x, 4), activation="relu"),
    "multiplier": lambda b, x: b.depthwise(x, multiplier=3, stride=2),
    "max pool": lambda b, x: b.pool("MAX_POOL_2D", b.conv(x, 4), kernel=3),
    "average pool": lambda b, x: b.pool("AVERAGE_POOL_2D", b.conv(x, 4), padding=1),
    "residual": lambda b, x: residual(b, b.conv(x, 3, activation="relu")),
    "gate": lambda b, x: gate(b, b.conv(x, 3, activation="relu")),
    "side by side": lambda b, x: joined(b, x, b.conv(x, 3), b.conv(x, 2, activation="relu")),
    "mean": lambda b, x: mean(b, b.conv(x, 4), [1, 2], [1, 4]),
    "mean of one axis": lambda b, x: mean(b, b.conv(x, 4), [2], [1, 8, 4]),
    "pad": lambda b, x: b.conv(pad(b, x), 4, padding=1),
    "relu behind pool": lambda b, x: alone(b, "RELU", b.pool("MAX_POOL_2D", b.conv(x, 4))),
    "relu6 alone": lambda b, x: alone(b, "RELU6", b.conv(x, 4)),
    "transposed": lambda b, x: b.transpose(b.conv(x, 4), [0, 3, 1, 2]),
    "resized": lambda b, x: b.conv(b.resize(b.conv(x, 3), 16, 24), 2, stride=2),
    "resized by half pixels": lambda b, x: b.resize(x, 16, 8, halfPixelCenters=True),
    "transposed convolution": lambda b, x: b.transposed(b.conv(x, 3, stride=2), 4, 3, 2),
    "of even taps": lambda b, x: b.transposed(x, 3, 4, 2, activation="relu"),
    "nothing cut off": lambda b, x: b.transposed(b.conv(x, 3, stride=2), 4, 5, 3, padding=1),
    "of stride one": lambda b, x: b.transposed(x, 4, 3, 1),
    "tanh": lambda b, x: function(b, "TANH", b.conv(x, 4), (1 / 128, 0)),
    "sigmoid inside": lambda b, x: function(b, "LOGISTIC", b.conv(x, 4), (1 / 256, -128)),
    "leaky relu": lambda b, x: function(b, "LEAKY_RELU", b.conv(x, 4), (0.04, -20), alpha=0.3),
    "elu": lambda b, x: function(b, "ELU", b.conv(x, 4), (0.04, -90)),
    "hard swish": lambda b, x: function(b, "HARD_SWISH", b.conv(x, 4), (0.03, -110)),
    "silu": lambda b, x: silu(b, b.conv(x, 4)),
    "gelu": lambda b, x: function(b, "GELU", b.conv(x, 4), (0.04, -90)),
    "gelu with tanh": lambda b, x: function(
        b, "GELU", b.conv(x, 4), (0.04, -90), approximate=True
    ),
    "dense": lambda b, x: b.dense(b.reshape(x, [1, 128]), 6, "relu"),
    "dynamic batch": lambda b, x: dynamic_reshape(b, b.conv(x, 2)),
}

# Of float numbers alone: what Keras's Rescaling, Normalization and BatchNormalization leave.
FLOAT_BODIES = {
    "rescaled": lambda b, x: b.conv(by_constants(b, x, [("MUL", 0.4), ("ADD", -1.0)]), 4),
    "normalised": lambda b, x: b.conv(
        by_constants(b, x, [("SUB", [0.5, -1.0]), ("DIV", [2.0, 0.5])]), 4
    ),
    "behind a relu": lambda b, x: b.conv(
        by_constants(
            b, b.conv(x, 3, activation="relu"), [("MUL", [0.5, 2, 3]), ("ADD", [1, 0, -1])]
        ),
        4,
    ),
    "with a relu of its own": lambda b, x: by_constants(
        b, b.conv(x, 3), [("MUL", [0.5, 2, 3]), ("ADD", [1, 0, -1])], fusedActivationFunction=1
    ),
    "before dense": lambda b, x: b.dense(by_constants(b, b.conv(x, 3), [("SUB", [1, 0, -1])]), 5),
}


def by_constants(b, x, steps, **options):
    for number, (name, values) in enumerate(steps, 1):
        constant = b.constant(np.array(values, np.float32), "float32")
        given = [constant, x] if name == "ADD" else [x, constant]
        last = options if number == len(steps) else {}
        x = b.operator(name, given, b.like(x, b.shape(x)), **last)
    return x


def function(b, name, x, quantization, **options):
    return b.operator(name, [x], b.like(x, b.shape(x), quantization), **options)


def silu(b, x):
    gates = function(b, "LOGISTIC", x, (1 / 256, -128))
    return b.operator("MUL", [x, gates], b.like(x, b.shape(x)))


def residual(b, x):
    return b.operator("ADD", [x, b.conv(x, 3)], b.like(x, b.shape(x)), fusedActivationFunction=1)


def joined(b, *parts):
    channels = sum(b.shape(part)[3] for part in parts)
    shape = [*b.shape(parts[0])[:3], channels]
    y = b.operator("CONCATENATION", list(parts), b.like(parts[0], shape), axis=3)
    return b.conv(y, 3)


def gate(b, x):
    squeezed = b.reshape(mean(b, x, [1, 2], [1, 3]), [1, 1, 1, 3])
    return b.operator("MUL", [x, squeezed], b.like(x, b.shape(x)))


def mean(b, x, axes, shape):
    return b.operator("MEAN", [x, b.constant(axes)], b.like(x, shape), keepDims=False)


def pad(b, x):
    _, height, width, channels = b.shape(x)
    rows = [[0, 0], [1, 0], [0, 2], [0, 0]]
    return b.operator(
        "PAD", [x, b.constant(rows)], b.like(x, [1, height + 1, width + 2, channels], UNIT)
    )


def alone(b, name, x):
    return b.operator(name, [x], b.like(x, b.shape(x)))


def dynamic_reshape(b, x):
    """As TensorFlow writes a flatten whose batch is not known."""
    elements = int(np.prod(b.shape(x)))
    shape = b.operator("SHAPE", [x], b.tensor([4], "int32"), outType=TYPES[np.dtype("int32")])
    ends = [b.constant([at]) for at in (0, 1, 1)]
    batch = b.operator("STRIDED_SLICE", [shape, *ends], b.tensor([], "int32"), shrinkAxisMask=1)
    both = b.tensor([2], "int32")
    b.operator("PACK", [batch, b.constant(elements)], both, valuesCount=2)
    return b.operator("RESHAPE", [x, both], b.like(x, [1, elements]))


# What LiteRT's kernels round otherwise, at halves: to even numbers.
ROUNDED = ("gate", "silu", "mean", "mean of one axis")


def network_of(body, is_int8, headless=False):
    """(the file's bytes, the tensor of its logits; headless: of the body's output)."""
    b = TfliteBuilder()
    x = b.tensor([1, 8, 8, 2], "int8", UNIT) if is_int8 else b.tensor([1, 8, 8, 2])
    inner = (BODIES | FLOAT_BODIES)[body](b, x)
    if headless:
        return b.bytes(x, inner), inner
    logits = b.dense(inner, 4)
    return b.bytes(x, b.softmax(logits)), logits


def int8_outputs(network, samples):
    """The last layer's int8 output, read through one more layer."""
    quantization = network.nodes[-1].quantization
    last = identity(network.nodes)
    last.name = "behind"
    network.nodes.append(last)
    outputs = core.Model(to_int8(network, ())).outputs(network.arrange(samples))
    return np.round(outputs / quantization.scales[0]) + quantization.zero_points[0]


@pytest.mark.parametrize("body", BODIES)
def test_int8_networks_give_litert_s_numbers(body):
    data, read = network_of(body, is_int8=True, headless=body in ROUNDED)
    network = lower(tflite.read(data))
    assert network.is_int8
    samples = np.random.default_rng(1).integers(-128, 128, (30, 8, 8, 2)).astype(np.int8)
    difference = np.abs(int8_outputs(network, samples) - run(data, samples, read))
    assert difference.max() <= (body in ROUNDED)
    assert (difference == 0).mean() > 0.8


@pytest.mark.parametrize("body", BODIES | FLOAT_BODIES)
def test_float_networks_give_litert_s_numbers_in_float32_and_train_when_quantized(body):
    data, logits = network_of(body, is_int8=False)
    network = lower(tflite.read(data))
    samples = np.random.default_rng(1).normal(size=(30, 8, 8, 2)).astype(np.float32)
    wanted = run(data, samples, logits)
    ours = to_float(network).forward(network.arrange(samples))
    np.testing.assert_allclose(ours, wanted, atol=1e-5 * np.abs(wanted).max())
    model = quantized(network, samples, "last:1")
    assert [layer.trainable for layer in model.layers if layer.has_weights][-1]


def test_weights_scales_zero_points_biases_and_ranges_are_those_of_the_file():
    b = TfliteBuilder()
    x = b.tensor([1, 6, 6, 2], "int8", (0.02, 3))
    y = b.conv(x, 3, activation="relu")
    data = b.bytes(x, b.dense(y, 2))
    model = quantized(lower(tflite.read(data)), None, "all")
    first, last = model.layers
    assert (model.input_scale, model.input_zero_point) == (np.float32(0.02), 3)
    assert (first.output_scale, first.output_zero_point) == (np.float32(UNIT[0]), UNIT[1])
    assert first.bias_scale == model.input_scale
    for layer, operator in zip(model.layers, b.graph.operators, strict=True):
        weights, biases = (b.graph.tensors[i] for i in operator.inputs[1:])
        stored = b.model.buffers[weights.buffer].data.view(np.int8).reshape(weights.shape)
        assert (layer.weights == stored.reshape(layer.weights.shape)).all()
        assert (layer.weight_scales == np.float32(weights.quantization.scale)).all()
        assert (layer.biases == b.model.buffers[biases.buffer].data.view(np.int32)).all()
    assert last.trainable and first.trainable
    assert model.loss == "mean_squared_error"


def test_float_inputs_and_outputs_around_int8_go():
    b = TfliteBuilder()
    x = b.tensor([1, 4, 4, 1])
    q = b.operator("QUANTIZE", [x], b.tensor([1, 4, 4, 1], "int8", UNIT))
    logits = b.dense(b.conv(q, 2), 3)
    data = b.bytes(x, b.operator("DEQUANTIZE", [b.softmax(logits)], b.tensor([1, 3])))
    network = lower(tflite.read(data))
    assert [node.kind for node in network.nodes] == ["conv2d", "dense"]
    samples = np.random.default_rng(1).normal(size=(20, 4, 4, 1)).astype(np.float32)
    assert (int8_outputs(network, samples) == run(data, samples, logits)).all()


def test_bytes_around_int8_are_taken_as_bytes():
    b = TfliteBuilder()
    x = b.tensor([1, 4, 4, 1], "uint8", (0.05, 128))
    q = b.operator("QUANTIZE", [x], b.tensor([1, 4, 4, 1], "int8", UNIT))
    logits = b.dense(b.conv(q, 2), 3)
    data = b.bytes(x, logits)
    network = lower(tflite.read(data))
    assert network.input_type == "uint8"
    samples = np.random.default_rng(1).integers(0, 256, (20, 4, 4, 1)).astype(np.uint8)
    assert (int8_outputs(network, samples) == run(data, samples, logits)).all()


def test_images_with_channels_first_are_taken_channels_last():
    b = TfliteBuilder()
    x = b.tensor([1, 3, 6, 5], "int8", UNIT)
    logits = b.dense(b.conv(b.transpose(x, [0, 2, 3, 1]), 2), 3)
    data = b.bytes(x, logits)
    network = lower(tflite.read(data))
    assert network.input_shape == (6, 5, 3)
    assert "x.transpose(0, 2, 3, 1)" in network.description
    samples = np.random.default_rng(1).integers(-128, 128, (20, 3, 6, 5)).astype(np.int8)
    assert (network.arrange(samples) == samples.transpose(0, 2, 3, 1)).all()
    assert (int8_outputs(network, samples) == run(data, samples, logits)).all()


def test_weights_alone_in_int8_or_float16_are_made_float():
    rng = np.random.default_rng(0)
    values = rng.integers(-127, 128, (3, 4))
    for dtype in ("int8", "float16"):
        b = TfliteBuilder()
        x = b.tensor([1, 4])
        weights = b.tensor([3, 4], dtype, (0.02, 0) if dtype == "int8" else None, values)
        if dtype == "float16":
            weights = b.operator("DEQUANTIZE", [weights], b.tensor([3, 4]))
        y = b.operator("FULLY_CONNECTED", [x, weights, -1], b.tensor([1, 3]))
        (node,) = lower(tflite.read(b.bytes(x, y))).nodes
        scale = 0.02 if dtype == "int8" else 1
        np.testing.assert_allclose(node.weights, values * scale, rtol=1e-6)
        assert not node.biases.any()


def test_a_sigmoid_at_the_end_becomes_the_loss():
    b = TfliteBuilder()
    x = b.tensor([1, 4], "int8", UNIT)
    y = b.operator("LOGISTIC", [b.dense(x, 1)], b.tensor([1, 1], "int8", (1 / 256, -128)))
    assert lower(tflite.read(b.bytes(x, y))).loss == "binary_cross_entropy"


@pytest.mark.parametrize("is_int8", [True, False])
def test_behind_a_last_layer_with_an_activation_one_that_gives_what_it_reads(is_int8):
    b = TfliteBuilder()
    x = b.tensor([1, 4], "int8", UNIT) if is_int8 else b.tensor([1, 4])
    y = b.dense(x, 3, "relu")
    data = b.bytes(x, y)
    network = lower(tflite.read(data))
    assert [node.kind for node in network.nodes] == ["dense", "depthwise_conv2d"]
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(20, 4)).astype(np.float32)
    if is_int8:
        samples = rng.integers(-128, 128, (20, 4)).astype(np.int8)
        ours = core.Model(to_int8(network, ())).outputs(network.arrange(samples)) / UNIT[0]
    else:
        ours = to_float(network).forward(network.arrange(samples))
    np.testing.assert_allclose(ours, run(data, samples, y), atol=1e-3)


def test_biases_beyond_what_a_device_holds_are_brought_within():
    b = TfliteBuilder()
    x = b.tensor([1, 4], "int8", UNIT)
    scales = np.float32([0.01, 1e-12])
    weights = b.tensor([2, 4], "int8", (scales, 0), [[1, 2, 3, 4], [100, -100, 1, 0]])
    biases = b.tensor([2], "int32", (scales * np.float32(UNIT[0]), 0), [7, 2**31 - 1])
    y = b.operator("FULLY_CONNECTED", [x, weights, biases], b.tensor([1, 2], "int8", UNIT))
    network = lower(tflite.read(b.bytes(x, y)))
    (node,) = network.nodes
    assert node.biases.tolist() == [7, 2**30]
    assert node.weight_scales[1] == np.float32(2e-12)
    assert node.weights[0].tolist() == [1, 2, 3, 4]
    assert node.weights[1, 0] == 50


def test_trainable_layers_are_last_ones_all_or_named():
    data, _ = network_of("depthwise", is_int8=True)
    network = lower(tflite.read(data))
    for trainable, wanted in (
        ("last:2", ["depthwise_2", "dense_3"]),
        ("all", ["conv2d_1", "depthwise_2", "dense_3"]),
        ("conv2d_1", ["conv2d_1"]),
        (["dense_3"], ["dense_3"]),
    ):
        model = quantized(network, None, trainable)
        assert [layer.name for layer in model.layers if layer.trainable] == wanted
