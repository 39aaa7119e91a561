"""Every model that was made had the same identity, so that a checkpoint of another model with the
same layers was taken: it was the CRC-32 of a file with its CRC-32 behind it, which is one number
for all files."""

import numpy as np
import pytest

from fqt import Dense, ModelFileError, Sequential, core, quantize
from fqt.reference import Network

X = np.random.default_rng(1).random((20, 2, 2, 1), dtype=np.float32)


def model_of(weights: int, **arguments):
    return quantize(Sequential([Dense(4, "relu"), Dense(3)], (2, 2, 1), weights), X, **arguments)


def test_it_follows_from_all_that_a_model_holds():
    models = [
        model_of(1),
        model_of(2),
        model_of(1, seed=2),
        model_of(1, train="last:1"),
        model_of(1, labels=["a", "b", "c"]),
        model_of(1, labels=["a", "b", "d"]),
    ]
    assert len({model.identity for model in models}) == len(models)
    assert model_of(1).to_bytes() == models[0].to_bytes()


@pytest.mark.parametrize("kind", [core.Model, Network])
def test_a_checkpoint_of_another_model_is_refused(kind):
    model, other = kind(model_of(1)), kind(model_of(2))
    own = model.to_bytes(checkpoint=True)
    with pytest.raises(ModelFileError, match="the checkpoint is of another model"):
        model.restore(other.to_bytes(checkpoint=True))
    assert model.to_bytes(checkpoint=True) == own
    model.train(np.zeros(4, np.uint8), 1)
    model.restore(own)
    assert model.to_bytes(checkpoint=True) == own
