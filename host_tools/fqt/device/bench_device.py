# Runs on an emulated board for `fqt bench`: every part of a training step between two marks, at
# which the emulator counts. bench.txt says which model, how it trains and how many samples bench.x
# has; bench.steps, of each step (sample, label), those first that warm up. The order of marks is
# that of fqt.bench.phases(), once for each step after these.
import gc
from array import array

import machine

import fqt

EMPTY_COUNTS = 3
# The parts of a step, as Model._phase (natmod/binding/fqt_profile.c) numbers them.
FORWARD, LOSS, SELECT, ERROR, UPDATE, END = range(6)


def mark():
    machine.mem32[marker] = 0


def counted(call, *arguments):
    mark()
    result = call(*arguments)
    mark()
    return result


def main():
    global marker
    with open("bench.txt") as file:
        words = file.read().split()
    name, master, warm_up, samples, least_rate, greatest_rate, draws, marker, has_parts = words
    marker = int(marker)
    with open("bench.x", "rb") as file:
        xs = memoryview(file.read())
    samples = int(samples)
    size = len(xs) // samples
    xs = [xs[i * size : (i + 1) * size] for i in range(samples)]
    with open("bench.steps", "rb") as file:
        words = array("H", file.read())
    steps = [(xs[words[i]], words[i + 1]) for i in range(0, len(words), 2)]
    warm_up = int(warm_up)
    gc.collect()
    heap = gc.mem_alloc()
    net = fqt.Model(name, master=int(master))
    gc.collect()
    heap = gc.mem_alloc() - heap  # running allocates nothing more
    net.update_rate = float(least_rate), float(greatest_rate)
    net.sample_updates = draws == "True"
    trains = any(layer[4] for layer in net.layers)
    by_label = net.loss_name == "softmax_cross_entropy"
    target = bytes(net._classes[1]) or None  # of each pixel; None: the input itself
    if trains:
        # The error scales settle, as in a run that is under way.
        for x, label in steps[:warm_up]:
            net.train(x, label if by_label else target)
    for _ in range(EMPTY_COUNTS):  # what counting itself costs
        counted(int, 0)
    for x, label in steps[warm_up:]:
        wanted = label if by_label else target
        parts = count_phases(net, x, trains, wanted, has_parts == "True")
    print("parts", "".join(str(int(part)) for part in parts) or "none")
    print("heap", heap)


def count_phases(net, x, trains, target, has_parts):
    # Gives of each layer's backward parts whether it has them.
    layers = range(len(net.layers))
    parts = []
    counted(net.predict, x)
    if trains:
        counted(net.train, x, target)
    if not has_parts:
        return parts
    net.predict(x)
    for i in layers:
        counted(net._phase, FORWARD, i)
    if trains:
        counted(net._phase, LOSS, 0)
        for i in reversed(layers):
            for number in (SELECT, ERROR, UPDATE):
                parts.append(counted(net._phase, number, i))
        counted(net._phase, END, 0)
    return parts


main()
