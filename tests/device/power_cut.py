# Power fails at every byte of a save, and around the rename: the old or the new model is there
# afterwards. Beside it: small.fqt.
import os
import sys

import fqt


class PowerCut(Exception):
    pass


class CutFile:
    # A file that takes `left` bytes and then loses power.
    def __init__(self, path, left):
        self.file = open(path, "wb")
        self.left = left

    def write(self, piece):
        part = bytes(piece)[: self.left]
        self.left -= len(part)
        self.file.write(part)
        if len(part) < len(piece):
            self.file.close()
            raise PowerCut()
        return len(piece)

    def flush(self):
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


class CutOs:
    # `os` on a file system where renaming over a file removes it first (FAT), with power failing
    # between.
    stat = os.stat

    @staticmethod
    def rename(old, new):
        os.remove(new)
        raise PowerCut()


class OffOs:
    # `os` without power: what is tried behind a cut has no effect.
    stat = os.stat

    @staticmethod
    def remove(path):
        raise PowerCut()

    rename = remove


def read(path):
    with open(path, "rb") as file:
        return file.read()


x = bytes(range(36))
old = fqt.Model("small.fqt")
old.save("model.fqt")
old_bytes = read("model.fqt")
net = fqt.Model("model.fqt")
for _ in range(10):
    net.train(x, 1, lr=0.05)

real_open = open
real_os = fqt.os
# Every byte where that is quick; every 37th on a board.
for cut in range(0, len(old_bytes), 1 if sys.platform == "linux" else 37):
    fqt.open = lambda path, mode, cut=cut: CutFile(path, cut)
    fqt.os = OffOs
    for path in ("model.fqt", "first.fqt"):
        try:
            net.save(path)
            raise AssertionError("power was not cut at %d" % cut)
        except PowerCut:
            pass
    fqt.open = real_open
    fqt.os = real_os
    assert read("model.fqt") == old_bytes, cut
    assert len(read("first.fqt.new")) == cut
    assert fqt.Model("model.fqt").scores(x) == old.scores(x), cut
    try:
        fqt.Model("first.fqt")
        raise AssertionError("a half file was taken at %d" % cut)
    except OSError:
        pass

fqt.os = CutOs
try:
    net.save("model.fqt")
    raise AssertionError("power was not cut in rename")
except PowerCut:
    pass
fqt.os = real_os
assert fqt.Model("model.fqt").scores(x) == net.scores(x)
net.save("model.fqt")
assert fqt.Model("model.fqt").scores(x) == net.scores(x)


class FullFile(CutFile):
    # A full file system: writes come back short.
    def write(self, piece):
        part = min(len(piece), self.left)
        self.left -= part
        return part


before = read("model.fqt")
net.train(x, 2, lr=0.05)
fqt.open = lambda path, mode: FullFile(path, 200)
try:
    net.save("model.fqt")
    raise AssertionError("the full file system was not noticed")
except OSError:
    pass
fqt.open = real_open
assert read("model.fqt") == before
os.remove("model.fqt")
os.remove("first.fqt.new")
print("ok", len(old_bytes), "cuts")
