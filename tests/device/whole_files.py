# Files that saves, checkpoints and caches write: whole or not there, and in nobody's way. Beside
# it: small.fqt, other.fqt (like small.fqt, another model), wide.fqt (2,600 bytes) and head.fqt (a
# frozen front part).
import os

from checking import raises, read, run, state
from disks import BLOCK, KINDS, PowerCut, formatted, mount

import fqt

X = bytes(range(36))
HEAD_DATA = (bytes(i * 7 % 251 for i in range(128)), bytes([0, 1]))


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def exists(path):
    return path in os.listdir()


def absent(call):
    # OSError ENOENT: as if it were not there.
    try:
        call()
    except OSError as error:
        assert error.args[0] == 2, error
        return
    raise AssertionError("it was taken")


def trained():
    net = fqt.Model("small.fqt")
    for _ in range(5):
        net.train(X, 1, 0.05)
    return net


def check_power_cuts_in_a_first_and_a_second_save():
    old = fqt.Model("small.fqt")
    new = trained()
    states = (state(old), state(new))
    assert states[0] != states[1]
    for kind in KINDS:
        empty = formatted(kind)
        mount(kind, empty)
        saved = bytearray(empty)
        mount(kind, saved)
        old.save("/disk/m")
        for data, outcomes in ((empty, (None, states[1])), (saved, states)):
            seen = set()
            cut = 0
            is_cut = True
            while is_cut:
                copy = bytearray(data)
                mount(kind, copy, cut)
                try:
                    new.save("/disk/m")
                    is_cut = False
                except (PowerCut, OSError):
                    pass
                for _ in range(2):  # and again, when the first start has mended what it found
                    mount(kind, copy)
                    try:
                        found = state(fqt.Model("/disk/m"))
                    except OSError as error:
                        assert error.args[0] == 2, (kind, cut, error)
                        found = None
                    assert found in outcomes, (kind, cut)
                new.save("/disk/m")
                assert state(fqt.Model("/disk/m")) == states[1]
                seen.add(outcomes.index(found))
                cut += 1
            assert seen == {0, 1} and cut > 4


def check_only_a_whole_file_is_recovered():
    net = trained()
    net.save("m")
    net.save("c", checkpoint=True)
    whole, checkpoint = read("m"), read("c")
    os.remove("m")
    os.remove("c")
    damaged = bytearray(whole)
    damaged[200] ^= 4
    parts = [whole[:length] for length in range(0, len(whole), 29)]
    for data in parts + [whole + b"0", bytes(damaged), checkpoint, bytes(500)]:
        write("m.new", data)
        absent(lambda: fqt.Model("m"))
        assert not exists("m")
    write("m.new", whole)
    assert state(fqt.Model("m")) == state(net)
    assert exists("m") and not exists("m.new")
    fresh = fqt.Model("small.fqt")
    before = state(fresh)
    damaged = bytearray(checkpoint)
    damaged[-1] ^= 1
    for data in (checkpoint[:-1], bytes(damaged), b"", read("other.fqt")):
        write("c.new", data)
        absent(lambda: fresh.restore("c"))
        assert not exists("c") and state(fresh) == before
    write("c.new", checkpoint)
    fresh.restore("c")
    assert state(fresh) == state(net) and exists("c")
    write("m.new", b"half")  # of no concern while the file itself is there
    assert state(fqt.Model("m")) == state(net)
    for name in ("m", "m.new", "c"):
        os.remove(name)


