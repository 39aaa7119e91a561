"""Random quantized networks for tests, and the hypothesis strategies that draw them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from fqt.model_file import LayerRecord, ModelFile
from fqt.reference import Network


@dataclass(frozen=True)
class Layer:
    """What a test says of a layer; shapes and scales follow."""

    kind: str
    channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    relu: bool = True
    trainable: bool = True


def output_shape(layer: Layer, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    if layer.kind == "dense":
        return 1, 1, layer.channels
    if layer.kind == "flatten":
        return 1, 1, int(np.prod(shape))
    top, bottom, left, right = layer.padding
    height = (shape[0] + top + bottom - layer.kernel[0]) // layer.stride[0] + 1
    width = (shape[1] + left + right - layer.kernel[1]) // layer.stride[1] + 1
    return height, width, layer.channels if layer.kind == "conv2d" else shape[2]


def random_model(
    layers: list[Layer],
    input_shape: tuple[int, int, int],
    seed: int = 1,
    input_type: str = "uint8",
    low_bytes: bool = False,
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
    )
    samples = random_samples(model, 4, seed)
    for number, layer in enumerate(layers, 1):
        shape, scale, input_zero_point = model.input_of(len(model.layers))
        record = LayerRecord(
            layer.kind,
            f"{layer.kind}_{number}",
            output_shape(layer, shape),
            kernel=layer.kernel,
            stride=layer.stride,
            padding=layer.padding,
        )
        if not record.has_weights:
            model.layers.append(
                replace(record, output_scale=scale, output_zero_point=input_zero_point)
            )
            continue
        inputs = (
            int(np.prod(shape))
            if layer.kind == "dense"
            else layer.kernel[0] * layer.kernel[1] * shape[2]
        )
        form = (inputs,) if layer.kind == "dense" else (*layer.kernel, shape[2])
        record.trainable = layer.trainable
        record.weights = rng.integers(-127, 128, (layer.channels, *form)).astype(np.int8)
        if low_bytes and layer.trainable:
            record.low_bytes = rng.integers(-128, 128, record.weights.shape).astype(np.int8)
            record.low_bytes[np.abs(record.weights) == 127] = 0
        scales = rng.uniform(0.5, 1.5, layer.channels) * np.sqrt(2 / inputs) / 73
        record.weight_scales = scales.astype(np.float32)
        record.bias_scale = float(np.float32(scale * rng.choice([1, 1, 1.3])))
        record.biases = rng.normal(0, 0.1 / (record.bias_scale * scales)).astype(np.int32)
        model.layers.append(record)
        if number == len(layers):
            break
        network = Network(model)
        outputs = np.stack([network.logits(sample) for sample in samples]) / 65536
        greatest = max(float(outputs.max()), 0.05)
        if layer.relu:
            record.activation, record.output_zero_point = "relu", -128
            record.output_scale = float(np.float32(greatest / 255))
        else:
            least = min(float(outputs.min()), 0.0)
            record.output_scale = float(np.float32((greatest - least) / 255))
            record.output_zero_point = int(np.clip(-128 - least / record.output_scale, -128, 127))
    return ModelFile.from_bytes(model.to_bytes())


def random_samples(model: ModelFile, count: int, seed: int = 1) -> np.ndarray:
    """[count][height][width][channels] of the model's input type."""
    rng = np.random.default_rng(seed + 1000)
    values = rng.integers(0, 256, (count, *model.input_shape)).astype(np.uint8)
    return values if model.input_type == "uint8" else (values ^ 0x80).view(np.int8)


@st.composite
def windows(draw, layer_kind: str, shape: tuple[int, int, int]) -> dict:
    """A kernel with any stride and padding that fits the shape."""
    kernel = draw(st.integers(1, min(4, shape[0] + 1))), draw(st.integers(1, min(4, shape[1] + 1)))
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


@st.composite
def networks(draw) -> ModelFile:
    """Small networks of every layer kind, any subset of layers trainable (at least one)."""
    input_shape = draw(st.integers(1, 8)), draw(st.integers(1, 8)), draw(st.integers(1, 3))
    shape = input_shape
    layers = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["conv2d", "conv2d", "max_pool2d", "dense", "flatten"]))
        layer = Layer(kind, relu=draw(st.booleans()), trainable=draw(st.booleans()))
        if kind in ("conv2d", "max_pool2d"):
            layer = replace(layer, **draw(windows(kind, shape)))
        if kind in ("conv2d", "dense"):
            layer = replace(layer, channels=draw(st.integers(1, 5)))
        layers.append(layer)
        shape = output_shape(layer, shape)
    trains_somewhere = any(
        layer.trainable for layer in layers if layer.kind in ("conv2d", "dense")
    )
    last = Layer(
        "dense", draw(st.integers(2, 5)), trainable=not trains_somewhere or draw(st.booleans())
    )
    if draw(st.integers(0, 5)) == 0 and np.prod(shape) > 1:
        last = replace(last, kind="conv2d", kernel=shape[:2], channels=max(last.channels, 2))
    return random_model(
        [*layers, last],
        input_shape,
        draw(st.integers(0, 2**16)),
        draw(st.sampled_from(["uint8", "int8"])),
        draw(st.booleans()),
    )
