# A whole training run: the files job.txt (see below), model, samples.bin and targets.bin (labels
# as bytes, also of pixels, or float32 targets) are beside it. Writes trained.fqt and
# checkpoint.fqt; the host compares them with the reference, byte for byte.
import array
import gc

import fqt

with open("job.txt") as file:
    job = file.read().split()
name, master, batch, steps, lr, stress, least, greatest, standardize, weight_decay, sample = job
net = fqt.Model(name, master=int(master), batch=int(batch))
net.update_rate = float(least), float(greatest)
net.standardize = standardize == "1"
net.weight_decay = float(weight_decay)
net.sample_updates = sample == "1"
with open("samples.bin", "rb") as file:
    samples = file.read()
with open("targets.bin", "rb") as file:
    targets = file.read()
lr = float(lr)
steps = int(steps)
by_label = net.loss_name == "softmax_cross_entropy"
pixels = net._classes[1]
if not by_label and not pixels:
    targets = array.array("f", targets)
count = len(targets) // (1 if by_label else pixels or net.outputs)
from_features = stress == "features" and net._cut > 0
if from_features:
    elements = net.feature_elements
    features = bytearray(count * elements)
    for i in range(count):
        net.features(samples, features, i, i * elements)
    samples = features
if stress == "gc" and hasattr(gc, "threshold"):
    gc.threshold(1)


def step(i):
    net.train(samples, targets[i] if by_label else targets, lr, i, from_features)


def run():
    if not from_features:
        net.predict(samples, 0)
    step(0)
    gc.collect()
    before = gc.mem_alloc()
    i = 1
    while i < steps:
        if stress == "gc":
            gc.collect()
        step(i % count)
        i += 1
    return gc.mem_alloc() - before


try:
    print("heap", run())
except RuntimeError:
    print("heap", 0)
print("diverged", 0 if net.diverged is None else 1)
print("memory", net.memory)
print("steps", net.steps)
net.save("trained.fqt")
net.save("checkpoint.fqt", checkpoint=True)
