"""The networks that are compared with the paper's are of the published sizes."""

import pytest
from paper_comparison import (
    MCUNET_TRAINS,
    Cost,
    backward_work,
    emnist,
    emnist_table,
    mcunet,
    updates_table,
)

from fqt.layers import Conv2D, Dense, DepthwiseConv2D
from fqt.train.quantize import quantize
from fqt.train.reference_networks import images
from fqt.train.sequential import Sequential


@pytest.mark.parametrize(
    ("network", "weights", "multiply_adds"),
    [(mcunet, 464_816, 22_455_104), (emnist, 52_040, 333_056)],
)
def test_a_network_has_the_published_size(network, weights, multiply_adds):
    layers = [layer for layer in network().layers if layer.parameters]
    assert sum(layer.weights.size for layer in layers) == weights
    places = [layer.output_shape[0] * layer.output_shape[1] for layer in layers]
    products = [n * layer.weights.size for n, layer in zip(places, layers, strict=True)]
    assert sum(products) == multiply_adds


def test_the_last_two_blocks_and_the_classifier_train():
    trained = [layer for layer in mcunet().layers if layer.name.startswith(MCUNET_TRAINS)]
    assert sum(layer.weights.size for layer in trained if layer.parameters) == 237_568


def test_tables_tell_times_and_ratios(small_model):
    costs = {name: Cost(600_000, 1_200_000, 1000) for name in ("m7", "m4", "m0p")}
    assert "| 1.0 | 1.0 | 2.0 | 1,200,000 | 17.7 |" in emnist_table(costs)
    by_rate = {1.0: 600_000, 0.5: 700_000, 0.25: 800_000, 0.1: 660_000}
    updates = {("net", "m4", rate): Cost(600_000, step, 1000) for rate, step in by_rate.items()}
    updates["net", "m4", 1.0] = Cost(600_000, 1_200_000, 1000)
    assert updates_table(updates, {"net": small_model}).endswith(
        "| net | Cortex-M4F | 600,000 | 100,000 | 200,000 | 60,000 | 6.00 | 3.00 | 10.00 | 3.57 |"
    )


def test_few_channels_take_part_in_the_work():
    layers = [Conv2D(32, 3, padding="same"), DepthwiseConv2D(3, padding="same"), Dense(5)]
    net = Sequential(layers, (4, 4, 2), seed=1)
    model = quantize(net, images(net.input_shape, 8) / 255, train="all")
    conv, depthwise, dense = 16 * 32 * 18, 16 * 32 * 9, 5 * 512
    assert backward_work(model, 1.0) == conv + 2 * depthwise + 2 * dense
    turns = 6554 * 4 / 65536  # of 32 channels a tenth in each step is a quarter in four of ten
    few = turns * (conv / 4 + 2 * depthwise / 4 + dense / 4) + dense
    assert backward_work(model, 0.1) == pytest.approx(few)
