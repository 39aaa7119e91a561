# The device's API: attributes, buffers, errors. Beside it: small.fqt (uint8 input 6x6x1, 3
# classes, two layers of weights that train), floats.fqt (int8 input 4x4x2, 2 classes, all frozen)
# and other.fqt (like small.fqt, another model).
import array
import gc
import os

from checking import raises, read, run

import fqt


def check_sources():
    data = read("small.fqt")
    from_path = fqt.Model("small.fqt")
    with open("small.fqt", "rb") as file:
        from_file = fqt.Model(file)
    unaligned = memoryview(b"x" + data)[1:]
    x = bytes(range(36))
    want = from_path.scores(x)
    for source in (data, bytearray(data), memoryview(data), unaligned):
        net = fqt.Model(source)
        assert net.scores(x) == want
        assert net.memory == from_path.memory
    assert from_file.scores(x) == want
    assert fqt.Model(data, master=16).memory > from_path.memory > fqt.Model(data, master=8).memory
    raises(OSError, "", lambda: fqt.Model("missing.fqt"))
    raises(TypeError, "buffer", lambda: fqt.Model(7))
    raises(ValueError, "master", lambda: fqt.Model(data, master=13))
    raises(ValueError, "batch is 1 to 65535", lambda: fqt.Model(data, batch=0))
    assert fqt.Model(data, batch=2).memory > from_path.memory
    raises(ValueError, "checksum", lambda: fqt.Model(data[:100] + b"?" + data[101:]))
    raises(ValueError, "bytes", lambda: fqt.Model(data[:-1]))
    raises(ValueError, "not a model", lambda: fqt.Model(bytes(200)))


def check_attributes():
    net = fqt.Model("small.fqt")
    assert net.input_shape == (6, 6, 1)
    assert net.input_type == "uint8"
    assert net.input_zero_point == -128
    assert abs(net.input_scale - 1 / 255) < 1e-6
    assert net.outputs == 3
    assert net.master == 12
    assert net.batch == 1
    assert net.loss_name == "softmax_cross_entropy"
    assert net.diverged is None
    assert net.feature_elements == 36
    assert net.steps == 0
    assert net.name == "random"
    assert len(net.layers) == 2
    name, kind, shape, parameters, trains, scale, zero_point = net.layers[0]
    assert (name, kind, shape, parameters, trains) == ("conv2d_1", "conv2d", (2, 2, 4), 40, True)
    text = str(net)
    assert "conv2d_1" in text and "2x2x4" in text and "RAM %d" % net.memory in text
    assert "softmax_cross_entropy" in text and "batch" not in text
    assert "batch=4" in str(fqt.Model("small.fqt", batch=4))
    raises(AttributeError, "", lambda: net.nothing)


def check_inputs():
    net = fqt.Model("small.fqt")
    floats = fqt.Model("floats.fqt")
    x = bytes(range(36))
    assert net.predict(x) == net.predict(array.array("B", x)) == net.predict(bytearray(x))
    assert net.predict(memoryview(b"abc" + x)[3:]) == net.predict(x)
    assert net.predict(x + bytes(36), 1) == net.predict(bytes(36))
    real = array.array("f", [value / 255 for value in x])
    assert net.scores(real) == net.scores(x)
    out = array.array("f", [0, 0, 0])
    assert net.scores(x, out) is out
    assert list(out) == net.scores(x)
    assert max(range(3), key=lambda i: out[i]) == net.predict(x)
    raises(ValueError, "36 elements", lambda: net.predict(bytes(35)))
    raises(ValueError, "36 elements", lambda: net.predict(b""))
    raises(ValueError, "1 samples", lambda: net.predict(x, 1))
    raises(ValueError, "no such index", lambda: net.predict(x, -1))
    raises(TypeError, "uint8", lambda: net.predict(array.array("b", [0] * 36)))
    raises(TypeError, "uint8", lambda: net.predict(array.array("h", [0] * 36)))
    raises(TypeError, "uint8", lambda: net.predict([0] * 36))
    raises(TypeError, "uint8", lambda: net.predict(None))
    raises(ValueError, "3 elements", lambda: net.scores(x, array.array("f", [0, 0])))
    raises(ValueError, "array 'f'", lambda: net.scores(x, bytearray(12)))
    assert floats.input_type == "int8"
    floats.predict(array.array("b", [0] * 32))
    for bad in (float("nan"), float("inf")):
        values = array.array("f", [0] * 32)
        values[5] = bad
        raises(ValueError, "element 5", lambda: floats.predict(values))
    floats.predict(array.array("f", [1e30, -1e30] * 16))
    assert floats.clipped == 1
    # The range in real values, and beyond it by more than half a unit.
    low = (-128 - floats.input_zero_point) * floats.input_scale
    high = (127 - floats.input_zero_point) * floats.input_scale
    floats.predict(array.array("f", [low, high] * 16))
    assert floats.clipped == 0
    beyond = [low - 0.6 * floats.input_scale] * 4 + [high + 0.6 * floats.input_scale] * 4
    floats.scores(array.array("f", beyond + [low, high] * 12))
    assert floats.clipped == 0.25
    floats.predict(bytes(32))
    assert floats.clipped == 0
    net.loss_for(array.array("f", [float(value) for value in x]), 0)  # 0 to 255 for 0 to 1
    assert 0.9 < net.clipped < 1


