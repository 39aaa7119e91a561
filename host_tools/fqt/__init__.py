"""fqt: the host's side of quantized training on microcontrollers.

Describe a network (Sequential and its layers), train it in float32, quantize it into a model file,
or bring one of another tool there (`fqt convert`); look at it (`fqt info`), and run it with the
device's bits (fqt.core fast, fqt.reference plain).

Public modules: core, emulator, inputs, layers, model_file, options, reference, reference_networks,
and what this one exports. The rooms behind them, in their order; each uses only itself and those
before it (tests/core/test_python_rooms.py):

    places                      where the library, the modules and the demo are
    version                     of the host tools and the module
    arguments, shapes, errors, files, numpy_files, inputs, options, plotting    what any room may
                                use: checks of what users pass and of files, how training goes
    terminal                    what commands print: colours, JSON
    messages                    what can be wrong with a model file
    kinds                       the table of layer kinds
    file                        the model file: its records, its checks, reading and writing
    device_model                the protocol of a device's model, for those on the host
    layers                      layers in float32, forward next to backward
    reference                   the training step in integers: the specification
    run                         models in the C core, what a model file holds
    train                       networks in float32, quantizing, networks to start from
    boards                      which board: what a model takes there, in bytes and milliseconds
    samples                     samples with labels, in files: a device's recordings, and others
    importers                   networks of other tools (.tflite, .onnx) as model files
    device                      boards, real and emulated; what a step costs there
    experiment                  training in several ways, compared over seeds
    desk                        this machine: MicroPython on it, the demo, what is installed
    trainer                     training and evaluating in any place: `fqt train`, `fqt eval`
    core, emulator, model_file, reference_networks      public names for modules in the rooms
    cli                         the command `fqt`
"""

from fqt import layers
from fqt.file.model_file import ModelFile, ModelFileError
from fqt.importers.convert import convert
from fqt.layers import *  # noqa: F403 (its __all__ is the list of layers)
from fqt.train.float_network import float_network
from fqt.train.foreign_weights import load_weights
from fqt.train.quantize import QuantizationWarning, quantize, quantize_input
from fqt.train.sequential import Sequential
from fqt.version import __version__

__all__ = [
    *layers.__all__,
    "ModelFile",
    "ModelFileError",
    "QuantizationWarning",
    "Sequential",
    "__version__",
    "convert",
    "quantize",
    "quantize_input",
    "float_network",
    "load_weights",
]
