# fqt.Replay: which samples it keeps, with power that fails at every byte. Beside it: small.fqt
# (uint8 6x6x1, 3 classes), choice.txt (what the host chooses).
import array
import os

import fqt_data
from checking import raises, run

import fqt

SHAPE = 1, 2, 2
PATH = "kept.fqd"


class PowerCut(Exception):
    pass


class CutFile:
    # Takes `left` bytes, then loses power.
    left = 1 << 20

    def __init__(self, file):
        self.file = file
        self.flush = file.flush
        self.close = file.close

    def write(self, data):
        data = memoryview(data)
        part = min(len(data), CutFile.left)
        CutFile.left -= part
        self.file.write(data[:part])
        if part < len(data):
            self.file.close()
            raise PowerCut()
        return part

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def forget():
    for name in (PATH, PATH + ".new", PATH + ".old"):
        try:
            os.remove(name)
        except OSError:
            pass


def sample(i):
    return array.array("h", (i, i * 7 % 1000, -i, 3))


def label(i):
    return i * i % 3 if i < 250 else 5


def replay(**options):
    return fqt.Replay(SHAPE, "h", samples=20, **options)


def numbers(kept):
    return [x[0] for x, _ in kept]


def fill(kept, begin, end):
    for i in range(begin, end):
        kept.add(sample(i), label(i))


def check_it_keeps_what_the_host_chooses():
    with open("choice.txt") as file:
        wanted = [[int(i) for i in line.split()] for line in file]
    for seed in (1, 2):
        kept = replay(seed=seed)
        fill(kept, 0, 300)
        assert numbers(kept) == wanted[seed - 1], (seed, numbers(kept))
    assert all(x[0] and y == label(x[0]) for x, y in kept)
    shares = [sum(y == one for _, y in kept) for one in (0, 1, 5)]
    assert shares == [6, 6, 6], shares


def check_a_file_keeps_the_same_over_restarts():
    forget()
    wanted = replay()
    for begin in range(0, 300, 50):
        fill(wanted, begin, begin + 50)
        with replay(path=PATH) as kept:
            fill(kept, begin, begin + 50)
            assert sorted(numbers(kept)) == sorted(numbers(wanted)), begin
            assert kept.store.recorder.count <= 40  # the file is bounded
    with fqt.Data(PATH) as data:
        assert len(data) <= 40


def check_the_same_sample_is_kept_once():
    kept = replay()
    assert kept.add(sample(1), 0) and not kept.add(sample(1), 0) and kept.add(sample(1), 1)
    assert len(kept) == 2


def check_power_cuts():
    # After a cut at any byte, what is kept is what was kept before the sample that was being
    # added, or with it; of a file that was being replaced too.
    forget()
    with replay(path=PATH) as kept:
        first = 0
        while kept.store.recorder.count < 37:
            kept.add(sample(first), label(first))
            first += 1
    with open(PATH, "rb") as file:
        start = file.read()
    last = first + 30
    allowed = []
    with replay(path=PATH) as kept:
        for i in range(first, last):
            allowed.append(sorted(numbers(kept)))
            kept.add(sample(i), label(i))
        allowed.append(sorted(numbers(kept)))
        assert kept.store.recorder.count < 37  # it was replaced
    real_open = open
    cuts = set()
    try:
        for cut in range(0, 2000, STEP):
            forget()
            with open(PATH, "wb") as file:
                file.write(start)
            CutFile.left = cut
            for module in (fqt, fqt_data):
                module.open = lambda path, mode: (
                    real_open(path, mode) if mode == "rb" else CutFile(real_open(path, mode))
                )
            added = first
            try:
                with replay(path=PATH) as kept:
                    for i in range(first, last):
                        kept.add(sample(i), label(i))
                        added = i + 1
                done = True
            except PowerCut:
                done = False
            for module in (fqt, fqt_data):
                module.open = real_open
            with replay(path=PATH) as kept:
                seen = sorted(numbers(kept))
                fill(kept, added, last)
                assert sorted(numbers(kept)) == allowed[-1], cut
            cuts.add(added)
            assert seen in allowed[added - first : added - first + 2], (cut, added)
            if done:
                break
        assert done and len(cuts) > 3, cuts
    finally:
        for module in (fqt, fqt_data):
            module.open = real_open
        forget()


def check_old_samples_are_mixed_with_new():
    net = fqt.Model("small.fqt")
    other = fqt.Model("small.fqt")
    kept = fqt.Replay(net, samples=4)
    old = [(bytes((i * 7 + j) & 255 for j in range(36)), i % 2) for i in range(4)]
    kept.fill(old)
    new = [(bytes((i * 5 + j * 3) & 255 for j in range(36)), 2) for i in range(3)]
    mixed = kept.mix(new)
    assert len(mixed) == 7 and mixed[0] == new[0] and bytes(mixed[3][0]) == old[0][0]
    for _ in fqt.fit(net, mixed, epochs=3):
        pass
    for _ in fqt.fit(other, new + old, epochs=3):
        pass
    assert net.scores(new[0][0]) == other.scores(new[0][0])
    assert net.evaluate(kept) == other.evaluate(old)
    twice = kept.mix(new, 2)
    assert [y for _, y in twice] == [y for _, y in new + old + old]


def check_what_does_not_fit_changes_nothing():
    raises(ValueError, "samples is an integer from 2", lambda: fqt.Replay(SHAPE, samples=1))
    raises(TypeError, "seed is an integer", lambda: fqt.Replay(SHAPE, seed=0.5))
    raises(ValueError, "type is", lambda: fqt.Replay(SHAPE, "x"))
    kept = fqt.Replay(SHAPE, samples=2)
    kept.fill([(bytes(4), 0), (bytes(4), 1)])
    raises(ValueError, "2 samples are too few for one more", lambda: kept.add(bytes(4), 2))
    raises(ValueError, "a sample has 4 numbers, not 3", lambda: kept.add(bytes(3), 0))
    raises(ValueError, "label is an integer from 0 to 255", lambda: kept.add(bytes(4), None))
    raises(IndexError, "sample 2 of 2", lambda: kept[2])
    raises(TypeError, "mix takes a list", lambda: kept.mix((bytes(4), b"0")))
    raises(ValueError, "rounds is an integer from 1 to 100, not 0", lambda: kept.mix([], 0))
    assert [y for _, y in kept] == [0, 1]


STEP = 37 if hasattr(os, "getenv") else 211  # bytes between cuts
run(
    check_it_keeps_what_the_host_chooses,
    check_a_file_keeps_the_same_over_restarts,
    check_the_same_sample_is_kept_once,
    check_power_cuts,
    check_old_samples_are_mixed_with_new,
    check_what_does_not_fit_changes_nothing,
)
forget()
