# How many of the test digits a network recognises.
import fqt


def told(net):
    old, new = [0, 0], [0, 0]
    with fqt.Data("test.fqd") as data:
        for x, label in data:
            counts = new if label == 9 else old
            counts[0] += net.predict(x) == label
            counts[1] += 1
    return f"old digits {old[0]} of {old[1]}, nines {new[0]} of {new[1]}"
