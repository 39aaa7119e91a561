"""Sums at the edge of their bounds: the longest filters, the most positions, the widest windows
and the greatest values that a file may have. All kernels and the numpy reference, whose integers
have no edge, make the same bytes of them."""

import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from forge import (
    ADD,
    AVERAGE_POOL2D,
    CONV2D,
    DENSE,
    DEPTHWISE_CONV2D,
    LOW_BYTES,
    LOW_HALVES,
    TRAINABLE,
    Layer,
    forge,
)

from fqt.inputs import DivergenceError
from fqt.model_file import ModelFile
from fqt.options import Options
from fqt.reference import Network
from fqt.run import core

BACKENDS = ("core", "plain", "scalar", "dsp", "armv6m")
LONGEST = 33000  # inputs of a filter
PLAIN, STANDARDIZED = Options(), Options(standardize=True)
GREATEST_RATE = 3e38


def opened(backend, data, **arguments):
    library = core.library(str(Path(os.environ["FQT_BUILD"]) / f"libfqt_{backend}.so"))
    with patch.object(core, "library", lambda: library):
        return core.Model(data, **arguments)


def trained(model, x, rates):
    """Outputs and bytes, step after step, until the model diverges."""
    made = []
    for step, rate in enumerate(rates):
        made.append(np.asarray(model.logits(x), np.int64).tobytes())
        try:
            model.train(x, step % 2, rate)
        except DivergenceError:
            made.append(b"diverged")
            break
        made.append(model.to_bytes())
    return made


def check_alike(data, x, rates=(0.01, GREATEST_RATE), **arguments):
    x = np.asarray(x, np.int8)
    expected = trained(Network(ModelFile.from_bytes(data), **arguments), x, rates)
    for backend in BACKENDS:
        assert trained(opened(backend, data, **arguments), x, rates) == expected, backend


def same(value, count):
    return np.full(count, value, "i1").tobytes()


def filled(layer, weight, bias=0, scale=1 / 1024):
    """The layer with one weight, one bias and one scale everywhere; the weights of every other
    channel have the other sign."""
    channels = layer.output[2]
    signs = np.where(np.arange(channels) % 2, -1, 1)
    weights = np.repeat(signs * weight, layer.filter_elements).astype("i1")
    layer.blobs[0] = weights.tobytes()
    layer.blobs[2] = np.full(channels, scale, "<f4").tobytes()
    layer.blobs[3] = np.full(channels, bias, "<i4").tobytes()
    return layer


def dense(outputs, inputs, **fields):
    return Layer(DENSE, (1, 1, outputs), inputs, fields)


@pytest.mark.parametrize("options", [PLAIN, STANDARDIZED])
@pytest.mark.parametrize("bias", [2**30, -(2**30), 2**31 - 1, -(2**31)])
@pytest.mark.parametrize(("zero_point", "value"), [(127, -128), (-128, 127)])
def test_the_longest_filters(zero_point, value, bias, options):
    """33000 * 255 * 127, and a bias of 2^30 on top; the bias may be any integer."""
    last = filled(dense(2, LONGEST), 127, bias)
    data = forge([last], (1, 1, LONGEST), input_zero_point=zero_point)
    check_alike(data, np.full((1, 1, LONGEST), value), options=options)


@pytest.mark.parametrize("bias", [2**30, -(2**30)])
@pytest.mark.parametrize(
    ("kind", "shape", "window", "channels"),
    [
        (DENSE, (1, 1, LONGEST), (1, 1, 1, 1, 0, 0, 0, 0), 3),
        (CONV2D, (1, 2, LONGEST), (1, 1, 1, 1, 0, 0, 0, 0), 3),
        (CONV2D, (25, 26, 60), (22, 25, 1, 1, 0, 0, 0, 0), 3),
        (DEPTHWISE_CONV2D, (181, 182, 3), (181, 182, 1, 1, 0, 0, 0, 0), 3),
    ],
)
def test_the_longest_filters_of_each_kind(kind, shape, window, channels, bias):
    """The same in front of another layer, whose int8 input they are, forward and in training."""
    height, width = (
        (size - kernel) // stride + 1
        for size, kernel, stride in zip(shape, window[:2], window[2:4], strict=False)
    )
    inputs = {DEPTHWISE_CONV2D: 1}.get(kind, shape[2]) * window[0] * window[1]
    first = Layer(kind, (height, width, channels), inputs, {"window": window, "output_scale": 9e4})
    layers = [filled(first, -127, bias), dense(2, height * width * channels)]
    for zero_point, value in ((127, -128), (-128, 127)):
        data = forge(layers, shape, input_zero_point=zero_point)
        check_alike(data, np.full(shape, value))


