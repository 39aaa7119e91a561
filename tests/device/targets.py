# Targets of every loss. Beside it: small.fqt (labels 0 to 2), autoencoder.fqt (int8 input 3x4x1,
# 12 outputs), value.fqt (uint8 input 3x4x1, one output), both with mean_squared_error; binary.fqt
# and tags.fqt (one output, and three) with binary_cross_entropy; pixels.fqt (uint8 input 3x4x1, 3
# classes at each of as many places) with pixelwise_cross_entropy.
import array

from checking import raises, run, state

import fqt

X = bytes(range(0, 240, 20))


def floats(*values):
    return array.array("f", values)


def check_one_output():
    net = fqt.Model("value.fqt")
    assert net.loss_name == "mean_squared_error" and net.outputs == 1
    same = fqt.Model("value.fqt")
    net.train(X, 2, 0.01)
    same.train(X, floats(2), 0.01)
    assert net.loss == same.loss > 0 and state(net) == state(same)
    many = fqt.Model("value.fqt")
    many.train(bytes(12) + X, floats(7, 2), 0.01, 1)
    assert state(many) == state(net)
    score = net.scores(X)[0]
    assert abs(net.loss_for(X, 2.5) - (score - 2.5) ** 2) < 0.01
    before = state(net)
    for _ in range(60):
        net.train(X, -1.5, 0.01)
    assert net.loss_for(X, -1.5) < 0.01 and state(net) != before
    for bad in (float("nan"), float("inf"), 16384, -1e30):
        raises(ValueError, "target element 0", lambda: net.train(X, bad))
        raises(ValueError, "target element 0", lambda: net.loss_for(X, floats(bad)))
    raises(ValueError, "12 elements, the output 1", lambda: net.train(X, None))
    raises(ValueError, "array 'f' of 1", lambda: net.train(X, b"1"))
    raises(TypeError, "", lambda: net.train(X, [1]))


def check_autoencoder():
    net = fqt.Model("autoencoder.fqt")
    same = fqt.Model("autoencoder.fqt")
    x = array.array("b", range(-60, 60, 10))
    values = floats(*[(value - net.input_zero_point) * net.input_scale for value in x])
    first = net.loss_for(x, None)
    for _ in range(40):
        net.train(x, None, 0.02)
        same.train(x, values, 0.02)
    assert state(net) == state(same)
    assert net.loss_for(x, None) < first / 2
    assert abs(net.loss_for(x, values) - net.loss_for(x, None)) < 1e-4
    raises(ValueError, "a sample has 12 elements", lambda: net.train(x, floats(1, 2)))
    raises(TypeError, "array 'f'", lambda: net.train(x, 1))
    values[7] = float("nan")
    raises(ValueError, "target element 7", lambda: net.train(x, values))


def check_binary():
    net = fqt.Model("binary.fqt")
    dark = bytes(12)
    for _ in range(100):
        net.train(X, 1, 0.05)
        net.train(dark, 0, 0.05)
    assert net.predict(X) == 1 and net.predict(dark) == 0
    assert net.loss_for(X, 1) < net.loss_for(X, 0)
    assert net.loss_for(X, 1) < net.loss_for(X, True) + 1e-9
    for bad in (1.5, -0.01, 2):
        raises(ValueError, "0 to 1", lambda: net.train(X, bad))
    tags = fqt.Model("tags.fqt")
    tags.train(X, floats(0, 1, 0.5))
    raises(ValueError, "target element 2 must be 0 to 1", lambda: tags.train(X, floats(0, 1, 7)))
    raises(ValueError, "element 1 ", lambda: tags.train(X, floats(0, float("nan"), 7)))


