"""Weights of PyTorch and Keras in a Sequential, against what onnxruntime and LiteRT make of the
same arrays."""

import numpy as np
import pytest
from onnx_files import OnnxBuilder, run
from tflite_files import TfliteBuilder
from tflite_files import run as run_litert

from fqt import (
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    MaxPool2D,
    Sequential,
    Tanh,
    load_weights,
)

SHAPE = (6, 8, 2)
PARTS = ("weight", "bias", "running_mean", "running_var")


def described():
    return Sequential(
        [
            Conv2D(4, (3, 2), padding=(1, 1, 0, 0)),
            BatchNormalization("relu"),
            DepthwiseConv2D(3, padding="same"),
            MaxPool2D(2),
            Flatten(),
            Tanh(),
            Dense(5, "relu"),
            Dense(3),
        ],
        SHAPE,
    )


def of_pytorch(seed=0):
    """Arrays as state_dict() has them, channels first, and a BatchNorm2d's count of batches."""
    rng = np.random.default_rng(seed)
    shapes = {
        "0": ((4, 2, 3, 2), (4,)),
        "1": ((4,), (4,), (4,), (4,)),
        "3": ((4, 1, 3, 3), (4,)),
        "head.6": ((5, 36), (5,)),
        "head.8": ((3, 5), (3,)),
    }
    arrays = {
        f"{group}.{part}": rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        for group, several in shapes.items()
        for part, shape in zip(PARTS, several, strict=False)
    }
    arrays["1.running_var"] = rng.uniform(0.5, 2, 4)
    arrays["1.num_batches_tracked"] = np.array(7)
    return arrays


def by_onnxruntime(arrays, samples):
    b = OnnxBuilder(("n", 2, 6, 8))
    of = {name: [arrays[f"{name}.{part}"] for part in PARTS[:2]] for name in ("0", "3")}
    x = b.node("Conv", "x", *of["0"], pads=[1, 0, 1, 0])
    x = b.node("BatchNormalization", x, *(arrays[f"1.{part}"] for part in PARTS))
    x = b.node("Conv", b.node("Relu", x), *of["3"], group=4, pads=[1] * 4)
    x = b.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Tanh", b.node("Flatten", x))
    for name in ("head.6", "head.8"):
        x = b.node("Gemm", x, arrays[f"{name}.weight"], arrays[f"{name}.bias"], transB=1)
        x = b.node("Relu", x) if name == "head.6" else x
    return run(b.bytes(x), samples.transpose(0, 3, 1, 2).copy(), x)


def test_pytorch_s_weights_give_onnxruntime_s_numbers(tmp_path):
    arrays = of_pytorch()
    samples = np.random.default_rng(1).normal(size=(20, *SHAPE)).astype(np.float32)
    wanted = by_onnxruntime(arrays, samples)
    np.savez(tmp_path / "weights.npz", **arrays)
    for source in (arrays, tmp_path / "weights.npz"):
        net = described()
        load_weights(net, source)
        np.testing.assert_allclose(net.forward(samples), wanted, atol=1e-5)


def of_keras(b, x, net):
    """A .tflite network, and its arrays as Keras has them: [height][width][in][out]."""
    arrays = {}
    for number, layer in enumerate(net.layers):
        if isinstance(layer, (Conv2D, DepthwiseConv2D)):
            grow = b.depthwise if isinstance(layer, DepthwiseConv2D) else b.conv
            units = () if isinstance(layer, DepthwiseConv2D) else (layer.units,)
            x = grow(x, *units, kernel=3)
        elif isinstance(layer, Dense):
            x = b.dense(x, layer.units)
        elif isinstance(layer, Flatten):
            x = b.reshape(x, [1, int(np.prod(b.shape(x)))])
            continue
        weights, biases = (constant(b, one) for one in b.graph.operators[-1].inputs[1:3])
        name = "kernel"
        if isinstance(layer, Dense):
            weights = weights.T  # [in][out]
        elif isinstance(layer, DepthwiseConv2D):
            weights = weights[0][..., None]  # [height][width][channels][1]
            name = "depthwise_kernel"
        else:
            weights = weights.transpose(1, 2, 3, 0)
        arrays[f"layer_{number}/{name}"], arrays[f"layer_{number}/bias:0"] = weights, biases
    return x, arrays


def constant(b, tensor):
    data = b.model.buffers[b.graph.tensors[tensor].buffer].data
    return np.frombuffer(data.tobytes(), np.float32).reshape(b.shape(tensor))


