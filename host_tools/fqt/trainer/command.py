"""The commands `fqt train` and `fqt eval`."""

from __future__ import annotations

import argparse
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

from fqt.errors import of_file
from fqt.file.model_file import ModelFile
from fqt.files import check_places, write_bytes
from fqt.inputs import DEFAULT_MASTER, MASTERS
from fqt.options import Options
from fqt.plotting import pyplot
from fqt.samples import sources
from fqt.terminal import add_json, show
from fqt.train.schedules import SCHEDULES
from fqt.trainer import kept, report
from fqt.trainer.display import Display, duration
from fqt.trainer.job import Job, job_data
from fqt.trainer.run import Interruption, Result, train
from fqt.trainer.score import Score, confusion_text, gives, score_in_core, score_of
from fqt.trainer.where import HELP, place_of


def run_train(arguments: argparse.Namespace) -> None:
    output = Path(arguments.output or Path(arguments.model).stem + ".trained.fqt")
    pages = [path for path in (arguments.report, arguments.picture) if path]
    check_places(
        [output, *pages], [*arguments.data, *([arguments.test] if arguments.test else [])]
    )
    model = ModelFile.read(arguments.model)
    samples = sources.read_all(arguments.data, arguments.window)
    test = None
    if arguments.test and arguments.split:
        raise ValueError("--test FILE or --split SHARE, not both")
    if arguments.test:
        test = sources.read_all([arguments.test], arguments.window)
    elif arguments.split:
        samples, test = sources.split(samples, arguments.split)
    with of_file(*arguments.data):
        x, y = job_data(model, samples, arguments.reconstruct)
    job = Job(
        model,
        x,
        y,
        arguments.master,
        arguments.batch,
        arguments.epochs,
        arguments.lr,
        arguments.schedule,
        arguments.seed,
        Options(
            arguments.update_rate,
            arguments.standardize,
            arguments.weight_decay,
            arguments.sample_updates,
        ),
        keeps_epochs=test is not None,
    )
    test_job = None
    if test is not None:
        with of_file(arguments.test or arguments.data[0]):
            x, y = job_data(model, test, arguments.reconstruct)
        test_job = replace(job, x=x, y=y)
    if arguments.report or arguments.picture:
        pyplot()  # raises before anything is trained
    place = place_of(arguments.on)
    stop = Interruption()
    usual = signal.signal(signal.SIGINT, stop)
    try:
        result = train(
            job,
            place,
            output,
            test_job,
            Display(place.name, sys.stderr if arguments.json else sys.stdout),
            lambda: stop.has_come,
            arguments.resume,
        )
    finally:
        signal.signal(signal.SIGINT, usual)
    if arguments.picture:
        write_bytes(arguments.picture, report.picture(result, job, test_job))
    if arguments.report:
        write_bytes(arguments.report, report.page(result, job, test_job, place.name).encode())
    show(
        arguments.json,
        lambda: _described(result, place.name),
        lambda: _summary(result, output),
        head=f"^{re.escape(str(output))}:",
    )


def _summary(result: Result, output: Path) -> str:
    said = [f"{result.model.step_count} steps of training, {duration(result.seconds)}"]
    if result.after and result.before:
        said.append(f"{result.after} of the test samples, before: {result.before}")
    stopped = ""
    if not result.is_whole:
        stopped = f"\nstopped; {kept.path_of(output)} has what --resume goes on from"
    return f"{output}: {'; '.join(said)}{stopped}"


def _described(result: Result, place: str) -> dict:
    return {
        "on": place,
        "seconds": round(result.seconds, 3),
        "whole": result.is_whole,
        "before": result.before and result.before.value,
        "after": result.after and result.after.value,
        "score": result.after and result.after.name,
        "epochs": [vars(epoch) for epoch in result.epochs],
    }


def run_eval(arguments: argparse.Namespace) -> None:
    model = ModelFile.read(arguments.model)
    samples = sources.read_all(arguments.data, arguments.window)
    with of_file(*arguments.data):
        job = Job(model, *job_data(model, samples, arguments.reconstruct))
    place = place_of(arguments.on)
    milliseconds = None
    if arguments.on == "core":
        score = score_in_core(job)
    else:
        found, milliseconds = place.outputs(job, gives(job))
        score = score_of(job, found)
    described = {"on": place.name, "samples": len(job.x), "score": score.name}
    described |= {"value": score.value, "milliseconds": milliseconds}
    if score.has_classes:
        described["confusion"] = score.confusion().tolist()
    show(
        arguments.json,
        lambda: described,
        lambda: _evaluated(score, model, place.name, milliseconds),
        head=r"^(?:accuracy|R2|loss) \S+(?: %)?|^is \\ seen as.*$",
    )


def _evaluated(score: Score, model: ModelFile, place: str, milliseconds: float | None) -> str:
    text = f"{score} of {len(score.predictions)} {score.of}, on {place}"
    if milliseconds is not None:
        text += f", {milliseconds:.3g} ms a sample"
    if score.has_classes:
        text += "\n" + confusion_text(score, model.labels)
    return text


def add_commands(commands) -> None:
    """`train` and `eval` among the commands of argparse."""
    command = commands.add_parser(
        "train", help="train a model file on samples: here, under MicroPython, on a board"
    )
    _add_what_both_have(command)
    command.add_argument(
        "-o", "--output", help="the trained model; MODEL.trained.fqt here when left out"
    )
    command.add_argument("--test", metavar="DATA", help="samples that the score is told of")
    command.add_argument(
        "--split", type=share_of, metavar="SHARE", help="put a share of DATA aside as --test"
    )
    command.add_argument("--epochs", type=int, default=10)
    command.add_argument("--lr", type=float, default=0.01, help="the learning rate; 0.01")
    command.add_argument(
        "--schedule", choices=SCHEDULES, default="linear", help="how it falls; linear"
    )
    command.add_argument("--seed", type=int, default=1, help="of the order of samples; 1")
    command.add_argument("--master", type=int, choices=MASTERS, default=DEFAULT_MASTER)
    command.add_argument("--batch", type=int, default=1, help="samples of a mini-batch; 1")
    command.add_argument(
        "--update-rate", type=float, default=1.0, metavar="SHARE", help="partial updates; 1: all"
    )
    command.add_argument("--sample-updates", action="store_true", help="draw what they update")
    command.add_argument("--standardize", action="store_true", help="standardize gradients")
    command.add_argument("--weight-decay", type=float, default=0.0)
    command.add_argument(
        "--resume", action="store_true", help="go on with the run to OUTPUT that did not end"
    )
    command.add_argument(
        "--report", metavar="FILE.html", help="a page: curves, confusion, wrong samples, layers"
    )
    command.add_argument("--picture", metavar="FILE.png", help="the same as a picture")
    command.set_defaults(run=run_train)
    command = commands.add_parser(
        "eval", help="how good a model file is on samples: here, under MicroPython, on a board"
    )
    _add_what_both_have(command)
    command.set_defaults(run=run_eval)


def _add_what_both_have(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", help="a model file")
    command.add_argument("data", nargs="+", help="samples, as `fqt data` reads them")
    command.add_argument("--on", default="core", metavar="PLACE", help=f"{HELP}; core")
    command.add_argument(
        "--window", type=int, default=0, help="values of a sound that make a sample"
    )
    command.add_argument(
        "--reconstruct",
        action="store_true",
        help="the input is the target (an autoencoder); labels do not count",
    )
    add_json(command)


def share_of(text: str) -> float:
    """Between 0 and 1."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"a number between 0 and 1, not {text!r}")
    return share
