"""Whether a model fits a board: RAM and flash that it takes with the module, and what is there."""

from __future__ import annotations

from dataclasses import dataclass

from fqt.boards.cost import module_bytes
from fqt.boards.table import Board
from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER, MASTERS
from fqt.run import core


@dataclass(frozen=True)
class Memory:
    """Bytes. model: tables and arena of a model that is loaded from a file; module: what `import
    fqt` takes; ram: what the board has for both, at most where ram_is_most; block: the longest
    part of it, None where it is one. None: unknown."""

    master: int
    model: int
    module: int
    ram: int | None
    ram_is_most: bool
    block: int | None
    files: int
    flash: int | None

    @property
    def left(self) -> int | None:
        """Of RAM, or of its longest block where that is less; negative: so many are lacking."""
        if self.ram is None:
            return None
        left = self.ram - self.model - self.module
        return left if self.block is None else min(left, self.block - self.model)

    @property
    def flash_left(self) -> int | None:
        return None if self.flash is None else self.flash - self.files

    @property
    def fits(self) -> bool | None:
        """Whether both fit; None where that is unknown."""
        known = [left for left in (self.left, self.flash_left) if left is not None]
        if any(left < 0 for left in known):
            return False
        return True if self.left is not None else None


def memory_of(model: ModelFile, board: Board, master: int = DEFAULT_MASTER) -> Memory:
    data = model.to_bytes()
    module, module_file = module_bytes(model, board.architecture)
    return Memory(
        master,
        core.Model(data, master).memory,
        module,
        board.ram_bytes,
        board.ram_is_most,
        board.block_bytes,
        len(data) + module_file,
        board.flash_bytes,
    )


def _last_layers(model: ModelFile) -> list[tuple[int, ModelFile]]:
    """The model with only its last N layers with weights training, for each N less than train
    now, the most first."""
    trained = [index for index, layer in enumerate(model.layers) if layer.trainable]
    copies = []
    for keep in range(len(trained) - 1, 0, -1):
        copy = ModelFile.from_bytes(model.to_bytes())
        for index in trained[: len(trained) - keep]:
            copy.layers[index].trainable = False
            copy.layers[index].low_bytes = None
        copies.append((keep, copy))
    return copies


def suggestion(model: ModelFile, board: Board, others: list[Board]) -> str:
    """A line that says how the model may run on the board: which master, what to freeze, or which
    other board has the room. Raises ValueError when the board's RAM is unknown, or no board has
    it."""
    if board.ram_bytes is None:
        raise ValueError(
            f"what RAM {board.name} leaves is unknown: `gc.mem_free()` there tells it"
        )
    masters = [master for master in sorted(MASTERS, reverse=True) if master <= DEFAULT_MASTER]
    for master in masters:
        found = memory_of(model, board, master)
        if found.fits:
            return f"master={master}: {found.model + found.module} of {found.ram} bytes of RAM"
    for keep, copy in _last_layers(model):
        found = memory_of(copy, board, min(MASTERS))
        if found.fits:
            first = next(layer.name for layer in copy.layers if layer.trainable)
            return (
                f"freeze all in front of {first}, so that the last {keep} train, with "
                f"master={found.master}: {found.model + found.module} of {found.ram} bytes of RAM"
            )
    large = [other.key for other in others if memory_of(model, other).fits]
    if not large:
        raise ValueError(f"{model.name} fits none of these boards: let it be smaller")
    return f"another board: {', '.join(large)} (with master={DEFAULT_MASTER})"
