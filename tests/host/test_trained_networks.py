"""The reference networks after training on real data, here on data made up."""

from dataclasses import replace

import numpy as np
import pytest

from fqt.experiment.trained_networks import LESSONS, trained
from fqt.reference_networks import NETWORKS
from fqt.run import core


def test_every_reference_network_has_a_lesson():
    assert LESSONS.keys() == NETWORKS.keys()


def archive(folder, name, shape, dtype):
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", 40), ("test", 20)):
        y = rng.integers(0, 3, count).astype(np.uint8)
        x = rng.integers(0, 100, (count, *shape)) + 50 * y[:, None, None, None]
        arrays |= {f"x_{part}": x.astype(dtype), f"y_{part}": y}
    np.savez(folder / f"{name}.npz", **arrays)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("fashion_mnist", (28, 28, 1), np.uint8),
        ("kws3", (49, 40, 1), np.uint8),
        ("cwru", (1, 1024, 1), np.int16),
    ],
)
def test_a_network_learns_its_lesson(name, shape, dtype, tmp_path, monkeypatch):
    network = {"fashion_mnist": "cnn28", "kws3": "ds_cnn", "cwru": "ad_autoencoder"}[name]
    archive(tmp_path, name, shape if name != "cwru" else (1024, 1, 1), dtype)
    monkeypatch.setitem(LESSONS, network, replace(LESSONS[network], steps=60))
    model, samples = trained(network, tmp_path)
    assert samples.x.shape == (16, *model.input_shape) and samples.labels.shape == (16,)
    assert samples.x.dtype == (np.uint8 if dtype == np.uint8 else np.int8)
    fresh = NETWORKS[network]()
    assert [layer.name for layer in model.layers] == [layer.name for layer in fresh.layers]
    assert core.Model(model).steps == 60


def test_missing_data_are_named(tmp_path):
    with pytest.raises(OSError, match=r"cifar10\.npz"):
        trained("resnet8", tmp_path)
