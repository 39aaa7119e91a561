# The order and the rates of fqt.fit, for the host to compare.
import array

import fqt

order = array.array("H", range(50))
for seed in (0, 1, 77777):
    fqt.shuffle(order, seed)
    print(list(order))
print([fqt._decayed(0.02, done, 7) for done in range(7)])
