"""What a source's own runtime makes of samples: LiteRT of a .tflite file, onnxruntime of an .onnx
file, scikit-learn of an estimator. Each is optional.

Outputs are those that the device's loss reads: what lies in front of a softmax or a sigmoid that
went into the loss. Where a runtime tells probabilities alone, outputs are their logarithms.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fqt.errors import said_by
from fqt.importers.network import Network
from fqt.importers.onnx_ml import without_ml
from fqt.importers.sklearn import Estimator

SURE = 27.0  # of log odds: of a probability nearer to 1, float64 says little more
# A name with the version, and the outputs float64 [samples][outputs] of samples as the source
# takes them.
Runtime = tuple[str, Callable[[np.ndarray], np.ndarray]]


def runtime_of(network: Network | Estimator) -> Runtime | str:
    """The runtime of a network's source, or why there is none."""
    if isinstance(network, Estimator):
        return "its source has no runtime" if network.fitted is None else _sklearn(network)
    if network.source not in RUNTIMES:
        return "its source has no runtime"
    run, package = RUNTIMES[network.source]
    try:
        return run(network)
    except ImportError:
        return f"the source's own runtime is not installed: pip install {package}"
    except Exception as error:  # each runtime has its own kinds
        return f"{package} does not run the source: {said_by(error)[:80]}"


def limited(network: Network | Estimator, outputs: np.ndarray) -> np.ndarray:
    """Outputs of the converted network as the runtime tells them: as they are, or where that
    tells probabilities the logarithms of these, within +-SURE."""
    if not isinstance(network, Estimator) or not _tells_shares(network):
        return outputs
    if network.net.loss == "softmax_cross_entropy":
        outputs = outputs - outputs.max(axis=1, keepdims=True)
        outputs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    return np.clip(outputs, -SURE, SURE)


def _tells_shares(network: Estimator) -> bool:
    has_classes = network.net.loss != "mean_squared_error"
    return has_classes and not hasattr(network.fitted, "decision_function")


def _sklearn(network: Estimator) -> Runtime:
    import sklearn

    fitted: Any = network.fitted

    def run(samples: np.ndarray) -> np.ndarray:
        samples = np.asarray(samples).reshape(len(samples), -1)
        if network.net.loss == "mean_squared_error":
            outputs = fitted.predict(samples)
        elif not _tells_shares(network):
            outputs = fitted.decision_function(samples)
        else:
            shares = np.asarray(fitted.predict_proba(samples), np.float64)
            shares = np.clip(shares, np.finfo(np.float64).tiny, 1 - 1e-16)
            if network.net.loss == "softmax_cross_entropy":
                outputs = np.log(shares)
            else:
                outputs = (np.log(shares) - np.log1p(-shares))[:, -network.net.outputs :]
            outputs = np.clip(outputs, -SURE, SURE)
        return np.asarray(outputs, np.float64).reshape(len(samples), -1)

    return f"scikit-learn {sklearn.__version__}", run


def _litert(network: Network) -> Runtime:
    import importlib.metadata

    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():  # that it is meant to look inside, which this does
        warnings.simplefilter("ignore", UserWarning)
        interpreter = Interpreter(
            model_content=network.data, experimental_preserve_all_tensors=True
        )
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    index = interpreter.get_output_details()[0]["index"]
    if network.function:
        functions = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC")
        operators = [one for one in interpreter._get_ops_details() if one["op_name"] in functions]
        index = int(operators[-1]["inputs"][0])
    (read,) = (one for one in interpreter.get_tensor_details() if one["index"] == index)
    scale, zero_point = read["quantization"]

    def run(samples: np.ndarray) -> np.ndarray:
        rows = []
        for sample in _as_integers(samples, given["dtype"], *given["quantization"]):
            interpreter.reset_all_variables()  # each sample starts anew, as on a device
            interpreter.set_tensor(given["index"], sample.reshape(given["shape"]))
            interpreter.invoke()
            rows.append(interpreter.get_tensor(index).ravel().astype(np.float64))
        outputs = np.array(rows)
        return (outputs - zero_point) * scale if scale else outputs

    return f"LiteRT {importlib.metadata.version('ai-edge-litert')}", run


def _as_integers(samples: np.ndarray, dtype: type, scale: float, zero_point: int) -> np.ndarray:
    """Samples as a runtime's input has them: real numbers become integers where it has these."""
    if samples.dtype == dtype or scale == 0:
        return samples.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    whole = np.floor(samples.astype(np.float64) / np.float32(scale) + 0.5) + zero_point
    return np.clip(whole, limits.min, limits.max).astype(dtype)


def onnx_session(data: bytes):
    """onnxruntime's session of an .onnx file, which gives the same numbers on all processors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Without it, sums of products of bytes saturate at 16 bits on x86 processors that lack VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    providers = ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(data, options, providers=providers)
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
        # Of some int8 networks it makes one tensor twice when it replaces operators by others.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        return onnxruntime.InferenceSession(data, options, providers=providers)


def _onnxruntime(network: Network) -> Runtime:
    import onnx
    import onnxruntime

    model = onnx.load_from_string(network.data)
    without_ml(onnx, model)  # whose scores are one of several outputs
    if network.function:
        functions = ("Softmax", "LogSoftmax", "Sigmoid")
        last = [node for node in model.graph.node if node.op_type in functions][-1]
        model.graph.output[0].name = last.input[0]
        model.graph.output[0].type.tensor_type.ClearField("shape")
    session = onnx_session(model.SerializeToString())
    (name,) = (one.name for one in session.get_inputs())
    places = np.argsort(network.output_order)

    def run(samples: np.ndarray) -> np.ndarray:
        shape = (len(samples), 1, *network.source_shape)
        given = np.asarray(samples, np.float32).reshape(shape)
        rows = np.array([session.run(None, {name: sample})[0].ravel() for sample in given])
        return rows[:, places].astype(np.float64)

    return f"onnxruntime {onnxruntime.__version__}", run


RUNTIMES: dict[str, tuple[Callable[[Network], Runtime], str]] = {
    ".tflite": (_litert, "ai-edge-litert"),
    ".onnx": (_onnxruntime, "onnxruntime"),
}


def random_samples(network: Network, count: int, seed: int = 1) -> np.ndarray:
    """Of an int8 network, real numbers all over its input's range, float32 [samples] and the
    source's shape."""
    assert network.quantization is not None
    scale, zero_point = network.quantization.scales[0], network.quantization.zero_points[0]
    rng = np.random.default_rng(seed)
    values = rng.integers(-128, 128, (count, math.prod(network.source_shape)))
    samples = network.as_given((values - zero_point) * np.float64(scale))
    return samples.astype(np.float32).reshape(count, *network.source_shape)
