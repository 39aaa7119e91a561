# Runs on an emulated board for `fqt bench`: every part of a training step between two marks, at
# which the emulator counts. bench.txt says which model; the order of marks is that of
# fqt.bench.phases().
import gc

import machine

import fqt

MARKER = 0x40028000
EMPTY_COUNTS = 3


def mark():
    machine.mem32[MARKER] = 0


def counted(call, *arguments):
    mark()
    call(*arguments)
    mark()


def main():
    with open("bench.txt") as file:
        name, master, warm_up = file.read().split()
    with open("bench.x", "rb") as file:
        x = file.read()
    gc.collect()
    heap = gc.mem_alloc()
    net = fqt.Model(name, master=int(master))
    gc.collect()
    heap = gc.mem_alloc() - heap  # running allocates nothing more
    trains = any(layer[4] for layer in net.layers)
    if trains:
        # The error scales settle, as in a run that is under way.
        for i in range(int(warm_up)):
            net.train(x, i % net.outputs)
    layers = range(len(net.layers))
    first = min([i for i in layers if net.layers[i][4]] or [len(layers)])
    for _ in range(EMPTY_COUNTS):  # what counting itself costs
        counted(int, 0)
    counted(net.predict, x)
    if trains:
        counted(net.train, x, 0)
    net.predict(x)
    for i in layers:
        counted(net._phase, 0, i)
    if trains:
        counted(net._phase, 1, 0)
        for i in reversed(layers):
            if i > first:
                counted(net._phase, 2, i)
            if net.layers[i][4]:
                counted(net._phase, 3, i)
        counted(net._phase, 4, first)
    print("heap", heap)


main()
