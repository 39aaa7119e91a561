# Streams that end or change while a model is read from them: what is checked is what is used.
# Beside it: model.fqt, and checkpoint.fqt of another state of the same model.
import gc

from checking import raises, run

import fqt

with open("model.fqt", "rb") as file:
    MODEL = file.read()
with open("checkpoint.fqt", "rb") as file:
    CHECKPOINT = file.read()


class Stream:
    """Bytes as a file; change(count, offset, part) may change what the count-th read returns."""

    def __init__(self, data, change):
        self.data = data
        self.change = change
        self.place = 0
        self.count = 0

    def seek(self, offset, whence=0):
        self.place = len(self.data) + offset if whence == 2 else offset
        return self.place

    def readinto(self, buffer):
        part = bytearray(self.data[self.place : self.place + len(buffer)])
        part = self.change(self.count, self.place, part)
        self.count += 1
        self.place += len(part)
        buffer[: len(part)] = part
        return len(part)


def offsets_of(data, use):
    """Where a stream is read, read after read."""
    offsets = []

    def note(count, offset, part):
        offsets.append(offset)
        return part

    use(Stream(data, note))
    return offsets


def check_a_stream_that_ends():
    stream = Stream(MODEL, lambda count, offset, part: part if offset < 64 else b"")
    raises(ValueError, "file could not be read: ", lambda: fqt.Model(stream))
    stream = Stream(MODEL, lambda count, offset, part: b"")
    raises(ValueError, "file could not be read: 64 bytes at 0", lambda: fqt.Model(stream))


def check_each_read_changed():
    """One byte of one read changed: an exception, or the same model; no other memory changes."""
    kept = [bytearray(b"\xa5" * 200) for _ in range(40)]
    for i in range(0, 40, 2):
        kept[i] = None
    gc.collect()
    for changed in range(len(offsets_of(MODEL, fqt.Model))):
        for at in (0, 12, 40, 71, 127):

            def change(count, offset, part):
                if count == changed and at < len(part):
                    part[at] ^= 0x3C
                return part

            stream = Stream(MODEL, change)
            try:
                model = fqt.Model(stream, master=8)
                model.save("saved.fqt")
                with open("saved.fqt", "rb") as file:
                    assert file.read() == MODEL, (changed, at)
            except ValueError:
                pass
        gc.collect()
    assert all(part is None or part == b"\xa5" * 200 for part in kept)


def saved(model):
    model.save("saved.fqt")
    with open("saved.fqt", "rb") as file:
        return file.read()


def check_each_read_of_a_checkpoint_changed():
    """Before the last time that it is gone through, an exception leaves the model as it was; then,
    one that is valid: what it saves can be loaded, and it runs."""
    offsets = offsets_of(CHECKPOINT, fqt.Model(MODEL).restore)
    taking = len(offsets) - 1 - offsets[::-1].index(64)
    sample = bytes(36)
    for changed in range(len(offsets)):
        for at in (0, 12, 26, 63, 100):
            touched = []

            def change(count, offset, part):
                if count == changed and at < len(part):
                    part[at] ^= 0xFF
                    touched.append(at)
                return part

            model = fqt.Model(MODEL, master=8)
            try:
                model.restore(Stream(CHECKPOINT, change))
                assert not touched
            except ValueError:
                assert changed >= taking or saved(model) == MODEL, (changed, at)
            model = fqt.Model(saved(model))
            model.train(sample, 1)
            model.predict(sample)
        gc.collect()


def check_a_checkpoint_that_ends_in_each_read():
    for last in range(len(offsets_of(CHECKPOINT, fqt.Model(MODEL).restore))):
        model = fqt.Model(MODEL)
        stream = Stream(CHECKPOINT, lambda count, offset, part: part if count < last else b"")
        raises(ValueError, "file could not be read", lambda: model.restore(stream))
        fqt.Model(saved(model)).predict(bytes(36))
        gc.collect()


run(
    check_a_stream_that_ends,
    check_each_read_changed,
    check_each_read_of_a_checkpoint_changed,
    check_a_checkpoint_that_ends_in_each_read,
)
