"""How long a prediction and a training step take in a place, by that place's own clock:
`fqt bench MODEL --on PLACE`."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from statistics import median

import numpy as np

from fqt.file.model_file import ModelFile
from fqt.inputs import DEFAULT_MASTER
from fqt.train.reference_networks import images
from fqt.trainer.job import Job
from fqt.trainer.run import Place

SAMPLES = 20
RATE = 1e-4  # low: what is measured should not diverge


@dataclass(frozen=True)
class Times:
    """Milliseconds of each prediction, and of each training step; none where nothing trains."""

    place: str
    predict: list[float]
    step: list[float]

    def described(self) -> dict:
        """All of it, and the medians, as plain data."""
        medians = {name: median(getattr(self, name) or [nan]) for name in ("predict", "step")}
        return {"on": self.place, "unit": "ms", "medians": medians} | {
            "predict": self.predict,
            "step": self.step,
        }

    def __str__(self) -> str:
        text = f"on {self.place}: a prediction takes {_told(self.predict)}"
        if self.step:
            text += f", a training step {_told(self.step)}"
        return f"{text} (medians of {len(self.predict)} samples, and the least)"


def _told(milliseconds: list[float]) -> str:
    return f"{median(milliseconds):.3g} ms ({min(milliseconds):.3g})"


def times_on(place: Place, model: ModelFile, master: int = DEFAULT_MASTER) -> Times:
    """Measure there, on images that are made up. Raises OSError when the place fails."""
    x = images(model.input_shape, 1 + SAMPLES)
    if model.input_type == "int8":
        x = (x ^ 0x80).view(np.int8)
    y = np.zeros(len(x), np.uint16)
    if model.is_pixelwise:
        y = np.zeros((len(x), model.pixels), np.uint8)
    elif model.loss != "softmax_cross_entropy":
        y = np.zeros((len(x), model.outputs), np.float32)
    measured = place.times(Job(model, x, y, master, lr=RATE))[1:]  # the first one warms up
    predict, step = zip(*measured, strict=True)
    trains = any(layer.trainable for layer in model.layers)
    return Times(place.name, list(predict), list(step) if trains else [])
