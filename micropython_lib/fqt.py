# Quantized neural networks that train on the microcontroller: the Python part of the module `fqt`.
#
# It is merged with the native part (natmod/modfqt.c) into one fqt.mpy, whose names Engine, shuffle
# and _decayed it uses, and which calls _error. Docstrings live in fqt.pyi: text here would be RAM
# on the board.
import array
import os
import time

__version__ = "0"  # natmod/Makefile enters the content of VERSION


def _error(number, layer, name, *numbers):
    # The exception for an error of the native part. Texts lie behind the code in this module's
    # file, where they take no RAM: natmod/core/base/fqt_messages.h tells how.
    text = ""
    try:
        with open(__file__, "rb") as file:
            file.seek(-2, 2)
            file.seek(-2 - int.from_bytes(file.read(2), "little"), 2)
            for _ in range(number & 255):
                file.readline()
            text = file.readline()[:-1].decode()
    except Exception:
        pass  # no such file any more, or no memory
    text = text or "message %d of natmod/core/base/fqt_messages.h: #, #, #" % ((number & 255) + 1)
    for value in numbers:
        text = text.replace("#", str(value), 1)
    if layer:
        text = "layer %d%s: %s" % (layer, " (%s)" % name if name else "", text)
    return (ValueError, TypeError, RuntimeError)[number >> 8](text)


def _option(i):
    # A native base class does not see stores to its attributes: properties do.
    def change(net, value):
        options = list(net._options())
        options[i] = value
        net._options(*options)

    return property(lambda net: net._options()[i], change)


class Model(Engine):
    update_rate = _option(0)
    standardize = _option(1)
    weight_decay = _option(2)
    sample_updates = _option(3)

    def __init__(self, source, *, master=8, batch=1):
        if not isinstance(source, str):
            super().__init__(source, master, batch)
            return
        with open(_whole(source), "rb") as file:
            super().__init__(file, master, batch)

    def evaluate(self, data):
        by_label = self.loss_name == "softmax_cross_entropy"
        if not by_label and (self.loss_name == "mean_squared_error" or self.outputs > 1):
            raise ValueError(
                "evaluate counts classes, this model has none: loss_for(x, target) tells how well "
                "a sample fits"
            )
        samples = _samples(self, data)
        right = 0
        for i in range(len(samples)):
            x, target, index = samples.sample(i)
            if not by_label:
                target = (target if isinstance(target, (int, float)) else target[0]) > 0.5
            right += self.predict(x, index) == target
        return right / len(samples)

    def save(self, path, *, checkpoint=False):
        # A power cut at any byte leaves the old file or the new one: the new one is written beside
        # it, then renamed.
        new = path + ".new"
        with open(new, "wb") as file:
            self._write(_Writer(file), checkpoint)
            file.flush()
        os.rename(new, path)
        if hasattr(os, "sync"):
            os.sync()

    def restore(self, source):
        if not isinstance(source, str):
            self._restore(source)
            return
        with open(_whole(source), "rb") as file:
            self._restore(file)

    def __str__(self):
        line = "  %-16s %-16s %-12s %10s  %s"
        lines = [
            "%s: input %s %s, loss %s"
            % (self.name, _shape(self.input_shape), self.input_type, self.loss_name),
            line % ("layer", "kind", "output", "parameters", "trains"),
        ]
        for name, kind, shape, parameters, trains, scale, zero_point in self.layers:
            state = "yes" if trains else "frozen" if parameters else ""
            lines.append((line % (name, kind, _shape(shape), parameters, state)).rstrip())
        batch = ", batch=%d" % self.batch if self.batch > 1 else ""
        lines.append(
            "  RAM %d bytes, master=%d%s, %d steps" % (self.memory, self.master, batch, self.steps)
        )
        return "\n".join(lines)

    __repr__ = __str__


def _shape(shape):
    return "x".join(str(extent) for extent in shape)


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _whole(path):
    # Some file systems (FAT) remove the old file before the new one gets its name: a power cut
    # there leaves only .new.
    new = path + ".new"
    if not _exists(path) and _exists(new):
        os.rename(new, path)
    return path


class _Writer:
    # Short writes are possible on some file systems; a full one answers 0 or raises OSError.
    def __init__(self, file):
        self.file = file

    def __call__(self, piece):
        if self.file.write(piece) != len(piece):
            raise OSError(28)  # ENOSPC


class _Pair:
    # Two buffers: all samples one after another, and what each should give: a label or number, a
    # row of an array 'f', or nothing (None for all of them).
    def __init__(self, net, x, targets):
        height, width, channels = net.input_shape
        self.x = x
        self.targets = targets
        self.row = 0
        if targets is None:
            self.count = len(x) // (height * width * channels)
        elif len(targets) and isinstance(targets, array.array) and isinstance(targets[0], float):
            self.row = net.outputs
            self.count = len(targets) // self.row
            self.targets = memoryview(targets)
        else:
            self.count = len(targets)

    def __len__(self):
        return self.count

    def sample(self, i):
        target = self.targets
        if self.row:
            target = target[i * self.row : (i + 1) * self.row]
        elif target is not None:
            target = target[i]
        return self.x, target, i


