# A camera learns four objects from 15 frames of each, which somebody shows it and names; then it
# says what it sees.
import array

import sensor

import fqt

LEARN, TEST, EPOCHS = 60, 100, 20
net = fqt.Model("camera.fqt")
sensor.reset()
sensor.set_pixformat(sensor.GRAYSCALE)
sensor.set_framesize(sensor.QQQVGA)  # 80 x 60
sensor.set_windowing((48, 48))  # the middle of it
sensor.skip_frames(time=2000)


def seen():
    # A frame, and which object it shows, as somebody says: here the label that lies beside the
    # frame. On a device of yours it comes from buttons, or is typed.
    return sensor.snapshot().bytearray(), sensor.label()


# What the frozen layers make of a frame is all that the last one needs, and an eighth as large.
features = bytearray(LEARN * net.feature_elements)
labels = bytearray(LEARN)
for number in range(LEARN):
    frame, labels[number] = seen()
    net.features(frame, features, 0, number * net.feature_elements)

net.reset()  # the last layer: what it said of drawn shapes is of no use
order = array.array("H", range(LEARN))
for epoch in range(EPOCHS):
    fqt.shuffle(order, 1 + epoch)
    rate = 0.01 * (EPOCHS - epoch) / EPOCHS
    for i in order:
        net.train(features, labels[i], rate, i, True)
print(f"loss {net.loss:.3f} after {net.steps} steps")

right = 0
for number in range(TEST):
    frame, label = seen()
    name = net.labels[net.predict(frame)]
    right += name == net.labels[label]
    if number < 5:
        print(f"sees the {name}, it is the {net.labels[label]}")
print(f"{right} of {TEST} frames right")
net.save("mine.fqt")
