# A model that does not fit raises MemoryError, and leaves room for one that does. Beside it:
# large.fqt, which needs 60 KB, and small.fqt.
import gc

import fqt

ROOM = 45000

gc.collect()
ballast = []
while gc.mem_free() > ROOM:
    ballast.append(bytearray(1000))
for _ in range(3):
    try:
        fqt.Model("large.fqt", master=16)
        raise AssertionError("it should not fit")
    except MemoryError:
        pass
    gc.collect()
    net = fqt.Model("small.fqt")
    net.train(bytes(36), 0)
print("ok")
