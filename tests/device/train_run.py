# A whole training run: the files job.txt (model, master, steps, lr), model, samples.bin and
# labels.bin are beside it. Writes trained.fqt and checkpoint.fqt; the host compares them with the
# reference, byte for byte.
import gc

import fqt

with open("job.txt") as file:
    name, master, steps, lr, stress = file.read().split()
net = fqt.Model(name, master=int(master))
with open("samples.bin", "rb") as file:
    samples = file.read()
with open("labels.bin", "rb") as file:
    labels = file.read()
lr = float(lr)
steps = int(steps)
if stress == "gc" and hasattr(gc, "threshold"):
    gc.threshold(1)


def run():
    count = len(labels)
    net.predict(samples, 0)
    net.train(samples, labels[0], lr, 0)
    gc.collect()
    before = gc.mem_alloc()
    i = 1
    while i < steps:
        if stress == "gc":
            gc.collect()
        net.train(samples, labels[i % count], lr, i % count)
        i += 1
    return gc.mem_alloc() - before


print("heap", run())
print("memory", net.memory)
print("steps", net.steps)
net.save("trained.fqt")
net.save("checkpoint.fqt", checkpoint=True)
