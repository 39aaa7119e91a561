# Samples in files: recorded on the device one after another, and read one at a time by fit and
# evaluate. A module of its own, beside fqt.mpy, since not everyone needs it: fqt.Recorder and
# fqt.Data load it. docs/data_files.md has the layout of a recording; the host reads and writes the
# same (host_tools/fqt/samples/recordings.py).
import array
import os
import struct
from binascii import crc32

_MAGIC = b"FQD\x1a"
_VERSION = 1
_HEADER = "<4sBBHHHHHI"  # magic, version, type, targets, height, width, channels, 0, CRC
_HEADER_BYTES = 20
_BYTES = {"B": 1, "b": 1, "h": 2, "f": 4}
_LABELS = 256
_NPY_TYPES = {"|u1": "B", "|b1": "B", "|i1": "b", "<i2": "h", "<i4": "i", "<i8": "q", "<f4": "f"}


def _open(path):
    # The file to be read, or None where there is none.
    try:
        return open(path, "rb")
    except OSError as error:
        if error.args[0] != 2:  # ENOENT
            raise


def _memory(row, count):
    # The bytes of an array. A stream that is written in Python, as a folder of the desk that
    # mpremote mounts, takes as many bytes as a buffer has elements.
    try:
        import uctypes
    except ImportError:
        return row  # a board's own files count bytes
    return uctypes.bytearray_at(uctypes.addressof(row), count)


class _Layout:
    # Of a recording: one record after another has a CRC of the rest, the label (a byte) or targets
    # (float32), and the sample. head and row hold one record.
    def __init__(self, shape, type, targets):
        self.shape = shape
        self.type = type
        self.targets = targets
        height, width, channels = shape
        self.row_bytes = height * width * channels * _BYTES[type]
        self.row = array.array(type, bytes(self.row_bytes))
        self.memory = _memory(self.row, self.row_bytes)
        self.head = bytearray(4 + (4 * targets or 1))
        self.bytes = len(self.head) + self.row_bytes

    def __str__(self):
        said = "%dx%dx%d '%s'" % (self.shape + (self.type,))
        return said + (" with %d targets" % self.targets if self.targets else " with labels")

    def header(self):
        fields = struct.pack(
            _HEADER, _MAGIC, _VERSION, ord(self.type), self.targets, *self.shape, 0, 0
        )[:-4]
        return fields + struct.pack("<I", crc32(fields))

    def crc(self):
        return crc32(self.row, crc32(memoryview(self.head)[4:]))

    def count(self, file):
        # (whole records, bytes behind the last: of one that a power cut tore)
        return divmod(max(file.seek(0, 2) - _HEADER_BYTES, 0), self.bytes)

    def read(self, file, number):
        # Whether the record of that number is whole; it is in head and row then.
        file.seek(_HEADER_BYTES + number * self.bytes)
        return (
            file.readinto(self.head) == len(self.head)
            and file.readinto(self.memory) == self.row_bytes
            and struct.unpack("<I", self.head)[0] == self.crc()
        )

    def take(self, x, target):
        # A sample and its label or targets into head and row, which are a record then.
        row = self.row
        if len(x) != len(row):
            raise ValueError("a sample has %d numbers, not %d" % (len(row), len(x)))
        for i in range(len(row)):
            row[i] = x[i]
            if self.type != "f" and row[i] != x[i]:
                raise ValueError(
                    "number %d of the sample is %r: not of type '%s'" % (i, x[i], self.type)
                )
        if self.targets:
            if len(target) != self.targets:
                raise ValueError("a sample has %d targets, not %d" % (self.targets, len(target)))
            struct.pack_into("<%df" % self.targets, self.head, 4, *target)
        elif isinstance(target, int) and 0 <= target < _LABELS:
            self.head[4] = target
        else:
            raise ValueError("a label is an integer from 0 to 255, not %r" % (target,))
        struct.pack_into("<I", self.head, 0, self.crc())

    def target(self):
        if not self.targets:
            return self.head[4]
        return array.array("f", struct.unpack_from("<%df" % self.targets, self.head, 4))


