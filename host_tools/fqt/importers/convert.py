"""Networks of other tools as model files: what `fqt.convert` and the command do."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fqt.arguments import NAME_BYTES, text
from fqt.errors import of_file, said_by
from fqt.file.model_file import ModelFile
from fqt.files import read_whole, write_bytes
from fqt.importers import keras, onnx, tflite, torch
from fqt.importers.calibration import checked_samples
from fqt.importers.comparison import Conversion, Outputs
from fqt.importers.graph import Graph
from fqt.importers.lower import lower
from fqt.importers.network import Network
from fqt.importers.report import Report, report_on
from fqt.importers.report_page import page
from fqt.importers.sklearn import Estimator, is_estimator, read_estimator
from fqt.importers.sklearn_file import SUFFIXES, load_estimator
from fqt.importers.to_float import to_float
from fqt.importers.to_int8 import to_int8
from fqt.train.float_network import float_network
from fqt.train.folding import folded
from fqt.train.quantize import QuantizationWarning, check_percentile, checked_labels, quantize
from fqt.train.sequential import trainable_names
from fqt.train.trainable import chosen_names

READERS: dict[str, Callable[[bytes], Graph]] = {".tflite": tflite.read, ".onnx": onnx.read}
# Of files that people bring and that are not read, what to do.
ADVICE = {
    ".fqt": "it is a model file already: fqt train goes on with it",
    **dict.fromkeys(torch.PICKLES, torch.PICKLE_ADVICE),
    ".pb": "tf.lite.TFLiteConverter.from_saved_model(folder) makes a .tflite file of it",
}


@dataclass(frozen=True)
class Wishes:
    """How a source is converted, as in convert."""

    trainable: str | list[str] | None = None
    loss: str | None = None
    labels: Sequence[str] = ()
    note: str = ""
    trust: bool = False
    percentile: float = 100.0
    force: bool = False


def convert(
    source: Any,
    calibrate: np.ndarray | None = None,
    trainable: str | list[str] | None = None,
    loss: str | None = None,
    labels: Sequence[str] = (),
    note: str = "",
    trust: bool = False,
    percentile: float = 100.0,
    report: str | os.PathLike | None = None,
    force: bool = False,
) -> ModelFile:
    """A network of another tool as a model file.

    source: the path of a .tflite, .onnx, .keras, .h5 or .pt2 file, or of a .skops or .joblib file;
    a module or an exported program of PyTorch; a model of Keras; or a fitted estimator of
    scikit-learn (fqt.importers.sklearn.sequential_of). An int8 network is taken as it
    is: its weights, scales, zero points and biases. calibrate: for a float32 network, samples like
    those to come, [samples] and the shape that the source takes; they give the int8 ranges; an
    int8 network is only compared on them. trainable: what trains on the device: "last:2" (the last
    two layers with weights; so when left out, or the one that there is), "all", "none", or names.
    loss: in place of the one that the source's last function says (softmax: softmax_cross_entropy;
    sigmoid: binary_cross_entropy; nothing: mean_squared_error). labels, note, percentile: as in
    fqt.quantize; a classifier's classes are its labels when none are given. trust: load pickles,
    .pt2 files, Keras's Lambda layers and unknown types too, which may run code of whoever made
    them. report: a file
    for a page of HTML: outputs against those of the source's own runtime, what each layer loses,
    and what to do.

    The device takes images as [height][width][channels], whatever the source takes. Raises
    ValueError for what cannot be taken, naming the operator, its place and what to do, and unless
    force for a network that has nothing in common with its source; OSError, and RuntimeError that
    says which package to install.
    """
    wishes = Wishes(trainable, loss, labels, note, trust, percentile, force)
    model, told = convert_and_compare(source, calibrate, wishes, with_layers=report is not None)
    for warning in told.warned:
        warnings.warn(warning, QuantizationWarning, stacklevel=2)
    if report is not None:
        write_bytes(report, page(told).encode())
    return model


def convert_and_compare(
    source: Any,
    calibrate: np.ndarray | None,
    wishes: Wishes,
    data: str = "calibrate",
    with_layers: bool = True,
) -> tuple[ModelFile, Report]:
    """The model file of a source, and how near it is to it. data: what messages call the
    calibration data. with_layers: the report has the layers, too. Raises as convert does."""
    network = read_source(source, wishes.loss, wishes.trust, calibrate)
    if calibrate is not None:
        with of_file(data):
            calibrate = checked_samples(network, calibrate)
    with of_file(source) if isinstance(source, (str, os.PathLike)) else nullcontext():
        conversion, warned = conversion_of(
            network,
            calibrate,
            wishes.trainable,
            wishes.labels,
            wishes.note,
            wishes.percentile,
            wishes.force,
        )
        report = report_on(conversion, calibrate, warned, with_layers)
        check_alike(report.outputs, wishes.force)
    return conversion.model, report


def check_alike(outputs: Outputs, force: bool) -> None:
    """Raises ValueError for outputs that have nothing in common with the source's, unless
    force."""
    if not outputs.nothing_in_common or force:
        return
    same = ""
    if outputs.same_class is not None:
        same = f", the class is the same in {100 * outputs.same_class:.0f} % of the samples"
    raise ValueError(
        f"the converted network has nothing in common with {outputs.of}: its outputs are off by "
        f"{outputs.error:.2g} times what tells samples apart{same}: calibrate with samples like "
        "those that the source was trained on, in the same units and order; force=True (--force) "
        "takes it as it is"
    )


def read_source(
    source: Any,
    loss: str | None = None,
    trust: bool = False,
    calibrate: np.ndarray | None = None,
) -> Network | Estimator:
    """The network in a source, as in convert."""
    if keras.is_keras(source):  # which is a module of PyTorch where that is below it
        return network_of(keras.onnx_of(source), ".onnx", source.name, loss)
    if torch.is_torch(source):
        data = torch.onnx_of(source, calibrate)
        return network_of(data, ".onnx", type(source).__name__, loss)
    if is_estimator(source):
        estimator = read_estimator(source)
    elif isinstance(source, (str, os.PathLike)):
        if Path(source).suffix.lower() not in SUFFIXES:
            return read_network(source, loss, trust)
        with of_file(source):
            estimator = _loaded_estimator(source, trust)
    else:
        raise ValueError(
            "a source is a path, a module or exported program of PyTorch, a model of Keras, or a "
            f"fitted estimator of scikit-learn, not {source!r}"
        )
    if loss not in (None, estimator.net.loss):
        raise ValueError(f"an estimator says its loss itself, {estimator.net.loss}: leave it off")
    return estimator


def _loaded_estimator(source: str | os.PathLike, trust: bool) -> Estimator:
    loaded = load_estimator(source, trust)
    try:
        return read_estimator(loaded)
    except (AttributeError, TypeError, LookupError) as error:  # attributes are what the file says
        raise ValueError(
            f"{type(loaded).__name__}: it is not whole ({said_by(error)}): fit it, and save it "
            "again"
        ) from None


def read_network(
    source: str | os.PathLike, loss: str | None = None, trust: bool = False
) -> Network:
    """The network in a file, as in convert."""
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in (*READERS, torch.SUFFIX, *keras.SUFFIXES):
        readable = ", ".join((*READERS, *keras.SUFFIXES, torch.SUFFIX, *SUFFIXES))
        advice = ADVICE.get(suffix, "export the network as one of these (docs/importing.md)")
        raise ValueError(f"{path}: files that can be read end in {readable}: {advice}")
    with of_file(path):
        if suffix == torch.SUFFIX:
            data, suffix = torch.onnx_of(torch.load_program(path, trust), None), ".onnx"
        elif suffix in keras.SUFFIXES:
            data, suffix = keras.onnx_of(keras.load_model(path, trust)), ".onnx"
        else:
            data = read_whole(path)
        return network_of(data, suffix, path.stem, loss)


def network_of(data: bytes, suffix: str, name: str, loss: str | None) -> Network:
    """The network in a file's bytes. suffix: one of READERS. Raises as convert."""
    network = lower(READERS[suffix](data), loss)
    network.source, network.data = suffix, data
    network.name = (
        name.encode(errors="ignore")[:NAME_BYTES].decode(errors="ignore") or network.name
    )
    return network


