"""scikit-learn's estimators as networks: the same outputs, in their units, and in int8 on the core
nearly always the same class."""

import numpy as np
import pytest
from sklearn import compose, datasets, linear_model, neural_network, pipeline, preprocessing, svm

from fqt import core, quantize, quantize_input
from fqt.importers.sklearn import labels_of, sequential_of
from fqt.importers.sklearn_file import load_estimator

DIGITS, DIGIT_LABELS = datasets.load_digits(return_X_y=True)
DIABETES, PROGRESSION = datasets.load_diabetes(return_X_y=True, scaled=False)
TUMOURS, MALIGNANT = datasets.load_breast_cancer(return_X_y=True)


def fitted_network(**arguments):
    return neural_network.MLPClassifier((24,), **{"max_iter": 40, "random_state": 1, **arguments})


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * np.abs(want).max())


def softmax(outputs):
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def classes(net, x):
    """What the core makes of samples in the user's units."""
    model = quantize(net, x[:300].astype(np.float32), input_type="int8")
    return core.Model(model).predict_many(quantize_input(model, x.astype(np.float32)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "scaler",
    [
        preprocessing.StandardScaler(),
        preprocessing.StandardScaler(with_mean=False),
        preprocessing.StandardScaler(with_std=False),
        preprocessing.MinMaxScaler((-1, 1)),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
        "passthrough",
    ],
)
def test_a_classifier_behind_a_scaler(scaler):
    estimator = pipeline.make_pipeline(scaler, fitted_network()).fit(DIGITS, DIGIT_LABELS)
    net = sequential_of(estimator)
    close(softmax(net.forward(DIGITS)), estimator.predict_proba(DIGITS))
    assert labels_of(estimator) == tuple("0123456789")
    assert (classes(net, DIGITS) == estimator.predict(DIGITS)).mean() >= 0.99


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_two_scalers_are_one_map():
    estimator = pipeline.make_pipeline(
        preprocessing.MinMaxScaler((2, 5)), preprocessing.StandardScaler(), fitted_network()
    ).fit(TUMOURS, MALIGNANT)
    net = sequential_of(estimator)
    assert (net.outputs, net.loss) == (1, "binary_cross_entropy")
    shares = 1 / (1 + np.exp(-net.forward(TUMOURS)[:, 0].astype(np.float64)))
    close(shares, estimator.predict_proba(TUMOURS)[:, 1])
    assert (classes(net, TUMOURS) == estimator.predict(TUMOURS)).mean() >= 0.99


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hidden_layers_with_other_functions(activation):
    estimator = fitted_network(activation=activation)
    estimator.set_params(hidden_layer_sizes=(12, 8)).fit(DIGITS, DIGIT_LABELS)
    net = sequential_of(estimator)
    assert [layer.kind for layer in net.layers] == ["dense", "table"] * 2 + ["dense"]
    close(softmax(net.forward(DIGITS)), estimator.predict_proba(DIGITS))
    assert (classes(net, DIGITS) == estimator.predict(DIGITS)).mean() >= 0.98


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_several_labels_at_once():
    labels = np.stack([DIGIT_LABELS % 2, DIGIT_LABELS > 4, DIGIT_LABELS == 0], axis=1).astype(int)
    for estimator in (fitted_network(), linear_model.RidgeClassifier()):
        estimator.fit(DIGITS, labels)
        net = sequential_of(estimator)
        assert (net.outputs, net.loss) == (3, "binary_cross_entropy")
        assert ((net.forward(DIGITS) > 0) == estimator.predict(DIGITS)).all()


@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.LogisticRegression(max_iter=5000),
        linear_model.RidgeClassifier(),
        linear_model.SGDClassifier(random_state=1),
        linear_model.Perceptron(),
        svm.LinearSVC(),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_linear_classifiers(estimator):
    names = np.array(["benign", "malignant"])
    scaler = preprocessing.StandardScaler()
    two = pipeline.make_pipeline(scaler, estimator).fit(TUMOURS, names[MALIGNANT])
    net = sequential_of(two)
    close(net.forward(TUMOURS)[:, 0], two.decision_function(TUMOURS))
    assert net.loss == "binary_cross_entropy" and labels_of(two) == ("malignant",)
    many = pipeline.make_pipeline(scaler, estimator).fit(DIGITS[:300], DIGIT_LABELS[:300])
    net = sequential_of(many)
    close(net.forward(DIGITS), many.decision_function(DIGITS))
    assert net.loss == "softmax_cross_entropy" and len(labels_of(many)) == 10


@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.LinearRegression(),
        linear_model.Ridge(fit_intercept=False),
        linear_model.Lasso(0.001),
        linear_model.HuberRegressor(max_iter=1000),
        neural_network.MLPRegressor(hidden_layer_sizes=(16,), max_iter=20, random_state=1),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_regressors_in_the_users_units(estimator):
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
    for target in (None, preprocessing.StandardScaler(), preprocessing.MinMaxScaler()):
        whole = scaled
        if target is not None:
            whole = compose.TransformedTargetRegressor(scaled, transformer=target)
        whole.fit(DIABETES, PROGRESSION)
        net = sequential_of(whole)
        predicted = net.forward(DIABETES)[:, 0]
        close(predicted, whole.predict(DIABETES))
        assert net.loss == "mean_squared_error" and labels_of(whole) == ()
        if target is not None:  # else outputs of hundreds are near int8's limits
            model = quantize(net, DIABETES.astype(np.float32), input_type="int8")
            got = core.Model(model).outputs(quantize_input(model, DIABETES.astype(np.float32)))
            assert np.abs(got[:, 0] - predicted).max() < 0.05 * np.ptp(predicted)


def refused(estimator):
    with pytest.raises(ValueError) as error:
        sequential_of(estimator)
    return str(error.value)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_cannot_be_taken_is_said():
    x, y = DIGITS[:60, :20], DIGIT_LABELS[:60]
    tanh = fitted_network(activation="tanh", max_iter=1)
    assert "not fitted: call fit(x, y) first" in refused(tanh)
    assert "not fitted" in refused(compose.TransformedTargetRegressor(linear_model.Ridge()))
    tanh.fit(x, y)
    tanh.activation = "softsign"
    assert "activation='softsign': train it with activation='relu'" in refused(tanh)
    poisson = linear_model.PoissonRegressor(max_iter=1).fit(x, y)
    assert "PoissonRegressor is no network" in refused(poisson)
    assert "SVC is no network" in refused(svm.SVC(kernel="linear").fit(x, y))
    assert "dict is no network" in refused({})
    clipping = preprocessing.MinMaxScaler(clip=True)
    ridge = linear_model.Ridge()
    chain = pipeline.make_pipeline(clipping, ridge).fit(x, y)
    assert "minmaxscaler: MinMaxScaler(clip=True) cannot be taken: fit it" in refused(chain)
    chain = pipeline.make_pipeline(preprocessing.PolynomialFeatures(1), ridge).fit(x, y)
    assert "polynomialfeatures: PolynomialFeatures cannot be taken: of what" in refused(chain)
    logged = compose.TransformedTargetRegressor(ridge, func=np.log1p, inverse_func=np.expm1)
    assert "the target's transformer: FunctionTransformer cannot" in refused(logged.fit(x, y))


def test_files(tmp_path, monkeypatch):
    import joblib
    import skops.io

    estimator = linear_model.Ridge().fit(DIGITS, DIGIT_LABELS)
    skops.io.dump(estimator, tmp_path / "a.skops")
    joblib.dump(estimator, tmp_path / "a.joblib")
    for name, trust in (("a.skops", False), ("a.joblib", True)):
        loaded = load_estimator(tmp_path / name, trust)
        assert (sequential_of(loaded).layers[0].weights == np.float32(estimator.coef_)).all()
    with pytest.raises(ValueError, match="a pickle runs code of whoever made it: trust=True"):
        load_estimator(tmp_path / "a.joblib")
    (tmp_path / "cut.skops").write_bytes((tmp_path / "a.skops").read_bytes()[:200])
    (tmp_path / "cut.pkl").write_bytes((tmp_path / "a.joblib").read_bytes()[:50])
    for name in ("cut.skops", "cut.pkl"):
        with pytest.raises(ValueError, match=f"{name}: "):
            load_estimator(tmp_path / name, trust=True)
    with pytest.raises(FileNotFoundError):
        load_estimator(tmp_path / "none.skops")
    estimator.own = Unknown()
    skops.io.dump(estimator, tmp_path / "own.skops")
    with pytest.raises(ValueError, match=r"not know to be harmless, .*Unknown: trust=True"):
        load_estimator(tmp_path / "own.skops")
    assert load_estimator(tmp_path / "own.skops", trust=True).own.number == 1
    monkeypatch.setitem(__import__("sys").modules, "skops", None)
    with pytest.raises(RuntimeError, match=r"need skops: pip install .fqt-host\[sklearn\]"):
        load_estimator(tmp_path / "a.skops")


class Unknown:
    """What skops has not heard of."""

    number = 1
