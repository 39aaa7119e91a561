"""The command `fqt info`: a model file, and with --board what it takes on a board."""

from __future__ import annotations

import argparse
import json

from fqt.boards import memory, report
from fqt.boards.table import board_of, boards
from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER, MASTERS
from fqt.run import info

ALL = "all"


def add_info(commands) -> None:
    command = commands.add_parser(
        "info", help="show a model file: layers, parameters, RAM on the device, what boards fit"
    )
    command.add_argument("file", help="a model file")
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
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
    model = ModelFile.read(arguments.file)
    if arguments.suggest is not None:
        print(_suggestion(model, arguments.suggest))
    elif arguments.board is None:
        print(json.dumps(info.describe(model), indent=2) if arguments.json else info.table(model))
    elif arguments.json:
        chosen = boards().values() if arguments.board == ALL else [board_of(arguments.board)]
        found = [report.describe(model, board, arguments.master) for board in chosen]
        print(json.dumps(found if arguments.board == ALL else found[0], indent=2))
    elif arguments.board == ALL:
        print(report.table(model, arguments.master))
    else:
        print(report.text(model, board_of(arguments.board), arguments.master))


def _suggestion(model: ModelFile, wanted: str) -> str:
    if wanted.isdigit():
        return info.suggestion(model, int(wanted))
    return memory.suggestion(model, board_of(wanted), list(boards().values()))
