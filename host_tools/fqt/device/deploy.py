"""`fqt deploy`: a model on a board, with the module that it needs, and a prediction there that has
the desk's bits.

What is copied is what differs, each file whole or not at all (session.py). A model that the board
trained further is not overwritten.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np

from fqt.boards.cost import module_bytes
from fqt.device.install import (
    DEVICE_SCRIPT,
    QUESTION,
    Loader,
    digest_of,
    install,
    loader_of,
    module_for,
    needs_full,
)
from fqt.device.session import Session
from fqt.file.layout import HEADER, IDENTITY, MAGIC, STEP_COUNT
from fqt.file.model_file import ModelFile
from fqt.run import core

SAMPLE_FACTOR = 37  # element i of the sample is i * 37 modulo 256
LEAST_ROOM_LEFT = 4096  # bytes of flash, for the file system's own


def deploy(path: Path, dist: Path, port: str | None = None, force: bool = False) -> list[str]:
    """Put a model and its module onto a board, and predict there; return what was done, and what
    to type next. port: mpremote's name of the board; None: the first that it finds. force:
    overwrite another model of that name, also one that the board trained, and copy one that the
    board has too little RAM for.

    Raises ValueError, and OSError that says what to do; each file on the board is the old one or
    the new one then.
    """
    model = ModelFile.read(path)
    full = needs_full([model])
    loader = None
    if not force:
        with Session(port) as board:
            loader = check_room(board, path, model, dist, full)
    said = [install(dist, port, full, loader)]
    with Session(port) as board:
        board.run(DEVICE_SCRIPT.read_text())
        place, has_come = _put_model(board, path, model, force)
        said.append(f"{path.name} is on the board as {place}" + ("" if has_come else " already"))
        said.append(_check_prediction(board, model, place))
    connect = f"mpremote connect {port}" if port else "mpremote"
    said.append(f"next: `{connect}`, and at its prompt:")
    said += [
        "    import fqt",
        f"    net = fqt.Model({place!r})",
        "    print(net)",
    ]
    return said


def check_room(board: Session, path: Path, model: ModelFile, dist: Path, full: bool) -> Loader:
    """Returns what the board loads; raises OSError where it lacks RAM for the module and the
    model. Nothing is written."""
    loader = loader_of(board.run(QUESTION))
    module = module_for(loader, dist, full)
    beside, _ = module_bytes(model, loader.architecture)
    board.run(DEVICE_SCRIPT.read_text())
    answer = board.run(f"tell_room({module.name!r}, {digest_of(module)!r}, {beside})")
    needed, room = core.Model(model).memory, room_of(answer)
    if room < needed:
        raise OSError(
            f"{path.name} takes {needed} bytes of RAM in one piece, {needed - room} more than the "
            f"board has beside fqt, so that nothing was copied: `fqt info FILE --suggest {room}` "
            "says what fits, --force copies it all the same"
        )
    return loader


def room_of(answer: str) -> int:
    """Understand what tell_room() printed: bytes that are free beside the module, in one piece as
    far as the board tells that. Raises OSError."""
    found = re.search(r"fqt room (-?\d+) (\d+)", answer)
    if not found:
        raise OSError(f"the board cannot tell its RAM: {answer.strip()[-200:]}")
    free, block = int(found[1]), int(found[2])
    longest = re.search(r"max free sz: (\d+)", answer)
    return max(0, min(free, int(longest[1]) * block) if longest else free)


def _put_model(board: Session, path: Path, model: ModelFile, force: bool) -> tuple[str, bool]:
    """(its path on the board, whether it had to be copied)"""
    answer = board.run(f"look_at({path.name!r})")
    found = re.search(r"fqt model (.*)", answer)
    if not found:
        raise OSError(f"the board cannot tell its files: {answer.strip()[-200:]}")
    place, digest, head, free = ast.literal_eval(found[1].strip())
    if digest == digest_of(path):
        return place, False
    if head and not force:
        check_overwriting(head, model, place)
    size = path.stat().st_size
    if free is not None and free < size + LEAST_ROOM_LEFT:
        raise OSError(
            f"the model takes {size} bytes of flash, {free} are free: remove what is not needed "
            "(`mpremote fs tree`, `mpremote rm :FILE`)"
        )
    board.put(place, path.read_bytes())
    return place, True


def check_overwriting(head: bytes, model: ModelFile, place: str) -> None:
    """Raises ValueError where the file on the board, of which these are the first 64 bytes, holds
    what is nowhere else, as far as one can tell: the same model, trained further, or another
    one."""
    remedy = f"`mpremote cp :{place} .` fetches it, --force overwrites it"
    if len(head) < HEADER.size or head[:4] != MAGIC:
        raise ValueError(f"{place} on the board is no model: rename yours, or --force")
    there, here = HEADER.unpack_from(head), HEADER.unpack_from(model.to_bytes())
    if there[IDENTITY] != here[IDENTITY]:
        raise ValueError(f"{place} on the board is another model: {remedy}")
    if there[STEP_COUNT] > here[STEP_COUNT]:
        raise ValueError(
            f"{place} on the board has trained further ({there[STEP_COUNT]} steps, "
            f"this file {here[STEP_COUNT]}): {remedy}"
        )


def _check_prediction(board: Session, model: ModelFile, place: str) -> str:
    """Predict on the board; a line about it. Raises OSError when it lacks RAM, or gives other
    bits than the desk."""
    elements = int(np.prod(model.input_shape))
    code = "B" if model.input_type == "uint8" else "b"
    answer = board.run(f"try_model({place!r}, {code!r}, {elements}, {SAMPLE_FACTOR})")
    memory = re.search(r"fqt memory (\d+)", answer)
    if memory:
        raise OSError(
            f"{place} is on the board, but takes {core.Model(model).memory} bytes of RAM in one "
            f"piece, and {memory[1]} are free: `fqt info FILE --suggest {memory[1]}` says what "
            "fits"
        )
    found = re.search(r"fqt scores (\S+) (\d+) (\d+)", answer)
    if not found:
        last = answer.strip().splitlines()[-1:]
        raise OSError(f"{place} is on the board, but does not run: {' '.join(last)}")
    wanted = expected_scores(model)
    if bytes.fromhex(found[1]) != wanted:
        raise OSError(
            f"{place} gives other numbers on the board than here: `fqt doctor` says whether the "
            "versions fit"
        )
    return (
        f"a prediction there has the bits of the desk's; RAM {found[2]} of {found[3]} bytes that "
        "are free"
    )


def expected_scores(model: ModelFile) -> bytes:
    """What the board should tell of the sample: float32 [outputs]."""
    elements = np.arange(int(np.prod(model.input_shape))) * SAMPLE_FACTOR & 255
    sample = elements.astype(np.uint8).view(model.input_type).reshape(model.input_shape)
    return np.array(core.Model(model).scores(sample), "<f4").tobytes()
