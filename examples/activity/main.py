# An activity recogniser that learns its wearer: by day it records labelled windows, at night it
# trains on them for at most 60 seconds. What it recorded and learnt survives power cuts.
import asyncio

import sensor

import fqt

DAY = 240  # windows; of every five, four train and one tests
net = fqt.Model("activity.fqt")


async def tell_accuracy(when, data):
    right = 0
    for x, label in data:
        right += net.predict(x) == label
        await asyncio.sleep(0)  # other tasks run
    print(f"{when}: {right} of {len(data)} windows right")


async def main():
    try:
        net.restore("learnt.fqt")
        print("goes on with what it learnt")
    except OSError:
        print("begins")
    with fqt.Recorder("train.fqd", net, "h") as train, fqt.Recorder("test.fqd", net, "h") as test:
        while len(train) + len(test) < DAY:
            number = len(train) + len(test)
            (test if number % 5 == 4 else train).add(*await sensor.labelled_window(number))
    with fqt.Data("train.fqd") as train, fqt.Data("test.fqd") as test:
        await tell_accuracy("before", test)
        fit = fqt.fit(net, train, epochs=40, seconds=60, lr=0.02, keep="learnt.fqt", every=1)
        async for progress in fit:
            if progress.steps == len(train):
                print(progress)
        await tell_accuracy("after", test)


asyncio.run(main())
