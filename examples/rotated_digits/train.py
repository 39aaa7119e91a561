# Runs under MicroPython, on a board or the unix port: train a model on samples from files, and
# tell how well it does.
#
#   micropython train.py MODEL DATA EPOCHS RATE SAVE_AS
#
# DATA names four files, DATA.train.x, DATA.train.y, DATA.test.x and DATA.test.y: 64 bytes (8 x 8)
# a sample, 1 byte a label.
import sys
import time

import fqt


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(model, data, epochs, lr, save_as):
    train = read(data + ".train.x"), read(data + ".train.y")
    test = read(data + ".test.x"), read(data + ".test.y")
    net = fqt.Model(model)
    print(net)
    print("before: accuracy %.4f" % net.evaluate(test))
    spent = 0
    start = time.ticks_ms()
    for progress in fqt.fit(net, train, epochs=epochs, lr=lr):
        spent += time.ticks_diff(time.ticks_ms(), start)
        print("%s, accuracy %.4f" % (progress, net.evaluate(test)))
        start = time.ticks_ms()
    net.save(save_as)
    print("after: accuracy %.4f" % net.evaluate(test))
    print("ram: %d bytes" % net.memory)
    print("speed: %d steps a second" % (net.steps * 1000 // max(spent, 1)))


if __name__ == "__main__" and len(sys.argv) == 6:
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
