"""Inputs that are their own targets, and lie beyond 0 to 1, wrapped around in binary cross-entropy
on the host, where a device refuses them."""

import numpy as np
import pytest

from fqt.reference import Network
from fqt.run import core
from models import Layer, random_model


@pytest.mark.parametrize("network", [core.Model, Network])
def test_inputs_beyond_0_to_1_are_no_binary_targets(network):
    layers = [Layer("dense", 6), Layer("dense", 4)]
    model = random_model(layers, (2, 2, 1), input_type="int8", loss="binary_cross_entropy")
    net = network(model)
    before = net.to_bytes()
    for x in (np.full((2, 2, 1), -128, np.int8), np.full((2, 2, 1), -3.0, np.float32)):
        with pytest.raises(ValueError, match="must be 0 to 1"):
            net.train(x)
        with pytest.raises(ValueError, match="must be 0 to 1"):
            net.loss_for(x)
    assert net.to_bytes() == before
