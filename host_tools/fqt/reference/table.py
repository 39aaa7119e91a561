"""An activation function by its table (sections 4 and 6)."""

from __future__ import annotations

import numpy as np

from fqt.file.records import Table
from fqt.reference.fixed import Scale
from fqt.reference.layer import Layer


def _table_of(layer: Layer) -> tuple[Table, np.ndarray]:
    """The table, and where the inputs' entries are, of the input's shape."""
    assert layer.record.table is not None
    return layer.record.table, layer.inputs[0].values.astype(np.int64) + 128


def forward(layer: Layer) -> tuple[np.ndarray, list[Scale]]:
    """x [height][width][channels] -> outputs[x] of that shape"""
    table, places = _table_of(layer)
    return table.outputs[places], [Scale.from_int(1)]


def error(layer: Layer, which: int, errors: np.ndarray) -> tuple[np.ndarray, list[Scale]]:
    """errors [height][width][channels] * derivatives[x]"""
    table, places = _table_of(layer)
    unit = Scale.unpack(layer.output.error_scale) * Scale.unpack(table.scale)
    return errors * table.derivatives[places].astype(np.int64), [unit]
