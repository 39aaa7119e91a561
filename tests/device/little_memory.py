# A model that does not fit raises MemoryError, and leaves room for one that does. Run with a small
# heap, beside large.fqt and small.fqt.
import gc

import fqt

for _ in range(5):
    try:
        fqt.Model("large.fqt", master=16)
        raise AssertionError("it should not fit: make the heap smaller")
    except MemoryError:
        pass
    gc.collect()
    net = fqt.Model("small.fqt")
    net.train(bytes(36), 0)
print("ok")
