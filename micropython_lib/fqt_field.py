# For devices that go on learning in the field: what was learned before is kept beside the new
# (fqt.Replay), and a threshold tells what is unusual (fqt.Threshold). A module of its own, beside
# fqt.mpy, since not everyone needs it: fqt.Replay and fqt.Threshold load it. docs/field.md says
# how both work; the host chooses the same samples (host_tools/fqt/samples/replay.py).
import array
import math
import struct
from binascii import crc32

import fqt


def _key(crc, seed):
    # 30 random bits of a sample: MurmurHash3's last mixing (Appleby, public domain).
    h = (crc ^ (seed * 0x9E3779B9)) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return (h ^ (h >> 16)) >> 2


class _Rows:
    # Samples in RAM: one row more than are kept, where the newest comes.
    def __init__(self, layout, samples):
        self.elements = len(layout.row)
        self.layout = layout
        self.rows = memoryview(array.array(layout.type, bytes((samples + 1) * layout.row_bytes)))

    def put(self, row):
        self.rows[row * self.elements : (row + 1) * self.elements] = self.layout.row
        return row

    def get(self, row):
        return self.rows[row * self.elements : (row + 1) * self.elements]

    def close(self):
        pass


class _Records:
    # Samples in a recording. Files grow at their end only: what is no longer kept stays in it
    # until it has twice as many records, and is then left out of a new one.
    def __init__(self, recorder, samples):
        self.recorder = recorder
        self.layout = recorder.layout
        self.most = 2 * samples
        self.file = None  # for reading

    def _reader(self):
        if self.file is None:
            self.recorder.close()  # FAT has a file open once
            self.file = open(self.recorder.path, "rb")
        return self.file

    def put(self, _):
        self._stop_reading()
        self.recorder._append()
        return self.recorder.count - 1

    def get(self, number):
        if not self.layout.read(self._reader(), number):
            raise OSError(5)  # EIO
        return self.layout.row

    def numbers(self):
        # Of the whole records, the oldest first; each is in the layout then.
        for number in range(self.recorder.count):
            if self.layout.read(self._reader(), number):
                yield number

    def shrink(self, numbers):
        # To these records. A power cut leaves the old file or the new one.
        self.wanted = numbers
        self._reader()
        fqt._write_whole(self, self.recorder.path, False)
        self._stop_reading()

    def _write(self, put, _):
        put(self.layout.header())
        for number in self.wanted:
            self.get(number)
            put(self.layout.head)
            put(self.layout.memory)

    def _stop_reading(self):
        file, self.file = self.file, None
        if file:
            file.close()

    def close(self):
        self._stop_reading()
        self.recorder.close()


