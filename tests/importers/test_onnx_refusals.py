"""What cannot be taken of an .onnx file is told in one line: where it is, and what to do."""

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_files import OnnxBuilder

from fqt.importers import onnx
from fqt.importers.convert import convert, read_network
from fqt.importers.lower import lower

SHAPE = (1, 2, 6, 6)


def between(build):
    """A network that ends in what `build` adds behind its convolution."""
    b = OnnxBuilder(SHAPE)
    return b.bytes(build(b, b.conv("x", 2, 2)))


def alone(operator, *constants, **attributes):
    return between(lambda b, x: b.node(operator, x, *constants, **attributes))


def in_front(build):
    """A network that begins with what `build` adds."""
    b = OnnxBuilder(SHAPE)
    return b.bytes(b.conv(build(b, "x"), 2, 2))


def of_three_axes():
    b = OnnxBuilder((1, 2, 6, 6, 6))
    return b.bytes(b.node("MaxPool", "x", kernel_shape=[1, 1, 1]))


def cyclic():
    b = OnnxBuilder((1, 4))
    return b.bytes(b.node("Relu", "t0_0"))


def of_input(shape, elements=TensorProto.FLOAT):
    b = OnnxBuilder(shape, elements)
    return b.bytes(b.node("Relu", "x"))


def two_inputs():
    b = OnnxBuilder((1, 4))
    b.inputs.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4)))
    return b.bytes(b.node("Add", "x", "y"))


def two_outputs():
    b = OnnxBuilder((1, 4))
    return b.bytes(b.dense("x", 3, 4), b.dense("x", 2, 4))


def with_weights(values, shape=(1, 4)):
    b = OnnxBuilder(shape)
    return b.bytes(b.node("MatMul", "x", values))


def external(at):
    """Weights in another file: of the graph, or of a constant within."""
    b = OnnxBuilder((1, 4))
    if at == "node":
        values = helper.make_tensor("w", TensorProto.FLOAT, (4, 3), np.ones(12))
        weights = b.node("Constant", value=values)
        model = b.model(b.node("MatMul", "x", weights))
        tensor = model.graph.node[0].attribute[0].t
    else:
        model = b.model(b.node("MatMul", "x", np.ones((4, 3))))
        tensor = model.graph.initializer[0]
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../weights"
    tensor.data_location = TensorProto.EXTERNAL
    return model.SerializeToString()


def indices():
    """A network whose second layer reads where the maxima of the first lay."""
    b = OnnxBuilder(SHAPE)
    pooled = b.node("MaxPool", b.conv("x", 2, 2), outputs=2, kernel_shape=[1, 1])
    model = b.model(b.node("Reshape", pooled.replace("_0", "_1"), np.array([1, 72])))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    return model.SerializeToString()


def computed_weights():
    b = OnnxBuilder((1, 4))
    column = b.node("Reshape", "x", np.array([4, 1]))
    return b.bytes(b.node("MatMul", "x", column))


def transposed():
    b = OnnxBuilder((1, 4))
    return b.bytes(b.node("Gemm", "x", np.ones((1, 3)), transA=1))


def quantized_otherwise():
    b = OnnxBuilder(SHAPE)
    scale, zero_point = np.array(0.1), np.array(0, np.int8)
    given = [scale, zero_point, np.ones((2, 2, 1, 1), np.int8), scale, zero_point]
    return b.bytes(b.node("QLinearConv", "x", *given, scale, zero_point))


def old_softmax():
    b = OnnxBuilder(SHAPE)
    return b.bytes(b.node("Softmax", b.conv("x", 2, 2)), opset=11)


def unnamed():
    b = OnnxBuilder((1, 4))
    model = b.model(b.node("Floor", b.node("MatMul", "x", np.ones((4, 3)))))
    model.graph.node[1].name = ""
    return model.SerializeToString()


def resized(factor, **attributes):
    factors = np.array([1.0, 1.0, factor, factor])
    return alone("Resize", "", factors, **{"mode": b"nearest", **attributes})


