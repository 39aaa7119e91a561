"""The command `fqt experiment`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

from fqt import experiment
from fqt.files import write_whole


def add_experiment(commands) -> None:
    """`experiment` among the commands of argparse."""
    command = commands.add_parser(
        "experiment", help="train a network in several ways, with several seeds, and compare"
    )
    command.add_argument("files", nargs="+", help="TOML files: examples/experiments/ has some")
    command.add_argument("--data", default=".", help="the folder of the data")
    command.add_argument("--output", default="experiments", help="where results are kept")
    place = command.add_mutually_exclusive_group()
    place.add_argument("--jobs", type=int, help="processes at a time; all cores when left out")
    place.add_argument(
        "--on",
        metavar="ADDRESS",
        help="run on the workers of this Dask scheduler: tcp://HOST:PORT",
    )
    command.add_argument(
        "--seeds", type=seeds_of, metavar="FIRST:LAST", help="these seeds, not the file's"
    )
    command.add_argument(
        "--shard",
        type=shard_of,
        metavar="K/N",
        help="run the K-th of N parts only; a call without it collects",
    )
    command.add_argument("--json", help="write all results to this file too")
    command.add_argument(
        "--cycles",
        choices=("m0p", "m3", "m4"),
        help="count what partial updates cost on this core",
    )
    command.add_argument("--plot", action="store_true", help="plot the scores by epoch")
    command.set_defaults(run=run_experiment)


def run_experiment(arguments: argparse.Namespace) -> None:
    experiments = [experiment.read_experiment(path) for path in arguments.files]
    names = [one.name for one in experiments]
    if len(set(names)) != len(names):
        raise ValueError(f"two experiments have the same name: {', '.join(names)}")
    if arguments.cycles and not any(one.transfer for one in experiments):
        raise ValueError(
            "--cycles counts what partial updates of a [transfer] cost: "
            f"{', '.join(arguments.files)} has none"
        )
    if arguments.seeds:
        experiments = [replace(one, seeds=arguments.seeds) for one in experiments]
    data, output = Path(arguments.data), Path(arguments.output)
    if arguments.shard:
        run_shards(arguments, experiments, data, output)
        return
    rows, everything = [], []
    for one in experiments:
        results = experiment.run(one, data, output, arguments.jobs, arguments.on)
        if arguments.cycles and not one.transfer:
            print(f"{one.name}: no [transfer], --cycles counts nothing", file=sys.stderr)
        elif arguments.cycles:
            experiment.add_cycles(one, results, data, output, arguments.cycles)
        everything.append(results)
        rows += experiment.summary(results)
        if arguments.plot:
            experiment.plot(results, output / f"{one.name}.png")
    print(experiment.table(rows))
    if arguments.json:
        text = json.dumps({"rows": rows, "experiments": everything})
        write_whole(arguments.json, lambda file: file.write(text.encode()))


def run_shards(
    arguments: argparse.Namespace,
    experiments: list[experiment.Experiment],
    data: Path,
    output: Path,
) -> None:
    if arguments.json or arguments.plot or arguments.cycles:
        raise ValueError(
            "--shard keeps a part of the results: --json, --plot and --cycles go with the call "
            "without it, which collects all"
        )
    for one in experiments:
        count = experiment.run_shard(
            one, data, output, arguments.jobs, arguments.on, arguments.shard
        )
        print(f"{one.name}: {count} results of this shard are in {output / one.name}")


def seeds_of(text: str) -> tuple[int, ...]:
    """FIRST:LAST, both of them included."""
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", text)
    if match is None or not int(match[1]) <= int(match[2]) < int(match[1]) + 10000:
        raise argparse.ArgumentTypeError(f"FIRST:LAST, as 1:10, not {text!r}")
    return tuple(range(int(match[1]), int(match[2]) + 1))


def shard_of(text: str) -> tuple[int, int]:
    """K/N."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"K/N with K from 1 to N, as 3/10, not {text!r}")
    return int(match[1]), int(match[2])