@pytest.mark.parametrize("master", [8, 12, 16])
@pytest.mark.parametrize("options", [PLAIN, STANDARDIZED])
@pytest.mark.parametrize("kind", [CONV2D, DEPTHWISE_CONV2D])
def test_the_most_positions(kind, options, master):
    """66000 * 127 * 255: a gradient's sum over all positions, each error as great as they get."""
    first = Layer(kind, (250, 264, 1), 1, {"output_scale": 64.0})
    half = (250, 132, 250, 132, 0, 0, 0, 0)
    pool = Layer(AVERAGE_POOL2D, (1, 2, 1), 0, {"window": half, "output_scale": 64.0})
    last = dense(2, 2)
    last.blobs[0] = np.array([127, 127, -127, -127], "i1").tobytes()
    data = forge([filled(first, 127), pool, last], (250, 264, 1), input_zero_point=-128)
    check_alike(data, np.full((250, 264, 1), 127), options=options, master=master)


def test_the_most_errors_that_meet_in_one():
    """33000 products of an error, a weight and its unit (4: what is left of 2^31). The reference
    takes seconds: one step."""
    first = dense(1, 2, output_scale=1.0)
    wide = filled(dense(LONGEST, 1, output_scale=100.0), 127)
    wide.blobs[0] = same(127, LONGEST)
    last = filled(dense(2, LONGEST), 127)
    data = forge([first, wide, last], (1, 1, 2))
    check_alike(data, np.full((1, 1, 2), 127), [0.01])


@pytest.mark.parametrize("stride", [1, 255])
def test_the_widest_windows(stride):
    """65025 taps of 255 each, and the errors of windows that lie over one another."""
    shape, count = ((256, 257, 1), 6) if stride == 1 else ((255, 255, 1), 1)
    size = (2, 3, 1) if stride == 1 else (1, 1, 1)
    first = Layer(DEPTHWISE_CONV2D, shape, 1, {"output_scale": 1.0})
    pool = Layer(AVERAGE_POOL2D, size, 0, {"window": (255, 255, stride, stride, 0, 0, 0, 0)})
    data = forge([filled(first, 1, 0, 1.0), pool, dense(2, count)], shape)
    check_alike(data, np.full(shape, 127))


@pytest.mark.parametrize(("zero_point", "value"), [(127, -128), (-128, 127)])
def test_the_greatest_summands(zero_point, value):
    """Twice 255 units of 2^-20, of tensors of the same scale and of very different ones."""
    for scale in (1.0, 2.0**-40, 2.0**40):
        fields = {"output_scale": scale, "output_zero_point": zero_point}
        first = Layer(CONV2D, (2, 2, 1), 1, fields)
        fields = {"input": 0, "second_input": 1, "output_scale": max(scale, 1.0)}
        layers = [filled(first, 127), Layer(ADD, (2, 2, 1), 0, fields), dense(2, 4)]
        data = forge(layers, (2, 2, 1), input_zero_point=zero_point)
        check_alike(data, np.full((2, 2, 1), value))


@pytest.mark.parametrize("batch", [2, 65535])
def test_sums_of_a_mini_batch(batch):
    """Steps as long as they can be: their sums stop at a limit."""
    layers = [Layer(CONV2D, (3, 3, 2), 1, {"output_scale": 1.0}), dense(2, 18)]
    data = forge(layers, (3, 3, 1))
    x = np.arange(9).reshape(3, 3, 1) * 14
    options = Options(weight_decay=GREATEST_RATE)
    for chosen in (PLAIN, STANDARDIZED, options):
        check_alike(data, x, [GREATEST_RATE] * 6, batch=batch, options=chosen)


def test_a_whole_mini_batch_of_the_greatest_size():
    data = forge([dense(2, 4)], (1, 1, 4))
    x = np.array([[[[127, -128, 3, 0]]]], np.int8)
    made = set()
    for backend in BACKENDS:
        model = opened(backend, data, batch=65535)
        model.train_many(x, np.array([1]), np.zeros(65535, int), 100.0)
        assert model.to_bytes()[136:] != data[136:]
        made.add(model.to_bytes())
    assert len(made) == 1


@pytest.mark.parametrize("options", [PLAIN, STANDARDIZED, Options(weight_decay=30.0)])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("flag", [LOW_BYTES, LOW_HALVES])
def test_any_low_bits(flag, batch, options):
    """Beyond 127.0 too: the range of a weight is that of its byte."""
    rng = np.random.default_rng(5)
    weights = rng.choice([-127, -1, 0, 126, 127], 24).astype("i1")
    low = rng.choice([-128, -127, 0, 127], 24).astype("i1")
    layer = dense(3, 8, flags=TRAINABLE | flag, output_scale=1 / 64)
    layer.blobs[:2] = weights.tobytes(), low.tobytes()[: 24 * 2 // flag]
    last = dense(2, 3, flags=TRAINABLE | flag)
    last.blobs[:2] = same(127, 6), same(127, 6 * 2 // flag)
    data = forge([layer, last], (1, 1, 8))
    x = rng.integers(-128, 128, (1, 1, 8))
    for master in (8, 12, 16):
        rates = [0.0, 1e-9, 1e-3, 0.1, 10.0]
        check_alike(data, x, rates, master=master, batch=batch, options=options)
