# The texts of exceptions take no RAM: they lie behind the code in this module's file, where
# natmod/core/base/fqt_messages.h tells how. (A firmware that has the module in it has them in
# flash, and natmod/usermod/fill.py in the place of this file.)


def _message(line):
    # The text in that line of fqt_messages.h; "" when it cannot be read.
    try:
        with open(__file__, "rb") as file:
            file.seek(-2, 2)
            file.seek(-2 - int.from_bytes(file.read(2), "little"), 2)
            for _ in range(line):
                file.readline()
            return file.readline()[:-1].decode()
    except Exception:
        return ""  # no such file any more, or no memory
