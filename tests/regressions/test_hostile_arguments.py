"""What a model is given behaves badly: a stream or a writer keeps, resizes or invents; a number
changes a buffer while it is converted; a type or a number is none that the method takes. Each gets
an error that says what is expected, or works; no memory of others is touched."""

import pytest

from models import Layer, random_model

STREAMS = """
import fqt
class Stream:
    # A file in memory whose answers are changed by `spoil`.
    def __init__(self, data, spoil):
        self.data, self.spoil, self.place, self.kept = data, spoil, 0, []
    def seek(self, place, whence=0):
        self.place = place if whence == 0 else len(self.data) + place
        return self.place
    def readinto(self, buffer):
        part = self.data[self.place : self.place + len(buffer)]
        buffer[: len(part)] = part
        self.place += len(part)
        return self.spoil(self, buffer, len(part))
data = open("small.fqt", "rb").read()
x = bytes(range(36))
want = fqt.Model(data).scores(x)
def kept(stream, buffer, count):
    stream.kept.append((buffer, memoryview(buffer)))
    return count
stream = Stream(data, kept)
net = fqt.Model(stream)
assert net.scores(x) == want
for buffer, view in stream.kept:
    for i in range(len(buffer)):
        buffer[i] = view[i] = 0xA5
assert net.scores(x) == want
one = fqt.Model(Stream(data, lambda stream, buffer, count: count))
assert one.scores(x) == want
def slowly(stream, buffer, count):
    stream.place -= max(count - 7, 0)
    return min(count, 7)
assert fqt.Model(Stream(data, slowly)).scores(x) == want
def emptied(stream, buffer, count):
    buffer[:] = b""
    return count
answers = [0, None, -1, 257, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 64, 1.5, "a", [], False]
def resized(stream, buffer, count):
    buffer.extend(bytes(5000))
    return count + 1
spoils = [resized, emptied] + [lambda *_, answer=answer: answer for answer in answers]
for spoil in spoils:
    for take in (fqt.Model, net.restore):
        try:
            take(Stream(data, spoil))
            raise SystemExit("taken")
        except (ValueError, TypeError):
            pass
    assert net.scores(x) == want
for end in (None, -1, 1 << 31, (1 << 32) + len(data), 1 << 64, 1.5, "a"):
    class Endless(Stream):
        def seek(self, place, whence=0):
            return end if whence else super().seek(place)
    for take in (fqt.Model, net.restore):
        try:
            take(Endless(data, kept))
            raise SystemExit("taken")
        except (TypeError, ValueError):
            pass
print("ok")
"""

WRITERS = """
import fqt
x = bytes(range(36))
data = bytearray(open("small.fqt", "rb").read())
net = fqt.Model(data, master=8)
pieces = []
net._write(pieces.append, False)
for i in range(20):
    net.train(x, i % 3, 0.1)
assert all(isinstance(piece, bytes) for piece in pieces)
assert b"".join(pieces) == data
frozen = bytearray(open("frozen.fqt", "rb").read())
kept = bytes(frozen)
net = fqt.Model(frozen)
def moves(piece):
    # Its bytes lie elsewhere afterwards.
    frozen.extend(bytes(100000))
    frozen[:] = b""
    junk = [bytearray(len(kept)) for _ in range(50)]
    frozen.extend(kept)
try:
    net._write(moves, False)
except ValueError as error:
    assert "changed its size" in str(error), error
pieces = []
net._write(pieces.append, False)
assert b"".join(pieces) == kept
print("ok")
"""

BUFFERS = """
import array, fqt
net = fqt.Model("small.fqt")
signed = fqt.Model("frozen.fqt")
x, y = bytes(range(36)), bytes(range(32))
values = array.array("b", [i - 20 for i in range(32)])
want = signed.scores(values)
as_bytes = bytes(values)
for same in (as_bytes, bytearray(as_bytes), values):
    assert signed.scores(same) == signed.scores(memoryview(same)) == want
def refused(call, kinds=TypeError):
    try:
        call()
        raise SystemExit("taken")
    except kinds as error:
        assert len(str(error)) > 20, error
unsigned = array.array("B", as_bytes)
for bad in (unsigned, memoryview(unsigned), memoryview(unsigned)[0:], "t" * 32):
    refused(lambda: signed.predict(bad))
for code in "bhHiIlLqQd":
    for bad in (array.array(code, [0] * 36), memoryview(array.array(code, [0] * 36))):
        refused(lambda: net.predict(bad))
        if code != "b":
            refused(lambda: signed.predict(bad))
        refused(lambda: net.train(bad, 0))
        refused(lambda: net.loss_for(bad, 0))
        refused(lambda: net.scores(x, bad), ValueError)
        if code != "H":
            refused(lambda: fqt.shuffle(bad, 1))
for bad in ("t" * 36, None, 7, 1.5, [0] * 36, print):
    refused(lambda: net.predict(bad))
    refused(lambda: fqt.shuffle(bad, 1))
for bad in (bytes(12), memoryview(bytes(12)), "t" * 12, 7, [0.0] * 3):
    refused(lambda: net.scores(x, bad))
net.freeze("conv2d_1")
row = bytearray(net.feature_elements)
net.features(x, row)
net.train(row, 0, features=True)
for bad in ("t" * len(row), array.array("f", [0] * len(row)), array.array("H", row), 7):
    refused(lambda: net.train(bad, 0, features=True))
for code in "hHiIlLqQfd":
    refused(lambda: net.features(x, array.array(code, [0] * 100)), ValueError)
for bad in (bytes(100), "t" * 100, 7):
    refused(lambda: net.features(x, bad))
print("ok")
"""

