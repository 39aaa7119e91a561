"""scikit-learn's networks and linear models as a Sequential with their weights.

A scaler in front becomes the map of the inputs, one around the target that of the outputs, so
that the device takes and returns the units that the estimator was fitted in. Attributes tell all
of it: scikit-learn itself is not imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fqt.arguments import NAME_BYTES
from fqt.layers import Dense, Sigmoid, Tanh
from fqt.layers.layer import Layer
from fqt.layers.table import Table
from fqt.train.sequential import Sequential

ACTIVATIONS = {"identity": "none", "relu": "relu"}
FUNCTIONS = {"tanh": Tanh, "logistic": Sigmoid}
NETWORKS = ("MLPClassifier", "MLPRegressor")
CLASSIFIERS = (
    "LogisticRegression",
    "LogisticRegressionCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "Perceptron",
    "LinearSVC",
)
REGRESSORS = (
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "BayesianRidge",
    "HuberRegressor",
    "SGDRegressor",
    "LinearSVR",
)
SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")


@dataclass(frozen=True)
class Linear:
    """z = x @ weights.T + biases: weights [out][in], biases [out]; function: a layer behind."""

    weights: np.ndarray
    biases: np.ndarray
    activation: str = "none"
    function: type[Table] | None = None


@dataclass(frozen=True)
class Estimator:
    """A fitted estimator as a network, and a name for each output: of classifiers the classes,
    else (). fitted: the estimator itself."""

    net: Sequential
    labels: tuple[str, ...]
    fitted: Any = None

    @property
    def description(self) -> str:
        """The loss, and what samples are on the device."""
        return f"{self.net.loss}; samples have the {self.net.input_shape[2]} features as fitted"


def read_estimator(source: Any) -> Estimator:
    """source: as in sequential_of, with its errors."""
    return Estimator(sequential_of(source), labels_of(source), source)


def is_estimator(source) -> bool:
    """Whether it is an object of scikit-learn's kind, fitted or not."""
    return hasattr(source, "fit") and hasattr(source, "get_params")


def sequential_of(estimator: Any) -> Sequential:
    """A fitted estimator as a network, of inputs 1 x 1 x features.

    estimator: MLPClassifier, MLPRegressor, a linear classifier or regressor, a Pipeline of
    scalers (SCALERS) before one of these, or a
    TransformedTargetRegressor around one. Two classes are one output with binary_cross_entropy,
    above 0 where the estimator says classes_[1]; more are one each, in the order of classes_, with
    softmax_cross_entropy; several labels at once one each with binary_cross_entropy; regressors
    have mean_squared_error. Raises ValueError for others, naming the step.
    """
    target_map = None
    if _kind_of(estimator, ("TransformedTargetRegressor",)):
        transformer = _fitted(estimator, "transformer_", estimator)
        target_map = _map_of(transformer, "the target's transformer")
        estimator = estimator.regressor_
    steps, last = _steps(estimator)
    layers, loss = _layers(last)
    features = layers[0].weights.shape[1]
    input_map = None
    for name, scaler in steps:
        input_map = _behind(input_map, _map_of(scaler, name))
    dense = [Dense(len(linear.weights), linear.activation) for linear in layers]
    name = type(last).__name__[:NAME_BYTES]
    all_layers: list[Layer] = []
    for linear, one in zip(layers, dense, strict=True):
        all_layers += [one] if linear.function is None else [one, linear.function()]
    net = Sequential(all_layers, (1, 1, features), name=name, loss=loss)
    for layer, linear in zip(dense, layers, strict=True):  # the network's own: they are new
        layer.weights = np.ascontiguousarray(linear.weights, np.float32)
        layer.biases = np.ascontiguousarray(linear.biases, np.float32)
    net.input_map = _rows(input_map, features)
    net.output_map = _rows(target_map, net.outputs)
    return net


def labels_of(estimator: Any) -> tuple[str, ...]:
    """A name for each output of sequential_of; of two classes that of the second."""
    if _kind_of(estimator, ("TransformedTargetRegressor",)):
        return ()
    _, last = _steps(estimator)
    classes = getattr(last, "classes_", None)
    if classes is None or isinstance(classes, list):
        return ()
    names = tuple(str(name) for name in classes)
    return names[1:] if len(names) == 2 and not _is_multilabel(last) else names


