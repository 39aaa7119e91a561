# What changes how layers train: freezing, resetting, options, divergence. Beside it: head.fqt
# (uint8 8x8x1: a frozen conv2d and a pooling in front of two dense layers, 3 classes) and
# residual.fqt (uint8 4x4x1: two convolutions, the sum of their outputs, a dense layer).
import array

from checking import raises, run, state

import fqt

X = bytes(i * 7 % 256 for i in range(64))


def trains(net):
    return [layer[4] for layer in net.layers]


def check_freezing():
    net = fqt.Model("residual.fqt")
    x = X[:16]
    assert trains(net) == [True, True, False, True]
    net.freeze("conv2d_1")
    assert trains(net) == [False, True, False, True]
    assert "frozen" in str(net)
    assert net.feature_elements == 32  # conv2d_1's output: the sum reads it too
    net.freeze(2)
    net.freeze(2)
    assert net.feature_elements == 32  # the sum's output
    assert fqt.Model("residual.fqt").feature_elements == 16
    front = net.layers[:2]
    before = state(net)
    net.train(x, 1)
    assert net.layers[:2] == front and state(net) != before
    net.unfreeze("conv2d_1")
    assert trains(net) == [True, False, False, True]
    net.freeze()
    assert trains(net) == [False] * 4
    raises(ValueError, "unfreeze()", lambda: net.train(x, 1))
    net.unfreeze()
    assert trains(net) == [True, True, False, True]
    net.train(x, 1)
    for change in (net.freeze, net.unfreeze, net.reset):
        raises(ValueError, "no layer has that name", lambda: change("conv2d"))
        raises(ValueError, "no layer has that name", lambda: change("conv2d_11"))
        raises(ValueError, "layers are 1 to 4", lambda: change(0))
        raises(ValueError, "layers are 1 to 4", lambda: change(5))
        raises(ValueError, "layer 3 (add_3): it has no weights", lambda: change("add_3"))
        raises(TypeError, "", lambda: change(None))


def check_freezing_in_a_batch():
    net = fqt.Model("residual.fqt", batch=4)
    start = state(net)
    net.train(X, 1, 0.05)
    net.freeze(1)
    for i in range(6):
        net.train(X, i % 3, 0.05, i % 4)
    net.unfreeze(1)
    net.train(X, 1, 0.05)
    assert net.steps == 8 and state(net) != start


def check_reset():
    net = fqt.Model("head.fqt")
    before = net.scores(X)
    net.reset("dense_4")
    assert net.scores(X) != before
    before = net.scores(X)
    net.reset()
    assert net.scores(X) != before
    raises(ValueError, "layer 1 (conv2d_1)", lambda: net.reset("conv2d_1"))
    for _ in range(40):
        net.train(X, 2, 0.02)
    assert net.predict(X) == 2


def check_features():
    net = fqt.Model("head.fqt")
    same = fqt.Model("head.fqt")
    elements = net.feature_elements
    assert elements == 16
    rows = bytearray(3 * elements)
    x = X + bytes(64) + bytes(range(64))
    for i in range(3):
        assert net.features(x, rows, i, i * elements) is rows
    one = array.array("b", bytes(elements))
    net.features(x, one, 2)
    assert bytes(one) == rows[2 * elements :]
    for i in range(12):
        net.train(rows, i % 3, 0.05, i % 3, True)
        same.train(x, i % 3, 0.05, i % 3)
        assert net.loss == same.loss
    assert state(net) == state(same)
    raises(ValueError, "16 bytes from offset", lambda: net.features(x, bytearray(15)))
    raises(ValueError, "out must be", lambda: net.features(x, rows, 0, 33))
    raises(ValueError, "out must be", lambda: net.features(x, rows, 0, -1))
    raises(ValueError, "out must be", lambda: net.features(x, array.array("f", rows)))
    raises(TypeError, "", lambda: net.features(x, bytes(elements)))
    raises(ValueError, "a sample has 16", lambda: net.train(rows[1:], 0, features=True))
    raises(ValueError, "no such index", lambda: net.train(rows, 0, index=3, features=True))
    raises(TypeError, "features", lambda: net.train([0] * 16, 0, features=True))
    net.unfreeze()
    net.freeze("dense_3")
    assert net.feature_elements == 8
    all_trains = fqt.Model("residual.fqt")
    raises(ValueError, "no features", lambda: all_trains.features(X, rows))
    raises(ValueError, "no features", lambda: all_trains.train(rows, 0, features=True))
    auto = fqt.Model("autoencoder.fqt")
    auto.freeze(1)
    raises(ValueError, "a target is needed", lambda: auto.train(bytes(8), None, features=True))


def check_options():
    net = fqt.Model("head.fqt")
    assert net.update_rate == (1, 1)
    assert net.standardize is False and net.weight_decay == 0 and net.sample_updates is False
    net.update_rate = 0.25, 0.5
    assert net.update_rate == (0.25, 0.5)
    net.update_rate = 0.5
    assert net.update_rate == (0.5, 0.5)
    net.standardize = True
    net.weight_decay = 0.5
    assert (net.update_rate, net.standardize, net.weight_decay) == ((0.5, 0.5), True, 0.5)
    net.sample_updates = True
    assert net.sample_updates is True and net.weight_decay == 0.5
    plain = fqt.Model("head.fqt")
    for _ in range(3):
        plain.train(X, 1)
        net.train(X, 1)
    assert state(plain) != state(net)

    def change(name, value):
        raises(ValueError, name, lambda: setattr(net, name, value))

    for bad in (0, -0.1, 1.1, float("nan"), (0.5, 0.2), (0, 1), (0.1, 1, 1), ()):
        if isinstance(bad, tuple) and len(bad) != 2:
            raises(ValueError, "", lambda: setattr(net, "update_rate", bad))
        else:
            change("update_rate", bad)
    for bad in (-1, float("nan"), float("inf")):
        change("weight_decay", bad)
    raises(TypeError, "", lambda: setattr(net, "weight_decay", "much"))
    assert (net.update_rate, net.standardize, net.weight_decay) == ((0.5, 0.5), True, 0.5)
    net.update_rate = 1e-9
    net.train(X, 1)


def check_divergence():
    net = fqt.Model("head.fqt")
    net.save("good.ckpt", checkpoint=True)

    def diverge():
        for i in range(3000):
            net.train(X, i % 3, 1e9)

    raises(RuntimeError, "diverged", diverge)
    assert net.diverged in ("dense_3", "dense_4")
    raises(RuntimeError, "(%s): training diverged" % net.diverged, lambda: net.train(X, 0))
    steps = net.steps
    net.predict(X)
    assert net.steps == steps
    net.restore("good.ckpt")
    assert net.diverged is None
    assert state(net) == state(fqt.Model("head.fqt"))
    net.train(X, 0)
    raises(RuntimeError, "diverged", diverge)
    net.reset()
    assert net.diverged is None


run(
    check_freezing,
    check_freezing_in_a_batch,
    check_reset,
    check_features,
    check_options,
    check_divergence,
)
