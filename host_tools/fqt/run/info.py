"""What a model file holds, and the RAM that it will take: the table of `fqt info`."""

from __future__ import annotations

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER, MASTERS
from fqt.kinds import beyond_common
from fqt.run import core

SHOWN_ROWS = 8  # of a map
COLOURS = {"head": r"^\S+:|^  layer .*$", "good": r"(?<=  )yes$"}  # of the table: fqt.terminal


def describe(model: ModelFile) -> dict:
    """Everything that `fqt info` shows, as plain data. RAM is in bytes, by `master` and by where
    frozen weights lie."""
    file_bytes = model.to_bytes()
    layers = [
        {
            "name": layer.name,
            "kind": layer.kind,
            "activation": layer.activation,
            "output_shape": list(layer.output_shape),
            "parameters": layer.parameters,
            "inputs": list(model.inputs_of(index)),
            "multiply_adds": model.multiply_adds(index),
            "trains": layer.trainable,
        }
        for index, layer in enumerate(model.layers)
    ]
    ram = {
        f"master={master}": {
            "from_file": core.Model(file_bytes, master).memory,
            "from_buffer": core.Model(file_bytes, master, in_place=True).memory,
            "bound": core.Model(file_bytes, master).memory_bound,
        }
        for master in MASTERS
    }
    return {
        "name": model.name,
        "input_shape": list(model.input_shape),
        "input_type": model.input_type,
        "loss": model.loss,
        "input_map": _rows(model.input_map),
        "output_map": _rows(model.output_map),
        "labels": list(model.labels),
        "note": model.note,
        "steps": model.step_count,
        "file_bytes": len(file_bytes),
        "parameters": sum(layer["parameters"] for layer in layers),
        "multiply_adds": sum(layer["multiply_adds"] for layer in layers),
        "layers": layers,
        "ram": ram,
        "beyond_common_module": beyond_common({layer.kind for layer in model.layers}),
    }


def table(model: ModelFile) -> str:
    """The same for people."""
    info = describe(model)
    lines = [
        f"{info['name']}: input {_shape(info['input_shape'])} "
        f"{info['input_type']}, {info['file_bytes']} bytes on disk, "
        f"{info['loss']}, {info['steps']} training steps",
        f"  {'layer':16} {'kind':22} {'output':12} "
        f"{'parameters':>10} {'multiply-adds':>13}  trains",
    ]
    for layer in info["layers"]:
        activation = "" if layer["activation"] == "none" else " " + layer["activation"]
        kind = layer["kind"] + activation
        lines.append(
            f"  {layer['name']:16} {kind:22} {_shape(layer['output_shape']):12} "
            f"{layer['parameters']:10d} {layer['multiply_adds']:13d}  "
            f"{'yes' if layer['trains'] else ''}".rstrip()
        )
    lines.append(
        f"  {'total':16} {'':22} {'':12} {info['parameters']:10d} {info['multiply_adds']:13d}"
    )
    for what, rows in (("input", info["input_map"]), ("outputs", info["output_map"])):
        if rows is not None:
            lines.append(f"  {what} in units of the user's: {_units(rows)}")
    if any(info["labels"]):
        lines.append(f"  labels: {', '.join(info['labels'])}")
    if info["note"]:
        lines.append(f"  note: {info['note']}")
    lacking = info["beyond_common_module"]
    lines.append(
        f"  module: the full one, with {', '.join(lacking)} (`fqt install MODEL` takes it)"
        if lacking
        else "  module: the common one has all of its layer kinds"
    )
    for master, ram in info["ram"].items():
        lines.append(
            f"  RAM with {master}: {ram['from_file']} bytes loaded from a file, "
            f"{ram['from_buffer']} with the file in flash or in a buffer "
            f"(from a file, no layout takes less than {ram['bound']})"
        )
    return "\n".join(lines)


def suggestion(model: ModelFile, ram_bytes: int) -> str:
    """A line that says which `master` to take where a model loaded from a file may take so many
    bytes of RAM: the default where it fits, since more bits gain little (docs/accuracy.md); else
    fewer. Raises ValueError when none fits."""
    data = model.to_bytes()
    needed = {master: core.Model(data, master).memory for master in MASTERS}
    for master in sorted(MASTERS, reverse=True):
        if master <= DEFAULT_MASTER and needed[master] <= ram_bytes:
            return f"master={master}: {needed[master]} of {ram_bytes} bytes"
    least = needed[min(MASTERS)]
    raise ValueError(
        f"{model.name} takes {least} bytes with master={min(MASTERS)}, {ram_bytes} are there: let "
        "fewer layers train, or keep the file in flash (ROMFS), where frozen layers stay"
    )


def _rows(rows: np.ndarray | None) -> list[list[float]] | None:
    return None if rows is None else [[float(f"{number:.9g}") for number in row] for row in rows]


def _units(rows: list[list[float]]) -> str:
    """A map: "1013 +- 9.5" for each channel or output, of many the first ones."""
    said = [f"{offset:.4g} +- {scale:.4g}" for offset, scale in rows[:SHOWN_ROWS]]
    more = f", and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return ", ".join(said) + more


def _shape(shape) -> str:
    return "x".join(str(int(extent)) for extent in np.atleast_1d(shape))