class _Sequence:
    # Anything with a length whose items are (sample, target): a list, or an object that reads
    # files.
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def sample(self, i):
        x, target = self.items[i]
        return x, target, 0


def _samples(net, data):
    is_pair = isinstance(data, tuple) and len(data) == 2
    samples = _Pair(net, *data) if is_pair else _Sequence(data)
    if not len(samples):
        raise ValueError("no samples")
    return samples


class _Cache:
    # What the frozen front part gives for each sample: made when a sample is first met, then kept
    # in RAM, or in a file in the order in which the samples came.
    def __init__(self, net, count, where):
        self.net = net
        self.cut = net._cut
        self.bytes = net.feature_elements
        if not self.cut:
            raise ValueError("nothing to cache: no layer in front is frozen while others train")
        self.path = where if isinstance(where, str) else None
        self.place = array.array("H", range(count))
        self.made = 0
        self.row = bytearray(self.bytes if self.path else self.bytes * count)
        self.file = open(self.path, "w+b") if self.path else None

    def get(self, x, index, i):
        # Gives the buffer and the row in it that hold sample i's features.
        file = self.file
        if self.made < len(self.place):
            self.net.features(x, self.row, index, 0 if file else i * self.bytes)
            if file:
                _Writer(file)(self.row)
                self.place[i] = self.made
            self.made += 1
        elif file:
            file.seek(self.place[i] * self.bytes)
            if file.readinto(self.row) != self.bytes:
                raise OSError(5)  # EIO
        return (self.row, 0) if file else (self.row, i)

    def check(self):
        if self.net._cut != self.cut:
            raise ValueError("layers were frozen or unfrozen: what is cached no longer fits")

    def close(self):
        if self.file:
            self.file.close()
            os.remove(self.path)

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


class Progress:
    def __init__(self, epoch, steps, loss, lr, cache=None):
        self.epoch = epoch
        self.steps = steps
        self.loss = loss
        self.lr = lr
        self.cache = cache

    def __repr__(self):
        return "epoch %d: %d steps, loss %.4f, lr %.5f" % (
            self.epoch,
            self.steps,
            self.loss,
            self.lr,
        )


def _rate(lr, schedule, epoch, epochs):
    if schedule == "linear":
        return _decayed(lr, epoch, epochs)
    if schedule == "constant":
        return lr
    # (1 + cos(pi * epoch / epochs)) / 2 by Bhaskara's approximation, in units of 1 / 65536: with
    # integers the rates are the same on every machine.
    square = epochs * epochs
    if 2 * epoch <= epochs:
        a = epoch * epoch
        share = 32768 + 32768 * (square - 4 * a) // (square + a)
    else:
        a = (epochs - epoch) * (epochs - epoch)
        share = 32768 - 32768 * (square - 4 * a) // (square + a)
    return _decayed(lr, 65536 - share, 65536)


def fit(
    net,
    data,
    *,
    epochs=None,
    seconds=None,
    lr=0.01,
    schedule="linear",
    seed=1,
    cache=None,
    keep=None,
):
    if schedule not in ("linear", "constant", "cosine"):
        raise ValueError("schedule is 'linear', 'constant' or 'cosine', not %r" % (schedule,))
    samples = _samples(net, data)
    count = len(samples)
    if count > 65535:
        raise ValueError("at most 65535 samples, not %d" % count)
    if epochs is None:
        if seconds is None:
            epochs = 1
        else:
            schedule = "constant"
    deadline = None if seconds is None else time.ticks_add(time.ticks_ms(), int(seconds * 1000))
    order = array.array("H", range(count))
    epoch = 0
    kept = None  # epoch and loss
    cache = _Cache(net, count, cache) if cache else None
    try:
        text = str(cache) if cache else None
        while epochs is None or epoch < epochs:
            rate = _rate(lr, schedule, epoch, epochs)
            shuffle(order, seed + epoch)
            epoch += 1
            loss = 0.0
            steps = 0
            if cache:
                cache.check()
            for i in order:
                if deadline is not None and time.ticks_diff(deadline, time.ticks_ms()) <= 0:
                    epochs = epoch
                    break
                x, target, index = samples.sample(i)
                if cache:
                    x, index = cache.get(x, index, i)
                net.train(x, target, rate, index, cache is not None)
                loss += net.loss
                steps += 1
            if steps:
                net.end_batch()
                loss /= steps
                if keep and steps == count and (kept is None or loss < kept[1]):
                    net.save(keep, checkpoint=True)
                    kept = epoch, loss
                yield Progress(epoch, steps, loss, rate, text)
    except RuntimeError as error:
        if net.diverged is None or kept is None:
            raise
        net.restore(keep)
        raise RuntimeError("%s: those of epoch %d are back" % (error, kept[0]))
    finally:
        if cache:
            cache.close()
