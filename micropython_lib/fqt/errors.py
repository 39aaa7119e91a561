# Exceptions from numbers of messages. A name FQT_MESSAGE_... in a file of this folder is its
# number in natmod/core/base/fqt_messages.h, which tools/join_python.py puts in.


def _text(number, *values):
    # The text of a message, each '#' replaced by a value.
    number &= 255
    text = _message(number)
    text = text or "message %d of natmod/core/base/fqt_messages.h: #, #, #" % (number + 1)
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
