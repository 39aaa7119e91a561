"""A model is entered a second time while a call is in it: from a thread, from a stream or a
function that the call itself calls. The second is refused, and nothing is harmed; however a call
ends, the model is free afterwards."""

import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from fqt import core
from models import Layer, random_model

HOST = Path(__file__).resolve().parents[2] / "natmod/host/fqt_host.c"

THREADS = """
import _thread, fqt, time
x = bytes(range(36))
net, alone = fqt.Model("small.fqt"), fqt.Model("small.fqt")
out = []
refused = [0]
stop = [False]
def attempts(call):
    while True:
        try:
            return call()
        except RuntimeError as error:
            assert "the model is in use" in str(error), error
            refused[0] += 1
def other():
    while not stop[0]:
        attempts(lambda: net.scores(x))
        attempts(lambda: net.freeze())
        attempts(lambda: net.unfreeze())
        net.diverged, net.layers, net.loss, str(net)
    out.append("ended")
_thread.start_new_thread(other, ())
steps = 0
while steps < 1000 or (not refused[0] and steps < 300000):
    attempts(lambda: net.unfreeze() or True)
    try:
        attempts(lambda: net.train(x, steps % 3, 0.0))
        steps += 1
    except ValueError as error: # frozen by the other
        assert "no layer trains" in str(error), error
stop[0] = True
while not out:
    time.sleep_ms(1)
assert refused[0] > 0
net.unfreeze()
assert net.steps == steps
for i in range(steps):
    alone.train(x, i % 3, 0.0)
assert net.scores(x) == alone.scores(x)
print("ok")
"""

CALLBACKS = """
import fqt
x = bytes(range(36))
net = fqt.Model("small.fqt")
net.save("whole.fqt")
want = net.scores(x)
refused = []
steps = 0
def enter(*_):
    for call in (
        lambda: net.predict(x),
        lambda: net.scores(x),
        lambda: net.train(x, 0),
        lambda: net.loss_for(x, 0),
        lambda: net.reset(),
        lambda: net.freeze(),
        lambda: setattr(net, "update_rate", 0.5),
        lambda: net._write(print, False),
        lambda: net._restore(b""),
    ):
        try:
            call()
        except RuntimeError as error:
            assert "the model is in use" in str(error), error
            refused.append(1)
    assert net.steps == steps and net.update_rate == (1, 1)
    assert net.diverged is None and len(net.layers) == 2
class Stream:
    def __init__(self):
        self.file = open("whole.fqt", "rb")
    def seek(self, *place):
        enter()
        return self.file.seek(*place)
    def readinto(self, buffer):
        enter()
        return self.file.readinto(buffer)
class Number:
    def __float__(self):
        enter()
        return 0.0
class Truth:
    def __bool__(self):
        enter()
        return False
net.restore(Stream())
assert len(refused) >= 18, refused
del refused[:]
pieces = []
def write(piece):
    enter()
    pieces.append(piece)
net._write(write, False)
assert len(refused) == 9 * len(pieces)
assert b"".join(pieces) == open("whole.fqt", "rb").read()
del refused[:]
net.train(x, 0, lr=Number())
assert len(refused) == 9
steps = 1
net.standardize = Truth()
assert len(refused) == 18
again = fqt.Model("whole.fqt")
again.train(x, 0, lr=0)
assert net.scores(x) == again.scores(x)
print("ok")
"""

ENDINGS = """
import fqt
x = bytes(range(36))
net = fqt.Model("small.fqt")
def bad(*_):
    raise KeyError("of the caller")
class Stream:
    def seek(self, *place):
        bad()
    def readinto(self, buffer):
        bad()
class Number:
    __float__ = bad
calls = (
    lambda: net.train(x, 0, lr=Number()),
    lambda: net.train(x, 5),
    lambda: net.train(x, None),
    lambda: net.train(b"", 0),
    lambda: net.train(x, 0, -1),
    lambda: net.train(),
    lambda: net.scores(x, bytearray(3)),
    lambda: net.scores(x, None, 2),
    lambda: net.features(x, 1),
    lambda: net.restore(Stream()),
    lambda: net.restore(b"no model"),
    lambda: net._write(bad, False),
    lambda: net.freeze("no such layer"),
    lambda: setattr(net, "update_rate", (2, 3, 4)),
    lambda: setattr(net, "weight_decay", Number()),
)
for call in calls:
    try:
        call()
        raise SystemExit("no error")
    except (KeyError, ValueError, TypeError):
        pass
    net.predict(x)
net.train(x, 0)
print("ok")
"""

