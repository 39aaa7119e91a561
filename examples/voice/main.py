# A command set that learns its speaker. Of the commands that are heard every second teaches the
# network, the others only test it.
import array
import time

import microphone
from features import BANDS, FRAMES, SAMPLES, features

import fqt

net = fqt.Model("commands.fqt")
samples = array.array("h", bytes(2 * SAMPLES))
learn, test = [], []
spent = 0
for number in range(len(microphone.HEARD)):
    label = microphone.command(number, samples)
    start = time.ticks_us()
    heard = features(samples, bytearray(FRAMES * BANDS))
    spent += time.ticks_diff(time.ticks_us(), start)
    (test if number % 2 else learn).append((heard, label))
print(f"features of a command: {spent / len(microphone.HEARD) / 1000:.1f} ms")


def told(when):
    right = sum(net.predict(heard) == label for heard, label in test)
    print(f"{when}: {right} of {len(test)} commands right")


told("before")
for progress in fqt.fit(net, learn, epochs=20, lr=0.01):
    last = str(progress)
print(last)
told("after")
net.save("mine.fqt")