def test_keras_s_weights_give_litert_s_numbers():
    layers = [
        Conv2D(4, 3, padding="same"),
        DepthwiseConv2D(3, padding="same"),
        Flatten(),
        Dense(3),
    ]
    net = Sequential(layers, SHAPE)
    b = TfliteBuilder()
    x = b.tensor([1, *SHAPE])
    y, arrays = of_keras(b, x, net)
    samples = np.random.default_rng(1).normal(size=(20, *SHAPE)).astype(np.float32)
    load_weights(net, arrays)
    np.testing.assert_allclose(
        net.forward(samples), run_litert(b.bytes(x, y), samples, y), atol=1e-5
    )


@pytest.mark.parametrize("layout", ["pytorch", "keras"])
def test_convolutions_of_one_axis(layout):
    weights = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)  # [out][in][taps]
    x = np.random.default_rng(1).normal(size=(1, 1, 9, 2)).astype(np.float32)
    net = Sequential([Conv1D(4, 3)], (1, 9, 2))
    given = weights if layout == "pytorch" else weights.transpose(2, 1, 0)
    load_weights(net, {"conv.weight": given}, layout)
    windows = np.lib.stride_tricks.sliding_window_view(x[0, 0], 3, axis=0)  # [out width][in][taps]
    wanted = np.einsum("oit,wit->wo", weights, windows)
    np.testing.assert_allclose(net.forward(x).reshape(7, 4), wanted, atol=1e-6)
    assert not net.layers[0].biases.any()


def test_layers_in_another_order_are_named():
    arrays = of_pytorch()
    moved = {name: arrays[name] for name in reversed(arrays)}
    net, other = described(), described()
    load_weights(net, arrays)
    own = [layer.name for layer in other.layers if layer.state]
    names = dict(zip(own, ("0", "1", "3", "head.6", "head.8"), strict=True))
    load_weights(other, moved, names=names)
    assert all(
        (values == theirs.state[key]).all()
        for one, theirs in zip(net.layers, other.layers, strict=True)
        for key, values in one.state.items()
    )


def changed(name, values):
    return {**of_pytorch(), name: values}


def without(*parts):
    return {name: one for name, one in of_pytorch().items() if not name.endswith(parts)}


WRONG = {
    "conv2d_1: weights of 0 is (4, 2, 3, 3), which as pytorch has it does not become": (
        lambda: changed("0.weight", np.zeros((4, 2, 3, 3))),
        {},
    ),
    "conv2d_1: weights of 0 is (4, 18), which as pytorch": (
        lambda: changed("0.weight", np.zeros((4, 18))),
        {},
    ),
    "dense_8: biases of head.8 has numbers that are not finite": (
        lambda: changed("head.8.bias", np.array([0, np.inf, 0])),
        {},
    ),
    "dense_8: biases of head.8 is <U3, not numbers": (
        lambda: changed("head.8.bias", np.array(["one"] * 3)),
        {},
    ),
    "has 5 layers with weights (conv2d_1, batch_norm_2, depthwise_3, dense_7, dense_8), the "
    "source 4 (0, 1, 3, head.6): describe": (
        lambda: {name: one for name, one in of_pytorch().items() if "head.8" not in name},
        {},
    ),
    "batch_norm_2: running_mean of 1: there is none": (lambda: without("running_mean"), {}),
    "depthwise_3 is a depthwise_conv2d, 3 has running_mean: the layers": (
        lambda: changed("3.running_mean", np.zeros(4)),
        {},
    ),
    "do not say whose layout they have: say layout='pytorch' or 'keras'": (
        lambda: {name.replace("weight", "weights"): one for name, one in of_pytorch().items()},
        {},
    ),
    "layout is pytorch or keras, not 'caffe'": (of_pytorch, {"layout": "caffe"}),
    "names: no layer with weights is called 'dense_9'": (of_pytorch, {"names": {"dense_9": "0"}}),
    "names: the source has no 'head.9'": (of_pytorch, {"names": {"dense_8": "head.9"}}),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_weights_change_nothing(message):
    build, arguments = WRONG[message]
    net = described()
    before = [values.copy() for layer in net.layers for values in layer.state.values()]
    with pytest.raises(ValueError) as told:
        load_weights(net, build(), **arguments)
    assert message in str(told.value) and "\n" not in str(told.value)
    after = [values for layer in net.layers for values in layer.state.values()]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


def test_the_file_is_named(tmp_path):
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match=r"w\.npz is not a NumPy archive"):
        load_weights(described(), tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", **without("running_mean"))
    with pytest.raises(
        ValueError, match=r"w\.npz: batch_norm_2: running_mean of 1: there is none"
    ):
        load_weights(described(), tmp_path / "w.npz")
