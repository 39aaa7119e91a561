"""The data sets that scikit-learn brings, as an experiment reads an archive: scikit-learn is an
optional package."""

from __future__ import annotations

import numpy as np

from fqt.experiment.sections import SKLEARN

TEST_SHARE = 3  # one sample in three
SPLIT_SEED = 1


def sklearn_arrays(name: str) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test and, of labels, classes. digits are bytes, 8 x 8 x 1; the
    features of other sets are 1 x 1 x features, in their own units. name: one of SKLEARN. Raises
    RuntimeError that says what to install."""
    assert name in SKLEARN
    try:
        from sklearn import datasets
    except ImportError:
        raise RuntimeError(
            f"[data] sklearn = {name!r} needs scikit-learn: pip install 'fqt-host[data]'"
        ) from None
    loaders = {
        "breast_cancer": datasets.load_breast_cancer,
        "diabetes": lambda: datasets.load_diabetes(scaled=False),
        "digits": datasets.load_digits,
        "wine": datasets.load_wine,
    }
    bunch = loaders[name]()
    x = bunch.data
    if name == "digits":
        x = (bunch.images * 255 / 16).astype(np.uint8)
    x = x.reshape(len(x), *((8, 8, 1) if name == "digits" else (1, 1, -1)))
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x))
    test, train = np.split(order, [len(x) // TEST_SHARE])
    arrays = {
        "x_train": x[train],
        "y_train": bunch.target[train],
        "x_test": x[test],
        "y_test": bunch.target[test],
    }
    if "target_names" in bunch:
        arrays["classes"] = np.array([str(label) for label in bunch.target_names])
    return arrays
