"""What `fqt info MODEL --board` says: whether a model fits, what its calls take, how that was
estimated, and a picture of the arena."""

from __future__ import annotations

from dataclasses import asdict

from fqt.boards.cost import Call, Range, calls_of, costs, flash_of, short
from fqt.boards.memory import Memory, memory_of
from fqt.boards.picture import picture
from fqt.boards.table import Board, boards
from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER
from fqt.run.core import Model

COLOURS = {  # of the texts: fqt.terminal
    "head": r"^\S+ on .*$|^board .*$",
    "good": r"(?<=  )yes(?=  )|(?<=: )fits\b",
    "bad": r"(?<=  )no(?:: flash)?(?=  )|does not fit",
}
NAMES = {"predict": "a prediction", "step": "a training step"}


def describe(model: ModelFile, board: Board, master: int = DEFAULT_MASTER) -> dict:
    """All that is told of a board, as plain data; the ranges least, likely, most. None:
    unknown."""
    memory, flash = memory_of(model, board, master), flash_of(model, board)
    counted = costs()["cores"][board.core.counted]
    return {
        "board": asdict(board),
        "memory": asdict(memory)
        | {"left": memory.left, "flash_left": memory.flash_left, "fits": memory.fits},
        "calls": {name: asdict(call) for name, call in calls_of(model, board).items()},
        "frozen_in_flash": None if flash is None else asdict(flash),
        "estimated_from": {"counted": board.core.counted, "ratio": board.core.ratio}
        | {"range": counted["range"], "bus": counted["bus"] if board.core.shares_bus else None},
    }


def text(model: ModelFile, board: Board, master: int = DEFAULT_MASTER) -> str:
    """The same for people, with the picture."""
    memory = memory_of(model, board, master)
    lines = [
        f"{model.name} on {board.name}, {board.core.name} at {board.clock_mhz} MHz, "
        f"module {board.architecture}",
        f"  {_ram(memory)}",
        f"  {_flash(memory)}",
    ]
    for name, call in calls_of(model, board).items():
        energy = "energy unknown" if call.energy is None else f"{call.energy} mJ"
        lines.append(f"  {NAMES[name]}: {call.milliseconds} ms, {energy}")
    flash = flash_of(model, board)
    if flash is not None:
        again = "the first call alone" if flash.stays else "each call: more than the cache has"
        lines.append(
            f"  with the {flash.count:,} bytes of frozen weights left in flash: {again} takes "
            f"{short(flash.milliseconds)} ms more, for each is read once ({board.xip_source})"
        )
    lines += [f"  estimated: {line}" for line in how(board)]
    for what in ("clock", "ram", "flash", "power"):
        source = getattr(board, f"{what}_source")
        lines.append(f"  {what}: {source}" if source else f"  {what}: unknown, no source is known")
    lines += [f"  the arena over a step, master={master}:", picture(Model(model, master))]
    return "\n".join(lines)


def how(board: Board) -> list[str]:
    """How the cycles of a board are estimated, and from where their ranges are."""
    counted = costs()["cores"][board.core.counted]
    networks = len({row["network"] for row in counted["left_out"]})
    spans = ", ".join(
        f"{NAMES[call]} {low - 1:+.0%} to {high - 1:+.0%}"
        for call, (low, high) in counted["range"].items()
    )
    least, likely, most = board.core.ratio
    shared = []
    if board.core.shares_bus:
        shares = ", ".join(
            f"{NAMES[call]} {bus[0] - 1:+.0%} to {bus[2] - 1:+.0%}"
            for call, bus in counted["bus"].items()
        )
        shared = [f"code and data share the bus of one RAM: {shares}"]
    return [
        f"cycles fitted to {networks} networks on `fqt bench --core {board.core.counted}`; each "
        f"estimated from the others, and half as much again: {spans}",
        f"times {likely} ({least} to {most}) for {board.core.name}: {board.core.source}",
        *shared,
    ]


def _ram(memory: Memory) -> str:
    need = f"RAM: {memory.model:,} model (master={memory.master}) + {memory.module:,} module"
    left = memory.left
    if left is None:
        return f"{need}; what the board leaves is unknown: `gc.mem_free()` there tells it"
    there = f"at most {memory.ram:,}" if memory.ram_is_most else f"{memory.ram:,}"
    block = "" if memory.block is None else f", the longest part {memory.block:,}"
    if left < 0:
        return f"{need} of {there} bytes{block}: does not fit, {-left:,} bytes are lacking"
    if memory.ram_is_most:
        end = f"fits if the firmware itself takes at most {left:,}"
    else:
        end = f"fits, {left:,} are left"
    return f"{need} of {there} bytes{block}: {end}"


def _flash(memory: Memory) -> str:
    left = memory.flash_left
    if left is None:
        return f"files: {memory.files:,} bytes; what the board's flash has is unknown"
    end = f"{left:,} bytes are left" if left >= 0 else f"does not fit, {-left:,} are lacking"
    return f"files: {memory.files:,} of {memory.flash:,} bytes: {end}"


def _cells(model: ModelFile, board: Board, master: int) -> list[str]:
    memory = memory_of(model, board, master)
    said = {True: "yes", False: "no", None: "unknown"}[memory.fits]
    if memory.fits and memory.ram_is_most:
        said = "likely"
    if memory.flash_left is not None and memory.flash_left < 0:
        said = "no: flash"
    left = "?" if memory.left is None else f"{memory.left:,}"
    calls = calls_of(model, board)
    cells = [board.key, board.core.name, f"{board.clock_mhz}", said, left]
    for name in NAMES:
        cells += _call_cells(calls.get(name))
    return cells


def _call_cells(call: Call | None) -> list[str]:
    if call is None:
        return ["", ""]
    return [_span(call.milliseconds), "?" if call.energy is None else _span(call.energy)]


def _span(span: Range) -> str:
    return f"{short(span.likely)} ({short(span.least)}-{short(span.most)})"


HEADS = ("board", "core", "MHz", "fits", "RAM left", "predict, ms", "mJ", "step, ms", "mJ")


def table(model: ModelFile, master: int = DEFAULT_MASTER) -> str:
    """A line for each board. fits "likely": unless the firmware takes more than what is left."""
    rows = [list(HEADS), *(_cells(model, board, master) for board in boards().values())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(
        [f"{model.name}, master={master}: estimates and, in brackets, their ranges", *lines]
    )


def markdown(model: ModelFile) -> str:
    """The same as a table of a page."""
    rows = [list(HEADS), ["---"] * len(HEADS)]
    rows += [_cells(model, board, DEFAULT_MASTER) for board in boards().values()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