def _layout_of(header, path):
    # From the header of a file.
    if header[:4] != _MAGIC[: len(header)]:
        raise ValueError("%s is no recording of fqt" % path)
    if len(header) < _HEADER_BYTES or struct.pack("<I", crc32(header[:-4])) != header[-4:]:
        raise ValueError("%s: its header is damaged" % path)
    _, version, kind, targets, height, width, channels, _, _ = struct.unpack(_HEADER, header)
    if version != _VERSION or chr(kind) not in _BYTES:
        raise ValueError("%s was made by a newer version of fqt" % path)
    return _Layout((height, width, channels), chr(kind), targets)


def _layout_for(shape, type, targets=0):
    # As users say it.
    shape = tuple(getattr(shape, "input_shape", shape))
    if len(shape) != 3 or not all(0 < extent < 65536 for extent in shape):
        raise ValueError("shape is (height, width, channels) or a Model, not %r" % (shape,))
    if type not in _BYTES:
        raise ValueError("type is 'B', 'b', 'h' or 'f', not %r" % (type,))
    return _Layout(shape, type, targets)


class Recorder:
    def __init__(self, path, shape, type="B", *, targets=0, records=1000, flush=1):
        if not 0 <= targets < 65536 or records < 2 or flush < 1:
            raise ValueError("targets is 0 to 65535, records 2 or more, flush 1 or more")
        layout = _layout_for(shape, type, targets)
        self.path = path
        self.half = records // 2
        self.flush_after = flush
        self.layout = layout
        self.file = None
        self._start()

    def _start(self):
        # Go on behind the last record, or begin a file. A power cut in the first write of one
        # leaves a part of a header.
        header = self.layout.header()
        self.count = self.older = rest = 0
        begins = True
        file = _open(self.path + ".old")
        if file:
            with file:
                self.older, _ = self.layout.count(file)
        file = _open(self.path)
        if file:
            with file:
                there = file.read(_HEADER_BYTES)
                if len(there) == _HEADER_BYTES or not header.startswith(there):
                    there = _layout_of(there, self.path)
                    if str(there) != str(self.layout):
                        raise ValueError(
                            "%s has samples %s, not %s: record to another file"
                            % (self.path, there, self.layout)
                        )
                    self.count, rest = self.layout.count(file)
                    begins = False
        self.waiting = 0
        self.file = open(self.path, "wb" if begins else "ab")
        if begins:
            self._write(header, _HEADER_BYTES)
        elif rest:
            # What was torn becomes a record of its own, whose CRC does not match.
            self._write(bytes(self.layout.bytes - rest), self.layout.bytes - rest)
            self.count += 1

    def _write(self, data, length):
        if self.file.write(data) != length:
            raise OSError(28)  # ENOSPC

    def __len__(self):
        return self.older + self.count

    def add(self, x, target):
        self.layout.take(x, target)
        self._append()

    def _append(self):
        # What is in the layout's head and row.
        try:
            if self.file is None:
                self._start()
            if self.count >= self.half:
                self._begin_anew()
            self._write(self.layout.head, len(self.layout.head))
            self._write(self.layout.memory, self.layout.row_bytes)
            self.count += 1
            self.waiting += 1
            if self.waiting >= self.flush_after:
                self.flush()
        except OSError:
            self.close()  # the next add goes on behind what is whole
            raise

    def _begin_anew(self):
        # The newest half of the records becomes the older file, in place of that. A power cut
        # between the steps leaves a full file: the next add comes here again.
        self.close()
        older = self.path + ".old"
        try:
            os.remove(older)
        except OSError:
            pass  # there was none
        os.rename(self.path, older)
        self._start()

    def flush(self):
        self.file.flush()
        self.waiting = 0
        if hasattr(os, "sync"):
            os.sync()

    def close(self):
        file, self.file = self.file, None
        if file:
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Data:
    def __init__(self, path, targets=None):
        if not path.endswith(".npy") and targets is not None:
            raise ValueError("a recording has its targets in it: Data(%r) alone" % path)
        # Closed by close(), and where they do not fit: the collector would do it at any moment,
        # also while FAT is at work on another file.
        self.files = []
        try:
            if path.endswith(".npy"):
                self.source = _Arrays(self.files, path, targets)
            else:
                self.source = _Records(self.files, path)
        except BaseException:
            self.close()
            raise

    def __len__(self):
        return len(self.source)

    def __getitem__(self, i):
        if not 0 <= i < len(self.source):
            raise IndexError("sample %d of %d" % (i, len(self.source)))
        return self.source.get(i)

    @property
    def damaged(self):
        return self.source.damaged

    def close(self):
        for file in self.files:
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Records:
    # The whole records of a recording and of its older file, the oldest first. files: to which
    # those that are opened are added.
    def __init__(self, files, path):
        self.files = files
        self.places = array.array("H")  # number * 2 + which file
        self.damaged = 0
        self.layout = None
        for name in (path + ".old", path):
            file = _open(name)
            if file:
                files.append(file)
                self._take(file, name)
        if self.layout is None:
            raise OSError(2)  # ENOENT

    def _take(self, file, name):
        header = file.read(_HEADER_BYTES)
        layout = self.layout
        if len(header) == _HEADER_BYTES or not layout or not layout.header().startswith(header):
            layout = _layout_of(header, name)
        if self.layout and str(layout) != str(self.layout):
            raise ValueError("%s has samples %s, its older file %s" % (name, layout, self.layout))
        self.layout = layout
        count, rest = layout.count(file)
        if count > 32767:
            raise ValueError("%s has %d records: 32767 are possible" % (name, count))
        self.damaged += rest > 0
        for i in range(count):
            if layout.read(file, i):
                self.places.append(2 * i + len(self.files) - 1)
            else:
                self.damaged += 1

    def __len__(self):
        return len(self.places)

    def get(self, i):
        place = self.places[i]
        if not self.layout.read(self.files[place & 1], place >> 1):
            raise OSError(5)  # EIO
        return self.layout.row, self.layout.target()


