# Runs under MicroPython for `fqt train` and `fqt eval`, behind loop.py in one script: samples lie
# in a file that is read one at a time, what is learnt goes to a file, and what the host is told is
# a line that begins with "fqt ". The names of files are those of the job (job.json); without a
# folder they lie in the current one, on a board the host's, which is mounted there.
import array
import gc
import json
import os
import struct
import time

import fqt

TOLD_TOGETHER = 64  # outputs
BYTES = {"B": 1, "b": 1, "h": 2, "f": 4}


def float_of(bits):
    # A float by its bits: a text of it would be rounded on the way.
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def tell(what, value):
    print("fqt", what, json.dumps(value))


def memory(numbers, count):
    # The bytes of an array: the file that mpremote mounts takes as many bytes as a buffer has
    # elements.
    try:
        import uctypes
    except ImportError:
        return numbers  # a board's own files count bytes
    return uctypes.bytearray_at(uctypes.addressof(numbers), count)


class Samples:
    # A file of samples, one behind the other, each with its label (uint16), its targets (float32)
    # or the labels of its pixels (bytes) behind it, or nothing.
    def __init__(self, job):
        self.file = open(job["data"], "rb")  # noqa: SIM115 (closed when the board is done)
        self.x = array.array(job["type"], [0] * job["elements"])
        self.parts = [memory(self.x, BYTES[job["type"]] * job["elements"])]
        self.has_label = job["targets"] < 0
        self.target = None
        if self.has_label or job["pixels"]:
            self.target = bytearray(job["pixels"] or 2)
            self.parts.append(self.target)
        elif job["targets"]:
            self.target = array.array("f", [0.0] * job["targets"])
            self.parts.append(memory(self.target, 4 * job["targets"]))
        self.sample_bytes = job["sample_bytes"]

    def read(self, i):
        # Gives (sample, what it should give), in the same buffers each time.
        self.file.seek(i * self.sample_bytes)
        if sum([self.file.readinto(part) for part in self.parts]) != self.sample_bytes:
            raise OSError("the file of samples is cut off")
        if self.has_label:
            return self.x, self.target[0] | self.target[1] << 8
        return self.x, self.target


class Learner:
    # What loop.train asks of a place.
    def __init__(self, job):
        gc.collect()
        net = fqt.Model(job["model"], master=job["master"], batch=job["batch"])
        if job["checkpoint"]:
            net.restore(job["checkpoint"])
        net.update_rate = tuple([float_of(bits) for bits in job["update_rate"]])
        net.weight_decay = float_of(job["weight_decay"])
        net.sample_updates = job["sample_updates"]
        net.standardize = job["standardize"]
        self.net = net
        self.job = job
        self.samples = Samples(job)
        self.last = time.ticks_ms()
        self.saves = 0
        self.end_batch = net.end_batch
        self.shuffle = fqt.shuffle

    def train(self, order, start, end, rate):
        net, read, rate, loss = self.net, self.samples.read, float_of(rate), 0.0
        for i in range(start, end):
            x, target = read(order[i])
            net.train(x, target, rate)
            loss += net.loss
        return loss

    def save(self):
        # Each time another file, since the host may read the last one yet. It removes them.
        self.saves += 1
        self.saved = f"{self.job['saved']}.{self.saves}"
        self.net.save(self.saved, checkpoint=True)

    def elapsed(self):
        now = time.ticks_ms()
        took = time.ticks_diff(now, self.last)
        self.last = now
        return took

    def is_stopped(self):
        try:
            os.stat(self.job["stop"])
        except OSError:
            return False
        return True

    def tell(self, epoch, position, loss, is_saved):
        tell("progress", [epoch, position, loss, self.saved if is_saved else None])

    def evaluate(self):
        # Tells what the model gives for each sample, and the microseconds that it took.
        net, read, gives = self.net, self.samples.read, self.job["gives"]
        for start in range(0, self.job["samples"], TOLD_TOGETHER):
            found = []
            took = 0
            for i in range(start, min(start + TOLD_TOGETHER, self.job["samples"])):
                x, target = read(i)
                began = time.ticks_us()
                if gives == "class":
                    found.append(net.predict(x))
                elif gives == "classes":
                    found.append(list(net.predict(x)))
                elif gives == "numbers":
                    found.append(net.scores(x))
                else:
                    found.append(net.loss_for(x, target))
                took += time.ticks_diff(time.ticks_us(), began)
            tell("outputs", [found, took])

    def measure(self):
        # Tells the microseconds of a prediction and of a training step, of each sample.
        net, read, rate = self.net, self.samples.read, float_of(self.job["rates"][0])
        for i in range(self.job["samples"]):
            x, target = read(i)
            began = time.ticks_us()
            net.predict(x)
            between = time.ticks_us()
            if self.job["trains"]:
                net.train(x, target, rate)
            ended = time.ticks_us()
            tell("times", [time.ticks_diff(between, began), time.ticks_diff(ended, between)])


def main(name, train):
    # train: loop.train, which the host puts before this file.
    with open(name) as file:
        job = json.load(file)
    learner = Learner(job)
    tell("ready", [fqt.__version__, learner.net.memory])
    if job["gives"] == "times":
        learner.measure()
    elif job["gives"]:
        learner.evaluate()
    else:
        train(learner, job)
    tell("done", 0)
