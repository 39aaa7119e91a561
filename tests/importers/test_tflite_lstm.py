"""UNIDIRECTIONAL_SEQUENCE_LSTM of .tflite files against LiteRT, and what is not taken of it."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from test_tflite import int8_outputs
from tflite_files import TfliteBuilder, run

from fqt.importers import tflite
from fqt.importers.convert import quantized
from fqt.importers.lower import lower
from fqt.importers.to_float import to_float

STEPS, FEATURES, UNITS = 9, 5, 6
GIVEN = (0.03, -4)
STATE = (1 / 128, 0)


def lstm(b, x, is_int8, cell_bits=3, output=STATE, left_out=(), extra=(), **options):
    """Weights of a scale each. left_out: places among the inputs that are not there, extra: that
    are, with a vector."""
    rng = b.rng
    inputs = [x]
    for columns in [FEATURES] * 4 + [UNITS] * 4:
        values = rng.normal(0, 0.6, (UNITS, columns))
        if is_int8:
            scale = np.float32(np.abs(values).max() / 127)
            inputs.append(b.tensor(values.shape, "int8", (scale, 0), np.round(values / scale)))
        else:
            inputs.append(b.constant(values, "float32"))
    inputs += [-1] * 3
    for gate in range(4):
        values = rng.normal(0, 0.3, UNITS)
        scale = 1.0
        if is_int8:
            scale = np.float32(b.graph.tensors[inputs[1 + gate]].quantization.scale[0] * GIVEN[0])
            inputs.append(b.tensor([UNITS], "int32", (scale, 0), np.round(values / scale)))
        else:
            inputs.append(b.constant(values, "float32"))
    inputs += [-1, -1]
    for type_, quantization in (("int8", STATE), ("int16", (2.0 ** (cell_bits - 15), 0))):
        kept = (type_, quantization) if is_int8 else ("float32", None)
        inputs.append(b.tensor([1, UNITS], *kept))
        b.graph.tensors[-1].isVariable = True
    inputs += [-1] * 4
    for place in left_out:
        inputs[place] = -1
    for place in extra:
        inputs[place] = b.constant(np.ones(UNITS), "float32")
    made = b.tensor([1, STEPS, UNITS], *(("int8", output) if is_int8 else ("float32",)))
    said = {"fusedActivationFunction": 4, "cellClip": 0.0, "timeMajor": False, **options}
    b.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, made)
    operator = b.graph.operators[-1]
    operator.builtinOptions = schema.UnidirectionalSequenceLSTMOptionsT()
    operator.builtinOptionsType = schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions
    for name, value in said.items():
        setattr(operator.builtinOptions, name, value)
    operator.intermediates = [b.tensor([0]) for _ in range(4)]
    operator.intermediates.append(b.tensor([0], "int8", STATE) if is_int8 else b.tensor([0]))
    return made


def given(b, is_int8):
    return b.tensor([1, STEPS, FEATURES], *(("int8", GIVEN) if is_int8 else ("float32",)))


def last_step(b, h, begin=-1, end=0):
    ends = [b.constant([0, begin, 0]), b.constant([0, end, 0]), b.constant([1, 1, 1])]
    made = b.like(h, [1, UNITS], STATE)
    masks = {"beginMask": 5, "endMask": 5, "shrinkAxisMask": 2}
    return b.operator("STRIDED_SLICE", [h, *ends], made, **masks)


def network_of(is_int8, takes_last, **options):
    """(the file's bytes, the tensor of its last layer's output)"""
    b = TfliteBuilder(3)
    x = given(b, is_int8)
    h = lstm(b, x, is_int8, **options)
    h = (
        last_step(b, h)
        if takes_last
        else b.operator(
            "RESHAPE",
            [h, b.constant([1, STEPS * UNITS])],
            b.like(h, [1, STEPS * UNITS], STATE),
            newShape=[1, STEPS * UNITS],
        )
    )
    y = b.dense(h, 4)
    return b.bytes(x, y), y


@pytest.mark.parametrize("takes_last", [False, True])
@pytest.mark.parametrize(("cell_bits", "clip"), [(3, 0.0), (4, 1.5), (0, 10.0)])
def test_int8_ones_give_litert_s_numbers(cell_bits, clip, takes_last):
    data, logits = network_of(True, takes_last, cell_bits=cell_bits, cellClip=clip)
    network = lower(tflite.read(data))
    assert [node.kind for node in network.nodes] == ["lstm", "dense"]
    samples = np.random.default_rng(1).integers(-128, 128, (40, STEPS, FEATURES)).astype(np.int8)
    difference = np.abs(int8_outputs(network, samples) - run(data, samples, logits))
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.999


@pytest.mark.parametrize("takes_last", [False, True])
def test_float_ones_give_litert_s_numbers_and_are_quantized(takes_last):
    data, logits = network_of(False, takes_last, cellClip=10.0)
    network = lower(tflite.read(data))
    samples = np.random.default_rng(1).normal(size=(30, STEPS, FEATURES)).astype(np.float32)
    wanted = run(data, samples, logits)
    ours = to_float(network).forward(network.arrange(samples)).reshape(wanted.shape)
    np.testing.assert_allclose(ours, wanted, atol=1e-5 * np.abs(wanted).max())
    model = quantized(network, samples, "last:1")
    assert [(layer.kind, layer.trainable) for layer in model.layers] == [
        ("lstm", False),
        ("dense", True),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"extra": (9, 10, 11)}, "it has peepholes: train an LSTM without"),
        ({"extra": (16,)}, "it has a projection: train an LSTM without"),
        ({"extra": (20,)}, "it has layer normalization: train an LSTM without"),
        ({"left_out": (5,)}, "it lacks a gate or a state: train an LSTM with four gates"),
        ({"timeMajor": True}, "it is time major, or without tanh"),
        ({"fusedActivationFunction": 1}, "it is time major, or without tanh"),
        ({"cell_bits": 5}, "its cell state is INT16 with the scale 0.0009766: it must be INT16"),
        ({"cell_bits": 2.5}, "it must be INT16, in powers of two"),
        ({"output": (1 / 100, 0)}, "its state has another int8 range than its output"),
    ],
)
def test_what_is_not_taken_is_named(options, words):
    b = TfliteBuilder(3)
    x = given(b, True)
    data = b.bytes(x, lstm(b, x, True, **options))
    with pytest.raises(ValueError, match="operator 1, UNIDIRECTIONAL_SEQUENCE_LSTM: ") as caught:
        tflite.read(data)
    assert words in str(caught.value)


def test_another_step_is_not_taken():
    b = TfliteBuilder(3)
    x = given(b, True)
    data = b.bytes(x, b.dense(last_step(b, lstm(b, x, True), 2, 3), 4))
    with pytest.raises(ValueError, match="operator 2, STRIDED_SLICE: no layer does this"):
        tflite.read(data)


def test_the_last_step_beside_all_is_not_taken():
    b = TfliteBuilder(3)
    x = given(b, True)
    h = lstm(b, x, True)
    last = last_step(b, h)
    flat = b.operator("RESHAPE", [h, b.constant([1, 54])], b.like(h, [1, 54], STATE))
    both = b.operator("CONCATENATION", [last, flat], b.like(h, [1, 60], STATE), axis=1)
    data = b.bytes(x, b.dense(both, 4))
    with pytest.raises(ValueError, match="STRIDED_SLICE: the other steps are read too"):
        lower(tflite.read(data))
