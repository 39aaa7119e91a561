"""Keras's models, and .keras and .h5 files, by way of ONNX, which Keras writes and onnx.py reads.

Keras 3 runs on TensorFlow, JAX or PyTorch; whichever is installed loads and writes a file. A model
is of the package already.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fqt.errors import said_by
from fqt.files import looks_like, read_whole
from fqt.importers.keras_recurrent import as_operators
from fqt.importers.torch import silence

SUFFIXES = (".keras", ".h5", ".hdf5")
MISSING = "Keras networks need {}: pip install 'fqt-host[keras]'"
BACKENDS = ("tensorflow", "torch", "jax")


def is_keras(source: Any) -> bool:
    """Whether it is a model of Keras. Does not import Keras: who has such an object did."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(source, keras.Model)


def load_model(path: str | os.PathLike, trust: bool = False):
    """The model in a file. trust: also layers that hold Python code (Lambda), which runs. Raises
    OSError, ValueError for a damaged file or one that needs trust, and RuntimeError where Keras or
    what it runs on is missing."""
    data = read_whole(path)
    keras = _keras()
    try:
        with silence():
            return keras.saving.load_model(Path(path), compile=False, safe_mode=not trust)
    except Exception as error:  # of a damaged file anything
        if "safe_mode" in str(error):
            raise ValueError(
                f"{path}: it holds Python code (a Lambda layer), which runs when it is loaded: "
                "trust=True (--trust) when that is yours"
            ) from None
        raise ValueError(
            f"{path}: Keras cannot load it{looks_like(data)} ({said_by(error)}): write it again "
            "with model.save"
        ) from None


def _keras():
    """Keras, on a backend that is there."""
    if "keras" not in sys.modules and "KERAS_BACKEND" not in os.environ:
        there = [name for name in BACKENDS if importlib.util.find_spec(name)]
        if there:
            os.environ["KERAS_BACKEND"] = there[0]
    try:
        with silence():
            import keras
    except ImportError as error:
        raise RuntimeError(MISSING.format(error.name or "keras")) from None
    return keras


def onnx_of(model: Any) -> bytes:
    """An .onnx file of a model. Raises ValueError for one whose input has no fixed shape, that
    Keras cannot write, or that has a layer that no device runs, and RuntimeError where a package
    is missing."""
    inputs = model.inputs if model.built else None
    if not inputs or len(inputs) != 1:
        count = len(inputs) if inputs else "no known"
        raise ValueError(
            f"the network has {count} inputs, a model has one: call it with samples first, or "
            "begin it with keras.Input(shape)"
        )
    shape = tuple(inputs[0].shape[1:])
    if None in shape:
        raise ValueError(
            f"its input has the shape {('batch', *shape)}: build it with fixed numbers behind the "
            "batch, keras.Input(shape)"
        )
    model = as_operators(model)
    try:
        with silence(), tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.onnx")
            model(np.zeros((1, *shape), np.float32))  # Keras exports what was called alone
            model.export(path, format="onnx", verbose=False)
            return path.read_bytes()
    except ImportError as error:
        raise RuntimeError(MISSING.format(error.name or said_by(error))) from None
    except Exception as error:  # Keras's own, and its backend's
        raise ValueError(
            f"Keras cannot write the network as ONNX ({said_by(error)}): see that "
            "model.predict(x[:1]) works; TensorFlow's converter writes a .tflite file too"
        ) from None
