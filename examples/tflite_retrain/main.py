# A network that came from a .tflite file tells the digits 0 to 4 apart. Its last layer learns
# here to tell 5 to 9 apart, on what the layers before it, which stay as they were, make of them.
import fqt

net = fqt.Model("digits.fqt")
with fqt.Data("new.fqd") as new, fqt.Data("test.fqd") as test:
    print(f"before: {100 * net.evaluate(test):.1f} % of {len(test)} right")
    net.reset()  # the last layer: what it said of other digits is of no use
    for progress in fqt.fit(net, new, epochs=20, lr=0.02, cache=True):
        last = str(progress)
    print(last)
    print(f"after: {100 * net.evaluate(test):.1f} % of {len(test)} right")
net.save("digits.fqt")
