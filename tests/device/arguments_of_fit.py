# What fit refuses when it is called, budgets of any length, a fit that is forgotten, and
# attributes that do not exist. Beside it: small.fqt (uint8 6x6x1, 3 labels).
import time

from checking import raises, run, state

import fqt

DATA = (bytes(i * 37 % 256 for i in range(36 * 4)), bytes([0, 1, 2, 1]))


def refused(kind, text, **arguments):
    net = fqt.Model("small.fqt")
    before = state(net)
    raises(kind, text, lambda: fqt.fit(net, DATA, **arguments))
    assert state(net) == before


def check_arguments():
    for epochs in (0, -1, 2.0, 1.5, "3", (1,), 1 << 30, 1 << 70):
        refused(ValueError, "epochs is an integer from 1 to 1073741823, not", epochs=epochs)
        refused(ValueError, "not %r" % (epochs,), epochs=epochs, seconds=1)
    nan, infinity = float("nan"), float("inf")
    for seconds in (0, -1, -0.5, nan, infinity, "10", 1 << 30, 1 << 70):
        text = "seconds is a number above 0 and at most 1073741823, not"
        refused(ValueError, text, seconds=seconds)
    for every in (0, -1, 1.0, "2", 1 << 30):
        refused(ValueError, "every is an integer from 1 to 1073741823, not", every=every)
    for seed in (1.0, None, "a"):
        refused(TypeError, "seed is an integer, not", seed=seed)
    for lr in (-0.1, nan, infinity):
        refused(ValueError, "lr must be a finite number", lr=lr)
        refused(ValueError, "lr must be a finite number", lr=lr, schedule="constant")
    for lr in ("a", None):
        refused(TypeError, "", lr=lr)
    for schedule in ("Linear", None, 3, "cos"):
        refused(ValueError, "'linear', 'constant' or 'cosine', not", schedule=schedule)
    many = type("Many", (), {"__len__": lambda self: 65536})()
    net = fqt.Model("small.fqt")
    raises(ValueError, "65536 samples: at most 65535", lambda: fqt.fit(net, many))
    for net in (None, "small.fqt", 7):
        raises(TypeError, "a Model is needed", lambda: fqt.fit(net, DATA))


class Ticks:
    # Of a 32-bit board: they begin anew at 2**30. Each look at them takes `step` milliseconds.
    PERIOD = 1 << 30

    def __init__(self, step, start):
        self.step = step
        self.now = start

    def ticks_ms(self):
        self.now += self.step
        return self.now % self.PERIOD

    def ticks_diff(self, a, b):
        half = self.PERIOD // 2
        return (a - b + half) % self.PERIOD - half


def steps_in(seconds, step, start=0):
    net = fqt.Model("small.fqt")
    fqt.time = Ticks(step, start)
    try:
        for progress in fqt.fit(net, DATA, seconds=seconds, lr=0.001):
            assert progress.steps <= 4
    finally:
        fqt.time = time
    return net.steps


def check_budgets_of_any_length():
    day = 86400
    hour = 3600 * 1000
    for days in (1, 6, 7, 30, 365):
        assert steps_in(days * day, 12 * hour) == 2 * days
        assert steps_in(days * day, 12 * hour, (1 << 30) - 1000) == 2 * days
    assert steps_in(1.5, 100) == 15
    assert steps_in(0.25, 100) == 3
    assert steps_in(2, 999) == 3
    assert steps_in(0.0001, 1) == 1  # never nothing
    assert steps_in(10, 6000) == 2


def check_whichever_ends_first():
    net = fqt.Model("small.fqt")
    done = list(fqt.fit(net, DATA, epochs=3, seconds=3600 * 24 * 40))
    assert len(done) == 3 and net.steps == 12
    done = list(fqt.fit(net, DATA, epochs=1 << 29, seconds=0.02))
    assert done and sum(progress.steps for progress in done) + 12 == net.steps


def check_a_forgotten_fit_is_told():
    told = []
    fqt.print = told.append
    net = fqt.Model("small.fqt")
    try:
        fqt.fit(net, DATA)
        net.evaluate(DATA)
        net.evaluate(DATA)
        assert len(told) == 1 and "while it is iterated" in told[0]
        fqt.fit(net, DATA)
        net.save("m")
        assert len(told) == 2
        fqt.fit(net, DATA)
        list(fqt.fit(net, DATA))
        assert len(told) == 3
        net.save("m")
        net.evaluate(DATA)
        iterator = fqt.fit(net, DATA)
        next(iterator)
        assert iter(iterator) is iterator
        iterator.close()
        raises(StopIteration, "", lambda: next(iterator))
        net.save("m")
        assert len(told) == 3 and net.steps == 8
    finally:
        del fqt.print
    assert "for progress in fqt.fit(...)" in repr(fqt.fit(net, DATA))


def check_attributes_that_do_not_exist():
    net = fqt.Model("small.fqt")

    def store(name, value, net=net):
        setattr(net, name, value)

    for name in ("weight_decy", "updaterate", "lr", "batch_size"):
        text = name + " cannot be set: update_rate, standardize,"
        raises(AttributeError, text, lambda: store(name, 1))
        raises(AttributeError, name, lambda: getattr(net, name))
    for name in ("loss", "steps", "layers", "master", "train", "save", "name"):
        before = getattr(net, name)
        raises(AttributeError, name + " cannot be set", lambda: store(name, 5))
        assert getattr(net, name) == before
    net.weight_decay = 0.5
    assert net.weight_decay == 0.5

    class Own(fqt.Model):
        def __init__(self, path, place):
            super().__init__(path)
            self.place = place

    own = Own("small.fqt", "kitchen")
    own.place += "2"
    own.standardize = True
    assert own.place == "kitchen2" and own.standardize is True and own.outputs == 3
    list(fqt.fit(own, DATA))
    assert own.steps == 4
    raises(AttributeError, "loss cannot be set", lambda: store("loss", 5, own))


run(
    check_arguments,
    check_budgets_of_any_length,
    check_whichever_ends_first,
    check_a_forgotten_fit_is_told,
    check_attributes_that_do_not_exist,
)
