# Ctrl-C comes at any moment of a training step; the model still works afterwards. Beside it:
# large.fqt. The host sends the interrupts while "training" is the last line printed.
import fqt

net = fqt.Model("large.fqt", master=16)
x = bytes(range(256)) * (net.input_shape[0] * net.input_shape[1] * net.input_shape[2] // 256)
caught = 0
while caught < 25:
    try:
        print("training")
        while True:
            net.train(x, caught % 3, lr=0.001)
    except KeyboardInterrupt:
        caught += 1
    net.train(x, 0)
    net.predict(x)
net.save("after.fqt")
again = fqt.Model("after.fqt", master=16)
assert again.scores(x) == net.scores(x)
print("ok", caught)
