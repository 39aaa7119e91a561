"""Random quantized networks for tests, and the hypothesis strategies that draw them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from fqt.inputs import IGNORED
from fqt.kinds import FUNCTIONS, GATE_BIASES, KINDS
from fqt.model_file import LayerRecord, ModelFile
from fqt.options import Options
from fqt.reference import Network
from fqt.train.tables import make_table, output_ends


@dataclass(frozen=True)
class Layer:
    """What a test says of a layer; shapes and scales follow. inputs: tensors, None: the one
    before. activation: of a table the function; another name: any; of an lstm "sequence": it gives
    all its steps; of a gru too."""

    kind: str
    channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    activation: str = "relu"
    trainable: bool = True
    inputs: tuple[int, ...] | None = None


def output_shape(layer: Layer, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    if layer.kind == "dense":
        return 1, 1, layer.channels
    if layer.kind == "flatten":
        return 1, 1, int(np.prod(shape))
    if layer.kind == "concatenate":
        return (*shape[:2], shape[2] + layer.channels)
    if layer.kind == "upsample2d":
        return shape[0] * layer.stride[0], shape[1] * layer.stride[1], shape[2]
    if layer.kind == "table":
        return shape
    if KINDS[layer.kind].recurrence:  # of all steps, or of the last
        return (*(shape[:2] if layer.activation == "sequence" else (1, 1)), layer.channels)
    top, bottom, left, right = layer.padding
    height = (shape[0] + top + bottom - layer.kernel[0]) // layer.stride[0] + 1
    width = (shape[1] + left + right - layer.kernel[1]) // layer.stride[1] + 1
    return height, width, layer.channels if layer.kind == "conv2d" else shape[2]


def random_model(
    layers: list[Layer],
    input_shape: tuple[int, int, int],
    seed: int = 1,
    input_type: str = "uint8",
    low_bits: int = 0,
    loss: str = "softmax_cross_entropy",
) -> ModelFile:
    """A network with He-like random weights, whose activations fill their ranges on random inputs.

    The last layer gets no activation.
    """
    rng = np.random.default_rng(seed)
    zero_point = -128 if input_type == "uint8" else int(rng.integers(-20, 20))
    model = ModelFile(
        "random",
        input_shape,
        [],
        input_type,
        1 / 255,
        zero_point,
        int(rng.integers(1, 2**32)),
        int(rng.integers(2**32)),
        loss=loss,
    )
    samples = random_samples(model, 4, seed)
    for number, layer in enumerate(layers, 1):
        model.layers.append(_record(model, layer, number == len(layers), rng, samples, low_bits))
    return ModelFile.from_bytes(model.to_bytes())


def _record(model, layer, is_last, rng, samples, low_bits) -> LayerRecord:
    number = len(model.layers) + 1
    inputs = layer.inputs or (number - 1,)
    shape, scale, zero_point = model.tensor(inputs[0])
    if layer.kind == "concatenate":
        layer = replace(layer, channels=model.tensor(inputs[1])[0][2])
    record = LayerRecord(
        layer.kind,
        f"{layer.kind[:12]}_{number}",
        output_shape(layer, shape),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        inputs=inputs,
    )
    if record.keeps_scale:
        return replace(record, output_scale=scale, output_zero_point=zero_point)
    if layer.kind == "table":
        _fill_table(record, layer, scale, zero_point, rng)
        return record
    if KINDS[layer.kind].recurrence:
        _fill_gates(record, shape, rng)
        return record
    if record.has_weights:
        _fill_parameters(record, layer, shape, scale, rng, low_bits)
    if is_last:
        return record
    # The range is measured with a 1x1 layer behind that passes the output on, in real units.
    probe = replace(model, layers=[*model.layers, record], loss="mean_squared_error")
    if not record.has_weights:
        record.output_scale, record.output_zero_point = 4 * scale, 0
    outputs = np.stack([_real_output(probe, sample) for sample in samples])
    greatest = max(float(outputs.max()), 0.05)
    if layer.activation != "none" and layer.kind != "average_pool2d":
        record.activation, record.output_zero_point = layer.activation, -128
        if layer.activation == "relu6":  # some beyond, some never near
            greatest = min(greatest, 6.0) if rng.integers(2) else greatest
        record.output_scale = float(np.float32(greatest / 255))
    else:
        least = min(float(outputs.min()), 0.0)
        record.output_scale = float(np.float32((greatest - least) / 255))
        record.output_zero_point = int(np.clip(-128 - least / record.output_scale, -128, 127))
    return record


def _fill_parameters(record, layer, shape, scale, rng, low_bits) -> None:
    """Random weights and biases for a record."""
    channels = record.output_shape[2]
    form = {
        "dense": (int(np.prod(shape)),),
        "conv2d": (*layer.kernel, shape[2]),
        "depthwise_conv2d": layer.kernel,
    }[layer.kind]
    inputs = int(np.prod(form))
    record.trainable = layer.trainable
    record.weights = rng.integers(-127, 128, (channels, *form)).astype(np.int8)
    if low_bits and layer.trainable:
        record.low_bits = low_bits
        unit = 256 >> low_bits
        low_bytes = rng.integers(-128, 128, record.weights.shape) // unit * unit
        record.low_bytes = low_bytes.astype(np.int8)
    scales = rng.uniform(0.5, 1.5, channels) * np.sqrt(2 / inputs) / 73
    if layer.activation == "relu6":
        scales *= 8
    record.weight_scales = scales.astype(np.float32)
    record.bias_scale = float(np.float32(scale * rng.choice([1, 1, 1.3])))
    record.biases = rng.normal(0, 0.1 / (record.bias_scale * scales)).astype(np.int32)


def _fill_table(record, layer, scale, zero_point, rng) -> None:
    """A function over all of its input's range."""
    named = layer.activation in FUNCTIONS
    record.activation = layer.activation if named else str(rng.choice(FUNCTIONS))
    parameter = {"leaky_relu": 0.125, "elu": 0.75}.get(record.activation, 0.0)
    record.bias_scale = parameter
    ends = output_ends(
        record.activation, parameter, *(scale * (end - zero_point) for end in (-128, 127))
    )
    least, greatest = min(ends[0], 0.0), max(ends[1], 0.05)
    record.output_scale = float(np.float32((greatest - least) / 255))
    record.output_zero_point = int(np.clip(-128 - least / record.output_scale, -128, 127))
    made = record.output_scale, record.output_zero_point
    record.table = make_table(record.activation, parameter, (scale, zero_point), made)