def _kind_of(source, names: tuple[str, ...]) -> bool:
    """Whether an object is of one of these classes of scikit-learn, or of one made from it."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == "sklearn"
        for kind in type(source).__mro__
    )


def _fitted(source, attribute: str, named=None) -> Any:
    if not hasattr(source, attribute):
        raise ValueError(f"{type(named or source).__name__} is not fitted: call fit(x, y) first")
    return getattr(source, attribute)


def _finite(source, what: str, values) -> np.ndarray:
    """values, which are numbers and finite."""
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ValueError(
            f"{type(source).__name__}: its {what} are not all finite numbers: fit it again, on "
            "samples that are"
        )
    return values


def _steps(estimator) -> tuple[list[tuple[str, Any]], Any]:
    """What a pipeline has before its last step, without those that do nothing, and that step."""
    if not _kind_of(estimator, ("Pipeline",)):
        return [], estimator
    *before, (_, last) = estimator.steps
    return [(name, one) for name, one in before if one not in (None, "passthrough")], last


def _layers(last) -> tuple[list[Linear], str]:
    """The last step's layers, and the loss."""
    if _kind_of(last, NETWORKS):
        return _of_network(last)
    is_classifier = _kind_of(last, CLASSIFIERS)
    if not is_classifier and not _kind_of(last, REGRESSORS):
        raise ValueError(
            f"{type(last).__name__} is no network: {', '.join(NETWORKS)}, linear classifiers "
            f"({', '.join(CLASSIFIERS)}) and regressors ({', '.join(REGRESSORS)}) can be taken"
        )
    weights = np.atleast_2d(_finite(last, "coef_", _fitted(last, "coef_")))
    biases = np.broadcast_to(np.ravel(_finite(last, "intercept_", last.intercept_)), len(weights))
    loss = "mean_squared_error"
    if is_classifier:
        several = len(weights) > 1 and not _is_multilabel(last)
        loss = "softmax_cross_entropy" if several else "binary_cross_entropy"
    return [Linear(weights, biases)], loss


def _of_network(last) -> tuple[list[Linear], str]:
    weights, biases = (
        [_finite(last, f"{what}[{i}]", one) for i, one in enumerate(_fitted(last, what))]
        for what in ("coefs_", "intercepts_")
    )
    losses = {
        "softmax": "softmax_cross_entropy",
        "logistic": "binary_cross_entropy",
        "identity": "mean_squared_error",
    }
    if last.out_activation_ not in losses:
        raise ValueError(
            f"{type(last).__name__}: its output's activation is {last.out_activation_!r}: "
            f"{', '.join(losses)} can be taken"
        )
    if len(weights) > 1 and last.activation not in (*ACTIVATIONS, *FUNCTIONS):
        raise ValueError(
            f"{type(last).__name__}: hidden layers with activation={last.activation!r}: train it "
            "with activation='relu'"
        )
    hidden = ACTIVATIONS.get(last.activation, "none"), FUNCTIONS.get(last.activation)
    layers = [
        Linear(one.T, bias, *(() if i == len(weights) else hidden))
        for i, (one, bias) in enumerate(zip(weights, biases, strict=True), 1)
    ]
    return layers, losses[last.out_activation_]


def _is_multilabel(last) -> bool:
    """Whether its classes are labels of which a sample may have several."""
    binarizer = getattr(last, "_label_binarizer", None)
    return getattr(binarizer, "y_type_", "") == "multilabel-indicator"


# -- scalers: maps are offsets and scales, float64 [2][columns]


def _map_of(scaler, name: str) -> np.ndarray:
    """A scaler's map: z = (x - offset) / scale."""
    if not _kind_of(scaler, SCALERS):
        raise ValueError(
            f"{name}: {type(scaler).__name__} cannot be taken: of what is before the network, "
            f"{', '.join(SCALERS)} can; do the rest to the samples yourself"
        )
    if _kind_of(scaler, ("MinMaxScaler",)):
        if scaler.clip:
            raise ValueError(f"{name}: MinMaxScaler(clip=True) cannot be taken: fit it without")
        factors = np.asarray(_fitted(scaler, "scale_"))
        return np.stack([-scaler.min_ / factors, 1 / factors])
    columns = _fitted(scaler, "n_features_in_")
    scale = getattr(scaler, "scale_", None)
    # StandardScaler keeps its mean also when it leaves it in.
    offset = getattr(scaler, "mean_", None) if getattr(scaler, "with_mean", False) else None
    offset = getattr(scaler, "center_", offset)
    return np.stack(
        [
            np.zeros(columns) if offset is None else offset,
            np.ones(columns) if scale is None else scale,
        ]
    )


def _behind(first: np.ndarray | None, second: np.ndarray) -> np.ndarray:
    """The map of two, one behind the other."""
    if first is None:
        return second
    return np.stack([first[0] + second[0] * first[1], first[1] * second[1]])


def _rows(both: np.ndarray | None, count: int) -> np.ndarray | None:
    """As a Sequential has it, [count][2]."""
    if both is None:
        return None
    if both.shape[1] != count:
        raise ValueError(f"a scaler has {both.shape[1]} columns where the network has {count}")
    return both.T.astype(np.float32)
