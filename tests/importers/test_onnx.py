"""Small .onnx files of every operator, converted, against onnxruntime on the same samples."""

import numpy as np
import pytest
from onnx_files import OnnxBuilder, run

import fqt
from fqt import core
from fqt.importers import onnx
from fqt.importers.convert import quantized
from fqt.importers.lower import lower
from fqt.importers.to_float import to_float

IMAGE, LINE, ROW = (2, 8, 6), (3, 16), (12,)


# Of each: the shape of a sample, what is built on the input, the elements that this gives.
BODIES = {
    "convolution": (IMAGE, lambda b, x: b.node("Relu", b.conv(x, 5, 2)), 240),
    "same upper": (
        IMAGE,
        lambda b, x: b.conv(x, 5, 2, strides=[2, 2], auto_pad="SAME_UPPER"),
        60,
    ),
    "same lower": (IMAGE, lambda b, x: same_lower(b, x), 60),
    "one side": (IMAGE, lambda b, x: b.conv(x, 3, 2, pads=[2, 0, 1, 1]), 135),
    "depthwise": (IMAGE, lambda b, x: b.conv(b.conv(x, 4, 2), 4, 4, group=4), 192),
    "groups": (IMAGE, lambda b, x: b.conv(b.conv(x, 4, 2), 6, 4, group=2), 288),
    "dilation": (
        IMAGE,
        lambda b, x: b.conv(x, 3, 2, dilations=[2, 1], pads=[2, 1, 2, 1]),
        144,
    ),
    "relu6": (IMAGE, lambda b, x: b.node("Clip", b.conv(x, 4, 2), 0.0, 6.0), 192),
    "clip without end": (IMAGE, lambda b, x: b.node("Clip", b.conv(x, 4, 2), 0.0), 192),
    "max pool": (
        IMAGE,
        lambda b, x: b.node("MaxPool", b.conv(x, 4, 2), kernel_shape=[2, 3], strides=[2, 3]),
        32,
    ),
    "average pool": (
        IMAGE,
        lambda b, x: b.node("AveragePool", b.conv(x, 4, 2), kernel_shape=[2, 2]),
        140,
    ),
    "global": (IMAGE, lambda b, x: b.node("GlobalAveragePool", b.conv(x, 7, 2)), 7),
    "mean": (
        IMAGE,
        lambda b, x: b.node("ReduceMean", b.conv(x, 7, 2), np.array([2, 3]), keepdims=0),
        7,
    ),
    "mean of one axis": (
        IMAGE,
        lambda b, x: b.node("ReduceMean", b.conv(x, 7, 2), np.array([-1]), keepdims=0),
        56,
    ),
    "resized": (IMAGE, lambda b, x: resized(b, b.conv(x, 3, 2), [2.0, 3.0]), 3 * 16 * 18),
    "resized by half pixels": (
        IMAGE,
        lambda b, x: resized(b, x, [3.0, 2.0], b"half_pixel", nearest_mode=b"round_prefer_ceil"),
        2 * 24 * 12,
    ),
    "transposed convolution": (
        IMAGE,
        lambda b, x: transposed(b, x, 3, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]),
        3 * 16 * 12,
    ),
    "nothing cut off": (
        IMAGE,
        lambda b, x: transposed(b, b.conv(x, 4, 2), 3, 4, strides=[2, 3]),
        3 * 17 * 18,
    ),
    "of stride one": (IMAGE, lambda b, x: transposed(b, x, 3, pads=[1] * 4), 3 * 8 * 6),
    "tanh": (IMAGE, lambda b, x: b.node("Tanh", b.conv(x, 4, 2)), 192),
    "sigmoid inside": (IMAGE, lambda b, x: b.node("Sigmoid", b.conv(x, 4, 2)), 192),
    "leaky relu": (IMAGE, lambda b, x: b.node("LeakyRelu", b.conv(x, 4, 2), alpha=0.3), 192),
    "elu": (IMAGE, lambda b, x: b.node("Elu", b.conv(x, 4, 2), alpha=0.7), 192),
    "hard swish": (IMAGE, lambda b, x: b.node("HardSwish", b.conv(x, 4, 2)), 192),
    "hard sigmoid": (
        IMAGE,
        lambda b, x: b.node("HardSigmoid", b.conv(x, 4, 2), alpha=1 / 6),
        192,
    ),
    "gelu": (IMAGE, lambda b, x: b.node("Gelu", b.conv(x, 4, 2)), 192),
    "gelu with tanh": (
        IMAGE,
        lambda b, x: b.node("Gelu", b.conv(x, 4, 2), approximate="tanh"),
        192,
    ),
    "softplus": (IMAGE, lambda b, x: b.node("Softplus", b.conv(x, 4, 2)), 192),
    "mish": (IMAGE, lambda b, x: b.node("Mish", b.conv(x, 4, 2)), 192),
    "mish in parts": (
        IMAGE,
        lambda b, x: mish(b, b.conv(x, 4, 2)),
        192,
    ),
    "selu": (IMAGE, lambda b, x: b.node("Selu", b.conv(x, 4, 2)), 192),
    "celu": (IMAGE, lambda b, x: b.node("Celu", b.conv(x, 4, 2)), 192),
    "hard tanh": (IMAGE, lambda b, x: b.node("Clip", b.conv(x, 4, 2), -1.0, 1.0), 192),
    "prelu": (IMAGE, lambda b, x: b.node("PRelu", b.conv(x, 4, 2), np.full((4, 1, 1), 0.3)), 192),
    "silu": (IMAGE, lambda b, x: silu(b, b.conv(x, 4, 2)), 192),
    "residual": (IMAGE, lambda b, x: residual(b, b.node("Relu", b.conv(x, 4, 2))), 192),
    "gate": (IMAGE, lambda b, x: gate(b, b.node("Relu", b.conv(x, 4, 2))), 192),
    "pad": (IMAGE, lambda b, x: b.conv(pad(b, x), 3, 2, pads=[0] * 4), 144),
    "pad read twice": (IMAGE, lambda b, x: padded_twice(b, b.conv(x, 4, 2)), 216),
    "batch normalisation": (IMAGE, lambda b, x: normalised(b, b.conv(x, 4, 2), 4), 192),
    "constants": (IMAGE, lambda b, x: constants(b, b.conv(x, 4, 2)), 192),
    "scaled samples": (IMAGE, lambda b, x: b.conv(scaled(b, x, (2, 1, 1)), 4, 2), 192),
    "scaled samples, flattened": (ROW, lambda b, x: matmul(b, scaled(b, x, (12,))), 6),
    "turned round": (
        IMAGE,
        lambda b, x: b.conv(b.node("Add", b.node("Mul", x, np.array(-2.0)), np.array(1.0)), 4, 2),
        192,
    ),
    "normalised behind a relu": (
        IMAGE,
        lambda b, x: b.conv(behind_relu(b, x), 3, 4, pads=[0] * 4),
        72,
    ),
    "normalised before padding": (
        IMAGE,
        lambda b, x: b.conv(behind_relu(b, x), 3, 4),
        144,
    ),
    "normalised before a depthwise convolution": (
        IMAGE,
        lambda b, x: b.conv(
            behind_relu(b, x),
            4,
            4,
            group=4,
            pads=[0] * 4,
        ),
        96,
    ),
    "normalised before dense": (
        IMAGE,
        lambda b, x: b.dense(behind_relu(b, x), 9, 192),
        9,
    ),
    "normalised behind a pool": (
        IMAGE,
        lambda b, x: normalised(b, b.node("MaxPool", b.conv(x, 4, 2), kernel_shape=[2, 2]), 4),
        140,
    ),
    "shifted for one reader": (IMAGE, lambda b, x: read_twice(b, b.conv(x, 2, 2)), 96),
    "shifted before others read": (IMAGE, lambda b, x: read_later(b, b.conv(x, 2, 2)), 96),
    "channels last": (IMAGE, lambda b, x: channels_last(b, x), 192),
    "shapes": (IMAGE, lambda b, x: shapes(b, b.conv(x, 4, 2)), 192),
    "of one axis": (LINE, lambda b, x: one_axis(b, x), 8 * 8),
    "global of one axis": (
        LINE,
        lambda b, x: b.node("GlobalAveragePool", b.conv(x, 5, 3, (3,))),
        5,
    ),
    "lstm": ((9, 3), lambda b, x: last_of(b, lstm(b, steps_first(b, x), 3)), 5),
    "state of an lstm": ((9, 3), lambda b, x: state_of(b, steps_first(b, x)), 5),
    "all steps of an lstm": (
        (9, 3),
        lambda b, x: steps_first(b, lstm(b, steps_first(b, x), 3)),
        45,
    ),
    "two lstms": (
        (9, 3),
        lambda b, x: last_of(b, lstm(b, lstm(b, steps_first(b, x), 3), 5), slices=True),
        5,
    ),
    "gru": ((9, 3), lambda b, x: last_of(b, gru(b, steps_first(b, x), 3)), 5),
    "gru, reset in front": (
        (9, 3),
        lambda b, x: last_of(b, gru(b, steps_first(b, x), 3, linear_before_reset=0)),
        5,
    ),
    "two grus": (
        (9, 3),
        lambda b, x: steps_first(b, gru(b, gru(b, steps_first(b, x), 3), 5)),
        45,
    ),
    "gru behind an lstm": (
        (9, 3),
        lambda b, x: last_of(b, gru(b, lstm(b, steps_first(b, x), 3), 5), slices=True),
        5,
    ),
    "state of a gru": ((9, 3), lambda b, x: state_of(b, steps_first(b, x), "GRU"), 5),
    "matmul": (ROW, lambda b, x: b.node("Relu", matmul(b, x)), 6),
    "branches": (IMAGE, lambda b, x: branches(b, x), 144),
    "vectors": (IMAGE, lambda b, x: vectors(b, x), 7),
    "gemm": (
        ROW,
        lambda b, x: b.node("Gemm", x, b.random(12, 6), np.array(0.5), alpha=0.5, beta=2.0),
        6,
    ),
    "normalised dense": (ROW, lambda b, x: normalised(b, matmul(b, x), 6), 6),
    "dropout": (ROW, lambda b, x: b.node("Dropout", b.node("Relu", matmul(b, x))), 6),
}