def turned(**attributes):
    b = OnnxBuilder(SHAPE)
    weights = b.random(2, 2 // attributes.get("group", 1), 3, 3)
    return b.bytes(b.node("ConvTranspose", "x", weights, **attributes))


def of_scikit_learn():
    b = OnnxBuilder((1, 4))
    model = b.model(b.dense(b.node("Normalizer", "x", domain="ai.onnx.ml"), 3, 4))
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    return model.SerializeToString()


def recurrent(picked=-1, outputs=1, operator="LSTM", **changes):
    """An LSTM or GRU on 6 steps of 3 features. changes: inputs by their place, or attributes."""
    b = OnnxBuilder((6, 1, 3))
    parameters = [b.random(1, 20 if operator == "LSTM" else 15, n) for n in (3, 5)]
    given = ["x", *parameters, *[""] * (5 if operator == "LSTM" else 3)]
    for place in [name for name in changes if name.isdigit()]:
        given[int(place)] = changes.pop(place)
    b.inputs[0].type.tensor_type.shape.dim[0].dim_value = 1
    b.inputs[0].type.tensor_type.shape.dim[1].dim_value = 6
    given[0] = b.node("Transpose", "x", perm=[1, 0, 2])
    y = b.node(operator, *given, outputs=outputs, hidden_size=5, **changes)
    if outputs == 3:
        return b.bytes(b.node("Flatten", y.replace("_0", "_2")))
    return b.bytes(b.node("Gather", y, np.array(picked), axis=0))


WRONG = {
    "'lstm1': it goes in another direction: train a plain": lambda: recurrent(direction="reverse"),
    "'lstm1': it has other functions than tanh": lambda: recurrent(
        activations=["Sigmoid", "Relu", "Tanh"]
    ),
    "'lstm1': it couples its gates": lambda: recurrent(input_forget=1),
    "'lstm1': it has peepholes": lambda: recurrent(**{"7": np.ones((1, 15))}),
    "'lstm1': it begins with a state that is not 0": lambda: recurrent(
        **{"5": np.ones((1, 1, 5))}
    ),
    "'lstm1': it gives its cell state": lambda: recurrent(outputs=3),
    "'lstm1': its weights are not all finite": lambda: recurrent(
        **{"1": np.full((1, 20, 3), np.nan)}
    ),
    "'gru1': it goes in another direction: train a plain GRU": lambda: recurrent(
        operator="GRU", direction="reverse"
    ),
    "'gru1': it has other functions than tanh": lambda: recurrent(
        operator="GRU", activations=["Sigmoid", "Relu"]
    ),
    "'lstm1': it limits what its gates read": lambda: recurrent(clip=2.0),
    "'gru1': it limits what its gates read": lambda: recurrent(operator="GRU", clip=2.0),
    "'gru1': it begins with a state that is not 0": lambda: recurrent(
        operator="GRU", **{"5": np.ones((1, 1, 5))}
    ),
    "'gru1': the shapes of its weights do not fit": lambda: recurrent(
        operator="GRU", **{"2": np.ones((1, 20, 5))}
    ),
    "'gather2': it picks what is not the last step of an LSTM or GRU": lambda: recurrent(picked=2),
    "node 2, Softsign 'softsign1': no layer does this: build the network": lambda: alone(
        "Softsign"
    ),
    "node 2, Floor: no layer does this": unnamed,
    "'floor1': no layer does this (nor Softsign)": lambda: between(
        lambda b, x: b.node("Softsign", b.node("Floor", x))
    ),
    "node 1, Normalizer 'normalizer0': no layer does this: of scikit-learn, scalers": (
        of_scikit_learn
    ),
    "'hardsigmoid1': it is x * 0.2 + 0.5, limited: x / 6 + 0.5 can": lambda: alone("HardSigmoid"),
    "'softmax1': softmax inside a network": lambda: between(
        lambda b, x: b.conv(b.node("Softmax", x, axis=1), 2, 2)
    ),
    "'clip1': it clips to -2 ... 1: layers have ReLU, ReLU6 and HardTanh": lambda: alone(
        "Clip", np.array(-2.0), np.array(1.0)
    ),
    "'prelu1': it has a slope a channel: train it with one": lambda: alone(
        "PRelu", np.array([[[0.1]], [[0.2]]])
    ),
    "'celu1': its alpha is 2: 1, or an Elu": lambda: alone("Celu", alpha=2.0),
    "'selu1': its alpha and gamma are others": lambda: alone("Selu", alpha=2.0),
    "'gelu1': its form is sine: none or tanh": lambda: alone("Gelu", approximate="sine"),
    "it reads the shape (1, 2, 6, 6, 6): windows are over one axis or two": of_three_axes,
    "its window has holes (dilations)": lambda: alone(
        "MaxPool", kernel_shape=[2, 2], dilations=[2, 2], pads=[1] * 4
    ),
    "hang over the edge (ceil_mode)": lambda: alone(
        "MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1
    ),
    "it counts its padding: average pooling is without padding": lambda: alone(
        "AveragePool", kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1
    ),
    "it has padding: average pooling is without padding": lambda: alone(
        "AveragePool", kernel_shape=[3, 3], pads=[1] * 4
    ),
    "2 of its outputs are used": indices,
    "it does not pad with zeros": lambda: in_front(
        lambda b, x: b.node("Pad", x, np.array([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
    ),
    "input: it is scaled with constants that are not one a channel": lambda: in_front(
        lambda b, x: b.node("Sub", x, np.arange(6.0))
    ),
    "'sub1': its constants are not one a channel": lambda: alone("Sub", np.arange(6.0)),
    "no layer does this with two computed inputs": lambda: between(
        lambda b, x: b.node("Sub", x, b.conv("x", 2, 2))
    ),
    "'resize1': its mode is linear: nearest is taken": lambda: resized(2.0, mode=b"linear"),
    "(6, 6) does not become (9, 9) by whole factors": lambda: resized(1.5),
    "half_pixel with floor does not repeat each element alike": lambda: resized(
        2.0, nearest_mode=b"floor"
    ),
    "'convtranspose0': it has groups or dilations": lambda: turned(group=2),
    "convtranspose0': it has groups or dilations:": lambda: turned(dilations=[2, 2]),
    "'convtranspose0': its padding is not in numbers: export": lambda: turned(
        auto_pad="SAME_UPPER", strides=[2, 2]
    ),
    "its window is (3, 3) with stride (4, 4), from (6, 6)": lambda: turned(strides=[4, 4]),
    "its weights are not all finite": lambda: with_weights(np.full((4, 3), np.nan)),
    "'div1': its constants are not all finite": lambda: alone("Div", np.array(0.0)),
    "is computed: use a constant": computed_weights,
    "its input is transposed": transposed,
    "a mean over channels or samples": lambda: alone("ReduceMean", keepdims=1),
    "'softmax1': it is over axis 2 of (1, 2, 6, 6), which are not the channels": lambda: alone(
        "Softmax", axis=2
    ),
    "it is over several axes of (1, 2, 6, 6): export with opset 20": old_softmax,
    "'batchnormalization1': it was exported to train: export after model.eval()": lambda: alone(
        "BatchNormalization", *[np.ones(2)] * 4, training_mode=1, outputs=3
    ),
    "node 1, QLinearConv 'qlinearconv0': it is quantized, not with QuantizeLinear and": (
        quantized_otherwise
    ),
    "the network has 2 inputs": two_inputs,
    "the network has 2 outputs": two_outputs,
    "has the shape ['n', 3, 'height', 6]: export it with a batch": lambda: of_input(
        ("n", 3, "height", 6)
    ),
    "has the shape [4]: export it with a batch first": lambda: of_input((4,)),
    "has a fixed batch of 8: export it with a batch of 1 or a dynamic one": lambda: of_input(
        (8, 4)
    ),
    "its input 'x' is DOUBLE: export the network in float32": lambda: of_input(
        (1, 4), TensorProto.DOUBLE
    ),
    "constant 'c0': its numbers are in another file, '../weights': export": lambda: external(
        "graph"
    ),
    "node 1, Constant 'constant0': its numbers are in another file": lambda: external("node"),
    "onnxruntime does not take the file": cyclic,
    "it has 5000 nodes": lambda: deep(5000),
}


def deep(count):
    b, x = OnnxBuilder((1, 4)), "x"
    for _ in range(count):
        x = b.node("Relu", x)
    return b.bytes(x)


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_taken_is_told(message):
    with pytest.raises(ValueError) as told:
        lower(onnx.read(WRONG[message]()))
    assert message in str(told.value)
    assert "\n" not in str(told.value)


def test_an_opset_that_the_runtime_does_not_know():
    b = OnnxBuilder((1, 4))
    data = b.bytes(b.dense("x", 3, 4), opset=999)
    with pytest.raises(ValueError, match=r"^onnxruntime does not take the file: .*opset"):
        onnx.read(data)


def test_cut_and_changed_files_are_errors_or_networks():
    b = OnnxBuilder((1, 2, 6, 6))
    data = b.bytes(b.dense(b.node("Relu", b.conv("x", 2, 2)), 3, 72))
    lower(onnx.read(data))
    for end in (0, 1, 10, len(data) // 2, len(data) - 30):
        with pytest.raises(ValueError):
            onnx.read(data[:end])
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = rng.integers(256)
        try:
            lower(onnx.read(bytes(changed)))
        except ValueError:
            refused += 1
    assert 0 < refused < 200


def test_without_the_packages_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match=r"pip install 'fqt-host\[onnx\]'"):
        onnx.read(b"")


def test_the_path_is_named(tmp_path):
    path = tmp_path / "cut.onnx"
    path.write_bytes(b"\x08\x08 no network")
    with pytest.raises(ValueError, match=r"cut.onnx: this is no whole .onnx file"):
        read_network(path)
    path.write_bytes(with_weights(np.ones((4, 3))))
    with pytest.raises(ValueError, match="its int8 ranges come from samples"):
        convert(path)


def test_constants_that_are_inputs_too_are_constants():
    """As files before version 4 have them."""
    b = OnnxBuilder((1, 4))
    model = b.model(b.dense("x", 3, 4))
    model.ir_version = 3
    for one in model.graph.initializer:
        value = helper.make_tensor_value_info(one.name, one.data_type, one.dims)
        model.graph.input.append(value)
    assert [node.kind for node in lower(onnx.read(model.SerializeToString())).nodes] == ["dense"]
