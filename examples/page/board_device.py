# Runs on a board for the page that trains (js/board/training.js), behind install_device.py, whose
# functions it uses: trains the model that the page put there on the page's samples. What it tells
# are lines that begin with "fqt".
import os
import struct
import time

MODEL = "fqt_page.model"
SAMPLES = "fqt_page.samples"
TRAINED = "fqt_page.trained"


class Samples:
    # Reads a sample when its turn comes: in the file each has its bytes, then its label.
    def __init__(self, elements):
        self.record = bytearray(elements + 1)
        self.sample = memoryview(self.record)[:elements]
        self.file = open(SAMPLES, "rb")

    def __len__(self):
        return os.stat(SAMPLES)[6] // len(self.record)

    def __getitem__(self, index):
        self.file.seek(index * len(self.record))
        self.file.readinto(self.record)
        return self.sample, self.record[-1]


def train(epochs, rate_bits, every):
    # The learning rate by its bits, as float32: a text of it would be rounded on the way.
    import fqt

    lr = struct.unpack("<f", struct.pack("<I", rate_bits))[0]
    net = fqt.Model(MODEL)
    height, width, channels = net.input_shape
    samples = Samples(height * width * channels)
    began = time.ticks_ms()
    try:
        for report in fqt.fit(net, samples, epochs=epochs, lr=lr, every=every):
            print("fqt report %d %d %.6f" % (report.epoch, report.steps, report.loss))
    finally:
        samples.file.close()
    spent = time.ticks_diff(time.ticks_ms(), began)
    net.save(TRAINED)
    print("fqt trained", digest(TRAINED), net.memory, spent)


def keep(name):
    # The trained model takes the first of name.fqt, name_2.fqt, ... that is free.
    folder = os.getcwd().rstrip("/")
    path = "%s/%s.fqt" % (folder, name)
    number = 1
    while size_of(path) is not None:
        number += 1
        path = "%s/%s_%d.fqt" % (folder, name, number)
    os.rename(TRAINED, path)
    print("fqt kept", repr(path))


def clean():
    # What this page left there, now or when a cable was pulled.
    for name in (MODEL, SAMPLES, TRAINED):
        remove(name)
        remove(name + COPY)