def check_a_save_that_fails_keeps_no_room():
    net = fqt.Model("wide.fqt")
    for kind in KINDS:
        mount(kind, formatted(kind))
        net.save("/disk/m")
        old = read("/disk/m")
        write("/disk/half", old[: len(old) // 2])
        try:
            with open("/disk/log", "wb") as log:
                while True:
                    log.write(bytes(BLOCK))
                    log.flush()
        except OSError:
            os.remove("/disk/half")
        net.train(X, 1, 0.05)
        for checkpoint in (False, True):
            free = os.statvfs("/disk")[3]
            path = "/disk/c" if checkpoint else "/disk/m"
            raises(OSError, "28", lambda: net.save(path, checkpoint=checkpoint))
            assert os.statvfs("/disk")[3] == free, kind
            assert sorted(os.listdir("/disk")) == ["log", "m"]
        assert read("/disk/m") == old


class Windows:
    # `os` where renaming over a file fails; `cut`: power fails between the removal and the rename.
    stat = os.stat
    remove = os.remove
    cut = False

    @staticmethod
    def rename(old, new):
        if exists(new):
            raise OSError(17)
        if Windows.cut:
            raise PowerCut()
        os.rename(old, new)


def check_a_file_system_whose_rename_does_not_replace():
    net = trained()
    net.save("m")
    net.train(X, 2, 0.05)
    fqt.os = Windows
    try:
        net.save("m")
        assert state(fqt.Model("m")) == state(net) and not exists("m.new")
        net.train(X, 0, 0.05)
        Windows.cut = True
        try:
            net.save("m")
            raise AssertionError("power was not cut")
        except PowerCut:
            pass
        Windows.cut = False
        assert not exists("m")
        assert state(fqt.Model("m")) == state(net) and exists("m")
    finally:
        fqt.os = os
    os.remove("m")


class Stubborn(Windows):
    # Nothing can be renamed or removed but what a save has begun.
    @staticmethod
    def rename(old, new):
        raise OSError(1)

    @staticmethod
    def remove(path):
        if not path.endswith(".new"):
            raise OSError(1)
        os.remove(path)


def check_a_rename_that_fails_leaves_the_old_file():
    net = trained()
    net.save("m")
    old = read("m")
    net.train(X, 2, 0.05)
    fqt.os = Stubborn
    try:
        raises(OSError, "1", lambda: net.save("m"))
    finally:
        fqt.os = os
    assert read("m") == old and not exists("m.new")
    os.remove("m")


def check_a_folder_is_not_replaced():
    net = fqt.Model("small.fqt")
    for folder, kind in [(".", None)] + [("/disk", kind) for kind in KINDS[:1]]:
        if kind:
            mount(kind, formatted(kind))
        os.mkdir(folder + "/empty")
        raises(OSError, "", lambda: net.save(folder + "/empty"))
        assert "empty.new" not in os.listdir(folder)
        os.rmdir(folder + "/empty")
    raises(OSError, "", lambda: net.save("no_folder/m"))


def check_a_checkpoint_replaces_no_other_file():
    net = fqt.Model("head.fqt")
    write("model.fqt", read("head.fqt"))
    write("notes.txt", b"these are notes, and of no model")
    write("short", b"FQT\x1a")
    for path in ("model.fqt", "notes.txt", "short"):
        before = read(path)
        raises(ValueError, path, lambda: net.save(path, checkpoint=True))
        raises(ValueError, "no checkpoint", lambda: fqt.fit(net, HEAD_DATA, keep=path))
        assert read(path) == before and net.steps == 0
        os.remove(path)
    write("c", b"")  # nothing is lost with an empty file
    net.save("c", checkpoint=True)
    list(fqt.fit(net, HEAD_DATA, keep="c"))
    other = fqt.Model("small.fqt")
    other.save("c", checkpoint=True)
    other.restore("c")
    other.save("c")  # a whole model holds all that a checkpoint does
    assert state(fqt.Model("c")) == state(other)
    os.remove("c")
    for bad in (None, 7, b"c"):
        raises(TypeError, "path", lambda: net.save(bad))
    for bad in (True, 7, b"c"):
        raises(TypeError, "path", lambda: fqt.fit(net, HEAD_DATA, keep=bad))


def check_a_cache_replaces_no_other_file():
    net = fqt.Model("head.fqt")
    write("data.bin", bytes(100))
    for path in ("head.fqt", "data.bin"):
        before = read(path)
        raises(ValueError, path, lambda: fqt.fit(net, HEAD_DATA, cache=path))
        assert read(path) == before
    os.remove("data.bin")
    raises(ValueError, "cache and keep", lambda: fqt.fit(net, HEAD_DATA, cache="c", keep="c"))
    raises(TypeError, "cache is", lambda: fqt.fit(net, HEAD_DATA, cache=7))


def check_leaving_a_loop_leaves_no_cache():
    # MicroPython does not close an iterator that is left, nor a generator.
    net = fqt.Model("head.fqt")
    want = fqt.Model("head.fqt")
    list(fqt.fit(want, HEAD_DATA, epochs=3))
    for folder, kind in [("", None)] + [("/disk/", kind) for kind in KINDS]:
        if kind:
            mount(kind, formatted(kind))
        path = folder + "cache.bin"

        def left():
            return "cache.bin" in os.listdir(folder or ".")

        again = fqt.Model("head.fqt")
        list(fqt.fit(again, HEAD_DATA, epochs=3, cache=path))
        assert state(again) == state(want) and not left()
        for progress in fqt.fit(net, HEAD_DATA, epochs=3, cache=path):
            break
        # FAT gives the room of what is removed to other files at once: there it stays until it is
        # used again, or closed.
        names_must_stay = "FAT" in str(kind).upper()
        assert left() == names_must_stay, kind
        run_of_epochs = fqt.fit(net, HEAD_DATA, epochs=3, cache=path)
        next(run_of_epochs)
        with open(folder + "other", "wb") as file:
            file.write(bytes(3000))
        next(run_of_epochs)
        run_of_epochs.close()
        assert not left() and read(folder + "other") == bytes(3000)
        os.remove(folder + "other")

        class Reading:
            # Data whose reading is interrupted in the second epoch.
            reads = 0

            def __len__(self):
                return 2

            def __getitem__(self, i):
                Reading.reads += 1
                if Reading.reads == 4:
                    raise KeyboardInterrupt
                return HEAD_DATA[0][64 * i : 64 * i + 64], i

        raises(KeyboardInterrupt, "", lambda: list(fqt.fit(net, Reading(), epochs=3, cache=path)))
        assert not left()


run(
    check_power_cuts_in_a_first_and_a_second_save,
    check_only_a_whole_file_is_recovered,
    check_a_save_that_fails_keeps_no_room,
    check_a_file_system_whose_rename_does_not_replace,
    check_a_rename_that_fails_leaves_the_old_file,
    check_a_folder_is_not_replaced,
    check_a_checkpoint_replaces_no_other_file,
    check_a_cache_replaces_no_other_file,
    check_leaving_a_loop_leaves_no_cache,
)