def same_lower(b, x):
    return b.conv(x, 5, 2, (2, 3), strides=[2, 2], auto_pad="SAME_LOWER")


def resized(b, x, factors, coordinates=b"asymmetric", nearest_mode=b"floor"):
    modes = {"coordinate_transformation_mode": coordinates, "nearest_mode": nearest_mode}
    return b.node("Resize", x, "", np.array([1.0, 1.0, *factors]), mode=b"nearest", **modes)


def transposed(b, x, out, channels=2, **attributes):
    return b.node("ConvTranspose", x, b.random(channels, out, 3, 3), b.random(out), **attributes)


def mish(b, x):
    return b.node("Mul", x, b.node("Tanh", b.node("Softplus", x)))


def silu(b, x):
    """As PyTorch exports it."""
    return b.node("Mul", x, b.node("Sigmoid", x))


def residual(b, x):
    return b.node("Relu", b.node("Add", x, b.conv(x, 4, 4)))


def branches(b, x):
    """Three of them, as inception networks have, with a ReLU behind; then another one."""
    parts = [b.conv(x, 3, 2), b.conv(x, 2, 2, (1, 1)), b.conv(x, 4, 2)]
    joined = b.node("Relu", b.node("Concat", *parts, axis=1))
    return b.conv(b.node("Concat", joined, b.conv(joined, 2, 9), axis=1), 3, 11)