def check_pixels():
    net = fqt.Model("pixels.fqt")
    assert net.loss_name == "pixelwise_cross_entropy" and net.outputs == 36
    labels = bytes([0] * 4 + [1] * 4 + [2] + [255] * 3)
    same = fqt.Model("pixels.fqt")
    net.train(X, labels, 0.05)
    same.train(bytes(12) + X, bytes(12) + labels, 0.05, 1)
    assert net.loss == same.loss > 0 and state(net) == state(same)
    for _ in range(200):
        net.train(X, labels, 0.2)
    assert net.loss_for(X, labels) < same.loss_for(X, labels) / 2
    labels = net.predict(X)[:9] + b"\xff" * 3
    assert len(net.predict(X)) == 12
    assert net.evaluate([(X, labels)]) == 1 and net.evaluate((X + X, labels + labels)) == 1
    wrong = bytes([1 - labels[0] // 2] + [255] * 11)
    assert net.evaluate([(X, wrong), (X, labels)]) == 0.9
    # Where no pixel counts there is nothing to learn.
    before = net.scores(X)
    net.train(X, bytes([255] * 12), 0.05)
    assert net.loss == 0 and net.scores(X) == before and net.evaluate((X, b"\xff" * 12)) == 0
    again = fqt.Model("pixels.fqt")
    other = fqt.Model("pixels.fqt")
    for progress in fqt.fit(again, (X + X, labels + labels), epochs=2):
        assert progress.steps == 2
    list(fqt.fit(other, [(X, labels), (X, labels)], epochs=2))
    assert state(again) == state(other)
    raises(ValueError, "a sample has 12 elements", lambda: net.train(X, labels[1:]))
    raises(TypeError, "labels of 12 pixels", lambda: net.train(X, floats(*range(12))))
    raises(ValueError, "pixel 11 must be 0 to 2", lambda: net.train(X, labels[:11] + b"\x03"))
    raises(ValueError, "12 labels, one a pixel", lambda: fqt.fit(net, [(X, labels), (X, 1)]))
    raises(ValueError, "targets of 13 numbers", lambda: fqt.fit(net, (X, labels + b"0")))
    raises(ValueError, "pixel 0", lambda: net.evaluate([(X, b"\x09" * 12)]))


def check_data():
    net = fqt.Model("value.fqt")
    again = fqt.Model("value.fqt")
    x = bytes(i * 13 % 251 for i in range(60))
    values = floats(0.5, -1, 0.25, 1, 0)
    for _ in fqt.fit(net, (x, values), epochs=3):
        pass
    pairs = [(x[12 * i : 12 * i + 12], values[i]) for i in range(5)]
    for progress in fqt.fit(again, pairs, epochs=3):
        assert progress.steps == 5
    assert state(net) == state(again)
    raises(ValueError, "loss_for", lambda: net.evaluate((x, values)))
    auto = fqt.Model("autoencoder.fqt")
    for progress in fqt.fit(auto, (array.array("b", [i for i in range(36)]), None)):
        assert progress.steps == 3
    raises(ValueError, "loss_for", lambda: fqt.Model("tags.fqt").evaluate((x, values)))
    tags = fqt.Model("tags.fqt")
    rows = floats(*[i % 2 for i in range(15)])
    for progress in fqt.fit(tags, (x, rows), epochs=2):
        assert progress.steps == 5
    binary = fqt.Model("binary.fqt")
    labels = bytes(binary.predict(x, i) for i in range(5))
    assert binary.evaluate((x, labels)) == 1
    assert binary.evaluate((x, floats(*labels))) == 1
    assert binary.evaluate([(x[:12], 1 - labels[0]), (x[12:24], labels[1])]) == 0.5


def check_moments():
    moments = fqt.Moments()
    assert (moments.count, moments.mean, moments.deviation) == (0, 0, 1)
    moments.add(350000)
    assert (moments.mean, moments.deviation) == (350000, 1)
    for price in (350004, 349996, 350002, 349998):
        moments.add(price)
    assert moments.count == 5 and abs(moments.mean - 350000) < 0.1
    assert abs(moments.deviation - 8**0.5) < 0.1
    net = fqt.Model("mapped.fqt")
    net.map_output(moments.mean, moments.deviation)
    x = bytes(range(12))
    for _ in range(60):
        net.train(x, 350004.0, 0.01)
    assert abs(net.scores(x)[0] - 350004) < 0.5


run(check_one_output, check_autoencoder, check_binary, check_pixels, check_data, check_moments)