def _fill_gates(record, input_shape, rng) -> None:
    """Random gates, and a cell state that now and then meets its limit."""
    kind = KINDS[record.kind]
    shape = kind.recurrence.shape(record.output_shape, input_shape)
    record.activation = str(rng.choice(kind.activations))
    record.weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = rng.uniform(0.5, 4, kind.recurrence.scales) * np.sqrt(2 / shape[2]) / 73
    if kind.recurrence.has_limit:
        scales[-1] = rng.choice([1.0, 10.0, 2.0**64])
    record.weight_scales = scales.astype(np.float32)
    record.biases = rng.integers(-20000, 20000, (GATE_BIASES, shape[1])).astype(np.int32)
    record.output_scale = float(np.float32(rng.choice([1 / 128, 1 / 255, 1 / 100])))
    record.output_zero_point = int(rng.integers(-20, 20))


def _real_output(model: ModelFile, sample) -> np.ndarray:
    """What the last layer gives, in real units."""
    network = Network(model)
    last = model.layers[-1]
    outputs = network.logits(sample) / 65536
    return outputs if last.has_weights else outputs * last.output_scale


def with_maps(model: ModelFile, seed: int = 1) -> ModelFile:
    """The model with a map of its input, under which bytes are about what they were without, and
    of its outputs, when its loss allows one."""
    rng = np.random.default_rng(seed + 3000)

    def rows(count, offsets, scales):
        picked = rng.choice(offsets, count), rng.choice(scales, count) * rng.uniform(1, 2, count)
        return np.stack(picked, axis=1).astype(np.float32)

    input_map = rows(model.input_shape[2], [0, -20.3, 7, 40.0], [150, 200])
    output_map = rows(model.outputs, [0, 350000, -1013.25, 1e-5], [1000, 10, 1e-5, 2.0**-20])
    has_output_map = model.loss == "mean_squared_error"
    mapped = replace(model, input_map=input_map, output_map=output_map if has_output_map else None)
    return ModelFile.from_bytes(mapped.to_bytes())


