"""The command `fqt`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version

from fqt import info
from fqt.model_file import ModelFile


def run_info(arguments: argparse.Namespace) -> None:
    model = ModelFile.read(arguments.file)
    print(json.dumps(info.describe(model), indent=2) if arguments.json else info.table(model))


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="fqt", description="Quantized training on microcontrollers: the host's side."
    )
    root.add_argument("--version", action="version", version=version("fqt-host"))
    commands = root.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "info", help="show a model file: layers, parameters, RAM on the device"
    )
    command.add_argument("file", help="a model file")
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(run=run_info)
    return root


def main(argv: list[str] | None = None) -> int:
    """Run one command; give the exit code. Expected errors are one line on standard error."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (OSError, ValueError) as error:
        print(f"fqt {arguments.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
