"""PAD as part of the window that reads it."""

from __future__ import annotations

from fqt.importers.graph import Graph, Operation, refuse
from fqt.importers.passes.edits import change, remove


def fold_padding(graph: Graph) -> None:
    """Raises ValueError for padding that no window takes."""
    for output in [one.output for one in graph.operations if one.kind == "pad"]:
        operation = graph.maker(output)
        assert operation is not None
        rows = operation.attributes["padding"]
        if any(any(row) for row in rows):
            _fold(graph, operation, _sides(graph, operation))
        remove(graph, operation)


def _sides(graph: Graph, operation: Operation) -> tuple[int, ...]:
    """(top, bottom, left, right)."""
    rows = operation.attributes["padding"]
    spatial = (2, 3) if graph.channels_first else (1, 2)
    padded = {axis for axis, row in enumerate(rows) if any(row)}
    if len(rows) != 4 or not padded <= set(spatial):
        refuse(
            operation.place,
            f"it pads axes {sorted(padded)} of {len(rows)}",
            "windows pad the height and the width of images",
        )
    return (*rows[spatial[0]], *rows[spatial[1]])


def _fold(graph: Graph, operation: Operation, sides: tuple[int, ...]) -> None:
    readers = graph.readers(operation.output)
    for reader in readers:
        is_max_pool = reader.kind == "max_pool" and _is_not_negative(graph, operation)
        if reader.kind != "convolution" and not is_max_pool:
            refuse(
                operation.place,
                f"its zeros are read by {reader.place}",
                "a convolution can read padding, and max pooling behind a ReLU",
            )
        both = zip(reader.attributes["padding"], sides, strict=True)
        change(graph, reader, padding=tuple(own + side for own, side in both))


def _is_not_negative(graph: Graph, operation: Operation) -> bool:
    """Whether zeros change no maximum."""
    quantization = graph.tensors[operation.inputs[0]].quantization
    if quantization is not None:
        return bool((quantization.zero_points == -128).all())
    maker = graph.maker(operation.inputs[0])
    return maker is not None and maker.attributes.get("activation", "none") != "none"
