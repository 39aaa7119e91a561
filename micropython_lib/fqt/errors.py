# Exceptions whose texts take no RAM: they lie behind the code in this module's file, where
# natmod/core/base/fqt_messages.h tells how. A name FQT_MESSAGE_... in a file of this folder is its
# number there: tools/join_python.py puts it in when the module is built.


def _text(number, *values):
    # The text of a message, each '#' replaced by a value.
    text = ""
    try:
        with open(__file__, "rb") as file:
            file.seek(-2, 2)
            file.seek(-2 - int.from_bytes(file.read(2), "little"), 2)
            for _ in range(number & 255):
                file.readline()
            text = file.readline()[:-1].decode()
    except Exception:
        pass  # no such file any more, or no memory
    text = text or "message %d of natmod/core/base/fqt_messages.h: #, #, #" % ((number & 255) + 1)
    pieces = text.split("#")
    text = pieces[0]
    for i in range(1, len(pieces)):
        text += (str(values[i - 1]) if i <= len(values) else "#") + pieces[i]
    return text


def _error(number, layer, name, *values):
    # The exception of a message: the native part calls this, and raises it.
    text = _text(number, *values)
    if layer:
        text = "layer %d%s: %s" % (layer, " (%s)" % name if name else "", text)
    return (ValueError, TypeError, RuntimeError, AttributeError)[number >> 8](text)


def _fail(number, *values):
    raise _error(number, 0, None, *values)
