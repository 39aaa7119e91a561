# The forms of data that fit and evaluate take. What can be counted is checked before anything
# changes.


def __getattr__(name):
    # What few need is in modules of its own (micropython_lib/fqt_data.py, fqt_field.py).
    if name in ("Recorder", "Data"):
        module = "fqt_data"
    elif name in ("Replay", "Threshold"):
        module = "fqt_field"
    else:
        raise AttributeError(name)
    try:
        return getattr(__import__(module), name)
    except ImportError:
        _fail(FQT_MESSAGE_DATA_MODULE, name, module)


def _elements(buffer):
    # How many elements a buffer has; None for what is none.
    try:
        return len(memoryview(buffer))
    except TypeError:
        return None


def _length(sequence):
    try:
        if not isinstance(sequence, dict):
            return len(sequence)
    except TypeError:
        pass
    _fail(FQT_MESSAGE_DATA, type(sequence))


def _form(net):
    # The elements of a sample; the number of labels, 0 when the model learns other targets; the
    # pixels that have one each, 0 when a sample has one.
    height, width, channels = net.input_shape
    labels, pixels = net._classes
    by_label = pixels or net.loss_name == "softmax_cross_entropy"
    return height * width * channels, labels if by_label else 0, pixels


def _check_labels(labels, pixels, i, label):
    # Of sample i. Those of pixels are looked at in its step.
    if pixels:
        if _elements(label) != pixels:
            _fail(FQT_MESSAGE_PIXELS_OF, i, pixels, labels - 1)
        return
    is_integer = isinstance(label, (int, bool))
    if not is_integer or not 0 <= label < labels:
        if not is_integer and not isinstance(label, float):
            label = type(label)  # the text of a buffer could be long
        _fail(FQT_MESSAGE_LABEL_OF, i, label, labels - 1)


def _are_labels(of_pixels, labels, pixels):
    # Whether a sample's pixels have a label each, or 255.
    if _elements(of_pixels) != pixels:
        return False
    for label in of_pixels:
        if not isinstance(label, int) or not (0 <= label < labels or label == 255):
            return False
    return True


class _Buffers:
    # All samples one after another in a buffer, and what each should give: a label or number, a
    # row of an array 'f', or nothing (None for all of them: the input itself).
    def __init__(self, net, x, targets):
        elements = _elements(x)
        of_sample, labels, pixels = _form(net)
        self.x = x
        self.targets = targets
        self.row = 0
        self.count = elements // of_sample
        if elements % of_sample:
            _fail(FQT_MESSAGE_PARTIAL_SAMPLE, elements, of_sample)
        if targets is None:
            if labels:
                _fail(FQT_MESSAGE_LABELS_NEEDED, labels - 1)
            return
        count = _length(targets)
        if labels and not pixels:
            for i in range(count):
                _check_labels(labels, 0, i, targets[i])
        elif count and _elements(targets) and (pixels or isinstance(targets[0], float)):
            self.row = pixels or net.outputs
            self.targets = memoryview(targets)
            if count % self.row:
                _fail(FQT_MESSAGE_PARTIAL_TARGET, count, self.row)
            count //= self.row
        if count != self.count:
            _fail(FQT_MESSAGE_TARGET_COUNT, self.count, count)

    def __len__(self):
        return self.count

    def sample(self, i):
        target = self.targets
        if self.row:
            target = target[i * self.row : (i + 1) * self.row]
        elif target is not None:
            target = target[i]
        return self.x, target, i


class _Pairs:
    # Anything with a length whose items are (sample, target): a list, or an object that reads
    # files, whose items are looked at when their turn comes.
    def __init__(self, net, items):
        self.items = items
        of_sample, labels, pixels = _form(net)
        if isinstance(items, (list, tuple)):
            for i in range(len(items)):
                x, target, _ = self.sample(i)
                elements = _elements(x)
                if not elements or elements % of_sample:
                    _fail(FQT_MESSAGE_SAMPLE_OF, i, of_sample)
                if labels:
                    _check_labels(labels, pixels, i, target)

    def __len__(self):
        return len(self.items)

    def sample(self, i):
        item = self.items[i]
        try:
            x, target = item
        except (TypeError, ValueError):
            _fail(FQT_MESSAGE_DATA_ITEM, i)
        return x, target, 0


def _samples(net, data):
    if isinstance(data, (tuple, list)) and len(data) == 2 and _elements(data[0]) is not None:
        samples = _Buffers(net, *data)
    elif _elements(data) is None:
        _length(data)
        samples = _Pairs(net, data)
    else:
        _fail(FQT_MESSAGE_DATA, type(data))
    if not len(samples):
        _fail(FQT_MESSAGE_NO_SAMPLES)
    return samples
