# The example activity with a second task, which counts the training steps between its turns.
# Beside it: main.py, sensor.py, activity.fqt, wearer.fqd.
import asyncio
import gc
import sys

real_run = asyncio.run
most = 0


async def watch():
    global most
    before = 0
    while True:
        await asyncio.sleep(0)
        steps = sys.modules["main"].net.steps
        most = max(most, steps - before)
        before = steps


async def both(example):
    watching = asyncio.create_task(watch())
    await example
    watching.cancel()


def run(example):
    gc.collect()
    if hasattr(gc, "mem_free") and sys.platform != "linux":
        print("free", gc.mem_free())
    real_run(both(example))


asyncio.run = run
import main  # noqa: E402, F401

print("at most", most, "step between two turns")
