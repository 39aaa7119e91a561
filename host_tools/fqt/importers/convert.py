"""Networks of other tools as model files: what `fqt.convert` and the command do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fqt.arguments import NAME_BYTES
from fqt.file.model_file import ModelFile
from fqt.importers import tflite
from fqt.importers.graph import Graph
from fqt.importers.lower import lower
from fqt.importers.network import Network
from fqt.importers.to_float import to_float
from fqt.importers.to_int8 import to_int8
from fqt.train.quantize import quantize
from fqt.train.trainable import chosen_names

READERS: dict[str, Callable[[bytes], Graph]] = {".tflite": tflite.read}
MAX_SOURCE_BYTES = 1 << 28


def convert(
    source: str | os.PathLike,
    calibrate: np.ndarray | None = None,
    trainable: str | list[str] = "last:2",
    loss: str | None = None,
) -> ModelFile:
    """A network of another tool as a model file.

    source: the path of a .tflite file. An int8 network is taken as it is: its weights, scales,
    zero points and biases. calibrate: for a float32 network, samples like those to come,
    [samples] and the shape that the source takes; they give the int8 ranges. trainable: what
    trains on the device: "last:2" (the last two layers with weights), "all", "none", or names.
    loss: in place of the one that the source's last function says (softmax:
    softmax_cross_entropy; sigmoid: binary_cross_entropy; nothing: mean_squared_error).

    The device takes images as [height][width][channels], whatever the source takes. Raises
    ValueError for what cannot be taken, naming the operator, its place and what to do; OSError,
    and RuntimeError that says which package to install.
    """
    return quantized(read_network(source, loss), calibrate, trainable)


def read_network(source: str | os.PathLike, loss: str | None = None) -> Network:
    """The network in a file, as in convert."""
    path = Path(source)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: files that can be read end in {', '.join(READERS)}")
    with open(path, "rb") as file:
        data = file.read(MAX_SOURCE_BYTES + 1)
    if len(data) > MAX_SOURCE_BYTES:
        raise ValueError(f"{path}: more than {MAX_SOURCE_BYTES} bytes, no device takes so much")
    try:
        network = lower(reader(data), loss)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    network.name = path.stem.encode()[:NAME_BYTES].decode(errors="ignore") or network.name
    return network


def quantized(
    network: Network, calibrate: np.ndarray | None, trainable: str | list[str]
) -> ModelFile:
    """A network as a model file, as in convert."""
    names = chosen_names(network.weighted, trainable)
    if network.is_int8:
        if calibrate is not None:
            raise ValueError("the network is int8, with ranges of its own: leave calibrate off")
        return to_int8(network, names)
    if calibrate is None:
        raise ValueError(
            "the network is float32: its int8 ranges come from samples, calibrate=x "
            "(--calibrate DATA.npz)"
        )
    return quantize(to_float(network), network.arrange(calibrate), names, "int8")
