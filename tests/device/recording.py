# Recordings: fqt.Recorder and fqt.Data, with power that fails at every byte. Beside it: small.fqt,
# and ones.npy with labels.npy.
import array
import os

import fqt_data
from checking import raises, run

import fqt

SHAPE = 1, 4, 2
PATH = "walk.fqd"


class PowerCut(Exception):
    pass


class CutFile:
    # Takes `left` bytes, then loses power.
    left = 0

    def __init__(self, file):
        self.file = file

    def write(self, data):
        data = bytes(memoryview(data)) if isinstance(data, (bytes, bytearray)) else _bytes(data)
        part = data[: CutFile.left]
        CutFile.left -= len(part)
        self.file.write(part)
        if len(part) < len(data):
            self.file.close()
            raise PowerCut()
        return len(data)

    def flush(self):
        self.file.flush()

    def close(self):
        self.file.close()


def _bytes(numbers):
    # Those of an array.
    with open("bytes.tmp", "wb") as file:
        file.write(numbers)
    with open("bytes.tmp", "rb") as file:
        return file.read()


class CountingFile:
    # Takes as many bytes as a buffer has elements, as a folder that mpremote mounts does.
    def __init__(self, file):
        self.file = file
        self.read = file.read
        self.seek = file.seek
        self.flush = file.flush
        self.close = file.close

    def readinto(self, buffer):
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        assert isinstance(data, (bytes, bytearray))
        return self.file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def check_a_folder_that_mpremote_mounts():
    real_open = open
    fqt_data.open = lambda path, mode: CountingFile(real_open(path, mode))
    try:
        forget()
        with fqt.Recorder(PATH, SHAPE, "h") as recorder:
            for i in range(5):
                recorder.add(sample(i), i)
        with fqt.Data(PATH) as data:
            assert len(data) == 5 and data.damaged == 0
            for i in range(5):
                x, label = data[i]
                assert x == sample(i) and label == i
        with fqt.Data("ones.npy", "labels.npy") as data:
            assert list(data[2][0]) == [2, 3, -2] and data[2][1] == 0
    finally:
        fqt_data.open = real_open
        forget()


def forget(path=PATH):
    for name in (path, path + ".old"):
        try:
            os.remove(name)
        except OSError:
            pass


def sample(i):
    return array.array("h", (i, -i, 1000 * i, 4, 5, 6, 7, -32768))


def seen(path=PATH):
    with fqt.Data(path) as data:
        rows = []
        for i in range(len(data)):
            x, label = data[i]
            rows.append((x[0], x[1], label))
        return rows, data.damaged


def check_samples_come_back_in_order():
    forget()
    with fqt.Recorder(PATH, SHAPE, "h") as recorder:
        for i in range(20):
            recorder.add(sample(i), i % 3)
        assert len(recorder) == 20
    assert seen() == ([(i, -i, i % 3) for i in range(20)], 0)
    with fqt.Recorder(PATH, SHAPE, "h") as recorder:  # goes on
        recorder.add([1, -1, 0, 0, 0, 0, 0, 0], 2)
    assert seen()[0][-2:] == [(19, -19, 1), (1, -1, 2)]


def check_it_is_bounded_and_keeps_the_newest():
    forget()
    with fqt.Recorder(PATH, SHAPE, "h", records=10) as recorder:
        for i in range(33):
            recorder.add(sample(i), 0)
            assert len(recorder) <= 10
    numbers = [first for first, _, _ in seen()[0]]
    assert numbers == list(range(33 - len(numbers), 33)) and 5 <= len(numbers) <= 10


def check_power_cuts():
    # Whatever was written before a cut is there afterwards, and recording goes on behind it.
    real_open = open
    try:
        for cut in range(0, 130):
            forget()
            CutFile.left = cut
            fqt_data.open = lambda path, mode: (
                real_open(path, mode) if mode == "rb" else CutFile(real_open(path, mode))
            )
            added = 0
            try:
                recorder = fqt.Recorder(PATH, SHAPE, "h", records=6)
                for i in range(6):
                    recorder.add(sample(i), i)
                    added += 1
                raise AssertionError("power was not cut at %d" % cut)
            except PowerCut:
                pass
            fqt_data.open = real_open
            with fqt.Recorder(PATH, SHAPE, "h", records=6) as recorder:
                recorder.add(sample(77), 7)
            numbers = [first for first, _, _ in seen()[0]]
            assert numbers[-1] == 77 and numbers[:-1] == list(range(added)), (cut, added, numbers)
    finally:
        fqt_data.open = real_open


