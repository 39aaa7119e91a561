"""What is said when training goes wrong fits what was seen: dark samples are no divergence, advice
does not name a learning rate that is 0, and a wrong scale of the input shows."""

import numpy as np
import pytest

from fqt import core
from fqt.inputs import DivergenceError
from fqt.reference import Network
from models import Layer, random_model

LAYERS = [Layer("conv2d", 4, (3, 3), (2, 2)), Layer("dense", 8), Layer("dense", 3)]


def silenced(model):
    """The first layer responds to no sample."""
    model.layers[0].biases[:] = -(1 << 20)
    return model


def dark_and_bright(count):
    rng = np.random.default_rng(0)
    return np.zeros((count, 6, 6, 1), np.uint8), rng.integers(0, 256, (count, 6, 6, 1), np.uint8)


@pytest.mark.parametrize("kind", [Network, core.Model])
@pytest.mark.parametrize("lr", [0.0, 0.02])
def test_dark_samples_are_no_divergence(kind, lr):
    """A camera is covered for a night, then not: training goes on as if nothing had been."""
    net = kind(random_model(LAYERS, (6, 6, 1), seed=1))
    dark, bright = dark_and_bright(600)
    for i, x in enumerate(dark):
        net.train(x, i % 3, lr)
    for i, x in enumerate(bright[:100]):
        net.train(x, i % 3, lr)
    assert net.diverged is None


def test_dark_samples_do_not_move_ranges():
    """A range that shrank with each dark sample ended as a scale that no file may have."""
    model = silenced(random_model(LAYERS, (6, 6, 1), seed=1))
    net = core.Model(model)
    net.train_many(np.zeros((1, 6, 6, 1), np.uint8), np.zeros(1, int), np.zeros(20000, int), 0.0)
    assert net.to_model_file().layers[0].output_scale == model.layers[0].output_scale


@pytest.mark.parametrize("kind", [Network, core.Model])
@pytest.mark.parametrize("lr", [0.0, 0.02])
def test_a_silent_layer_is_told_and_may_respond_again(kind, lr):
    model = silenced(random_model(LAYERS, (6, 6, 1), seed=1))
    net = kind(model)
    _, bright = dark_and_bright(1020)
    for i, x in enumerate(bright[:999]):
        net.train(x, i % 3, lr)
    for i, x in enumerate(bright[999:]):
        with pytest.raises(DivergenceError, match="its output is 0 for 1000") as error:
            net.train(x, i % 3, lr)
        assert "lower lr" not in str(error.value) and "layer 1 (conv2d_1)" in str(error.value)
        assert net.diverged == "conv2d_1"
    assert kind(net.to_bytes()).model.step_count == 1020


def test_reference_and_core_are_silent_alike():
    model = silenced(random_model(LAYERS, (6, 6, 1), seed=1))
    reference, fast = Network(model), core.Model(model)
    dark, bright = dark_and_bright(1260)
    for i in range(1260):
        x = dark[i] if i % 5 == 0 else bright[i]
        said = []
        for net in (reference, fast):
            try:
                net.train(x, i % 3, 0.02)
                said.append("")
            except DivergenceError as error:
                said.append(str(error))
        assert said[0] == said[1]
        assert bool(said[0]) == (i >= 1249 and i % 5 != 0)
    assert fast.to_bytes() == reference.to_bytes()


@pytest.mark.parametrize("kind", [Network, core.Model])
def test_the_share_of_the_input_beyond_its_range(kind):
    net = kind(random_model(LAYERS, (6, 6, 1), seed=1))
    x = np.linspace(0, 1, 36, dtype=np.float32).reshape(6, 6, 1)
    net.predict(x)
    assert net.clipped == 0
    net.predict(x * 255)
    assert net.clipped == pytest.approx(35 / 36)
    net.predict(np.where(x > 0.5, x + 1, x).astype(np.float32))
    assert net.clipped == 0.5
    net.predict(np.zeros((6, 6, 1), np.uint8))
    assert net.clipped == 0


