"""A network of another tool on emulated boards: its last layers learn there, with the same bytes
as on the desk."""

import numpy as np
import pytest
from importers.tflite_files import TfliteBuilder
from training import train_on

from fqt import convert, core
from models import random_samples, random_targets

pytestmark = pytest.mark.slow
STEPS, RATE = 200, 0.01


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """An int8 keyword spotter in small: 12 x 10 x 1 to 4 classes."""
    b = TfliteBuilder(seed=3)
    x = b.tensor([1, 12, 10, 1], "int8", (0.05, 0))
    hidden = b.conv(x, 8, stride=2, activation="relu")
    hidden = b.conv(b.depthwise(hidden, activation="relu"), 12, kernel=1, activation="relu6")
    hidden = b.pool("MAX_POOL_2D", hidden)
    path = tmp_path_factory.mktemp("converted") / "words.tflite"
    path.write_bytes(b.bytes(x, b.softmax(b.dense(b.dense(hidden, 16, "relu"), 4))))
    return convert(path, trainable="last:2", labels=["yes", "no", "up", "down"])


def test_its_last_layers_learn(board, converted):
    """On the samples and in the order of the run on the board."""
    assert [layer.trainable for layer in converted.layers if layer.has_weights][-3:] == [
        False,
        True,
        True,
    ]
    train_on(board, converted, 12, STEPS, RATE)
    net = core.Model(converted)
    x = random_samples(converted, 50)
    labels = np.array(random_targets(converted, 50))
    before = net.losses(x, labels).mean()
    net.train_many(x, labels, np.arange(STEPS) % 50, RATE)
    assert board.get("trained.fqt") == net.to_bytes()
    assert net.losses(x, labels).mean() < 0.8 * before
    assert net.labels == ("yes", "no", "up", "down")