def check_damage_is_skipped():
    forget()
    with fqt.Recorder(PATH, SHAPE, "h") as recorder:
        for i in range(5):
            recorder.add(sample(i), 0)
    with open(PATH, "r+b") as file:
        file.seek(20 + 2 * 21 + 9)
        file.write(b"\x99")
    assert seen() == ([(i, -i, 0) for i in (0, 1, 3, 4)], 1)


def check_targets_and_floats():
    forget()
    with fqt.Recorder(PATH, (1, 1, 3), "f", targets=2) as recorder:
        recorder.add((0.5, -2.0, 1e6), (1.5, -0.25))
    x, targets = fqt.Data(PATH)[0]
    assert list(x) == [0.5, -2.0, 1e6] and list(targets) == [1.5, -0.25]


def check_what_does_not_fit_changes_nothing():
    forget()
    recorder = fqt.Recorder(PATH, SHAPE, "h")
    raises(ValueError, "8 numbers, not 7", lambda: recorder.add([0] * 7, 0))
    large = [0, 0, 0, 70000, 0, 0, 0, 0]
    raises(ValueError, "number 3 of the sample is 70000", lambda: recorder.add(large, 0))
    raises(ValueError, "0 to 255, not 256", lambda: recorder.add([0] * 8, 256))
    recorder.close()
    assert seen() == ([], 0)
    other = "1x4x2 'h' with labels, not 1x4x2 'b'"
    raises(ValueError, other, lambda: fqt.Recorder(PATH, SHAPE, "b"))
    raises(ValueError, "type is", lambda: fqt.Recorder(PATH, SHAPE, "x"))
    raises(ValueError, "shape is", lambda: fqt.Recorder(PATH, (4, 2)))
    raises(ValueError, "small.fqt is no recording", lambda: fqt.Data("small.fqt"))
    raises(OSError, "2", lambda: fqt.Data("none.fqd"))
    raises(IndexError, "sample 0 of 0", lambda: fqt.Data(PATH)[0])
    raises(AttributeError, "Walker", lambda: fqt.Walker)


def check_a_model_trains_on_a_recording():
    forget()
    net = fqt.Model("small.fqt")
    with fqt.Recorder(PATH, net) as recorder:
        for i in range(6):
            recorder.add(bytes((i * 7 + j) & 255 for j in range(36)), i % 3)
    other = fqt.Model("small.fqt")
    pairs = [(bytes((i * 7 + j) & 255 for j in range(36)), i % 3) for i in range(6)]
    for _ in fqt.fit(net, fqt.Data(PATH), epochs=2):
        pass
    for _ in fqt.fit(other, pairs, epochs=2):
        pass
    assert net.scores(pairs[0][0]) == other.scores(pairs[0][0])
    assert net.evaluate(fqt.Data(PATH)) == other.evaluate(pairs)


def check_numpy_s_files():
    data = fqt.Data("ones.npy", "labels.npy")
    assert len(data) == 4
    for i in range(4):
        x, label = data[i]
        assert list(x) == [i, i + 1, -i] and label == i % 2, (list(x), label)
    assert data[1][1] == 1 and fqt.Data("ones.npy")[0][1] is None
    raises(ValueError, "no .npy file", lambda: fqt.Data("fake.npy"))


with open("fake.npy", "wb") as fake:
    fake.write(b"nothing of numpy's")
run(
    check_a_folder_that_mpremote_mounts,
    check_samples_come_back_in_order,
    check_it_is_bounded_and_keeps_the_newest,
    check_power_cuts,
    check_damage_is_skipped,
    check_targets_and_floats,
    check_what_does_not_fit_changes_nothing,
    check_a_model_trains_on_a_recording,
    check_numpy_s_files,
)
forget()