def conversion_of(
    network: Network | Estimator,
    calibrate: np.ndarray | None,
    trainable: str | list[str] | None = None,
    labels: Sequence[str] = (),
    note: str = "",
    percentile: float = 100.0,
    force: bool = False,
) -> tuple[Conversion, tuple[str, ...]]:
    """A network as a model file with what it was made of, as in convert, and what quantizing
    warned of."""
    percentile = check_percentile(percentile)
    labels = labels if len(labels) else network.labels
    if isinstance(network, Network) and network.is_int8:
        if percentile != 100:
            raise ValueError("the network is int8, with ranges of its own: leave percentile off")
        names = chosen_names(network.weighted, trainable or last_two(network.weighted))
        labels = checked_labels(labels, network.outputs)
        model = to_int8(network, names, labels, text("note", note))
        return Conversion(network, model, float_network(model)), ()
    if calibrate is None:
        raise ValueError(
            "the network is float32: its int8 ranges come from samples, calibrate=x "
            "(--calibrate DATA.npz)"
        )
    if isinstance(network, Estimator):
        net = network.net
    else:
        net, calibrate = to_float(network), network.arrange(calibrate)
    trainable = trainable or last_two(trainable_names(net, "all"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", QuantizationWarning)
        model = quantize(
            net,
            calibrate,
            trainable,
            "int8",
            percentile=percentile,
            labels=labels,
            note=note,
            force=force,
        )
    warned = tuple(str(one.message) for one in caught)
    return Conversion(network, model, folded(net), percentile), warned


def quantized(
    network: Network | Estimator,
    calibrate: np.ndarray | None,
    trainable: str | list[str] | None,
) -> ModelFile:
    """The model file alone."""
    return conversion_of(network, calibrate, trainable)[0].model


def last_two(names: list[str]) -> list[str]:
    """What trains when a user says nothing, of the layers with weights."""
    return names[-2:]
