"""A converted network against its source, on the same samples: by its outputs, and layer by layer
against the float network.

Outputs are compared with those of the source's own runtime where that is installed, otherwise with
those of the float network that the importer made. Where they have nothing in common
(fqt.train.closeness) the conversion is refused: a training run on the device would start from
something that its user did not train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.importers.network import Network
from fqt.importers.runtimes import limited, random_samples, runtime_of
from fqt.importers.sklearn import Estimator
from fqt.reference import Network as Reference
from fqt.run import core
from fqt.train.closeness import (
    OF_CLASSES,
    error_share,
    has_nothing_in_common,
    of_places,
    spread,
)
from fqt.train.input_values import quantize_input
from fqt.train.sequential import Sequential

COMPARED = 256  # samples at most whose outputs are compared
LOOKED_INTO = 32  # whose layers are, in the reference
RANDOM_SAMPLES = 64


@dataclass(frozen=True)
class Conversion:
    """A network as it was read, the model file that was made of it, and net, the same in float32:
    of a float32 source its own numbers, of an int8 one the int8 weights' real values."""

    network: Network | Estimator
    model: ModelFile
    net: Sequential
    percentile: float = 100.0


@dataclass(frozen=True)
class Samples:
    """given: real numbers as the source takes them; taken: as the device does. is_random: made
    here, where the user gave none."""

    given: np.ndarray
    taken: np.ndarray
    is_random: bool = False


@dataclass(frozen=True)
class Outputs:
    """of: what they were compared with. same_class: a share; None without classes. greatest: the
    greatest difference; relative: as a share of the outputs' range. error: in units of what tells
    samples apart (error_share)."""

    of: str
    count: int
    same_class: float | None
    greatest: float
    relative: float
    error: float
    nothing_in_common: bool


@dataclass(frozen=True)
class LayerRow:
    """Of a tensor, the device's int8 against float32. signal_to_noise: of the median sample, dB;
    inf where they are equal, nan where all is 0. clipped: the share of float values beyond the
    int8 range; nan of the output, whose sums are told. idle: of so many channels, those that never
    change. spread: the greatest magnitude by that which 99.9 % of the values do not exceed."""

    name: str
    kind: str
    signal_to_noise: float
    clipped: float
    idle: int
    channels: int
    spread: float


def samples_of(conversion: Conversion, x: np.ndarray | None) -> Samples:
    """The user's samples, or random ones for an int8 network that was given none. Raises
    ValueError for samples that do not fit."""
    network = conversion.network
    if isinstance(network, Estimator):
        assert x is not None  # it gave the ranges
        taken = network.net.samples(x)
        return Samples(taken, taken)
    is_random = x is None
    if is_random:
        x = random_samples(network, RANDOM_SAMPLES)
    x = np.asarray(x)
    taken = network.arrange(x)  # which checks the shape
    if not len(x):
        raise ValueError("calibration data must be at least one sample")
    if network.quantization is not None and x.dtype == network.input_type:
        shift = 128 if network.input_type == "uint8" else 0
        zero_point = network.quantization.zero_points[0]
        steps = x.reshape(len(x), -1).astype(np.int64) - shift - zero_point
        x = network.as_given(steps * np.float64(network.quantization.scales[0])).reshape(x.shape)
        taken = network.arrange(x.astype(np.float32))
    if not np.isfinite(taken).all():
        raise ValueError("calibration samples have numbers that are not finite")
    return Samples(x.astype(np.float32), taken.astype(np.float32), is_random)


def compare_outputs(conversion: Conversion, samples: Samples) -> Outputs:
    """The device's outputs against those of the source's runtime."""
    network, model = conversion.network, conversion.model
    picked = spread(len(samples.given), COMPARED)
    runtime = runtime_of(network)
    try:
        ours = core.Model(model).outputs(samples.taken[picked])
    except OSError:  # the core is not built here
        picked = spread(len(samples.given), LOOKED_INTO)
        reference = Reference(model)
        ours = np.array([reference.scores(sample) for sample in samples.taken[picked]])
    if isinstance(runtime, str):
        of, theirs = (
            f"the float network ({runtime})",
            conversion.net.forward(samples.taken[picked]),
        )
    else:
        of, run = runtime
        theirs, ours = run(samples.given[picked]), limited(network, ours)
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    if not isinstance(runtime, str) and isinstance(network, Network) and network.is_int8:
        ours = _as_the_source_tells(model, ours)
    return _outputs(of, model, ours, theirs)


