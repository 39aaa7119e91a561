"""The reference's integer gradients against float64 finite differences of the same network without
rounding.

A step with master=16 and a learning rate that moves weights by some units gives the gradient back:
(before - after) / lr. Errors and activations have 8 bits, so gradients agree to a few per cent;
their direction agrees closely. The seeds are such that no window of a pool has two values within a
unit, and few sums lie within a unit of where an activation clips: rounding makes the former tie,
moves the latter over the edge, and the gradient goes elsewhere than in float64.
"""

import numpy as np
import pytest

from fqt.file.layout import LOSSES
from fqt.layers.functions import FUNCTIONS
from fqt.reference import Network
from models import Layer, random_model, random_samples

CASES = {
    "dense": ([Layer("dense", 12), Layer("dense", 4)], (1, 1, 20)),
    "conv2d": ([Layer("conv2d", 6, (3, 3), (2, 2), (1, 0, 0, 1)), Layer("dense", 4)], (7, 8, 2)),
    "two convolutions": (
        [
            Layer("conv2d", 6, (3, 3), (1, 1), (1, 1, 1, 1)),
            Layer("conv2d", 5, (2, 3), (2, 1)),
            Layer("dense", 3),
        ],
        (6, 6, 2),
    ),
    "max_pool2d": (
        [
            Layer("conv2d", 6, (3, 3)),
            Layer("max_pool2d", 0, (2, 2), (2, 2)),
            Layer("flatten"),
            Layer("dense", 3),
        ],
        (8, 8, 1),
    ),
    "overlapping pools": (
        [
            Layer("conv2d", 4, (2, 2)),
            Layer("max_pool2d", 0, (3, 3), (1, 2), (1, 1, 1, 1)),
            Layer("dense", 3),
        ],
        (6, 7, 2),
    ),
    "no activation": (
        [Layer("conv2d", 4, (3, 3), activation="none"), Layer("dense", 3)],
        (5, 5, 1),
    ),
    "depthwise_conv2d": (
        [
            Layer("conv2d", 6, (1, 1)),
            Layer("depthwise_conv2d", 0, (3, 3), (2, 1), (1, 1, 1, 1)),
            Layer("conv2d", 4, (1, 1), activation="relu6"),
            Layer("dense", 3),
        ],
        (7, 6, 2),
    ),
    "average_pool2d": (
        [
            Layer("conv2d", 6, (3, 3), (1, 1), (1, 1, 1, 1), activation="relu6"),
            Layer("average_pool2d", 0, (2, 2), (2, 2)),
            Layer("conv2d", 5, (2, 2)),
            Layer("average_pool2d", 0, (3, 3), (1, 1)),
            Layer("dense", 3),
        ],
        (8, 8, 2),
    ),
    "concatenate": (
        [
            Layer("conv2d", 4, (3, 3), (2, 2)),
            Layer("conv2d", 3, (2, 2), (2, 2), activation="none", inputs=(0,)),
            Layer("concatenate", inputs=(1, 2), activation="relu"),
            Layer("conv2d", 3, (1, 1)),
            Layer("dense", 3),
        ],
        (5, 5, 2),
    ),
    "upsample2d": (
        [
            Layer("conv2d", 4, (3, 3), (2, 2)),
            Layer("upsample2d", 0, (2, 3), (2, 3)),
            Layer("conv2d", 3, (2, 2), activation="none"),
            Layer("upsample2d", 0, (1, 1), (2, 2)),
            Layer("conv2d", 3, (3, 3), (1, 1), (2, 1, 2, 1)),
            Layer("dense", 3),
        ],
        (5, 5, 2),
    ),
    **{
        function: (
            [
                Layer("conv2d", 5, (3, 3), activation="none"),
                Layer("table", activation=function),
                Layer("dense", 8, activation="none"),
                Layer("table", activation=function),
                Layer("dense", 3),
            ],
            (5, 6, 2),
        )
        for function in FUNCTIONS
    },
    "residual": (
        [
            Layer("conv2d", 4, (3, 3), (1, 1), (1, 1, 1, 1)),
            Layer("conv2d", 4, (3, 3), (1, 1), (1, 1, 1, 1), activation="none"),
            Layer("add", inputs=(2, 1)),
            Layer("dense", 3),
        ],
        (6, 6, 2),
    ),
    "branches": (
        [
            Layer("conv2d", 4, (2, 2), (2, 2)),
            Layer("conv2d", 3, (3, 3), (1, 1), (1, 1, 1, 1), inputs=(1,)),
            Layer("conv2d", 3, (1, 1), inputs=(1,), activation="relu6"),
            Layer("add", inputs=(2, 3), activation="none"),
            Layer("dense", 3),
        ],
        (8, 6, 1),
    ),
    "squeeze and excite": (
        [
            Layer("conv2d", 4, (3, 3), (1, 1), (1, 1, 1, 1)),
            Layer("average_pool2d", 0, (6, 6), (6, 6)),
            Layer("dense", 4, activation="none"),
            Layer("multiply", inputs=(1, 3)),
            Layer("dense", 3),
        ],
        (6, 6, 2),
    ),
    "product": (
        [
            Layer("conv2d", 3, (2, 2), (2, 2), activation="none"),
            Layer("conv2d", 3, (3, 3), (1, 1), (1, 1, 1, 1), inputs=(1,), activation="relu6"),
            Layer("multiply", inputs=(2, 1), activation="none"),
            Layer("dense", 3),
        ],
        (6, 6, 1),
    ),
    "mean_squared_error": ([Layer("dense", 12), Layer("dense", 4)], (1, 1, 20)),
    "binary_cross_entropy": ([Layer("dense", 12), Layer("dense", 4)], (1, 1, 20)),
    "pixelwise_cross_entropy": (
        [Layer("conv2d", 6, (3, 3), (1, 1), (1, 1, 1, 1)), Layer("conv2d", 3)],
        (3, 3, 2),
    ),
}
SEEDS = {
    "overlapping pools": 7,
    "depthwise_conv2d": 7,
    "residual": 3,
    "branches": 2,
    "squeeze and excite": 1,
    "product": 2,
}
LABELS = np.array([0, 1, 2, 2, 1, 0, 1, 1, 0])
TARGETS = np.array([0.0, 1.0, 0.25, 0.5])


