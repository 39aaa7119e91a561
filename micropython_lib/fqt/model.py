# The class Model: the native Engine, and what Python does better: files, counting, printing.
import gc


def _pause():
    # In the middle of a long step: MicroPython looks for Ctrl-C where a loop jumps back. Allocates
    # nothing.
    again = True
    while again:
        again = False


def _option(i):
    # A native base class does not see stores to its attributes: properties do.
    def change(net, value):
        options = list(net._options)
        options[i] = value
        net._set_options(*options)

    return property(lambda net: net._options[i], change)


def _change_rates(net, rates):
    if not isinstance(rates, tuple):
        rates = (rates, rates)
    if len(rates) != 2:
        _fail(FQT_MESSAGE_UPDATE_RATE)
    net._set_options(*(rates + net._options[2:]))


class Model(Engine):
    update_rate = property(lambda net: net._options[:2], _change_rates)
    standardize = _option(2)
    weight_decay = _option(3)
    sample_updates = _option(4)
    labels = property(
        lambda net: tuple(net._texts.split("\0")[: bool(net._texts) * net._classes[0]])
    )
    note = property(lambda net: "".join(net._texts.split("\0")[net._classes[0] :]))
    _waits = False  # for a fit that was called and not iterated

    def __init__(self, source, *, master=12, batch=1):
        gc.collect()  # a model's memory is one piece
        if not isinstance(source, str):
            super().__init__(source, master, batch)
            return
        with _Source(source) as file:
            super().__init__(file, master, batch)

    def __setattr__(self, name, value):
        # A store would hide what the engine knows, or do nothing when the name is mistyped. A
        # class of the user's may have attributes of its own.
        if name[0] != "_" and name not in self.__dict__:
            if type(self) is Model or hasattr(self, name):
                _fail(FQT_MESSAGE_ATTRIBUTE, name)
        object.__setattr__(self, name, value)

    @property
    def _classes(self):
        # How many, and the pixels that have one each; 0: a sample has one.
        if self.loss_name != "pixelwise_cross_entropy":
            return self.outputs, 0
        height, width, channels = self.layers[-1][2]
        return channels, height * width

    def _look_for_waiting_fit(self):
        if self._waits:
            self._waits = False
            print(_text(FQT_MESSAGE_FIT_WAITS))

    def evaluate(self, data):
        self._look_for_waiting_fit()
        classes, pixels = self._classes
        by_label = pixels or self.loss_name == "softmax_cross_entropy"
        if not by_label and (self.loss_name == "mean_squared_error" or self.outputs > 1):
            _fail(FQT_MESSAGE_NO_CLASSES)
        samples = _samples(self, data)
        right = 0
        counted = 0 if pixels else len(samples)
        for i in range(len(samples)):
            x, target, index = samples.sample(i)
            if pixels:
                if not _are_labels(target, classes, pixels):
                    self.loss_for(x, target, index)  # says what is wrong
                for seen, label in zip(self.predict(x, index), target):
                    counted += label != 255  # which do not count
                    right += seen == label
                continue
            if not by_label:
                if target is None:
                    _fail(FQT_MESSAGE_LABELS_NEEDED, 1)
                target = (target if isinstance(target, (int, float)) else target[0]) > 0.5
            right += self.predict(x, index) == target
        return right / (counted or 1)

    def save(self, path, *, checkpoint=False):
        self._look_for_waiting_fit()
        _check_place(path, checkpoint)
        _write_whole(self, path, checkpoint)

    def restore(self, source):
        if not isinstance(source, str):
            self._restore(source)
            return
        with _Source(source) as file:
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
        if any(self.labels):
            lines.append("  labels " + ", ".join(self.labels))
        if self.note:
            lines.append("  note " + self.note)
        batch = ", batch=%d" % self.batch if self.batch > 1 else ""
        lines.append(
            "  RAM %d bytes, master=%d%s, %d steps" % (self.memory, self.master, batch, self.steps)
        )
        return "\n".join(lines)

    __repr__ = __str__


def _shape(shape):
    return "x".join(str(extent) for extent in shape)