def _as_the_source_tells(model: ModelFile, outputs: np.ndarray) -> np.ndarray:
    """In the steps and the range of the last layer's int8, which a device's outputs have not."""
    last = model.layers[-1]
    steps = np.floor(outputs / last.output_scale + 0.5) + last.output_zero_point
    return (np.clip(steps, -128, 127) - last.output_zero_point) * last.output_scale


def _outputs(of: str, model: ModelFile, ours: np.ndarray, theirs: np.ndarray) -> Outputs:
    if ours.shape != theirs.shape:
        raise ValueError(f"{of} gives outputs {theirs.shape}, the device {ours.shape}")
    same = None
    count = len(ours)
    ours, theirs = (of_places(model.loss, one, model.classes) for one in (ours, theirs))
    if model.loss in OF_CLASSES:
        chosen = theirs[np.arange(len(ours)), ours.argmax(axis=1)]
        same = float((chosen == theirs.max(axis=1)).mean())  # of equal ones any
    elif model.loss == "binary_cross_entropy":
        same = float(((ours > 0) == (theirs > 0)).mean())
    greatest = float(np.abs(ours - theirs).max())
    return Outputs(
        of,
        count,
        same,
        greatest,
        greatest / (float(np.ptp(theirs)) or 1.0),
        error_share(model.loss, ours, theirs),
        has_nothing_in_common(model.loss, ours, theirs),
    )


def compare_layers(conversion: Conversion, samples: Samples) -> list[LayerRow]:
    """Each tensor of the device against that of the float network: first the input."""
    model, net = conversion.model, conversion.net
    picked = samples.taken[spread(len(samples.taken), LOOKED_INTO)]
    wanted = [tensor.astype(np.float64) for tensor in net.tensors(picked)]
    reference = Reference(model)
    got: list[list[np.ndarray]] = [[] for _ in wanted]
    for sample in quantize_input(model, picked):
        logits = reference.logits(sample) / 65536
        for i, tensor in enumerate(reference.tensors[:-1]):
            got[i].append(tensor.centred() * float(tensor.scale))
        got[-1].append(logits)
    names = [("input", model.input_type)]
    names += [(record.name, record.kind) for record in model.layers]
    rows = []
    for i, (name, kind) in enumerate(names):
        want = wanted[i]
        ours = np.stack(got[i]).reshape(want.shape)
        clipped = math.nan if i == len(model.layers) else _clipped(model, i, want)
        channels = want.shape[-1]
        changes = np.ptp(ours.reshape(-1, channels), axis=0) > 0
        has_weights = i > 0 and model.layers[i - 1].has_weights
        magnitudes = np.abs(want)
        peak, most = float(magnitudes.max()), float(np.percentile(magnitudes, 99.9))
        rows.append(
            LayerRow(
                name,
                kind,
                _decibels(want, ours),
                clipped,
                int((~changes).sum()) if has_weights else 0,
                channels,
                peak / most if most else 1.0,
            )
        )
    return rows


def _decibels(want: np.ndarray, got: np.ndarray) -> float:
    """Of the median sample: one with an outlier has a high ratio, and would hide that the step
    which that outlier made coarse swallows all others."""
    samples = len(want)
    signal = np.square(want).reshape(samples, -1).sum(axis=1)
    noise = np.square(got - want).reshape(samples, -1).sum(axis=1)
    if not signal.any():
        return math.nan
    noise_to_signal = float(np.median(noise[signal > 0] / signal[signal > 0]))
    return -10 * math.log10(noise_to_signal) if noise_to_signal else math.inf


def _clipped(model: ModelFile, tensor: int, want: np.ndarray) -> float:
    """The share of the float values that the int8 range does not hold."""
    _, scale, zero_point = model.tensor(tensor)
    beyond = want > (127 - zero_point + 0.5) * scale
    if tensor == 0 or model.layers[tensor - 1].activation == "none":
        beyond |= want < (-128 - zero_point - 0.5) * scale
    return float(beyond.mean())