def check_training():
    net = fqt.Model("small.fqt")
    x = bytes(range(36))
    expected = net.loss_for(x, 1)
    assert net.train(x, 1, lr=0.05) is None
    first = net.loss
    assert first == expected
    assert first > 0
    for _ in range(60):
        net.train(x, 1, lr=0.05)
    assert net.loss < first and net.predict(x) == 1
    assert net.steps == 61
    before = net.scores(x)
    net.train(x, 2, lr=0)
    assert net.scores(x) == before
    raises(ValueError, "label must be 0 to 2", lambda: net.train(x, 3))
    raises(ValueError, "label", lambda: net.train(x, -1))
    for bad in (-0.1, float("nan"), float("inf")):
        raises(ValueError, "lr", lambda: net.train(x, 0, lr=bad))
    raises(TypeError, "", lambda: net.train(x, "a"))
    raises(TypeError, "", lambda: net.train(x, None))
    raises(TypeError, "", lambda: net.train(x, 1.0))
    net.train(x=x, target=0, index=0)
    raises(TypeError, "", lambda: net.train(x, 0, lr="a"))
    raises(TypeError, "", lambda: net.train(x))
    raises(ValueError, "no layer trains", lambda: fqt.Model("floats.fqt").train(bytes(32), 0))
    assert net.steps == 63


def check_saving():
    net = fqt.Model("small.fqt", master=16)
    x = bytes(range(36))
    for i in range(20):
        net.train(x, i % 3, lr=0.05)
    net.save("saved.fqt")
    net.save("saved.ckpt", checkpoint=True)
    again = fqt.Model("saved.fqt", master=16)
    fresh = fqt.Model("small.fqt", master=16)
    fresh.restore("saved.ckpt")
    from_bytes = fqt.Model("small.fqt", master=16)
    from_bytes.restore(read("saved.ckpt"))
    for other in (again, fresh, from_bytes):
        assert other.steps == 20 and other.scores(x) == net.scores(x)
        other.train(x, 0)
    assert again.scores(x) == fresh.scores(x) == from_bytes.scores(x)
    other = fqt.Model("other.fqt")
    before = other.scores(x)
    raises(ValueError, "another model", lambda: other.restore("saved.ckpt"))
    damaged = bytearray(read("saved.ckpt"))
    damaged[150] ^= 1
    raises(ValueError, "checksum", lambda: fresh.restore(damaged))
    raises(ValueError, "checkpoint", lambda: fqt.Model("saved.ckpt"))
    assert other.scores(x) == before
    os.remove("saved.fqt")
    os.remove("saved.ckpt")


def check_resized_buffer():
    data = bytearray(read("small.fqt"))
    net = fqt.Model(data)
    x = bytes(range(36))
    want = net.scores(x)
    data.extend(bytes(5000))
    raises(ValueError, "changed its size", lambda: net.predict(x))
    data[:] = read("small.fqt")
    gc.collect()
    assert net.scores(x) == want


def check_fit():
    net = fqt.Model("small.fqt")
    x = bytes(200 if i % 3 == i // 36 % 3 else i % 50 for i in range(36 * 9))
    labels = bytes(i % 3 for i in range(9))
    epochs = list(fqt.fit(net, (x, labels), epochs=25, lr=0.05))
    assert [progress.epoch for progress in epochs] == list(range(1, 26))
    assert epochs[-1].loss < epochs[0].loss and net.steps == 225
    assert "loss" in repr(epochs[0])
    assert net.evaluate((x, labels)) > 0.5
    pairs = [(x[36 * i : 36 * i + 36], labels[i]) for i in range(9)]
    assert net.evaluate(pairs) == net.evaluate((x, labels))
    again = fqt.Model("small.fqt")
    for _ in fqt.fit(again, pairs, epochs=25, lr=0.05):
        pass
    assert again.scores(x[:36]) == net.scores(x[:36])
    taken = list(fqt.fit(net, (x, labels), seconds=0.05))
    assert taken and sum(progress.steps for progress in taken) + 225 == net.steps
    generator = fqt.fit(net, (x, labels), epochs=5)
    next(generator)
    generator.close()
    raises(ValueError, "no samples", lambda: next(fqt.fit(net, (b"", b""))))
    order = array.array("H", range(10))
    fqt.shuffle(order, 5)
    assert sorted(order) == list(range(10)) and list(order) != list(range(10))


run(
    check_sources,
    check_attributes,
    check_inputs,
    check_training,
    check_saving,
    check_resized_buffer,
    check_fit,
)