class Replay:
    # Of each class the samples with the smallest keys: bottom-k sampling (Cohen and Kaplan,
    # "Summarizing data using bottom-k sketches", PODC 2007), which is uniform as a reservoir is,
    # and needs no count of what was seen. When there is no room, each of the largest classes loses
    # its greatest key.
    def __init__(self, shape, type="B", *, samples=100, path=None, seed=1):
        import fqt_data

        if not (isinstance(samples, int) and 2 <= samples <= 16000):
            raise ValueError("samples is an integer from 2 to 16000, not %r" % (samples,))
        if not isinstance(seed, int):
            raise TypeError("seed is an integer, not %r" % (seed,))
        self.samples = samples
        self.seed = seed
        self.count = 0
        self.sizes = {}  # of each class
        self.labels = bytearray(samples + 1)
        self.keys = array.array("I", bytes(4 * samples + 4))
        self.places = array.array("H", range(samples + 1))  # row or number of a record
        self.store = None
        if path is None:
            self.layout = fqt_data._layout_for(shape, type)
            self.store = _Rows(self.layout, samples)
            return
        try:
            with fqt._Source(path):
                pass  # takes up what a power cut left while the file was replaced
        except OSError as error:
            if error.args[0] != 2:  # ENOENT: it begins
                raise
        # Two records more, so that the recorder never begins anew.
        recorder = fqt_data.Recorder(path, shape, type, records=4 * samples + 4)
        self.layout = recorder.layout
        self.store = _Records(recorder, samples)
        for number in self.store.numbers():
            label = self.layout.head[4]
            key = self._key_of_record()
            if self._takes(label, key):
                self._keep(label, key, number)

    def _key_of_record(self):
        return _key(struct.unpack("<I", self.layout.head)[0], self.seed)

    def _greatest(self, label):
        # The position of the greatest key of a class.
        found = -1
        for i in range(self.count):
            if self.labels[i] == label and (found < 0 or self.keys[i] > self.keys[found]):
                found = i
        return found

    def _takes(self, label, key):
        for i in range(self.count):
            if self.keys[i] == key and self.labels[i] == label:
                return False  # the same sample again
        if not self.sizes.get(label) and len(self.sizes) == self.samples:
            raise ValueError("%d samples are too few for one more class" % self.samples)
        return not self._has_its_share(label) or key < self.keys[self._greatest(label)]

    def _has_its_share(self, label):
        # A class that is as large as any grows only where each could.
        size = self.sizes.get(label, 0)
        is_large = size and size == max(self.sizes.values())
        return is_large and self.count + len(self.sizes) > self.samples

    def _keep(self, label, key, place):
        # At the end; and what must go for it goes.
        replaces = self._has_its_share(label)
        last = self.count
        self.labels[last] = label
        self.keys[last] = key
        self.places[last] = place
        self.count += 1
        self.sizes[label] = self.sizes.get(label, 0) + 1
        if replaces:
            self._drop(self._greatest(label))
        elif self.count > self.samples:
            largest = max(self.sizes.values())
            losers = [label for label in self.sizes if self.sizes[label] == largest]
            for i in sorted([self._greatest(label) for label in losers], reverse=True):
                self._drop(i)

    def _drop(self, i):
        self.count -= 1
        last = self.count
        self.sizes[self.labels[i]] -= 1
        for column in (self.labels, self.keys, self.places):
            column[i], column[last] = column[last], column[i]

    def _shrink(self):
        # Large classes first: read in this order, all are kept.
        order = []
        for label in sorted(self.sizes, key=lambda label: (-self.sizes[label], label)):
            order += [i for i in range(self.count) if self.labels[i] == label]
        self.store.shrink([self.places[i] for i in order])
        for number in range(len(order)):
            self.places[order[number]] = number

    def add(self, x, label):
        store = self.store
        if isinstance(store, _Records) and store.recorder.count >= store.most:
            self._shrink()
        self.layout.take(x, label)
        key = self._key_of_record()
        if not self._takes(label, key):
            return False
        self._keep(label, key, store.put(self.places[self.count]))
        return True

    def fill(self, data):
        for x, label in data:
            self.add(x, label)

    def mix(self, new, rounds=1):
        return _Mix(self, new, rounds)

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        if not 0 <= i < self.count:
            raise IndexError("sample %d of %d" % (i, self.count))
        return self.store.get(self.places[i]), self.labels[i]

    def close(self):
        if self.store:
            self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Mix:
    # New samples, and behind them those that are kept, as many times as there are rounds.
    def __init__(self, replay, new, rounds):
        if not (isinstance(rounds, int) and 1 <= rounds <= 100):
            raise ValueError("rounds is an integer from 1 to 100, not %r" % (rounds,))
        if not (isinstance(new, list) or hasattr(new, "__getitem__")):
            raise TypeError("mix takes a list of (sample, label) or fqt.Data, not %r" % type(new))
        self.replay = replay
        self.new = new
        self.rounds = rounds

    def __len__(self):
        return len(self.new) + self.rounds * len(self.replay)

    def __getitem__(self, i):
        if not 0 <= i < len(self):
            raise IndexError("sample %d of %d" % (i, len(self)))
        behind = i - len(self.new)
        return self.new[i] if behind < 0 else self.replay[behind % len(self.replay)]


_MAGIC = b"FQH\x1a"
_FIRST = 110 << 3  # 2**-17, as a float32 has it: exponent, then three bits of the fraction
_BUCKETS = 256
_HEAD = "<4sBBHff"  # magic, version, drift, 0, quantile, evidence


