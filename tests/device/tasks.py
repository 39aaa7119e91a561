# fit in a task of asyncio: the others run between its steps. Beside it: head.fqt (uint8 8x8x1, 3
# classes).
import asyncio

import fqt

COUNT = 9
DATA = (bytes(i * i * 31 % 256 for i in range(64 * COUNT)), bytes(i % 3 for i in range(COUNT)))
net = fqt.Model("head.fqt")
seen = []


async def sensor():
    while True:
        seen.append(net.steps)
        await asyncio.sleep(0)


async def train():
    other = asyncio.create_task(sensor())
    async for _ in fqt.fit(net, DATA, epochs=2, every=1):
        pass
    other.cancel()


asyncio.run(train())
assert net.steps == 2 * COUNT
most = max(b - a for a, b in zip(seen, seen[1:]))
print("ok at most", most, "step")