class _Array:
    # A .npy file of numbers, a row at a time.
    def __init__(self, files, path):
        self.file = open(path, "rb")
        files.append(self.file)
        head = self.file.read(12)
        if head[:6] != b"\x93NUMPY" or head[6] not in (1, 2):
            raise ValueError("%s is no .npy file" % path)
        size, start = ("<H", 10) if head[6] == 1 else ("<I", 12)
        (length,) = struct.unpack_from(size, head, 8)
        self.file.seek(start)
        text = self.file.read(min(length, 1024)).decode()
        self.start = start + length
        descr = text.split("'descr':")[1].split("'")[1] if "'descr':" in text else ""
        if descr not in _NPY_TYPES or "'fortran_order': False" not in text:
            raise ValueError(
                "%s is '%s': rows of '|u1', '|i1', '<i2' or '<f4' are read (labels may be '<i8')"
                % (path, descr)
            )
        extents = text.split("'shape': (")[1].split(")")[0].split(",")
        extents = [int(extent) for extent in extents if extent.strip()]
        self.count = extents[0]
        elements = 1
        for extent in extents[1:]:
            elements *= extent
        self.row = array.array(_NPY_TYPES[descr], [0] * elements)
        self.bytes = elements * int(descr[2])
        self.memory = _memory(self.row, self.bytes)
        if self.file.seek(0, 2) < self.start + self.count * self.bytes:
            raise ValueError("%s is cut off" % path)

    def get(self, i):
        self.file.seek(self.start + i * self.bytes)
        if self.file.readinto(self.memory) != self.bytes:
            raise OSError(5)  # EIO
        return self.row


class _Arrays:
    # Samples in a .npy file, labels or targets in another, or none.
    damaged = 0

    def __init__(self, files, path, targets):
        self.x = _Array(files, path)
        self.y = targets and _Array(files, targets)
        if self.y and self.y.count != self.x.count:
            raise ValueError("%s has %d rows, %s %d" % (path, self.x.count, targets, self.y.count))

    def __len__(self):
        return self.x.count

    def get(self, i):
        target = self.y and self.y.get(i)
        if target and len(target) == 1:
            target = target[0]
        return self.x.get(i), target
