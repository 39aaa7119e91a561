"""The command `fqt info`: a model file, and with --board what it takes on a board."""

from __future__ import annotations

import argparse

from fqt.boards import memory, report
from fqt.boards.table import board_of, boards
from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER, MASTERS
from fqt.run import info
from fqt.terminal import add_json, show

ALL = "all"


def add_info(commands) -> None:
    command = commands.add_parser(
        "info", help="show a model file: layers, parameters, RAM on the device, what boards fit"
    )
    command.add_argument("file", help="a model file")
    add_json(command)
    command.add_argument(
        "--board",
        metavar="NAME",
        help="whether it fits this board, and what a step takes there: all, or one of "
        + ", ".join(boards()),
    )
    command.add_argument(
        "--master", type=int, choices=MASTERS, default=DEFAULT_MASTER, help="with --board NAME"
    )
    command.add_argument(
        "--suggest",
        metavar="BYTES|BOARD",
        help="say which master to take where the model may take so much RAM, or how it may run on "
        "that board",
    )
    command.set_defaults(run=run_info)


def run_info(arguments: argparse.Namespace) -> None:
    model, master = ModelFile.read(arguments.file), arguments.master
    if arguments.suggest is not None:
        said = _suggestion(model, arguments.suggest)
        show(arguments.json, lambda: {"suggestion": said}, lambda: said)
    elif arguments.board is None:
        show(
            arguments.json, lambda: info.describe(model), lambda: info.table(model), **info.COLOURS
        )
    elif arguments.board == ALL:
        show(
            arguments.json,
            lambda: [report.describe(model, board, master) for board in boards().values()],
            lambda: report.table(model, master),
            **report.COLOURS,
        )
    else:
        board = board_of(arguments.board)
        show(
            arguments.json,
            lambda: report.describe(model, board, master),
            lambda: report.text(model, board, master),
            **report.COLOURS,
        )


def _suggestion(model: ModelFile, wanted: str) -> str:
    if wanted.isdigit():
        return info.suggestion(model, int(wanted))
    return memory.suggestion(model, board_of(wanted), list(boards().values()))
