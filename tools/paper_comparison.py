#!/usr/bin/env python3
"""Count what the paper that fqt began with measures on its boards (Deutel et al., "On-Device
Training of Fully Quantized Deep Neural Networks on Cortex-M Microcontrollers", 2024), by the same
networks on emulated cores, after int8 training on real data; and what partial updates save of the
backward pass. Writes tables in docs/paper.md.

    tools/paper_comparison.py FOLDER       its cifar10.npz, kws3.npz and fashion_mnist.npz
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tables import ROOT, replace_table

from fqt.device import bench
from fqt.experiment.trained_networks import LESSONS, Lesson, enlarged, taught, trained
from fqt.file.model_file import ModelFile
from fqt.layers import Add, Conv2D, Dense, DepthwiseConv2D, GlobalAveragePool, MaxPool2D
from fqt.layers.layer import Layer
from fqt.options import Options
from fqt.reference.select import share_of
from fqt.reference.turns import ALL_STEPS, EVEN_TURNS, layers_share_of_steps
from fqt.run import core
from fqt.train.sequential import Sequential

PAGE = ROOT / "docs/paper.md"
RATES = (1.0, 0.5, 0.25, 0.1)
CORES = {"m7": "Cortex-M7", "m4": "Cortex-M4F", "m0p": "Cortex-M0+"}
# The paper's boards and their clocks, in MHz: i.MX RT1062, nRF52840, RP2040.
CLOCKS = {"m7": 600, "m4": 64, "m0p": 133}
# Its milliseconds, forward and backward.
EMNIST_MS = {"m7": (1.89, 33.5), "m4": (41.5, 856.0), "m0p": (106.3, 710.8)}
MCUNET_MS = 233.7, 143.9
MCUNET_RAM = 738_000
# MCUNet-5FPS's blocks (Lin et al. 2020, mcunet-5fps_imagenet.json): units, kernel, stride, units
# between, whether a shortcut leads past.
MCUNET_BLOCKS = [
    (8, 3, 1, 16, False),
    (16, 3, 2, 32, False),
    (16, 3, 1, 48, True),
    (24, 7, 2, 48, False),
    (24, 3, 1, 120, True),
    (40, 3, 2, 120, False),
    (40, 7, 1, 160, True),
    (48, 5, 1, 160, False),
    (48, 3, 1, 144, True),
    (48, 3, 1, 192, True),
    (96, 7, 2, 240, False),
    (96, 5, 1, 384, True),
    (96, 5, 1, 384, True),
    (160, 3, 1, 576, False),
]
MCUNET_TRAINS = ("block_13_", "block_14_", "classes")  # of the paper: the last two blocks


def mcunet() -> Sequential:
    """MCUNet-5FPS for images of 128 x 128 and 10 classes, as in the paper: 464,816 weights,
    22.46 million multiply-adds."""
    layers: list[Layer] = [Conv2D(16, 3, 2, 1, "relu6", name="stem")]
    for number, (units, kernel, stride, between, has_shortcut) in enumerate(MCUNET_BLOCKS, 1):
        name, source = f"block_{number}_", layers[-1].name
        if between != 16:  # the first block expands nothing
            layers.append(Conv2D(between, 1, activation="relu6", name=f"{name}expand"))
        layers += [
            DepthwiseConv2D(kernel, stride, kernel // 2, "relu6", name=f"{name}spatial"),
            Conv2D(units, 1, name=f"{name}project"),
        ]
        if has_shortcut:
            layers.append(Add(source, name=f"{name}sum"))
    layers += [GlobalAveragePool(), Dense(10, name="classes")]
    return Sequential(layers, (128, 128, 3), 1, "mcunet_5fps")


def emnist() -> Sequential:
    """The paper's network of four layers, which it trains from random weights."""
    layers: list[Layer] = [
        Conv2D(8, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPool2D(2),
        Dense(64, activation="relu"),
        Dense(10),
    ]
    return Sequential(layers, (28, 28, 1), 1, "emnist")


@dataclass(frozen=True)
class Cost:
    """Cycles of a prediction and of a step, on one core; the RAM that the model took there."""

    predict: int
    step: int
    ram: int

    @property
    def backward(self) -> int:
        return self.step - self.predict


@dataclass(frozen=True)
class Taught:
    model: ModelFile
    samples: bench.RealSamples

    def cost(self, core_name: str, rate: float = 1.0) -> Cost:
        first = next(i for i, layer in enumerate(self.model.layers) if layer.trainable)
        count = EVEN_TURNS if turns(self.model, first, rate) < ALL_STEPS else None
        rows = bench.measure(
            self.model, core_name, 8, Options(rate), self.samples, has_parts=False, count=count
        )
        predict, step = (row.cycles for row in rows)
        return Cost(predict, step, rows[0].ram_bytes)


def mcunet_taught(folder: Path) -> Taught:
    """All of it learns a little, so that it is none of random weights; then only the end trains,
    as the paper's."""
    lesson = Lesson("cifar10", enlarged, steps=800)
    model, samples = taught(mcunet(), lesson, folder)
    for layer in model.layers:
        layer.trainable = layer.has_weights and layer.name.startswith(MCUNET_TRAINS)
    fewer = bench.RealSamples(samples.x[:10], samples.labels[:10])
    return Taught(ModelFile.from_bytes(model.to_bytes()), fewer)


def milliseconds(cycles: int, core_name: str) -> str:
    return f"{cycles / CLOCKS[core_name] / 1000:.1f}"


def backward_work(model: ModelFile, rate: float) -> float:
    """Multiply-adds of a backward pass, zeros and all, in the channels that take part
    (docs/arithmetic.md, section 10), mean over steps: all of the last layer, at least
    LEAST_CHANNELS of others, in steps in which it is their turn."""
    last = len(model.layers) - 1
    passes_on = [False]  # each tensor: whether what made it trains, or something before
    work = 0.0
    for i, layer in enumerate(model.layers):
        inputs = model.inputs_of(i)
        passes_on.append(layer.trainable or any(passes_on[tensor] for tensor in inputs))
        if not layer.has_weights:
            continue
        share = 1.0 if i == last else part_of(layer.output_shape[2], rate)
        of_layer = model.multiply_adds(i) * share
        work += of_layer * layer.trainable * turns(model, i, rate) / ALL_STEPS
        if passes_on[inputs[0]]:
            channels = model.layers[inputs[0] - 1].output_shape[2]
            is_depthwise = layer.kind == "depthwise_conv2d"
            of_input = of_layer * (1.0 if is_depthwise else part_of(channels, rate))
            work += of_input * turns(model, inputs[0] - 1, rate) / ALL_STEPS
    return work


def turns(model: ModelFile, index: int, rate: float) -> int:
    """The share of steps in which layer `index` takes part, Q16."""
    return layers_share_of_steps(model, index, Options(rate).rates_q16[0])


def part_of(channels: int, rate: float) -> float:
    """Of all channels, those that take part."""
    return min(share_of(channels, Options(rate).rates_q16[0]), channels) / channels


def updates_table(costs: dict[tuple[str, str, float], Cost], models: dict[str, ModelFile]) -> str:
    """Backward cycles at each rate, and how many times fewer they are than with all channels; how
    many times fewer multiply-adds there are at the least rate."""
    shares = [f"{100 * rate:g} %" for rate in RATES[1:]]
    lines = [
        f"| network | core | backward, cycles, all channels | {' | '.join(shares)} "
        f"| {' | '.join(f'all / {share}' for share in shares)} "
        f"| multiply-adds: all / {shares[-1]} |",
        "|---" * (4 + 2 * len(shares)) + "|",
    ]
    for name, core_name in dict.fromkeys(key[:2] for key in costs):
        whole, *parts = (costs[name, core_name, rate].backward for rate in RATES)
        cells = [f"{whole:,}", *(f"{part:,}" for part in parts)]
        cells += [f"{whole / part:.2f}" for part in parts]
        work = [backward_work(models[name], rate) for rate in (RATES[0], RATES[-1])]
        cells.append(f"{work[0] / work[1]:.2f}")
        lines.append(f"| {name} | {CORES[core_name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def mcunet_table(costs: dict[str, Cost], model: ModelFile) -> str:
    data = model.to_bytes()
    in_place = core.Model(data, 8, in_place=True).memory
    lines = [
        "| MCUNet-5FPS, the last two blocks train | forward, ms | backward, ms | step, ms | RAM, "
        "bytes |",
        "|---|---|---|---|---|",
        f"| the paper, Cortex-M7 at 600 MHz | {MCUNET_MS[0]} | {MCUNET_MS[1]} "
        f"| {sum(MCUNET_MS):.1f} | {MCUNET_RAM:,} |",
    ]
    ram = f"{in_place:,}; {costs['m7'].ram:,} where the frozen weights are in RAM too"
    ways = [("m7", "m7", ram), ("m4", "m7", ram), ("m4", "m4", ""), ("m0p", "m0p", "")]
    for counted, clocked, memory in ways:
        cost = costs[counted]
        what = f"fqt, {CORES[counted]}, {cost.step:,} cycles, at {CLOCKS[clocked]} MHz"
        if counted != clocked:
            what = f"fqt, were a Cortex-M7 no faster a cycle than a Cortex-M4F ({cost.step:,})"
        times = (
            milliseconds(cycles, clocked) for cycles in (cost.predict, cost.backward, cost.step)
        )
        lines.append(f"| {what} | {' | '.join(times)} | {memory} |")
    return "\n".join(lines)


def emnist_table(costs: dict[str, Cost]) -> str:
    lines = [
        "| network of four layers, all train | the paper: forward, ms | backward | step | fqt: "
        "forward, ms | backward | step | cycles of a step | the paper's step / fqt's |",
        "|---" * 9 + "|",
    ]
    for core_name, cost in costs.items():
        theirs = EMNIST_MS[core_name]
        times = [
            milliseconds(cycles, core_name) for cycles in (cost.predict, cost.backward, cost.step)
        ]
        faster = sum(theirs) * 1000 * CLOCKS[core_name] / cost.step
        lines.append(
            f"| {CORES[core_name]}, {CLOCKS[core_name]} MHz | {theirs[0]} | {theirs[1]} "
            f"| {sum(theirs):.1f} | {' | '.join(times)} | {cost.step:,} | {faster:.1f} |"
        )
    return "\n".join(lines)


def measured(keys: list[tuple], of: Callable[..., Cost]) -> dict:
    """What each key costs, as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(keys, pool.map(lambda key: of(*key), keys), strict=True))


def main(folder: Path) -> None:
    networks = {name: Taught(*trained(name, folder)) for name in ("cnn28", "ds_cnn", "resnet8")}
    networks["MCUNet-5FPS, last two blocks"] = last_blocks = mcunet_taught(folder)
    four_layers = Taught(*taught(emnist(), LESSONS["cnn28"], folder))

    def cost(name: str, core_name: str, rate: float) -> Cost:
        found = networks[name].cost(core_name, rate)
        print(f"{name}, {core_name}, {rate}: {found}", flush=True)
        return found

    keys = [(name, core_name, rate) for name in networks for core_name in CORES for rate in RATES]
    costs = measured(keys, cost)
    models = {name: network.model for name, network in networks.items()}
    replace_table(PAGE, "make paper, partial updates", updates_table(costs, models))
    of_mcunet = {name: costs["MCUNet-5FPS, last two blocks", name, 1.0] for name in CORES}
    replace_table(PAGE, "make paper, MCUNet", mcunet_table(of_mcunet, last_blocks.model))
    of_emnist = measured([(name,) for name in CORES], four_layers.cost)
    table = emnist_table({name: found for (name,), found in of_emnist.items()})
    replace_table(PAGE, "make paper, four layers", table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
