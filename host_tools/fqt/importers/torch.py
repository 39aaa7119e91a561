"""PyTorch's modules, exported programs and .pt2 files, by way of ONNX, which PyTorch writes and
onnx.py reads.

The package is the user's own: a module is of it already. A program, and a .pt2 file, say the shape
of their input; a module is traced with a sample.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from fqt.errors import said_by
from fqt.files import looks_like, read_whole

SUFFIX = ".pt2"
# What torch.save writes: a pickle, of weights alone or of a module.
PICKLES = (".pt", ".pth")
PICKLE_ADVICE = (
    "it holds weights, or a pickled module, and no network that can be read: load it in your "
    "program and pass the module, fqt.convert(module, calibrate=x), or write it with "
    "torch.export.save (.pt2) or torch.onnx.export (.onnx)"
)
MISSING = "PyTorch networks need {}: pip install 'fqt-host[torch]'"


def is_torch(source: Any) -> bool:
    """Whether it is a module or an exported program of PyTorch. Does not import PyTorch: who has
    such an object did."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(source, (torch.nn.Module, torch.export.ExportedProgram))


def load_program(path: str | os.PathLike, trust: bool = False):
    """The exported program in a .pt2 file. trust: load it, although PyTorch unpickles what such a
    file holds, which may run code of whoever made it. Raises OSError, ValueError for a damaged
    file or one that needs trust, and RuntimeError where PyTorch is missing."""
    data = read_whole(path)
    if not trust:
        raise ValueError(
            f"{path}: PyTorch unpickles what a .pt2 file holds, which runs code of whoever made "
            "it: trust=True (--trust) when that was you, or write it with torch.onnx.export"
        )
    try:
        import torch
    except ImportError:
        raise RuntimeError(MISSING.format("torch")) from None
    try:
        with silence():
            return torch.export.load(io.BytesIO(data))
    except Exception as error:  # of a damaged file anything
        raise ValueError(
            f"{path}: PyTorch cannot load it{looks_like(data)} ({said_by(error)}): "
            "write it again with torch.export.save"
        ) from None


def onnx_of(source: Any, calibrate: np.ndarray | None) -> bytes:
    """An .onnx file of a module or an exported program. calibrate: samples [n][...] as a module
    takes them; the first one is what it is traced with. Raises ValueError for a module without
    samples, or that cannot be traced, and RuntimeError where a package is missing."""
    import torch

    if isinstance(source, torch.export.ExportedProgram):
        return _export(source, None)
    if calibrate is None or not len(calibrate):
        raise ValueError(
            "a PyTorch module says no shape of its input: give samples as it takes them, "
            "calibrate=x"
        )
    sample = torch.from_numpy(np.asarray(calibrate[:1], np.float32).copy())
    with _evaluating(source):
        return _export(source, (sample,))


def _export(source: Any, samples: tuple | None) -> bytes:
    import torch

    file = io.BytesIO()
    try:
        import onnxscript  # noqa: F401 (PyTorch's exporter needs it)
    except ImportError:
        raise RuntimeError(MISSING.format("onnxscript")) from None
    try:
        with silence():
            torch.onnx.export(
                source, samples, file, dynamo=True, external_data=False, verbose=False
            )
    except Exception as error:  # PyTorch's own have many types
        raise ValueError(
            f"PyTorch cannot write the network as ONNX ({said_by(error)}): see that "
            "module(torch.tensor(x[:1])) works in eval mode, and branches on no values"
        ) from None
    return file.getvalue()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Without what the exporter says of its own progress."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


@contextlib.contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Dropout and batch normalisation as when it predicts; then each part as it was before."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