def real_parameters(network):
    """[(weights, biases)] in real units, float64, of each layer (None without weights)."""
    result = []
    for parameters in (getattr(layer, "parameters", None) for layer in network.running):
        if parameters is None:
            result.append(None)
            continue
        low = parameters.low / 2**parameters.low_bits
        scales = parameters.scales.astype(np.float64)
        weights = (parameters.weights + low) * scales.reshape(
            -1, *[1] * (parameters.weights.ndim - 1)
        )
        result.append([weights, parameters.biases * scales * parameters.bias_scale])
    return result


def float_loss(model, parameters, x, target):
    """The loss of the network in float64."""
    tensors = [x]
    for i, (record, values) in enumerate(zip(model.layers, parameters, strict=True)):
        read = [tensors[number] for number in model.inputs_of(i)]
        y = float_output(record, values, *read)
        if record.activation in ("relu", "relu6"):
            y = np.clip(y, 0, 6 if record.activation == "relu6" else np.inf)
        tensors.append(y)
    z = tensors[-1].ravel()
    if model.loss == "mean_squared_error":
        return ((z - target) ** 2).mean()
    if model.loss == "binary_cross_entropy":
        return (np.log1p(np.exp(z)) - z * target).mean()
    rows = z.reshape(-1, model.classes)
    labels = np.atleast_1d(target)
    return (np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(len(rows)), labels]).mean()


def float_output(record, values, x, other=None):
    """What a layer gives before its activation."""
    if record.kind == "flatten":
        return x.reshape(record.output_shape)
    if record.kind == "add":
        return x + other
    if record.kind == "multiply":
        return x * other
    if record.kind == "concatenate":
        return np.concatenate([x, other], axis=2)
    if record.kind == "dense":
        return (values[0] @ x.ravel() + values[1]).reshape(1, 1, -1)
    if record.kind == "table":
        return FUNCTIONS[record.activation].value(x, record.function_parameter)
    if record.kind == "upsample2d":
        block = np.zeros((*record.stride, 1))
        block[: record.kernel[0], : record.kernel[1]] = 1
        return np.kron(x, block)
    top, bottom, left, right = record.padding
    fill = -np.inf if record.kind == "max_pool2d" else 0
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)), constant_values=fill)
    y = np.empty(record.output_shape)
    for oy in range(y.shape[0]):
        for ox in range(y.shape[1]):
            iy, ix = oy * record.stride[0], ox * record.stride[1]
            window = padded[iy : iy + record.kernel[0], ix : ix + record.kernel[1]]
            if record.kind == "max_pool2d":
                y[oy, ox] = window.max(axis=(0, 1))
            elif record.kind == "average_pool2d":
                y[oy, ox] = window.mean(axis=(0, 1))
            elif record.kind == "depthwise_conv2d":
                y[oy, ox] = np.einsum("cyx,yxc->c", values[0], window) + values[1]
            else:
                y[oy, ox] = (values[0] * window).sum(axis=(1, 2, 3)) + values[1]
    return y