class Threshold:
    # Counts of losses in buckets an eighth of a power of two wide, as HdrHistogram has them. A
    # quantile from such a sketch is as near as its bucket is wide, whatever the distribution
    # (Masson, Rim, Lee: "DDSketch", VLDB 2019). Drift: the cumulative sum of Page ("Continuous
    # inspection schemes", Biometrika 1954) for the share of losses above the threshold.
    def __init__(self, quantile=0.99, *, false_alarm=10000):
        if not 0.5 <= quantile < 1:
            raise ValueError("quantile is a number from 0.5 to below 1, not %r" % (quantile,))
        if not 1 < false_alarm <= 1000000000:
            raise ValueError("false_alarm is above 1 and at most 1e9, not %r" % (false_alarm,))
        self._counts = array.array("H", bytes(2 * _BUCKETS))
        self.drift = False
        self._evidence = 0.0
        self._most = math.log(false_alarm)
        self._set(quantile)

    def _set(self, quantile):
        # Logarithms of the likelihood of five times as many losses above, against the promise.
        self.quantile = quantile
        self._value = None
        promised = 1 - quantile
        drifted = min(5 * promised, (1 + promised) / 2)
        self._above = math.log(drifted / promised)
        self._below = math.log((1 - drifted) / quantile)

    def add(self, loss):
        if not 0 <= loss < 3e38:
            raise ValueError("a loss is a number from 0, not %r" % (loss,))
        counts = self._counts
        bucket = (struct.unpack_from("<H", struct.pack("<f", loss), 2)[0] >> 4) - _FIRST
        bucket = max(0, min(bucket, _BUCKETS - 1))
        if counts[bucket] == 65535:  # what was long ago counts half
            for i in range(_BUCKETS):
                counts[i] //= 2
        counts[bucket] += 1
        self._value = None

    def __len__(self):
        return sum(self._counts)

    @property
    def value(self):
        if self._value is None:
            count = len(self)
            if not count:
                raise ValueError("no losses were added: a threshold needs what is normal")
            rest = self.quantile * count
            i = 0
            while rest > self._counts[i]:
                rest -= self._counts[i]
                i += 1
            low, high = (
                struct.unpack("<f", struct.pack("<HH", 0, (_FIRST + j) << 4))[0]
                for j in (i, i + 1)
            )
            self._value = low + (high - low) * rest / self._counts[i]
        return self._value

    def exceeded(self, loss):
        above = loss > self.value
        self._evidence = max(0.0, self._evidence + (self._above if above else self._below))
        if self._evidence >= self._most:
            self._evidence = self._most
            self.drift = True
        return above

    def clear(self):
        self.drift = False
        self._evidence = 0.0

    def save(self, path):
        fqt._write_whole(self, path, False)

    def _write(self, put, _):
        head = struct.pack(_HEAD, _MAGIC, 1, self.drift, 0, self.quantile, self._evidence)
        data = bytearray(head) + bytes(2 * _BUCKETS)
        for i in range(_BUCKETS):
            struct.pack_into("<H", data, len(head) + 2 * i, self._counts[i])
        put(data)
        put(struct.pack("<I", crc32(data)))

    def restore(self, path):
        size = struct.calcsize(_HEAD)
        with fqt._Source(path) as file:
            data = file.read(size + 2 * _BUCKETS + 5)
            whole = len(data) == size + 2 * _BUCKETS + 4
            if not whole or struct.pack("<I", crc32(memoryview(data)[:-4])) != data[-4:]:
                raise ValueError("%s is no threshold, or is damaged: calibrate anew" % path)
            magic, version, drift, _, quantile, evidence = struct.unpack_from(_HEAD, data)
            if magic != _MAGIC or version != 1:
                raise ValueError("%s is no threshold of this version of fqt" % path)
        for i in range(_BUCKETS):
            self._counts[i] = struct.unpack_from("<H", data, size + 2 * i)[0]
        self._set(quantile)
        self.drift = bool(drift)
        self._evidence = evidence