DEVICE = """
import array, fqt
net = fqt.Model("small.fqt")
x = [i / 35 for i in range(36)]
net.predict(array.array("f", x))
assert net.clipped == 0
net.scores(array.array("f", [255 * value for value in x]))
assert abs(net.clipped - 35 / 36) < 1e-6, net.clipped
net.loss_for(array.array("f", [value + (value > 0.5) for value in x]), 0)
assert net.clipped == 0.5
net.train(bytes(36), 0)
assert net.clipped == 0
for lr in (0, 0.02):
    net = fqt.Model("silent.fqt")
    for i in range(300):
        net.train(bytes(36), i % 3, lr)
    assert net.diverged is None
    said = []
    for i in range(1014):
        try:
            net.train(bytes((i * k * k) & 255 for k in range(36)), i % 3, lr)
        except RuntimeError as error:
            said.append(str(error))
            assert net.diverged == "conv2d_1"
    assert len(said) == 11, said # samples 0, 256, 512 and 768 are dark
    for text in said:
        assert "(conv2d_1)" in text and "output is 0 for 1000" in text and "lower lr" not in text
    assert net.steps == 1314
    net.reset()
    net.train(bytes(range(36)), 0, lr)
    assert net.diverged is None
print("ok")
"""


def test_diagnoses_of_a_device(unix_port, small_model):
    silent = silenced(random_model(LAYERS, (6, 6, 1), seed=1))
    unix_port.put("small.fqt", small_model.to_bytes())
    unix_port.put("silent.fqt", silent.to_bytes())
    assert unix_port.run_code(DEVICE) == "ok\n"


PAUSES = """
import fqt, gc
pauses = [0, None]
def pause():
    pauses[0] += 1
    if pauses[0] == pauses[1]:
        raise KeyboardInterrupt
look, fqt._pause = fqt._pause, pause
net = fqt.Model("large.fqt", batch=BATCH)
x = bytes(i * 7 & 255 for i in range(32 * 32))
net.train(x, 0)
per_step = pauses[0]
assert per_step >= 2, per_step
for stop in range(1, 3 * per_step):
    pauses[:] = 0, stop
    try:
        for i in range(4):
            net.train(x, i % 3, 0.01)
        raise SystemExit("not interrupted")
    except KeyboardInterrupt:
        pass
    pauses[1] = None
    net.predict(x)
net.train(x, 0)
net.save("after.fqt")
assert fqt.Model("after.fqt").scores(x) == net.scores(x)
# What a pause runs is refused, and what it does to the buffers is seen.
entered = []
def enter():
    try:
        net.predict(x)
    except RuntimeError as error:
        entered.append("in use" in str(error))
fqt._pause = enter
for _ in range(per_step):
    net.train(x, 0)
assert entered and all(entered)
frozen = bytearray(open("frozen.fqt", "rb").read())
other = fqt.Model(frozen)
fqt._pause = lambda: frozen.extend(b"more")
try:
    for _ in range(100):
        other.predict(x)
    raise SystemExit("not seen")
except ValueError as error:
    assert "changed its size" in str(error), error
# MicroPython's own loop, on which Ctrl-C acts, allocates nothing.
fqt._pause = look
net.train(x, 0)
gc.collect()
before = gc.mem_free()
for _ in range(3 * per_step):
    net.train(x, 0)
assert before - gc.mem_free() <= 64, before - gc.mem_free()
print("ok")
"""


@pytest.mark.parametrize("batch", [1, 4])
def test_a_long_step_looks_for_interrupts(unix_port, batch):
    layers = [Layer("conv2d", 16, (3, 3)), Layer("conv2d", 16, (3, 3)), Layer("dense", 3)]
    frozen = [Layer(each.kind, each.channels, each.kernel, trainable=False) for each in layers]
    model = random_model(layers, (32, 32, 1), seed=1)
    unix_port.put("large.fqt", model.to_bytes())
    unix_port.put("frozen.fqt", random_model(frozen, (32, 32, 1), seed=1).to_bytes())
    assert unix_port.run_code(PAUSES.replace("BATCH", str(batch))) == "ok\n"
    core.Model(unix_port.get("after.fqt"))
