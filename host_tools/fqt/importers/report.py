"""The report on a conversion: how near the device's network is to its source, where accuracy was
lost, and what to do about it. As text for the terminal, as data for a page (report_page)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.importers.comparison import (
    Conversion,
    LayerRow,
    Outputs,
    Samples,
    compare_layers,
    compare_outputs,
    samples_of,
)
from fqt.importers.network import Network

FEW_SAMPLES = 32
# Int8 tensors of trained networks have 25 to 45 dB; at 20 dB the noise is a tenth of the signal.
LOW_DECIBELS = 20.0
EXACT = 90.0  # dB: float32 itself has no more
CLIPPED = 0.01  # of a tensor's values: more are no outliers
STRETCHED = 3.0  # the peak by the 99.9th percentile: a range that hardly anything uses
SAME_CLASS = 0.99
NAMED = 3  # layers that a finding names


@dataclass(frozen=True)
class Report:
    """network: its loss, and what samples are on the device. findings: what is not as it should
    be, each with what to do about it; none: nothing is. warned: those that quantizing told."""

    name: str
    network: str
    source: str
    samples: str
    outputs: Outputs
    layers: list[LayerRow]
    findings: list[str]
    warned: tuple[str, ...] = ()

    def described(self) -> dict:
        """All of it as plain data."""
        return asdict(self)

    def summary(self) -> list[str]:
        """What the outputs are like, in lines."""
        same = self.outputs.same_class
        lines = [f"{self.samples}, compared with {self.outputs.of}"]
        if same is not None:
            lines.append(f"same class in {100 * same:.1f} % of {self.outputs.count} samples")
        lines.append(
            f"greatest difference of an output {self.outputs.greatest:.3g}, "
            f"{100 * self.outputs.relative:.1f} % of the outputs' range"
        )
        return lines

    def text(self) -> str:
        """For the terminal."""
        lines = ["report: " + "; ".join(self.summary())]
        lines.append(
            f"  {'int8 against float':16} {'signal to noise':>16} {'clipped':>9} {'idle':>9}"
        )
        for row in self.layers:
            cells = f"{decibels(row):>16} {share(row.clipped):>9} {idle(row):>9}"
            lines.append(f"  {row.name:18} {cells}".rstrip())
        lines += [f"  ! {finding}" for finding in self.findings] or ["  nothing was found wrong"]
        return "\n".join(lines)


def decibels(row: LayerRow) -> str:
    if row.signal_to_noise > EXACT:
        return "exact"
    return "" if math.isnan(row.signal_to_noise) else f"{row.signal_to_noise:.1f} dB"


def share(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.2f} %"


def idle(row: LayerRow) -> str:
    return f"{row.idle} of {row.channels}" if row.idle else ""


def report_on(
    conversion: Conversion,
    x: np.ndarray | None,
    warned: tuple[str, ...] = (),
    with_layers: bool = True,
) -> Report:
    """x: samples as the source takes them; None: random ones, of an int8 network. warned: what
    quantizing warned of. with_layers: look into the network, too. Raises ValueError for samples
    that do not fit."""
    samples = samples_of(conversion, x)
    outputs = compare_outputs(conversion, samples)
    layers = compare_layers(conversion, samples) if with_layers else []
    network = conversion.network
    kind = network.source if isinstance(network, Network) else "estimator"
    count = len(samples.given)
    return Report(
        conversion.model.name,
        network.description,
        kind,
        f"{count} random samples" if samples.is_random else f"{count} calibration samples",
        outputs,
        layers,
        [*warned, *(_findings(conversion, samples, outputs, layers) if with_layers else [])],
        warned,
    )


def _findings(
    conversion: Conversion, samples: Samples, outputs: Outputs, layers: list[LayerRow]
) -> list[str]:
    model = conversion.model
    found = []
    is_float = not (isinstance(conversion.network, Network) and conversion.network.is_int8)
    if samples.is_random:
        return [
            "the samples are random, and say little of real ones: --calibrate DATA.npz compares "
            "on yours"
        ]
    if is_float and len(samples.given) < FEW_SAMPLES:
        found.append(
            f"{len(samples.given)} samples gave the int8 ranges: calibrate with a hundred or "
            "more that are like those to come"
        )
    low = [row for row in layers if row.signal_to_noise < LOW_DECIBELS]
    if low:
        found.append(_of_noise(model, layers, low, is_float))
    elif outputs.same_class is not None and outputs.same_class < SAME_CLASS:
        worst = min(layers[1:], key=lambda row: row.signal_to_noise)
        found.append(
            f"classes differ in {100 * (1 - outputs.same_class):.1f} % of the samples, though no "
            f"tensor is below {LOW_DECIBELS:.0f} dB ({worst.name} has the least): the source "
            "itself is undecided there; training the last layers on the device mends it"
        )
    clipped = [row for row in layers if row.clipped > CLIPPED]
    if clipped:
        advice = "calibrate with more samples like these"
        if conversion.percentile < 100:
            advice += ", or with a percentile nearer to 100 (--percentile)"
        elif not is_float:
            advice = "quantize the source again with samples like these"
        found.append(f"int8 ranges cut values off: {_named(clipped, _clip)}: {advice}")
    dead = [row for row in layers if row.idle]
    if dead:
        found.append(
            f"channels that never change on these samples: {_named(dead, idle)}: they learn "
            "nothing; where more samples do not wake them, train the source with a lower learning "
            "rate or fewer channels"
        )
    return found


def _clip(row: LayerRow) -> str:
    return share(row.clipped)


def _named(rows: list[LayerRow], what) -> str:
    more = f", and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(f"{row.name} ({what(row)})" for row in rows[:NAMED]) + more


def _of_noise(
    model: ModelFile, layers: list[LayerRow], low: list[LayerRow], is_float: bool
) -> str:
    """Where most is lost, and why."""
    worst = layers[_worst(model, layers)]
    text = f"int8 noise is above a tenth of the signal: {_named(low, decibels)}; "
    if worst.spread > STRETCHED:
        advice = (
            f"a few values reach {worst.spread:.0f} times as far as 99.9 % of them: "
            "--percentile 99.9 gives the others a finer step"
        )
        if not is_float:
            advice += " (of the float source; int8 ranges are the file's)"
    elif not is_float and _has_one_scale(model, worst.name):
        advice = "its weights have one scale: quantize the source per channel"
    elif worst.name == "input":
        advice = (
            "its features have different units: scale them alike before training, each to mean 0 "
            "and deviation 1"
        )
    else:
        advice = (
            "its weights, or what it reads, have values of very different sizes: train the source "
            "with weight decay, or calibrate with more samples"
        )
    return f"{text}{worst.name} loses most: {advice}"


def _worst(model: ModelFile, layers: list[LayerRow]) -> int:
    """The tensor in front of which least was lost, and most behind."""
    ratios = [np.nan_to_num(min(row.signal_to_noise, EXACT), nan=EXACT) for row in layers]
    losses = [EXACT - ratios[0]]
    for i in range(len(model.layers)):
        losses.append(min(ratios[tensor] for tensor in model.inputs_of(i)) - ratios[i + 1])
    low = [i for i, ratio in enumerate(ratios) if ratio < LOW_DECIBELS]
    return max(low, key=lambda i: losses[i])


def _has_one_scale(model: ModelFile, name: str) -> bool:
    for record in model.layers:
        if record.name == name and record.weight_scales is not None:
            return len(record.weight_scales) > 1 and bool(np.ptp(record.weight_scales) == 0)
    return False