NUMBERS = """
import fqt
net = fqt.Model("small.fqt")
x = bytes(range(36))
net.freeze("conv2d_1")
row = bytearray(net.feature_elements)
net.train(x, True, 0)
net.predict(x, False)
data = open("small.fqt", "rb").read()
powers = [1 << bits for bits in (30, 31, 32, 62, 63, 64, 100)]
far = [sign * power + more for power in powers for sign in (1, -1) for more in (-1, 0, 1)]
no_integers = [1.0, 1e30, "1", b"1", [], (1,), object(), print]
calls = (
    lambda n: net.train(x, n),
    lambda n: net.train(x, 0, 0, n),
    lambda n: net.train(x, 0, index=n),
    lambda n: net.predict(x, n),
    lambda n: net.scores(x, None, n),
    lambda n: net.loss_for(x, n),
    lambda n: net.loss_for(x, 0, n),
    lambda n: net.features(x, row, n),
    lambda n: net.features(x, row, 0, n),
    lambda n: fqt.Model(data, master=n),
    lambda n: fqt.Model(data, batch=n),
    lambda n: net.freeze(n),
    lambda n: net.unfreeze(n),
    lambda n: net.reset(n),
)
steps = net.steps
for number, call in enumerate(calls):
    for n in far + no_integers + [None, -1]:
        if n == "1" and number > 10:
            continue # a name
        try:
            call(n)
            raise SystemExit("taken: %d, %r" % (number, n))
        except (ValueError, TypeError) as error:
            text = str(error)
            assert "convert" not in text and len(text) > 15, text
assert net.steps == steps
for n in far:
    fqt.shuffle(__import__("array").array("H", [1, 2, 3]), n)
for rates in ((), (1,), (0.1, 0.2, 0.3), (0.5, 0.1), 0, 2, (1, 2)):
    try:
        net.update_rate = rates
        raise SystemExit("taken")
    except ValueError as error:
        assert "update_rate is" in str(error), error
assert net.update_rate == (1, 1)
print("ok")
"""

RESIZED = """
import array, fqt, gc
x = bytes(range(36))
class Moves:
    # A number that frees or resizes a buffer while it is converted.
    def __init__(self, buffer, more):
        self.buffer, self.more = buffer, more
    def __int__(self):
        self.buffer.extend(self.more)
        gc.collect()
        return 0
    def __float__(self):
        return float(self.__int__())
    def __bool__(self):
        return bool(self.__int__())
    def __len__(self):
        return self.__int__()
net = fqt.Model("small.fqt")
def attempt(call):
    try:
        call()
    except (ValueError, TypeError):
        pass
for _ in range(20):
    data = bytearray(open("small.fqt", "rb").read())
    own = fqt.Model(data)
    attempt(lambda: own.train(x, 0, Moves(data, bytes(9999))))
    floats = array.array("f", [0.0] * 3)
    attempt(lambda: net.scores(x, floats, Moves(floats, array.array("f", [0.0] * 999))))
    sample = bytearray(x)
    attempt(lambda: net.train(sample, 0, Moves(sample, bytes(9999))))
    attempt(lambda: net.predict(sample, Moves(sample, bytes(9999))))
    order = array.array("H", range(50))
    attempt(lambda: fqt.shuffle(order, Moves(order, order)))
    target = array.array("f", [0.0])
    one = fqt.Model("regression.fqt")
    attempt(lambda: one.train(bytes(36), Moves(target, target)))
    attempt(lambda: one.loss_for(bytes(36), Moves(target, target), Moves(target, target)))
class Finalised:
    # Collected while a model is made from the buffer.
    def __init__(self, data):
        self.data = data
    def __del__(self):
        self.data[:] = b""
for _ in range(20):
    data = bytearray(open("small.fqt", "rb").read())
    Finalised(data)
    gc.threshold(1)
    attempt(lambda: fqt.Model(data))
    gc.threshold(-1)
net.train(x, 0)
print("ok")
"""


@pytest.mark.parametrize(
    "script",
    [STREAMS, WRITERS, BUFFERS, NUMBERS, RESIZED],
    ids=["streams", "writers", "buffers", "numbers", "resized"],
)
def test_bad_arguments_harm_nothing(unix_port, small_model, frozen_model, script):
    regression = random_model([Layer("dense", 1)], (6, 6, 1), seed=1, loss="mean_squared_error")
    unix_port.put("small.fqt", small_model.to_bytes())
    unix_port.put("frozen.fqt", frozen_model.to_bytes())
    unix_port.put("regression.fqt", regression.to_bytes())
    assert unix_port.run_code(script) == "ok\n"
