"""The command `fqt`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from fqt import places
from fqt.boards.command import add_info
from fqt.desk import demo, doctor, micropython, stubs
from fqt.device import bench, sweep
from fqt.device.deploy import deploy
from fqt.device.install import install, needs_full
from fqt.errors import one_line, told
from fqt.experiment.command import add_experiment
from fqt.experiment.trained_networks import all_trained
from fqt.file.layout import LOSSES
from fqt.file.model_file import ModelFile
from fqt.files import check_places, write_all
from fqt.importers.calibration import read_samples
from fqt.importers.convert import Wishes, convert_and_compare
from fqt.importers.report_page import page
from fqt.inputs import MASTERS
from fqt.run import info
from fqt.samples import description, sources
from fqt.terminal import add_json, painted, show
from fqt.trainer.command import add_commands, share_of
from fqt.trainer.timing import times_on
from fqt.trainer.where import HELP, place_of
from fqt.version import __version__

STOPPED = 130  # the exit code after Ctrl-C, as shells have it
UNREAD = 141  # and where nobody reads what is printed, as `fqt info MODEL | head`


def run_convert(arguments: argparse.Namespace) -> None:
    output = arguments.output or f"{Path(arguments.source).stem}.fqt"
    data = [arguments.calibrate] if arguments.calibrate else []
    pages = [arguments.report] if arguments.report else []
    check_places([output, *pages], [arguments.source, *data])
    wishes = Wishes(
        arguments.trainable,
        arguments.loss,
        arguments.labels.split(",") if arguments.labels else (),
        arguments.note,
        arguments.trust,
        arguments.percentile,
        arguments.force,
    )
    samples = read_samples(arguments.calibrate) if data else None
    model, report = convert_and_compare(arguments.source, samples, wishes, arguments.calibrate)
    described = info.table(model)
    write_all({output: model.to_bytes(), **{path: page(report).encode() for path in pages}})
    show(
        arguments.json,
        lambda: {"file": output, "model": info.describe(model), "report": report.described()},
        lambda: f"{output}: {report.network}\n{described}\n{report.text()}",
        head=rf"{info.COLOURS['head']}|^report:|^  int8 against float .*$",
        good=rf"{info.COLOURS['good']}|^  nothing was found wrong$",
    )


def run_bench(arguments: argparse.Namespace) -> None:
    if arguments.file and arguments.data:
        raise ValueError("--data trains the reference networks: leave out the file")
    if arguments.file is None and arguments.on:
        raise ValueError("--on measures one model: name its file")
    if arguments.on:
        model = ModelFile.read(arguments.file)
        times = times_on(place_of(arguments.on), model, arguments.master)
        show(arguments.json, times.described, lambda: str(times))
        return
    if arguments.file is None:
        trained = all_trained(Path(arguments.data)) if arguments.data else []
        rows = bench.bench_all(Path(arguments.output), trained)
    else:
        model = ModelFile.read(arguments.file)
        rows = bench.measure(model, arguments.core, arguments.master)
    show(
        arguments.json,
        lambda: [asdict(row) for row in rows],
        lambda: bench.table(rows),
        head=r"^\S+ on .*$|^ +multiply-adds .*$",
    )


def run_sweep(arguments: argparse.Namespace) -> None:
    points = sweep.sweep()
    sweep.write(points, Path(arguments.output))
    if arguments.plot:
        sweep.plot(points, Path(arguments.plot))
    print(sweep.table(points))


def run_data(arguments: argparse.Namespace) -> None:
    outputs = [path for path in (arguments.output, arguments.test) if path]
    check_places(outputs, arguments.sources)
    samples = sources.read_all(arguments.sources, arguments.window)
    show(
        arguments.json,
        lambda: description.describe(samples),
        lambda: description.text(samples),
        head=r"^\d+ samples .*$",
    )
    if arguments.split and not (arguments.output and arguments.test):
        raise ValueError("--split SHARE writes the rest to -o FILE, and the share to --test FILE")
    if arguments.split:
        samples, test = sources.split(samples, arguments.split)
        sources.write_samples(arguments.test, test)
    if arguments.output:
        sources.write_samples(arguments.output, samples)


def run_install(arguments: argparse.Namespace) -> None:
    models = [ModelFile.read(path) for path in arguments.models]
    print(install(Path(arguments.dist), arguments.port, needs_full(models)))


def run_deploy(arguments: argparse.Namespace) -> None:
    for line in deploy(
        Path(arguments.model), Path(arguments.dist), arguments.port, arguments.force
    ):
        print(line, flush=True)


def run_demo(arguments: argparse.Namespace) -> None:
    options = {
        "--output": arguments.output,
        "--picture": arguments.picture,
        "--micropython": arguments.micropython,
    }
    given = [part for pair in options.items() if pair[1] for part in pair]
    demo.run_demo([*given, "--float"] if arguments.float else given)


def run_repl(arguments: argparse.Namespace) -> None:
    if code := micropython.prompt(Path(arguments.folder)):
        raise RuntimeError(f"MicroPython ended with exit code {code}")


def run_stub(arguments: argparse.Namespace) -> None:
    print(stubs.write_stub(Path(arguments.folder)))


def run_doctor(arguments: argparse.Namespace) -> None:
    findings = []
    for finding in doctor.examine(arguments.port):
        findings.append(finding)
        if not arguments.json:
            print(painted(str(finding), sys.stdout, head=r"^\S[^ ]*(?: \S+)*(?= )"), flush=True)
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    if wrong := sum(bool(finding.wrong) for finding in findings):
        raise RuntimeError(f"{wrong} of these do not fit: the lines with !")


class Parser(argparse.ArgumentParser):
    """One that tells a wrong call in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)}: see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    root = Parser(
        prog="fqt", description="Quantized training on microcontrollers: the host's side."
    )
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(dest="command", required=True)
    add_info(commands)
    command = commands.add_parser(
        "convert", help="make a model file of another tool's network (docs/importing.md)"
    )
    command.add_argument(
        "source", help="a .tflite, .onnx or .pt2 file, or scikit-learn's .skops or .joblib"
    )
    command.add_argument(
        "--calibrate",
        metavar="DATA.npz",
        help="samples for the ranges of a float32 network, and for the report: its only array, or "
        "x, or x_train",
    )
    command.add_argument(
        "--percentile",
        type=float,
        default=100.0,
        metavar="P",
        help="ranges hold so many percent of the calibration data's values at each end, 100: all",
    )
    command.add_argument("--report", metavar="FILE.html", help="the report as a page, too")
    command.add_argument(
        "--force",
        action="store_true",
        help="write a network that has nothing in common with its source, too",
    )
    command.add_argument(
        "--trainable",
        help="what trains on the device: last:N layers with weights, all, none, or names with "
        "commas between; the last two when left out",
    )
    command.add_argument(
        "--loss", choices=LOSSES, help="not the one that the network's last function says"
    )
    command.add_argument("--labels", help="a name for each output, with commas between")
    command.add_argument("--note", default="", help="what else the model's users should know")
    command.add_argument(
        "--trust",
        action="store_true",
        help="load a pickle (.joblib, .pkl, .pt2) or unknown types: may run their maker's code",
    )
    command.add_argument("-o", "--output", help="the model file; SOURCE.fqt here when left out")
    add_json(command)
    command.set_defaults(run=run_convert)
    command = commands.add_parser(
        "bench",
        help="count instructions and cycles on an emulated core, or measure times on a board",
    )
    command.add_argument("file", nargs="?", help="a model file; without: all reference networks")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--core", choices=bench.CORES, default="m4")
    where.add_argument(
        "--on", metavar="PLACE", help="measure milliseconds there, by its own clock: " + HELP
    )
    command.add_argument("--master", type=int, choices=MASTERS, default=8)
    command.add_argument("--output", default="bench.json", help="where all rows go, as JSON")
    command.add_argument(
        "--data", metavar="FOLDER", help="all reference networks also trained, on the data there"
    )
    add_json(command)
    command.set_defaults(run=run_bench)
    command = commands.add_parser(
        "sweep", help="how the cost of a step grows with width, depth and input size"
    )
    command.add_argument("--output", default="sweep.json", help="where the points go, as JSON")
    command.add_argument("--plot", help="plot them to this PNG file")
    command.set_defaults(run=run_sweep)
    add_experiment(commands)
    command = commands.add_parser(
        "data", help="show samples, put files of them together, split them (docs/data_files.md)"
    )
    command.add_argument(
        "sources",
        nargs="+",
        help="a device's recording (.fqd), .npz, .csv, or a folder with one for each class",
    )
    command.add_argument("-o", "--output", help="write them to this .fqd or .npz file")
    command.add_argument("--split", type=share_of, metavar="SHARE", help="put a share aside")
    command.add_argument("--test", help="the file for the share")
    command.add_argument(
        "--window", type=int, default=0, help="values of a sound that make a sample"
    )
    add_json(command)
    command.set_defaults(run=run_data)
    add_commands(commands)
    command = commands.add_parser("install", help="put the module that fits onto a board")
    command.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="model files that will run there: the full module where one needs it, else the "
        "common one; they are not copied",
    )
    add_board(command)
    command.set_defaults(run=run_install)
    command = commands.add_parser(
        "deploy", help="put a model and the module that it needs onto a board, and try it there"
    )
    command.add_argument("model", help="a model file")
    add_board(command)
    command.add_argument(
        "--force",
        action="store_true",
        help="overwrite another model of that name on the board, or one that it trained; copy one "
        "that takes more RAM than it has",
    )
    command.set_defaults(run=run_deploy)
    command = commands.add_parser(
        "demo", help="a network learns rotated digits in 8-bit integers, here (seconds)"
    )
    command.add_argument("--output", help="the folder for its files; fqt_demo when left out")
    command.add_argument("--picture", help="the picture; OUTPUT/demo.png when left out")
    command.add_argument(
        "--micropython", help="a MicroPython to train under too; `micropython` when left out"
    )
    command.add_argument(
        "--float",
        action="store_true",
        help="train in float32 too: the networks that it begins with, and to compare",
    )
    command.set_defaults(run=run_demo)
    command = commands.add_parser(
        "repl", help="MicroPython's prompt on this machine, where `import fqt` works"
    )
    command.add_argument("folder", nargs="?", default=".", help="where it starts; here")
    command.set_defaults(run=run_repl)
    command = commands.add_parser(
        "stub", help="the device's interface, for editors: FOLDER/typings/fqt.pyi"
    )
    command.add_argument("folder", nargs="?", default=".", help="the device's project")
    command.set_defaults(run=run_stub)
    command = commands.add_parser(
        "doctor", help="what is installed here and on a board, and what does not fit together"
    )
    command.add_argument("--port", help="the board's serial port; without: this machine alone")
    add_json(command)
    command.set_defaults(run=run_doctor)
    return root


def add_board(command: argparse.ArgumentParser) -> None:
    """Which board, and the modules for it."""
    command.add_argument("--port", help="the board's serial port; without: the first one found")
    command.add_argument(
        "--dist",
        default=str(places.modules()),
        help="the folder of modules; those of this package, or what `make dist` wrote",
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; give the exit code. Expected errors are one line on standard error. Where
    nobody reads what it prints any more, it ends without a word."""
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()  # also what --help printed
    except BrokenPipeError:
        # What is still to be written, when Python ends, goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


def _run(argv: list[str] | None) -> int:
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except BrokenPipeError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        print(f"fqt {arguments.command}: {told(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"fqt {arguments.command}: stopped", file=sys.stderr)
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