def vectors(b, x):
    parts = [b.node("Flatten", b.node("GlobalAveragePool", b.conv(x, n, 2))) for n in (3, 4)]
    return b.node("Concat", *parts, axis=-1)


def gate(b, x):
    squeezed = b.node("GlobalAveragePool", x)
    return b.node("Mul", x, b.node("Relu", b.conv(squeezed, 4, 4, (1, 1))))


def pad(b, x):
    return b.node("Pad", x, np.array([0, 0, 1, 2, 0, 0, 1, 0]))


def padded_twice(b, x):
    """Which the runtime leaves as it is."""
    padded = b.node("Pad", x, np.array([1, 0]), "", np.array([-2]))
    return b.node("Add", b.conv(padded, 4, 4), b.conv(padded, 4, 4))


def normalised(b, x, channels, function="Relu"):
    values = [b.rng.uniform(0.5, 2, channels) for _ in range(4)]
    return b.node(function, b.node("BatchNormalization", x, *values))


def behind_relu(b, x):
    """As networks of Keras often have it."""
    return normalised(b, b.node("Relu", b.conv(x, 4, 2)), 4, "Identity")


def scaled(b, x, shape):
    """As a network that takes samples in the user's units begins."""
    x = b.node("Sub", x, b.random(*shape))
    return b.node("Div", x, b.rng.uniform(1, 2, shape))


def read_twice(b, x):
    return b.node("Add", b.node("Sub", x, b.random(2, 1, 1)), x)


def read_later(b, x):
    """Behind a reshape that reads what another node reads further on."""
    rows = b.node("Sub", b.node("Reshape", x, np.array([1, 2, 48])), b.random(2, 1))
    return b.node("Add", b.node("Reshape", rows, np.array([1, 2, 8, 6])), x)


