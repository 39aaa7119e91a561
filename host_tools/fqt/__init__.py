"""fqt: the host's side of quantized training on microcontrollers.

Describe a network (Sequential and its layers), train it in float32, quantize it into a model file,
look at it (`fqt info`), and run it with the device's bits (fqt.core fast, fqt.reference plain).
"""

from fqt.layers import Conv2D, Dense, Flatten, MaxPool2D
from fqt.model_file import ModelFile, ModelFileError
from fqt.quantize import quantize, quantize_input
from fqt.sequential import Sequential

__all__ = [
    "Conv2D",
    "Dense",
    "Flatten",
    "MaxPool2D",
    "ModelFile",
    "ModelFileError",
    "Sequential",
    "quantize",
    "quantize_input",
]