def finite_differences(model, parameters, x, target, which, part):
    array = parameters[which][part]
    gradient = np.zeros_like(array)
    step = 1e-5
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = float_loss(model, parameters, x, target)
        array[index] = kept - step
        gradient[index] = (above - float_loss(model, parameters, x, target)) / (2 * step)
        array[index] = kept
    return gradient


def cosine(a, b):
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize("case", CASES)
def test_gradients_agree_with_finite_differences(case):
    layers, input_shape = CASES[case]
    loss = case if case in LOSSES else "softmax_cross_entropy"
    target = LABELS if case == "pixelwise_cross_entropy" else TARGETS if case in LOSSES else 1
    model = random_model(layers, input_shape, seed=SEEDS.get(case, 5), loss=loss)
    for record in model.layers:  # room, so that no channel grows in this step
        if record.has_weights:
            record.weights = (record.weights // 2).astype(np.int8)
    sample = random_samples(model, 1, SEEDS.get(case, 5))[0]
    x = (sample.astype(np.float64)) * np.float32(model.input_scale)
    before = real_parameters(Network(model))
    for i, record in enumerate(model.layers):
        if not record.has_weights:
            continue
        wanted = [finite_differences(model, before, x, target, i, part) for part in (0, 1)]
        # The greatest step is one unit of a weight: far above the rounding, below the limit.
        lr = float(np.float32(record.weight_scales.min() / np.abs(wanted[0]).max()))
        network = Network(model, master=16)
        for _ in range(5):  # the error scales settle
            network.train(sample, target, lr=0)
        network.train(sample, target, lr=lr)
        after = real_parameters(network)
        for part, want in enumerate(wanted):
            got = (before[i][part] - after[i][part]) / lr
            size = np.linalg.norm(want)
            assert size > 0
            assert cosine(got, want) > 0.995, (record.name, part)
            assert abs(np.linalg.norm(got) / size - 1) < 0.05, (record.name, part)


def test_updates_are_unbiased():
    """Steps of less than one unit arrive in the mean: 8 stored bits lose nothing in
    expectation."""
    model = random_model([Layer("dense", 3)], (1, 1, 40), seed=2)
    model.layers[0].weights = (model.layers[0].weights // 2).astype(np.int8)
    sample = random_samples(model, 1, 2)[0]
    lr = 0.002
    exact = Network(model, master=16)
    start = real_parameters(exact)[0][0]
    exact.train(sample, 0, lr=lr)
    wanted = start - real_parameters(exact)[0][0]
    moved = np.zeros_like(wanted)
    runs = 400
    for seed in range(1, runs + 1):
        model.random_state = seed * 2654435761 % 2**32
        network = Network(model, master=8)
        network.train(sample, 0, lr=lr)
        moved += (start - real_parameters(network)[0][0]) / runs
    unit = model.layers[0].weight_scales.max()
    assert (
        np.abs(wanted).max() < unit
    )  # less than a unit a step, so that rounding to nearest would lose it
    assert cosine(moved, wanted) > 0.99
    assert np.abs(moved - wanted).max() < 4 * 0.5 * unit / np.sqrt(runs)


@pytest.mark.parametrize("master", [8, 12, 16])
def test_growth_is_rare_and_keeps_the_real_values(master):
    model = random_model([Layer("dense", 3)], (1, 1, 40), seed=3)
    model.layers[0].weights[0, 0] = 127
    sample = random_samples(model, 1, 3)[0]
    sample.flat[0] = 255
    gradient_step = 0.05 * 1.0  # at most lr * error * x
    runs, grown = 2000, 0
    for seed in range(1, runs + 1):
        model.random_state = seed * 2654435761 % 2**32
        network = Network(model, master)
        scale = network.running[0].parameters.scales[0]
        before = real_parameters(network)[0]
        network.train(sample, 0, lr=0.05)
        after = real_parameters(network)[0]
        grows = network.running[0].parameters.scales[0] != scale
        grown += grows
        units = scale
        if grows:
            assert network.running[0].parameters.scales[0] == np.float32(scale * np.float32(1.25))
            units = scale * (1.25 + 1 if master == 8 else 1.3)
        assert np.abs(after[0][0] - before[0][0]).max() <= gradient_step + units
    mean, deviation = runs / 40, np.sqrt(runs / 40)
    assert abs(grown - mean) < 4 * deviation
