# The order and the rates of fqt.fit, for the host to compare.
import array

import fqt

order = array.array("H", range(50))
for seed in (0, 1, 77777):
    fqt.shuffle(order, seed)
    print(list(order))
for schedule in ("linear", "cosine", "constant"):
    print([fqt._rate(0.02, schedule, epoch, 7) for epoch in range(7)])
