# The forms of data that fit and evaluate take, and that others change nothing before they are
# refused. Beside it: small.fqt (uint8 6x6x1, 3 labels), value.fqt and tags.fqt (uint8 3x4x1; one
# number, mean_squared_error; three outputs, binary_cross_entropy), binary.fqt (one output).
import array

from checking import raises, run, state

import fqt

X = bytes(i * 37 % 256 for i in range(36 * 4))
LABELS = bytes([0, 1, 2, 1])


def floats(*values):
    return array.array("f", values)


def trained(data, model="small.fqt"):
    net = fqt.Model(model)
    list(fqt.fit(net, data, epochs=2))
    return state(net)


def refused(kind, text, data, model="small.fqt"):
    net = fqt.Model(model)
    before = state(net)
    raises(kind, text, lambda: fqt.fit(net, data))
    if net.outputs == 1 or net.loss_name == "softmax_cross_entropy":
        if net.loss_name != "mean_squared_error":
            raises(kind, text, lambda: net.evaluate(data))
    assert state(net) == before and net.steps == 0


class Lazy:
    # An object that would read files.
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def check_forms_of_pairs():
    pairs = [(X[36 * i : 36 * i + 36], LABELS[i]) for i in range(4)]
    want = trained((X, LABELS))
    lists = [list(pair) for pair in pairs]
    for data in (pairs, tuple(pairs), lists, Lazy(pairs), [X, LABELS]):
        assert trained(data) == want
    two = trained((X[:72], LABELS[:2]))
    # Two pairs are no (samples, targets).
    for data in (tuple(pairs[:2]), pairs[:2], tuple(lists[:2]), Lazy(pairs[:2])):
        assert trained(data) == two


def check_forms_of_labels():
    want = trained((X, LABELS))
    for code in "bBhHiIlL":
        assert trained((X, array.array(code, list(LABELS)))) == want
    for labels in (list(LABELS), tuple(LABELS), bytearray(LABELS), memoryview(LABELS)):
        assert trained((X, labels)) == want
    assert trained((X[:72], [False, True])) == trained((X[:72], b"\x00\x01"))


def check_forms_of_targets():
    x = X[:36]
    rows = floats(*[i % 2 for i in range(9)])
    want = trained((x, rows), "tags.fqt")
    assert trained((x, memoryview(rows)), "tags.fqt") == want
    longer = floats(*[1] * 3 + [i % 2 for i in range(9)])
    assert trained((x, memoryview(longer)[3:]), "tags.fqt") == want
    arrays = [floats(*rows[3 * i : 3 * i + 3]) for i in range(3)]
    assert trained((x, arrays), "tags.fqt") == want
    want = trained((x, floats(1, -2, 0.5)), "value.fqt")
    assert trained((x, [1, -2, 0.5]), "value.fqt") == want
    assert trained((x, (1.0, -2.0, 0.5)), "value.fqt") == want


def check_counts_are_compared():
    refused(ValueError, "4 samples, but 3 targets", (X, LABELS[:3]))
    refused(ValueError, "3 samples, but 4 targets", (X[:108], LABELS))
    refused(ValueError, "143 elements", (X[1:], LABELS))
    refused(ValueError, "36", (X[1:36], LABELS[:1]))
    refused(ValueError, "3 samples, but 2 targets", (X[:36], floats(*[1] * 6)), "tags.fqt")
    refused(ValueError, "8 numbers", (X[:36], floats(*[1] * 8)), "tags.fqt")
    refused(ValueError, "3 samples, but 9 targets", (X[:36], bytes(9)), "tags.fqt")
    refused(ValueError, "3 samples, but 2 targets", (X[:36], [0.5, 1]), "value.fqt")
    refused(ValueError, "3 samples, but 4 targets", (X[:36], floats(1, 1, 0, 0)), "binary.fqt")
    for data in ((b"", b""), [], (), Lazy([])):
        refused(ValueError, "no samples", data)


def check_labels_are_looked_at_first():
    refused(ValueError, "label 3 is 3: labels are integers, 0 to 2", (X, b"\0\1\2\3"))
    refused(ValueError, "label 1 is -1", (X, [0, -1, 2, 1]))
    refused(ValueError, "label 0 is 1.0", (X, floats(*[1, 0, 0] * 4)))  # one-hot rows
    refused(ValueError, "one-hot", (X, [[1, 0, 0]] * 4))
    refused(ValueError, "label 2 is 2.5", (X, [0, 1, 2.5, 0]))
    refused(ValueError, "label 2 is <class 'str'>", (X, [0, 1, "a", 0]))
    refused(ValueError, "label 1 is 4294967296", (X, [0, 1 << 32, 0, 0]))
    refused(ValueError, "label 1 is <class 'NoneType'>", [(X, 0), (X, None)])
    refused(ValueError, "label 1 is 3", [(X, 0), (X, 3)])
    refused(ValueError, "label 0 is <class 'bytes'>", ([X[:36], X[36:72]], [0, 1]))
    refused(ValueError, "labels are needed, integers from 0 to 2", (X, None))
    net = fqt.Model("binary.fqt")
    raises(ValueError, "labels are needed", lambda: net.evaluate([(X[:12], None)]))


def check_other_forms_are_named():
    for data in (None, 7, X, "data", {"x": X}, (i for i in range(3)), 1.5):
        refused(TypeError, "data is (samples, targets), two buffers, or", data)
    refused(TypeError, "(samples, targets)", (X, 7))
    for data in ([X, LABELS, 0], (X,), [7, 8, 9], (None, LABELS), ([X], LABELS)):
        refused(TypeError, "item 0 of data is no (sample, target)", data)
    refused(ValueError, "its sample is no buffer of 36 elements", [([0] * 36, 1)])
    refused(ValueError, "item 1 of data", [(X[:36], 1), (X[:35], 1)])
    refused(ValueError, "item 1 of data", [(X[:36], 1), (None, 1)])
    net = fqt.Model("small.fqt")
    raises(TypeError, "item 1 of data", lambda: list(fqt.fit(net, Lazy([(X, 1), X]))))


run(
    check_forms_of_pairs,
    check_forms_of_labels,
    check_forms_of_targets,
    check_counts_are_compared,
    check_labels_are_looked_at_first,
    check_other_forms_are_named,
)