NOT_MADE = """
import fqt
class Early(fqt.Model):
    def __init__(self):
        for method in (fqt.Engine.predict, fqt.Engine.train, fqt.Engine.scores):
            try:
                method(self, bytes(36), 0)
                raise SystemExit("taken")
            except TypeError as error:
                assert "a Model is needed" in str(error), error
        super().__init__("small.fqt")
Early().predict(bytes(36))
for other in (None, 3, fqt.Model, object()):
    try:
        fqt.Engine.predict(other, bytes(36))
        raise SystemExit("taken")
    except TypeError as error:
        assert "a Model is needed" in str(error), error
print("ok")
"""


@pytest.mark.parametrize(
    "script",
    [THREADS, CALLBACKS, ENDINGS, NOT_MADE],
    ids=["threads", "callbacks", "endings", "not_made"],
)
def test_the_second_entry_is_refused(unix_port, small_model, script):
    unix_port.put("small.fqt", small_model.to_bytes())
    assert unix_port.run_code(script) == "ok\n"


RACE = r"""
#include "%s"
#include <stdio.h>

static fqt_host_model_t *host;
static int stop;

static void *predict(void *unused) {
    int8_t x[64] = {0};
    uint16_t class;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        fqt_host_predict(host, x, 1, &class);
    }
    return unused;
}

int main(int count, char **arguments) {
    static uint8_t file[1 << 16];
    char text[FQT_ERROR_TEXT_BYTES];
    FILE *in = fopen(arguments[count - 1], "rb");
    const uint32_t bytes = (uint32_t)fread(file, 1, sizeof(file), in);
    host = fqt_host_open(file, bytes, 8, 1, false, text);
    pthread_t thread;
    pthread_create(&thread, NULL, predict, NULL);
    const int8_t x[64] = {1, 2, 3};
    const uint16_t label = 1;
    const fqt_host_wanted_t wanted = {&label, NULL};
    const uint32_t order = 0, rate = 0;
    for (int i = 0; i < 20000; ++i) {
        int32_t loss;
        fqt_host_train(host, x, false, &wanted, &order, &rate, 1, &loss);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    fqt_host_close(host);
    puts("ok");
    return 0;
}
"""


def test_threads_of_the_desk_take_turns(small_model, tmp_path):
    """Under ThreadSanitizer: no memory of the model is touched by two at once."""
    (tmp_path / "small.fqt").write_bytes(small_model.to_bytes())
    (tmp_path / "race.c").write_text(RACE % HOST)
    compiler = ["gcc", "-std=gnu99", "-O1", "-g", "-fsanitize=thread", "-pthread"]
    subprocess.run([*compiler, "-o", tmp_path / "race", tmp_path / "race.c"], check=True)
    result = subprocess.run(
        [tmp_path / "race", tmp_path / "small.fqt"], capture_output=True, text=True, timeout=120
    )
    assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr[:2000]


def test_threads_of_a_core_model_take_turns():
    """Training with a rate of 0 beside other calls gives the losses that it gives alone."""
    layers = [Layer("conv2d", 8, (3, 3)), Layer("dense", 3)]
    model = random_model(layers, (12, 12, 1), seed=1)
    x = np.random.default_rng(0).integers(0, 256, (20, 12, 12, 1), np.uint8)
    labels = np.arange(20) % 3
    order = np.arange(400) % 20
    want = core.Model(model).train_many(x, labels, order, 0.0)
    shared, stop, failed = core.Model(model), threading.Event(), []

    def others():
        try:
            while not stop.is_set():
                shared.predict_many(x)
                shared.features(x)
                shared.losses(x, labels)
                shared.to_bytes()
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        got = shared.train_many(x, labels, order, 0.0)
    finally:
        stop.set()
        thread.join()
    assert not failed
    np.testing.assert_array_equal(got, want)