def constants(b, x):
    """What shifts and scales whole channels, in an order that the runtime leaves as it is."""
    x = b.node("Sub", x, b.random(4, 1, 1))
    x = b.node("Div", x, b.rng.uniform(1, 2, (1, 4, 1, 1)))
    return b.node("Add", np.array(0.25), b.node("Mul", x, np.array([2.0])))


def channels_last(b, x):
    """As Keras writes an image: the network's tensors are channels last, its layers' are not."""
    x = b.node("Relu", b.conv(x, 4, 2))
    x = b.node("Transpose", x, perm=[0, 2, 3, 1])
    x = b.node("Transpose", x, perm=[0, 3, 1, 2])
    return b.node("Transpose", b.conv(x, 4, 4), perm=[0, 2, 3, 1])


def shapes(b, x):
    """A flatten as PyTorch's older exporter writes it for a dynamic batch."""
    batch = b.node("Gather", b.node("Shape", x), np.array(0), axis=0)
    shape = b.node("Concat", b.node("Unsqueeze", batch, np.array([0])), np.array([-1]), axis=0)
    return b.node("Unsqueeze", b.node("Reshape", x, shape), np.array([1]))


def one_axis(b, x):
    x = normalised(b, b.conv(x, 8, 3, (5,)), 8)
    return b.node("MaxPool", b.conv(x, 8, 8, (3,), group=8), kernel_shape=[2], strides=[2])


def steps_first(b, x):
    """[batch][steps][features] as [steps][batch][features], and back."""
    return b.node("Transpose", x, perm=[1, 0, 2])


def recurrent(b, x, operator, features, units, states, **attributes):
    """Its first output, [steps][1][batch][units]."""
    rows = {"LSTM": 4, "GRU": 3}[operator] * units
    parameters = [b.random(1, rows, n) for n in (features, units)]
    given = (x, *parameters, b.random(1, 2 * rows), *states)
    return b.node(operator, *given, hidden_size=units, **attributes)


def lstm(b, x, features, units=5):
    """All steps, [steps][batch][units]."""
    states = ["", *[np.zeros((1, 1, units))] * 2]
    return b.node("Squeeze", recurrent(b, x, "LSTM", features, units, states), np.array([1]))


def gru(b, x, features, units=5, linear_before_reset=1):
    said = {"linear_before_reset": linear_before_reset}
    states = ["", np.zeros((1, 1, units))]
    y = recurrent(b, x, "GRU", features, units, states, **said)
    return b.node("Squeeze", y, np.array([1]))


def last_of(b, x, slices=False):
    if slices:
        ends = (np.array([n]) for n in (-1, 1 << 30, 0))
        return b.node("Squeeze", b.node("Slice", x, *ends), np.array([0]))
    return b.node("Gather", x, np.array(-1), axis=0)


def state_of(b, x, operator="LSTM"):
    """The state that an LSTM or GRU ends with, its second output."""
    y = recurrent(b, x, operator, 3, 5, (), outputs=2)
    return b.node("Gather", y.replace("_0", "_1"), np.array(0), axis=0)


def matmul(b, x):
    return b.node("Add", b.node("MatMul", x, b.random(12, 6)), b.random(6))


def network_of(body, batch="n", opset=20):
    """(the file's bytes, the tensor of its logits, the shape of a sample)."""
    shape, build, elements = BODIES[body]
    b = OnnxBuilder([batch, *shape])
    logits = b.dense(build(b, "x"), 4, elements)
    return b.bytes(b.node("Softmax", logits), opset=opset), logits, shape


@pytest.mark.parametrize("body", BODIES)
def test_networks_give_onnxruntime_s_numbers_and_train_when_quantized(body):
    data, logits, shape = network_of(body)
    network = lower(onnx.read(data))
    samples = np.random.default_rng(1).normal(size=(200, *shape)).astype(np.float32)
    wanted = run(data, samples, logits)
    assert network.source_shape == shape
    ours = to_float(network).forward(network.arrange(samples))
    np.testing.assert_allclose(ours, wanted, atol=1e-5 * np.abs(wanted).max())
    model = quantized(network, samples, "last:1")
    assert model.loss == "softmax_cross_entropy"
    outputs = core.Model(model).outputs(network.arrange(samples))
    best = np.sort(wanted, axis=1)
    clear = best[:, -1] - best[:, -2] > 0.05 * np.abs(wanted).max()  # int8 may say what is near
    assert clear.sum() > 50
    assert (outputs.argmax(axis=1) == wanted.argmax(axis=1))[clear].mean() >= 0.99


