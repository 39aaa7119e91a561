"""Where the arena's buffers lie (natmod/core/model/fqt_plan.c): as the same plan in Python has
them, and within a percent of what lives at one moment."""

import ctypes
from itertools import count, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from fqt.kinds import KINDS
from fqt.model_file import ModelFile
from fqt.reference_networks import NETWORKS
from fqt.run import core
from fqt.run.arena import places_in

MOST_PLACED = 2048
GOLDEN_RATIO = 0x9E3779B9  # of 2^32


def lowest_free(buffer, placed):
    """placed: the lowest and the first higher offset, the first and the last moment of each."""
    size, first, last = buffer
    at = 0
    for begin, end, birth, death in sorted(placed):
        if first <= death and birth <= last and begin < at + size and at < end:
            at = end
    return at


def placed_in_order(buffers, order):
    """Of each buffer (size, first moment, last moment) the place, as lowest_free takes it."""
    placed = {}
    for least in [*(1 << n for n in reversed(range(31))), 0]:
        for number, (size, first, last) in enumerate(buffers):
            shift = ((number + order) * order * GOLDEN_RATIO % 2**32) >> 30
            if number not in placed and size * (last - first + 1) >> shift >= least:
                at = lowest_free(buffers[number], placed.values())
                placed[number] = at, at + size, first, last
    return placed


def planned(buffers):
    """Of the orders that are tried, the first that takes least: an offset for each buffer."""
    orders = takewhile(lambda order: order * len(buffers) < MOST_PLACED, count())
    tried = (placed_in_order(buffers, order) for order in orders)
    best = min(tried, key=lambda placed: max(end for _, end, _, _ in placed.values()))
    return [best[number][0] for number in range(len(buffers))]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(data=st.data(), master=st.sampled_from([8, 12]), batch=st.sampled_from([1, 3]))
def test_the_plan(kind, data, master, batch):
    """Of a random network: no two share a byte while both live, nor does another order of those
    that are tried take less."""
    net = core.Model(data.draw(models.networks_around(kind)), master, batch)
    parameters, *others = places_in(net)
    ends = []
    for n, one in enumerate(others):
        ends.append(one.offset + one.size)
        for other in others[:n]:
            if one.first <= other.last and other.first <= one.last:
                assert ends[n] <= other.offset or ends[others.index(other)] <= one.offset
    buffers = (ctypes.c_uint32 * 4 * (4 * len(net.model.layers) + 2))()
    net._call("places", ctypes.byref(buffers))
    expected = planned([tuple(buffer[1:]) for buffer in buffers])
    for (offset, size, _, _), place in zip(buffers, expected, strict=True):
        assert size == 0 or offset == parameters.size + place
    most = max(
        sum(one.size for one in others if one.first <= moment <= one.last)
        for moment in range(parameters.last + 1)
    )
    assert net.memory - net.memory_bound == max(ends) - parameters.size - most


@pytest.mark.parametrize("name", NETWORKS)
def test_reference_networks_take_what_lives_at_one_moment(name):
    """Whatever trains of them: within a percent."""
    file = NETWORKS[name]().to_bytes()
    for last in (1, 2, 4, None):
        model = ModelFile.from_bytes(file)
        weighted = [layer for layer in model.layers if layer.has_weights]
        for layer in weighted[: -last if last else 0]:
            layer.trainable = False
        for in_place in (False, True):
            net = core.Model(model, 8, in_place=in_place)
            assert net.memory_bound <= net.memory <= 1.01 * net.memory_bound
