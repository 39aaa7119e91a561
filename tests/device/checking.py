# What the scripts that test the device's API share.
import gc


def raises(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), "%r does not say %r" % (error, text)
        return
    raise AssertionError("no %s that says %r" % (kind.__name__, text))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def state(net):
    # All that training changes, as bytes.
    pieces = []
    net._write(lambda piece: pieces.append(bytes(piece)), False)
    return b"".join(pieces)


def run(*checks):
    for check in checks:
        gc.collect()
        check()
        print("ok", check.__name__)