def random_samples(model: ModelFile, count: int, seed: int = 1) -> np.ndarray:
    """[count][height][width][channels] of the model's input type."""
    rng = np.random.default_rng(seed + 1000)
    values = rng.integers(0, 256, (count, *model.input_shape)).astype(np.uint8)
    return values if model.input_type == "uint8" else (values ^ 0x80).view(np.int8)


def random_targets(model: ModelFile, count: int, seed: int = 1) -> list:
    """One for each sample, as the model's loss takes them."""
    rng = np.random.default_rng(seed + 2000)
    if model.loss == "softmax_cross_entropy":
        return rng.integers(0, model.outputs, count).tolist()
    if model.is_pixelwise:
        labels = rng.integers(0, model.classes, (count, model.pixels))
        counts = rng.uniform(size=labels.shape) < 0.8
        return list(np.where(counts, labels, IGNORED).astype(np.uint8))
    if model.loss == "binary_cross_entropy":
        return list(rng.uniform(0, 1, (count, model.outputs)).round().astype(np.float32))
    targets = rng.normal(0, 1, (count, model.outputs))
    if model.output_map is not None:
        targets = targets * model.output_map[:, 1] + model.output_map[:, 0]
    return list(targets.astype(np.float32))


@st.composite
def windows(draw, layer_kind: str, shape: tuple[int, int, int], largest: int = 4) -> dict:
    """A kernel with any stride and padding that fits the shape, `largest` high and wide at
    most."""
    if layer_kind == "average_pool2d":
        kernel = draw(st.integers(1, shape[0])), draw(st.integers(1, shape[1]))
        return {"kernel": kernel, "stride": (draw(st.integers(1, 3)), draw(st.integers(1, 3)))}
    if layer_kind == "upsample2d":
        # So that several of them make no large image.
        stride = tuple(draw(st.integers(1, max(1, min(3, 16 // extent)))) for extent in shape[:2])
        return {"kernel": draw(st.sampled_from([(1, 1), stride])), "stride": stride}
    kernel = (
        draw(st.integers(1, min(largest, shape[0] + 1))),
        draw(st.integers(1, min(largest, shape[1] + 1))),
    )
    paddings = []
    for extent, size in zip(kernel, shape, strict=False):
        least = max(0, extent - size)
        before = draw(st.integers(0, extent - 1))
        paddings += [
            before,
            draw(st.integers(max(0, least - before), extent - 1)) if extent > 1 else 0,
        ]
    return {
        "kernel": kernel,
        "stride": (draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        "padding": tuple(paddings),
    }


DRAWN = (
    "conv2d",
    "conv2d",
    "depthwise_conv2d",
    "max_pool2d",
    "average_pool2d",
    "dense",
    "flatten",
    "upsample2d",
    "table",
    "residual",
    "excited",
)
WINDOWED = ("conv2d", "depthwise_conv2d", "max_pool2d", "average_pool2d", "upsample2d")
ACTIVATIONS = ("relu", "relu", "none", "relu6")


@st.composite
def _residual(
    draw,
    shape: tuple[int, int, int],
    tensor: int,
    kinds: tuple[str, ...] = ("add", "multiply", "concatenate"),
) -> list[Layer]:
    """Layers that keep the shape, and their output with what they read in a layer of two inputs;
    or two branches from one tensor."""
    activation = st.sampled_from(ACTIVATIONS)
    kind = draw(st.sampled_from(kinds))
    channels = shape[2]  # of the second input
    convolution = Layer(
        "conv2d", shape[2], (3, 3), (1, 1), (1, 1, 1, 1), trainable=draw(st.booleans())
    )
    first = replace(convolution, activation=draw(activation))
    if draw(st.booleans()):
        second = replace(
            convolution, inputs=(tensor,), activation=draw(activation), trainable=True
        )
        inputs = draw(st.sampled_from([(tensor + 1, tensor + 2), (tensor + 2, tensor + 1)]))
        return [first, second, Layer(kind, channels, inputs=inputs, activation=draw(activation))]
    inputs = draw(st.sampled_from([(tensor, tensor + 1), (tensor + 1, tensor)]))
    return [first, Layer(kind, channels, inputs=inputs, activation=draw(activation))]


@st.composite
def _excited(draw, shape: tuple[int, int, int], tensor: int) -> list[Layer]:
    """A value a channel from a mean over all positions, and its product with what it is of."""
    activation = st.sampled_from(ACTIVATIONS)
    return [
        Layer("average_pool2d", 0, shape[:2], shape[:2], inputs=(tensor,)),
        Layer("dense", shape[2], activation=draw(activation), trainable=draw(st.booleans())),
        Layer("multiply", inputs=(tensor, tensor + 2), activation=draw(activation)),
    ]


@st.composite
def networks(draw) -> ModelFile:
    """Small networks of every layer kind, any subset of layers trainable (at least one)."""
    input_shape = draw(st.integers(1, 8)), draw(st.integers(1, 8)), draw(st.integers(1, 3))
    shape = input_shape
    layers = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(DRAWN))
        if kind == "residual":
            layers += draw(_residual(shape, len(layers)))
            shape = output_shape(layers[-1], shape)
            continue
        if kind == "excited":
            layers += draw(_excited(shape, len(layers)))
            continue
        layer = Layer(
            kind, activation=draw(st.sampled_from(ACTIVATIONS)), trainable=draw(st.booleans())
        )
        if kind in WINDOWED:
            layer = replace(layer, **draw(windows(kind, shape)))
        if kind in ("conv2d", "dense"):
            layer = replace(layer, channels=draw(st.integers(1, 17)))
        layers.append(layer)
        shape = output_shape(layer, shape)
    trains_somewhere = any(layer.trainable for layer in layers if KINDS[layer.kind].weights)
    loss = draw(
        st.sampled_from(
            [
                "softmax_cross_entropy",
                "softmax_cross_entropy",
                "mean_squared_error",
                "binary_cross_entropy",
                "pixelwise_cross_entropy",
            ]
        )
    )
    last = Layer(
        "dense",
        draw(st.integers(1 if loss in ("mean_squared_error", "binary_cross_entropy") else 2, 5)),
        trainable=not trains_somewhere or draw(st.booleans()),
    )
    if loss == "pixelwise_cross_entropy":
        last = replace(last, kind="conv2d")
    elif draw(st.integers(0, 5)) == 0 and np.prod(shape) > 1:
        last = replace(last, kind="conv2d", kernel=shape[:2], channels=max(last.channels, 2))
    seed = draw(st.integers(0, 2**16))
    model = random_model(
        [*layers, last],
        input_shape,
        seed,
        draw(st.sampled_from(["uint8", "int8"])),
        draw(st.sampled_from([0, 4, 8])),
        loss,
    )
    return with_maps(model, seed) if draw(st.booleans()) else model


@st.composite
def networks_around(draw, kind: str) -> ModelFile:
    """A layer of one kind, or of two branches one, at any place behind a convolution and in front
    of a dense layer, with as many channels and as large a window as kernels take in more than one
    part."""
    input_shape = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.integers(1, 5))
    channels = draw(st.one_of(st.integers(1, 9), st.integers(30, 70)))
    activations = st.sampled_from(ACTIVATIONS)
    front = Layer("conv2d", channels, activation=draw(activations), trainable=draw(st.booleans()))
    layers = [front]
    shape = (*input_shape[:2], channels)
    if kind in ("add", "concatenate"):
        layers += draw(_residual(shape, 1, (kind,)))
    elif kind == "multiply":
        layers += draw(st.one_of(_residual(shape, 1, ("multiply",)), _excited(shape, 1)))
    else:
        layer = Layer(kind, activation=draw(activations), trainable=draw(st.booleans()))
        if kind in WINDOWED:
            layer = replace(layer, **draw(windows(kind, shape, 9)))
        if kind in ("conv2d", "dense"):
            layer = replace(layer, channels=draw(st.integers(1, 70)))
        if KINDS[kind].recurrence:  # in front of it nothing trains
            layers = [replace(front, trainable=False)]
            steps = draw(st.sampled_from(["sequence", "relu"]))
            layer = replace(layer, channels=draw(st.integers(1, 20)), activation=steps)
        layers.append(layer)
        shape = output_shape(layer, shape)
    if draw(st.booleans()):
        layers.append(Layer("conv2d", draw(st.integers(1, 20)), activation=draw(activations)))
    loss = draw(
        st.sampled_from(["softmax_cross_entropy", "mean_squared_error", "pixelwise_cross_entropy"])
    )
    last = "conv2d" if loss == "pixelwise_cross_entropy" else "dense"
    layers.append(Layer(last, draw(st.integers(2, 5))))
    seed = draw(st.integers(0, 2**16))
    low_bits = draw(st.sampled_from([0, 4, 8]))
    return random_model(layers, input_shape, seed, low_bits=low_bits, loss=loss)


def autoencoder_model(seed: int = 41) -> ModelFile:
    """A small convolutional autoencoder, 8x8x1: what a strided convolution and a pooling take
    apart, a transposed convolution and a nearest neighbour upsampling put together again."""
    same = (1, 1, 1, 1)
    layers = [
        Layer("conv2d", 6, (3, 3), (2, 2), same),
        Layer("max_pool2d", 0, (2, 2), (2, 2)),
        Layer("conv2d", 8, (3, 3), (1, 1), same),
        Layer("upsample2d", 0, (1, 1), (2, 2)),
        Layer("conv2d", 6, (3, 3), (1, 1), same, "relu6"),
        Layer("upsample2d", 0, (2, 2), (2, 2)),
        Layer("conv2d", 1, (3, 3), (1, 1), same),
    ]
    return random_model(layers, (8, 8, 1), seed, loss="mean_squared_error")


def table_model() -> ModelFile:
    """Tables behind a convolution, a max pooling and a flatten; one tensor is read by two."""
    layers = [
        Layer("conv2d", 6, (3, 3), activation="none"),
        Layer("table", activation="leaky_relu"),
        Layer("conv2d", 5, (2, 2), activation="none"),
        Layer("max_pool2d", 0, (2, 2), (1, 1)),
        Layer("table", activation="tanh"),
        Layer("table", activation="silu", inputs=(4,)),
        Layer("multiply", inputs=(5, 6), activation="none"),
        Layer("dense", 3),
    ]
    return random_model(layers, (8, 8, 2), seed=31)


def recurrent_model(kind: str) -> ModelFile:
    """Two layers of kind lstm or gru behind a frozen convolution, the second of which gives its
    last step; 5x6x2, a step at each place -> 3 classes."""
    layers = [
        Layer("conv2d", 5, (3, 3), trainable=False),
        Layer(kind, 7, activation="sequence"),
        Layer(kind, 6),
        Layer("dense", 8),
        Layer("dense", 3),
    ]
    return random_model(layers, (5, 6, 2), seed=51)


def many_channels_model() -> ModelFile:
    """Layers of so many channels that partial updates form errors in a few of them alone: behind a
    kernel with a stride that reaches beyond the borders, behind a depthwise layer, and behind a
    flatten; 6x5x2 -> 4 classes, small enough for every emulated board."""
    layers = [
        Layer("conv2d", 36, (2, 2)),
        Layer("conv2d", 33, (2, 3), (2, 1), (1, 1, 2, 1), "none"),
        Layer("depthwise_conv2d", 33, (3, 3), (1, 1), (1, 1, 1, 1), "none"),
        Layer("conv2d", 40, activation="relu6"),
        Layer("flatten"),
        Layer("dense", 32),
        Layer("dense", 4),
    ]
    return random_model(layers, (6, 5, 2), seed=21)


@st.composite
def options(draw) -> Options:
    """Training options: half of the time the usual ones."""
    if draw(st.booleans()):
        return Options()
    least = draw(st.sampled_from([0.1, 0.3, 0.5, 1.0]))
    greatest = draw(st.sampled_from([0.5, 1.0]))
    return Options(
        (min(least, greatest), greatest),
        draw(st.booleans()),
        draw(st.sampled_from([0.0, 0.0, 0.01, 1.0, 1000.0])),
        draw(st.booleans()),
    )
