# Quantized neural networks that train on the microcontroller: the Python part of the module `fqt`.
#
# It is merged with the native part (natmod/modfqt.c) into one fqt.mpy, whose names Engine, shuffle
# and _decayed it uses. Docstrings live in fqt.pyi: text here would be RAM on the board.
import array
import os
import time


class Model(Engine):
    def __init__(self, source, *, master=8):
        if not isinstance(source, str):
            super().__init__(source, master)
            return
        with open(_whole(source), "rb") as file:
            super().__init__(file, master)

    def evaluate(self, data):
        samples = _samples(data)
        right = 0
        for i in range(len(samples)):
            x, label, index = samples.sample(i)
            right += self.predict(x, index) == label
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
        lines = ["%s: input %s %s" % (self.name, _shape(self.input_shape), self.input_type)]
        lines.append(
            "  %-16s %-12s %-12s %10s  %s" % ("layer", "kind", "output", "parameters", "trains")
        )
        for name, kind, shape, parameters, trains, scale, zero_point in self.layers:
            line = "  %-16s %-12s %-12s %10d  %s"
            text = line % (name, kind, _shape(shape), parameters, "yes" if trains else "")
            lines.append(text.rstrip())
        lines.append(
            "  RAM %d bytes, master=%d, %d steps" % (self.memory, self.master, self.steps)
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
    # Two buffers: all samples one after another, and one label each.
    def __init__(self, x, labels):
        self.x = x
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def sample(self, i):
        return self.x, self.labels[i], i


class _Sequence:
    # Anything with a length whose items are (sample, label): a list, or an object that reads
    # files.
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def sample(self, i):
        x, label = self.items[i]
        return x, label, 0


def _samples(data):
    samples = _Pair(*data) if isinstance(data, tuple) and len(data) == 2 else _Sequence(data)
    if not len(samples):
        raise ValueError("no samples")
    return samples


class Progress:
    def __init__(self, epoch, steps, loss, lr):
        self.epoch = epoch
        self.steps = steps
        self.loss = loss
        self.lr = lr

    def __repr__(self):
        return "epoch %d: %d steps, loss %.4f, lr %.5f" % (
            self.epoch,
            self.steps,
            self.loss,
            self.lr,
        )


def fit(net, data, *, epochs=None, seconds=None, lr=0.01, decay=True, seed=1):
    samples = _samples(data)
    count = len(samples)
    if count > 65535:
        raise ValueError("at most 65535 samples, not %d" % count)
    if epochs is None and seconds is None:
        epochs = 1
    deadline = None if seconds is None else time.ticks_add(time.ticks_ms(), int(seconds * 1000))
    order = array.array("H", range(count))
    epoch = 0
    while epochs is None or epoch < epochs:
        rate = _decayed(lr, epoch, epochs) if decay and epochs else lr
        shuffle(order, seed + epoch)
        epoch += 1
        loss = 0.0
        steps = 0
        for i in order:
            if deadline is not None and time.ticks_diff(deadline, time.ticks_ms()) <= 0:
                epochs = epoch
                break
            x, label, index = samples.sample(i)
            net.train(x, label, rate, index)
            loss += net.loss
            steps += 1
        if steps:
            yield Progress(epoch, steps, loss / steps, rate)