def test_a_softmax_at_each_place_gives_onnxruntime_s_classes_and_trains():
    """Of channels first, also where they are brought behind the places."""
    for axes in (None, (0, 2, 3, 1)):
        b = OnnxBuilder(["batch", 2, 8, 6])
        logits = b.conv("x", 3, 2)
        turned = logits if axes is None else b.node("Transpose", logits, perm=list(axes))
        data = b.bytes(b.node("Softmax", turned, axis=1 if axes is None else 3))
        network = lower(onnx.read(data))
        assert network.loss == "pixelwise_cross_entropy"
        samples = np.random.default_rng(1).normal(size=(40, 2, 8, 6)).astype(np.float32)
        wanted = np.moveaxis(run(data, samples, logits).reshape(40, 3, 8, 6), 1, -1)
        net = to_float(network)
        x = network.arrange(samples)
        assert (net.predict(x) == wanted.argmax(axis=-1).reshape(40, -1)).all()
        model = quantized(network, samples, "last:1")
        labels = wanted.argmin(axis=-1).reshape(40, -1).astype(np.uint8)
        quick = core.Model(model)
        before = quick.losses(x, labels).mean()
        quick.train_many(x, labels, np.arange(200) % 40, 0.1)
        assert quick.losses(x, labels).mean() < 0.8 * before


def test_constants_go_where_they_cost_least():
    """Into the map of the input, into weights, or else into a layer."""
    kinds = {
        "scaled samples": ["conv2d", "dense"],
        "turned round": ["depthwise_conv2d", "conv2d", "dense"],
        "normalised behind a relu": ["conv2d", "conv2d", "dense"],
        "normalised before padding": ["conv2d", "depthwise_conv2d", "conv2d", "dense"],
        "normalised before dense": ["conv2d", "flatten", "dense", "dense"],
    }
    for body, wanted in kinds.items():
        network = lower(onnx.read(network_of(body)[0]))
        made = [node.kind for node in network.nodes]
        assert [kind for kind in made if kind != "flatten"] == [
            kind for kind in wanted if kind != "flatten"
        ], body
        assert (network.input_map is not None) == body.startswith("scaled"), body


@pytest.mark.parametrize("opset", [13, 17, 21])
@pytest.mark.parametrize("batch", [1, "batch", None])
def test_batches_and_opsets_give_the_same_network(batch, opset):
    first, other = (
        lower(onnx.read(network_of("one side", *how)[0])) for how in ((), (batch, opset))
    )
    for one, same in zip(first.nodes, other.nodes, strict=True):
        assert (one.weights == same.weights).all()
        assert (one.kind, one.padding) == (same.kind, same.padding)


def test_images_with_channels_first_are_taken_channels_last():
    data, _, shape = network_of("convolution")
    network = lower(onnx.read(data))
    assert network.input_shape == (8, 6, 2)
    assert "x.transpose(0, 2, 3, 1)" in network.description
    samples = np.random.default_rng(1).normal(size=(3, *shape)).astype(np.float32)
    assert (network.arrange(samples) == samples.transpose(0, 2, 3, 1)).all()


def test_a_file_becomes_a_model_by_its_suffix(tmp_path):
    data, _, shape = network_of("convolution")
    (tmp_path / "small.onnx").write_bytes(data)
    samples = np.random.default_rng(1).normal(size=(20, *shape)).astype(np.float32)
    model = fqt.convert(tmp_path / "small.onnx", calibrate=samples, trainable="last:1")
    assert (model.name, model.loss) == ("small", "softmax_cross_entropy")
    assert [layer.trainable for layer in model.layers] == [False, True]


@pytest.mark.parametrize(
    ("function", "loss"),
    [
        ("Sigmoid", "binary_cross_entropy"),
        ("LogSoftmax", "softmax_cross_entropy"),
        ("Identity", "mean_squared_error"),
    ],
)
def test_the_function_at_the_end_becomes_the_loss(function, loss):
    b = OnnxBuilder(["n", 12])
    assert lower(onnx.read(b.bytes(b.node(function, matmul(b, "x"))))).loss == loss


def test_x_times_its_sigmoid_is_one_function():
    """Not where others read the sigmoid, or it is of another tensor."""
    data, _, _ = network_of("silu")
    assert [node.activation for node in lower(onnx.read(data)).nodes] == ["none", "silu", "none"]
    b = OnnxBuilder((1, *IMAGE))
    gate = b.node("Sigmoid", b.conv("x", 2, 2))
    y = b.node("Mul", b.conv("x", 2, 2), gate)
    kinds = [node.kind for node in lower(onnx.read(b.bytes(b.dense(y, 3, 96)))).nodes]
    assert kinds == ["conv2d", "table", "conv2d", "multiply", "dense"]
