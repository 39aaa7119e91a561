"""What scikit-learn's exporter (skl2onnx) writes, converted, against scikit-learn on the same
samples."""

import numpy as np
import onnx as onnx_package
import pytest
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier

import fqt
from fqt.importers.convert import Wishes, convert_and_compare, network_of, read_network
from fqt.importers.to_float import to_float

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = np.array(["setosa", "versicolor", "virginica"])


def classes(of=3):
    data = load_iris()
    picked = data.target < of
    return data.data[picked].astype(np.float32), data.target[picked]


def numbers():
    data = load_diabetes()
    return data.data.astype(np.float32), data.target / 100


def network(kind, **options):
    return kind(hidden_layer_sizes=(8,), max_iter=60, random_state=0, **options)


# Of each: the estimator, and how many classes; 0: numbers.
ESTIMATORS = {
    "logistic": (LogisticRegression(), 3),
    "logistic of two": (LogisticRegression(), 2),
    "pipeline": (make_pipeline(MaxAbsScaler(), LogisticRegression()), 3),
    "ridge classifier": (RidgeClassifier(), 3),
    "support vectors": (LinearSVC(), 3),
    "support vectors of two": (LinearSVC(), 2),
    "perceptron": (Perceptron(random_state=0), 3),
    "gradient descent of two": (SGDClassifier(loss="log_loss", random_state=0), 2),
    "network": (make_pipeline(MinMaxScaler(), network(MLPClassifier)), 3),
    "network of two": (make_pipeline(StandardScaler(), network(MLPClassifier)), 2),
    "tanh": (make_pipeline(StandardScaler(), network(MLPClassifier, activation="tanh")), 3),
    "linear": (LinearRegression(), 0),
    "scaled ridge": (make_pipeline(StandardScaler(), Ridge()), 0),
    "support vector regression": (LinearSVR(random_state=0), 0),
    "regression": (make_pipeline(RobustScaler(), network(MLPRegressor, solver="lbfgs")), 0),
}


def fitted(name):
    """The estimator, its samples, and the .onnx file's bytes."""
    estimator, count = ESTIMATORS[name]
    x, y = classes(count) if count else numbers()
    estimator.fit(x, y)
    return estimator, x, to_onnx(estimator, x[:1]).SerializeToString()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_files_of_scikit_learn_tell_what_it_tells(name, tmp_path):
    estimator, x, data = fitted(name)
    count = ESTIMATORS[name][1]
    path = tmp_path / "estimator.onnx"
    path.write_bytes(data)
    outputs = to_float(read_network(path)).forward(x)
    model, told = convert_and_compare(path, x, Wishes())
    if not count:
        np.testing.assert_allclose(outputs[:, 0], estimator.predict(x), rtol=1e-4, atol=1e-4)
        assert (model.loss, model.labels) == ("mean_squared_error", ())
        assert told.outputs.relative < 0.02
        return
    chosen = outputs.argmax(axis=1) if count > 2 else (outputs[:, 0] > 0).astype(int)
    assert (chosen == estimator.predict(x)).all()
    losses = {2: "binary_cross_entropy", 3: "softmax_cross_entropy"}
    assert model.loss == losses[count]
    assert model.labels == (("1",) if count == 2 else ("0", "1", "2"))
    assert told.outputs.of.startswith("onnxruntime")
    assert told.outputs.same_class >= 0.98  # of samples that lie near each other


def test_names_of_classes_become_labels_however_they_are_told(tmp_path):
    x, y = classes()
    estimator = LogisticRegression(max_iter=1000).fit(x, NAMES[y])
    for told in ({}, {"zipmap": False}):
        options = {LogisticRegression: told} if told else None
        path = tmp_path / "named.onnx"
        path.write_bytes(to_onnx(estimator, x[:1], options=options).SerializeToString())
        model = fqt.convert(path, calibrate=x)
        assert model.labels == tuple(NAMES)


def test_a_scaler_is_a_map_of_the_units_that_samples_have():
    x, y = classes()
    estimator = make_pipeline(StandardScaler(), network(MLPClassifier)).fit(x, y)
    data = to_onnx(estimator, x[:1]).SerializeToString()
    made = network_of(data, ".onnx", "scaled", None)
    scaler = estimator.steps[0][1]
    wanted = np.stack([scaler.mean_, scaler.scale_], axis=1)
    np.testing.assert_allclose(made.input_map, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (make_pipeline(Normalizer(), Perceptron()), "Normalizer 'Normalizer': no layer does this"),
        (DecisionTreeClassifier(), "TreeEnsembleClassifier 'TreeEnsembleClassifier': no layer"),
    ],
)
def test_what_else_it_writes_is_named(estimator, message, tmp_path):
    x, y = classes()
    path = tmp_path / "other.onnx"
    path.write_bytes(to_onnx(estimator.fit(x, y), x[:1]).SerializeToString())
    with pytest.raises(ValueError, match=message) as told:
        read_network(path)
    assert "scalers, linear models and MLP networks are taken" in str(told.value)


def test_a_normalizer_behind_numbers_is_named_and_not_left_out(tmp_path):
    """Behind a classifier's shares it changes no class; other outputs it changes."""
    x, y = numbers()
    model = to_onnx(LinearRegression().fit(x, y), x[:1])
    last = onnx_package.helper.make_node(
        "Normalizer", [model.graph.output[0].name], ["n"], "last", domain="ai.onnx.ml", norm="L2"
    )
    model.graph.node.append(last)
    model.graph.output[0].name = "n"
    path = tmp_path / "normalized.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="Normalizer 'last': no layer does this"):
        read_network(path)


def damaged(change):
    """The file of a logistic regression whose LinearClassifier is changed."""
    x, y = classes()
    model = to_onnx(LogisticRegression(max_iter=1000).fit(x, y), x[:1])
    node = next(node for node in model.graph.node if node.op_type == "LinearClassifier")
    for attribute in node.attribute:
        if attribute.name in change:
            value = change[attribute.name]
            attribute.CopyFrom(onnx_package.helper.make_attribute(attribute.name, value))
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coefficients": [1.0] * 7}, "7 weights and 3 biases of 3 rows: fetch"),
        ({"coefficients": [float("nan")] * 12}, "its numbers are not all finite: fit it again"),
        ({"post_transform": "PROBIT"}, "its post_transform is PROBIT: NONE, SOFTMAX, LOGISTIC"),
    ],
)
def test_damaged_operators_are_told(change, message, tmp_path):
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damaged(change))
    with pytest.raises(ValueError, match="node 1, LinearClassifier") as told:
        read_network(path)
    assert message in str(told.value)
