# One script for all models: fqt.Model here, and on the host those of the core and of the reference
# in its place. tests/unix/test_protocol.py compares what they print and save.
import array


def show(*values):
    # Losses and scores are multiples of 1 / 65536: so they print alike wherever floats are wider.
    print(*[round(value * 65536) if isinstance(value, float) else value for value in values])


def refused(call, *arguments):
    try:
        call(*arguments)
        print("taken:", arguments)
    except ValueError:
        pass


def describe(net):
    show(net.name, net.loss_name, net.input_shape, net.input_type, net.input_zero_point)
    show(*net.labels, net.note)
    show(net.master, net.batch, net.steps, net.diverged, net.loss)
    for name, kind, shape, parameters, trains, scale, zero_point in net.layers:
        show(name, kind, shape, parameters, trains, "%.5e" % scale, zero_point)


def look(net, x, target_of, count):
    for i in range(count):
        show(net.predict(x, i), *net.scores(x, None, i))
        show(net.loss_for(x, target_of(i), i))
    out = array.array("f", [0.0] * len(net.scores(x)))
    show(*net.scores(x, out, 1))


def train(net, x, target_of, count):
    for i in range(count):
        net.train(x, target_of(i), 0.05, i)
        show(net.loss)
    show(net.steps)


def run(make, folder, batch):
    with open(folder + "labels.fqt", "rb") as file:
        net = make(file.read(), master=16, batch=batch)
    with open(folder + "labels.x", "rb") as file:
        x = file.read()
    labels = [0, 1, 2, 1]
    describe(net)
    look(net, x, lambda i: labels[i], 4)
    train(net, x, lambda i: labels[i], 4)
    show(net.evaluate((x, labels)), net.evaluate((x, bytes(labels))))
    size = len(x) // 4
    show(net.evaluate([(x[i * size : (i + 1) * size], labels[i]) for i in range(3)]))
    net.update_rate = (0.25, 1)
    net.sample_updates = True
    net.standardize = True
    net.weight_decay = 0.5
    show(*net.update_rate)
    show(net.sample_updates, net.standardize, net.weight_decay)
    train(net, x, lambda i: labels[i], 4)
    net.update_rate = 1.0
    net.save(folder + "checkpoint.fqt", checkpoint=True)
    first, second = net.layers[0][0], net.layers[1][0]
    net.freeze(first)
    train(net, x, lambda i: labels[i], 2)
    net.unfreeze(1)
    net.freeze()
    refused(net.train, x, 0)
    net.unfreeze()
    net.end_batch()
    net.reset(second)
    net.reset(1)
    train(net, x, lambda i: labels[i], 3)
    describe(net)
    net.restore(folder + "checkpoint.fqt")
    train(net, x, lambda i: labels[i], 3)
    net.reset()
    with open(folder + "checkpoint.fqt", "rb") as file:
        net.restore(file.read())
    train(net, x, lambda i: labels[i], 3)
    for layer in (0, 9, "none"):
        refused(net.freeze, layer)
        refused(net.unfreeze, layer)
        refused(net.reset, layer)
    refused(net.train, x, 3)
    refused(net.train, x, 0, -1.0)
    refused(net.train, x, 0, 0.1, 4)
    refused(net.predict, x, 4)
    refused(net.predict, x[:-1])
    refused(net.scores, x, array.array("f", [0.0]))
    refused(net.restore, b"no file")
    refused(net.evaluate, (b"", []))
    net.save(folder + "labels.out")
    describe(net)

    with open(folder + "numbers.fqt", "rb") as file:
        net = make(file.read(), batch=batch)
    with open(folder + "numbers.x", "rb") as file:
        x = array.array("b", file.read())
    y = array.array("f", [0.5, -1.0, 0.25, 2.0, 0.0, -0.5])
    describe(net)
    look(net, x, lambda i: y, 3)
    train(net, x, lambda i: y, 3)
    refused(net.evaluate, (x, y))
    net.save(folder + "numbers.out")
    run_in_units(make, folder, batch)


def show_bits(net, x):
    # Scores in units of the user's, exactly.
    print(bytes(array.array("f", net.scores(x))).hex(), round(net.clipped * 65536))


def run_in_units(make, folder, batch):
    # A price, a pressure in hPa and a strain of 1e-5, from bytes, int16 and float samples.
    with open(folder + "units.fqt", "rb") as file:
        net = make(file.read(), batch=batch)
    raw = bytes(range(0, 240, 20))
    samples = [raw, array.array("h", list(raw)), array.array("f", list(raw))]
    samples.append(array.array("h", [-300, 300] * 6))
    samples.append(array.array("f", [0.1, 1e-20, -1e30, 1e30] * 3))
    y = array.array("f", [350000.0, 1013.25, 1e-5, 420000.5, 990.0, -3e-5])
    for x in samples:
        show_bits(net, x)
    for step in range(12):
        net.train(samples[step % 4], y, 0.05, 0)
        show(net.loss)
        net.train(samples[2], y[3:], 0.05)
        show(net.loss_for(samples[1], y))
    for x in samples:
        show_bits(net, x)
    net.save(folder + "checkpoint.fqt", checkpoint=True)
    net.map_output(1000.5, 12.5, 1)
    net.map_output(3e-5, 1e-6, 2)
    train(net, samples[1], lambda i: array.array("f", [350000.0, 1013.25, 3e-5]), 1)
    show_bits(net, raw)
    net.save(folder + "units.out")
    net.restore(folder + "checkpoint.fqt")
    show_bits(net, raw)
    refused(net.map_output, 0.0, 0.0)
    refused(net.map_output, 0.0, 1.0, 3)
    refused(net.map_output, float("inf"), 1.0)
    refused(net.train, raw, array.array("f", [0.0, 1013.25, 1e9]))
    refused(net.train, raw, array.array("f", [0.0, 1013.25, float("nan")]))
    refused(net.loss_for, raw, None)
    show_bits(net, raw)


if __name__ == "__main__":
    import fqt

    for batch in (1, 3):
        run(fqt.Model, "%d" % batch, batch)
