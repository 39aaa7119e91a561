# A case for every message about an argument (natmod/core/base/fqt_messages.h). Beside it:
# arguments.txt with the messages (name, exception, text), the models of training.put_api_models.
import array

from checking import read, run

import fqt

X = bytes(36)  # of small.fqt
PIXELS = bytes(64)  # of head.fqt
VALUES = array.array("b", range(12))  # of autoencoder.fqt
NAN = float("nan")


def small(**arguments):
    return fqt.Model("small.fqt", **arguments)


def floats(*values):
    return array.array("f", values)


def autoencoder():
    return fqt.Model("autoencoder.fqt")


def resized():
    data = bytearray(read("small.fqt"))
    net = fqt.Model(data)
    data.extend(bytes(4))
    net.predict(X)


def features_as_their_own_target():
    net = autoencoder()
    net.freeze(1)
    net.train(bytes(8), None, features=True)


def silent(lr):
    net = fqt.Model("silent.fqt")
    for _ in range(1000):
        net.train(bytes(range(36)), 0, lr)


def option(name, value):
    setattr(small(), name, value)


CASES = {
    "MODEL_NEEDED": lambda: fqt.Model.predict(7, X),
    "SOURCE": lambda: fqt.Model(7),
    "MASTER": lambda: small(master=9),
    "BATCH": lambda: small(batch=65536),
    "BUFFER_RESIZED": resized,
    "UINT8_INPUT": lambda: small().predict(array.array("h", range(36))),
    "INT8_INPUT": lambda: autoencoder().scores(array.array("h", range(12))),
    "INPUT_ELEMENT": lambda: autoencoder().scores(floats(*[NAN] * 12)),
    "SAMPLE_BYTES": lambda: small().predict(X[1:]),
    "INDEX": lambda: small().predict(X, 1),
    "INDEX_TYPE": lambda: small().predict(X, "a"),
    "FEATURES": lambda: fqt.Model("head.fqt").train(floats(1), 0, features=True),
    "NO_FEATURES": lambda: small().features(X, bytearray(36)),
    "FEATURES_OUT": lambda: fqt.Model("head.fqt").features(PIXELS, bytearray(1)),
    "OUT_TYPE": lambda: fqt.Model("head.fqt").features(PIXELS, 7),
    "SCORES_OUT": lambda: small().scores(X, floats(0)),
    "LABEL": lambda: small().train(X, 3),
    "LABEL_TYPE": lambda: small().train(X, "a"),
    "PIXEL_LABELS": lambda: fqt.Model("pixels.fqt").train(bytes(12), 1),
    "PIXEL_LABEL": lambda: fqt.Model("pixels.fqt").train(bytes(12), bytes([3] * 12)),
    "TARGET_ELEMENT": lambda: fqt.Model("value.fqt").train(bytes(12), NAN),
    "BINARY_TARGET": lambda: fqt.Model("binary.fqt").train(bytes(12), 2),
    "NO_INPUT_AS_TARGET": features_as_their_own_target,
    "INPUT_AS_TARGET": lambda: fqt.Model("value.fqt").train(bytes(12), None),
    "NO_OUTPUT_MAP": lambda: fqt.Model("value.fqt").map_output(0.0, 1.0),
    "MAP_OUTPUT": lambda: fqt.Model("mapped.fqt").map_output(0.0, 1.0, 1),
    "TARGET_TYPECODE": lambda: autoencoder().train(VALUES, b"1"),
    "TARGET": lambda: autoencoder().train(VALUES, 1),
    "LEARNING_RATE": lambda: small().train(X, 0, -1.0),
    "WEIGHT_DECAY": lambda: option("weight_decay", -1.0),
    "UPDATE_RATE": lambda: option("update_rate", 2),
    "UPDATE_RATES": lambda: option("update_rate", (0.5, 0.1)),
    "NOTHING_TRAINS": lambda: fqt.Model("floats.fqt").train(bytes(32), 0),
    "NOT_TRAINABLE": lambda: fqt.Model("floats.fqt").unfreeze(1),
    "DIVERGED": lambda: fqt.Model("beyond.fqt").train(bytes(range(36)), 0),
    "BEYOND_RANGE": lambda: fqt.Model("beyond.fqt").train(bytes(range(36)), 0, 0),
    "SILENT": lambda: silent(0.01),
    "SILENT_AT_REST": lambda: silent(0),
    "LAYER_NUMBER": lambda: small().freeze(9),
    "LAYER_TYPE": lambda: small().freeze(1.5),
    "LAYER_NAME": lambda: small().freeze("nobody"),
    "ORDER": lambda: fqt.shuffle(bytearray(4), 1),
}


def said_by(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__, str(error)
    return None, "nothing was raised"


def is_of(text, message):
    """Whether a text is a message with numbers for each '#'."""
    for part in message.split("#"):
        at = text.find(part)
        if at < 0:
            return False
        text = text[at + len(part) :]
    return text == "" or message.endswith("#")


def check_every_message_about_an_argument():
    with open("arguments.txt") as file:
        lines = [line.rstrip("\n").split(" ", 2) for line in file]
    for name, kind, message in lines:
        assert name in CASES, "no case in tests/device/arguments.py for " + name
        said = said_by(CASES[name])
        assert said[0] == kind and is_of(said[1], message), (name, said)


run(check_every_message_about_an_argument)
