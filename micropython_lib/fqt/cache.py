# What the frozen front part gives for each sample, kept while fit runs.
import array
import os

# A file that begins so was made here.
_MARK = b"fqt cache\n"


class _Cache:
    # Made when a sample is first met, then kept in RAM, or in a file in the order in which the
    # samples came.
    def __init__(self, net, count, where):
        self.net = net
        self.cut = net._cut
        self.bytes = net.feature_elements
        self.path = None if where is True else where
        self.file = None
        self.is_named = False
        self.place = array.array("H", range(count))
        self.made = 0
        self.row = bytearray(self.bytes if self.path else self.bytes * count)
        self.check()

    def check(self):
        if self.net._cut != self.cut:
            _fail(FQT_MESSAGE_CACHE_CHANGED)
        if self.path and not self.file:
            head = _head(self.path)
            if head and not head.startswith(_MARK):
                _fail(FQT_MESSAGE_CACHE_PLACE, self.path)

    def open(self):
        # MicroPython does not tell when a loop over fit is left. So the file loses its name at
        # once, where file systems keep what is open until it is closed: its room is free again
        # then, after a power cut, or when the collector meets it. FAT would give the room to other
        # files while it is in use; it is known by names that mean the same in upper case.
        self.file = open(self.path, "w+b")
        self.is_named = True
        _Writer(self.file)(_MARK)
        start = self.path.rfind("/") + 1
        other = self.path[start:].upper()
        if other == self.path[start:]:
            other = other.lower()
        try:
            os.stat(self.path[:start] + other)
        except OSError:  # another file's name
            try:
                os.remove(self.path)
                self.is_named = False
            except OSError:
                pass  # this file system keeps what is open: as on FAT

    def get(self, x, index, i):
        # Returns the buffer and the row in it that hold sample i's features.
        if self.path and not self.file:
            self.open()
        file = self.file
        if self.made < len(self.place):
            self.net.features(x, self.row, index, 0 if file else i * self.bytes)
            if file:
                _Writer(file)(self.row)
                self.place[i] = self.made
            self.made += 1
        elif file:
            file.seek(len(_MARK) + self.place[i] * self.bytes)
            if file.readinto(self.row) != self.bytes:
                raise OSError(5)  # EIO
        return (self.row, 0) if file else (self.row, i)

    def rest(self):
        # Between epochs a loop may be left for good. A file that keeps its name is whole then, and
        # open for reading only: on FAT, closing a forgotten one that was written later would
        # spoil what came after it.
        if self.is_named and self.made == len(self.place):
            self.file.close()
            self.file = open(self.path, "rb")

    def close(self):
        if self.file:
            self.file.close()
            if self.is_named and _head(self.path).startswith(_MARK):
                _remove(self.path)

    def __str__(self):
        skipped = whole = 0
        for number, layer in enumerate(self.net.layers):
            shape, parameters = layer[2:4]
            # Each output of a layer with weights takes as many as its filter has weights.
            work = max(parameters // shape[2] - 1, 0) * shape[0] * shape[1] * shape[2]
            whole += work
            skipped += work if number < self.cut else 0
        return (
            "cache %d bytes in %s (%d a sample): skips %d of %d layers, "
            "%d%% of a forward pass's multiply-adds"
        ) % (
            len(self.place) * self.bytes,
            self.path or "RAM",
            self.bytes,
            self.cut,
            len(self.net.layers),
            (200 * skipped // whole + 1) // 2,
        )
