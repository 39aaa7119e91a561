"""Every check of a model file: a file that is wrong in one way, with a right checksum, is refused
by the C core and by the host package with the same text. A message without a case fails the suite,
and `make mutants` sees whether a check can be left out unnoticed."""

import ctypes
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from append_messages import messages
from forge import (
    ADD,
    AVERAGE_POOL2D,
    CHECKPOINT,
    CONCATENATE,
    CONV2D,
    DENSE,
    DEPTHWISE_CONV2D,
    FLATTEN,
    GRU,
    HEADER,
    LOW_BYTES,
    LOW_HALVES,
    LSTM,
    MAX_POOL2D,
    MULTIPLY,
    NO_WINDOW,
    TABLE,
    TRAINABLE,
    UPSAMPLE2D,
    Layer,
    forge,
    sealed,
)

from fqt import messages as host
from fqt.file import reading
from fqt.model_file import ModelFile, ModelFileError
from fqt.reference import Network
from fqt.run import core

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "natmod/core/base/fqt_messages.h").read_text()
FILE_MESSAGES = messages(SOURCE[: SOURCE.index("/* layer kinds that")])
SAME = (3, 3, 1, 1, 1, 1, 1, 1)  # a window that keeps the extent
HALF = (2, 2, 2, 2, 0, 0, 0, 0)
KINDS = {
    DENSE: "dense",
    CONV2D: "conv2d",
    MAX_POOL2D: "max_pool2d",
    FLATTEN: "flatten",
    DEPTHWISE_CONV2D: "depthwise_conv2d",
    AVERAGE_POOL2D: "average_pool2d",
    ADD: "add",
    CONCATENATE: "concatenate",
    MULTIPLY: "multiply",
    TABLE: "table",
    LSTM: "lstm",
    GRU: "gru",
    UPSAMPLE2D: "upsample2d",
}


def conv(output=(4, 4, 3), filter_elements=18, **fields):
    return Layer(CONV2D, output, filter_elements, {"window": SAME, **fields})


def pool(output=(2, 2, 3), kind=MAX_POOL2D, **fields):
    return Layer(kind, output, fields={"window": HALF, **fields})


def flat(elements=12, **fields):
    return Layer(FLATTEN, (1, 1, elements), fields=fields)


def dense(outputs=3, inputs=12, **fields):
    return Layer(DENSE, (1, 1, outputs), inputs, fields)


def upsampled(window, output=(8, 8, 2), **fields):
    """4 x 4 x 2 upsampled, then pooled."""
    layer = Layer(UPSAMPLE2D, output, fields={"window": window, **fields})
    return forge([layer, pool((4, 4, 2)), flat(32), dense(inputs=32)], (4, 4, 2))


def tabled(shape=(4, 4, 3), **fields):
    """A table behind a convolution."""
    blobs = [bytes(256), b"", np.float32(0.5).tobytes(), bytes(256)]
    return Layer(TABLE, shape, 0, {"flags": 0, **fields}, blobs)


def with_table(table):
    return network(conv(), table, pool(), flat(), dense())


def recurrent(
    output=(1, 1, 3), features=2, front=(), shape=(4, 4, 2), kind=LSTM, scales=None, **fields
):
    """An lstm or gru, behind other layers or none. scales: float32 of its gates."""
    units = output[2]
    gates, usual = (4, 9) if kind == LSTM else (3, 6)
    blobs = [
        bytes(gates * units * (features + units)),
        b"",
        np.ones(usual, np.float32).tobytes() if scales is None else np.float32(scales).tobytes(),
        bytes(16 * units),
    ]
    layer = Layer(kind, output, 0, {"flags": 0, "bias_scale": 0, **fields}, blobs)
    behind = [flat(int(np.prod(output))), dense(inputs=int(np.prod(output)))]
    return forge([*front, layer, *behind], shape)


TWICE = (2, 2, 2, 2, 0, 0, 0, 0)
APART = (1, 1, 2, 2, 0, 0, 0, 0)


def halves():
    """Nine weights, of which the last one's low bits are alone in a byte."""
    return dense(3, 3, flags=TRAINABLE | LOW_HALVES)


def depthwise(output=(4, 4, 2), filter_elements=9, **fields):
    return Layer(DEPTHWISE_CONV2D, output, filter_elements, {"window": SAME, **fields})


def plus(output=(4, 4, 3), inputs=(1, 2), **fields):
    first, second = inputs
    return Layer(ADD, output, fields={"input": first, "second_input": second, **fields})


def joined(output=(4, 4, 5), inputs=(1, 0), **fields):
    return replace(plus(output, inputs, **fields), kind=CONCATENATE)


def network(first=None, *others, **fields):
    """4 x 4 x 2, conv2d, max_pool2d, flatten, dense: with another first layer, or others."""
    return forge([first or conv(), *(others or (pool(), flat(), dense()))], **fields)


def wide_conv():
    """42 taps for each of 2^24 elements: more than half of the work that is possible."""
    window = (6, 7, 1, 1, 2, 3, 3, 3)
    return conv((4096, 4096, 1), 42, flags=0, window=window)


def changed(layer, blob, data):
    """A layer with another blob."""
    layer.blobs[blob] = data
    return layer


def mapped(*rows, maps=1, **fields):
    """The file with maps: a row, offset and scale, for each of 2 channels and of 3 outputs."""
    return network(maps=maps, loss=1, behind=np.array(rows, "<f4").tobytes(), **fields)


def in_header(**fields):
    return network(**fields)


def changed_record(layer, **fields):
    """A layer whose record says something else than its blobs are for."""
    layer.fields.update(fields)
    return layer


def placed(*blobs):
    """The file, the first layer's blobs said to lie at these offsets."""
    return network(conv(blobs=blobs))


def scaled(channel, scale):
    """The file with another weight scale in the first layer."""
    scales = np.where(np.arange(3) == channel, scale, 1).astype("<f4")
    return network(changed(conv(), 2, scales.tobytes()))


def times(output, inputs, **fields):
    first, second = inputs
    return Layer(MULTIPLY, output, fields={"input": first, "second_input": second, **fields})


def product(first, output, inputs, shape=(4, 4, 2), **fields):
    """A product of two of: tensor 0, the input; tensor 1, what a first layer makes of it."""
    return forge([first, times(output, inputs, **fields), dense()], shape)


def strided():
    """2 x 2 x 2: as many channels as a factor has, and more positions than one."""
    return conv((2, 2, 2), window=(3, 3, 2, 2, 1, 1, 1, 1))


def column():
    """1 x 2 x 1: as many elements as a factor has channels."""
    return conv((1, 2, 1), 24, window=(4, 3, 1, 1, 0, 0, 0, 0))


def summed(output, stride):
    """A sum of the input and of what a convolution with a stride makes of it, as if of 4 x 4."""
    first = conv(output, window=(3, 3, *stride, 1, 1, 1, 1))
    return network(first, plus((4, 4, 2), (1, 0)), dense())


GOOD = network()
END = len(GOOD) - 4  # of the blobs
RECORDS = 4
BLOBS = 64 + 72 * RECORDS
WEIGHTS = 3 * 18  # of the first layer
SECOND_BLOB = BLOBS + WEIGHTS + 2
THIRD_BLOB = SECOND_BLOB + 12
WIDE_PRODUCT = forge(
    [
        conv((1, 130, 2), 2, window=(1, 1, 255, 255, 0, 0, 0, 0)),
        pool((1, 1, 2), AVERAGE_POOL2D, window=(1, 130, 1, 130, 0, 0, 0, 0)),
        times((2, 33001, 2), (0, 2)),
        dense(),
    ],
    (2, 33001, 2),
)
ROWS = [(0, 1), (-1013.25, 2**-64), (350000, 2**64), (-0.0, 0.5), (1e-5, 1e-6)]
MAPPED = mapped(*ROWS, maps=3)
TEXTS = "ja\0nein\0\0Töne, 16 kHz\0\0".encode()
LABELLED = network(text_bytes=len(TEXTS), behind=TEXTS)
WIDE = network(changed_record(conv(), output=(4, 4, 1000)))
POOL_WITH_BLOB = network(conv(), pool(blobs=(0, 0, BLOBS, 0)), flat(), dense())
# Per case: the message, its numbers, the layer (from 1; 0: none), and the file.
CASES = [
    ("FILE_SHORT", (67, 64), 0, GOOD[:67]),
    ("FILE_SHORT", (0, 64), 0, b""),
    ("NO_MODEL", (), 0, in_header(magic=b"FQT\x1b")),
    ("VERSION", (1, 0, 2), 0, in_header(major=1, minor=0)),
    ("VERSION", (3, 1, 2), 0, in_header(major=3, minor=1)),
    ("FILE_BYTES", (len(GOOD) + 1, len(GOOD)), 0, in_header(file_bytes=len(GOOD) + 1)),
    ("FILE_BYTES", (len(GOOD), len(GOOD) + 4), 0, network(behind=bytes(4))),
    ("FILE_BYTES", (len(GOOD) + 16, len(GOOD)), 0, network(maps=1)),
    ("FILE_BYTES", (len(GOOD) + 24, len(GOOD)), 0, network(maps=2, loss=1)),
    ("FILE_BYTES", (len(MAPPED), len(MAPPED) - 8), 0, mapped(*ROWS[1:], maps=3)),
    ("LAYER_COUNT", (0, 128), 0, in_header(layer_count=0)),
    ("LAYER_COUNT", (129, 128), 0, in_header(layer_count=129)),
    ("HEADER_FIELD", (), 0, in_header(record_bytes=73)),
    ("HEADER_FIELD", (), 0, in_header(flags=2)),
    ("HEADER_FIELD", (), 0, in_header(input_type=2)),
    ("HEADER_FIELD", (), 0, in_header(loss=4)),
    ("HEADER_FIELD", (), 0, in_header(maps=4)),
    ("OUTPUT_MAP_LOSS", (), 0, in_header(maps=2)),
    ("OUTPUT_MAP_LOSS", (), 0, in_header(maps=3, loss=2)),
    ("NO_NAME", (), 0, in_header(name=b"")),
    ("NO_NAME", (), 0, in_header(name=b"a\0b")),
    ("INPUT_SCALE", (), 0, in_header(input_scale=0.0)),
    ("INPUT_SCALE", (), 0, in_header(input_scale=2.0**65)),
    ("INPUT_SCALE", (), 0, in_header(input_scale=np.nan)),
    ("INPUT_SCALE", (), 0, in_header(input_scale=-1.0)),
    ("RANDOM_STATE", (), 0, in_header(random_state=0)),
    ("CHECKSUM", (), 0, GOOD[:-1] + bytes([GOOD[-1] ^ 1])),
    ("CHECKSUM", (), 0, GOOD[:100] + bytes([GOOD[100] ^ 1]) + GOOD[101:]),
    ("TENSOR_SHAPE", (0, 4, 2), 0, network(shape=(0, 4, 2))),
    ("TENSOR_SHAPE", (4097, 4096, 1), 0, network(shape=(4097, 4096, 1))),
    ("BEYOND_FILE", (72, 64, 68), 1, sealed(forge([], layer_count=1, file_bytes=68)[:-4])),
    ("KIND", (0,), 1, network(conv(kind=0))),
    ("KIND", (14,), 1, network(conv(kind=14))),
    ("KIND", (255,), 1, network(conv(kind=255))),
    ("INPUT_TENSORS", (1, 65535, 0), 1, network(conv(input=1))),
    ("INPUT_TENSORS", (0, 0, 0), 1, network(conv(second_input=0))),
    ("INPUT_TENSORS", (0, 2, 1), 2, network(conv(), plus(inputs=(0, 2)), dense())),
    ("INPUT_TENSORS", (0, 65535, 1), 2, network(conv(), plus(inputs=(0, 65535)), dense())),
    ("RECORD_FIELD", (), 1, network(conv(reserved=1))),
    ("RECORD_FIELD", (), 1, network(conv(activation=3))),
    ("RECORD_FIELD", (), 2, network(conv(), pool(activation=1), flat(), dense())),
    ("RECORD_FIELD", (), 1, network(conv(flags=TRAINABLE | LOW_BYTES | LOW_HALVES))),
    ("RECORD_FIELD", (), 1, network(conv(flags=8))),
    ("RECORD_FIELD", (), 2, network(conv(), pool(flags=1), flat(), dense())),
    ("RECORD_FIELD", (), 2, network(conv(), pool(flags=2), flat(), dense())),
    ("RECORD_FIELD", (), 2, network(conv(), pool(flags=4), flat(), dense())),
    ("RECORD_FIELD", (), 2, with_table(tabled(activation=13))),
    ("RECORD_FIELD", (), 2, with_table(tabled(flags=1))),
    ("SCALES", (), 1, network(conv(output_scale=0.0))),
    ("SCALES", (), 1, network(conv(output_scale=np.inf))),
    ("SCALES", (), 1, network(conv(error_scale=-0.0))),
    ("SCALES", (), 1, network(conv(error_scale=2.0**-65))),
    ("SCALES", (), 1, network(conv(bias_scale=0.0))),
    ("OUTPUT_RANGE", (), 1, network(conv(output_range=0))),
    ("OUTPUT_RANGE", (), 1, network(conv(output_range=2**30 + 1))),
    ("TENSOR_SHAPE", (4, 0, 3), 1, network(conv(output=(4, 0, 3)))),
    ("TENSOR_SHAPE", (65535, 65535, 65535), 1, network(conv(output=(65535,) * 3))),
    ("KEPT_SCALE", (), 2, network(conv(), pool(output_scale=2.0), flat(), dense())),
    ("KEPT_SCALE", (), 3, network(conv(), pool(), flat(output_zero_point=1), dense())),
    ("NO_NAME", (), 1, network(conv(name=b""))),
    ("NO_NAME", (), 1, network(conv(name=b"abcdefghijklmn\0p"))),
    ("SAME_NAME", (1,), 3, network(conv(), pool(), flat(name=b"l1"), dense())),
    *(
        ("NAME_TEXT", (), 1, network(conv(name=name)))
        for name in (
            b"\xff",  # no character begins so
            b"\x80",  # a second byte without a first
            b"a\xc3",  # cut off by the zeros
            b"abcdefghijklmno\xc3",  # cut off by the field's end
            b"\xc1\xbf",  # longer than needed
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xed\xa0\x80",  # half of a surrogate pair
            b"\xf4\x90\x80\x80",  # beyond Unicode
            b"\xf5\x80\x80\x80",
            b"\xe2\x82\x28",  # a third byte that is none
            b"\xf0\x9f\x98\xc0",
        )
    ),
    ("NAME_TEXT", (), 0, in_header(name=b"\xfe")),
    ("FILE_BYTES", (len(GOOD) + 8, len(GOOD)), 0, network(text_bytes=8)),
    ("HEADER_FIELD", (), 0, network(text_bytes=9, behind=b"a\0b\0c\0no\0")),
    *(
        ("TEXTS", (4,), 0, network(text_bytes=len(texts), behind=texts))
        for texts in (
            b"a\0b\0c\0no",  # three outputs and a note: it is not ended
            b"a\0b\0c\0n\0" + bytes(4),  # more zeros than fill it up
            b"a\0b\0c\0\0\1",  # neither
            b"a\0b\0\xc3\0c\0" + bytes(4),  # cut off within a character
            b"a\0\x80\0c\0\0\0",
        )
    ),
    ("KERNEL", (0, 1, 1), 1, network(conv(window=(0, 3, 1, 1, 1, 1, 1, 1)))),
    ("KERNEL", (3, 0, 1), 1, network(conv(window=(3, 3, 1, 0, 1, 1, 1, 1)))),
    ("KERNEL", (3, 1, 3), 1, network(conv(window=(3, 3, 1, 1, 3, 1, 1, 1)))),
    ("KERNEL", (3, 1, 4), 1, network(conv(window=(3, 3, 1, 1, 1, 1, 1, 4)))),
    ("LARGE_KERNEL", (7, 4, 2), 1, network(conv(window=(7, 3, 1, 1, 1, 1, 1, 1)))),
    ("OUTPUT_EXTENT", (3, 4), 1, network(conv(output=(3, 4, 3)))),
    ("OUTPUT_EXTENT", (5, 4), 1, network(conv(output=(4, 5, 3)))),
    ("OUTPUT_EXTENT", (4, 2), 2, network(conv(), pool(output=(4, 2, 3)), flat(), dense())),
    ("OUTPUT_EXTENT", (4, 1), 1, network(depthwise(window=(3, 3, 1, 3, 1, 1, 1, 0)))),
    ("NO_WINDOW", (), 4, network(conv(), pool(), flat(), dense(window=(1, 1, 2, 1, 0, 0, 0, 0)))),
    ("NO_WINDOW", (), 3, network(conv(), pool(), flat(window=SAME), dense())),
    ("NO_WINDOW", (), 3, network(conv(), conv(filter_elements=27), plus(window=SAME), dense())),
    ("ONE_PIXEL", (1, 3), 4, network(conv(), pool(), flat(), dense(output=(1, 3, 3)))),
    ("ONE_PIXEL", (3, 1), 4, network(conv(), pool(), flat(), dense(output=(3, 1, 3)))),
    ("ONE_PIXEL", (2, 2), 3, network(conv(), pool(), flat(output=(2, 2, 3)), dense())),
    ("SAME_CHANNELS", (3, 4), 2, network(conv(), pool(output=(2, 2, 4)), flat(16), dense())),
    ("SAME_CHANNELS", (2, 3), 1, network(depthwise(output=(4, 4, 3)))),
    ("FLATTEN", (12, 13), 3, network(conv(), pool(), flat(13), dense())),
    (
        "POOL_PADDING",
        (),
        2,
        network(conv(), pool((4, 4, 3), AVERAGE_POOL2D, window=SAME), flat(), dense()),
    ),
    *(
        (
            "POOL_PADDING",
            (),
            2,
            network(
                conv(),
                pool((2, 2, 3), AVERAGE_POOL2D, window=(2, 2, 2, 2, *padding)),
                flat(),
                dense(),
            ),
        )
        for padding in np.eye(4, dtype=int).tolist()
    ),
    ("UPSAMPLING", (), 1, upsampled((2, 1, 2, 2, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((1, 2, 2, 2, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((3, 3, 2, 2, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((0, 0, 0, 0, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((1, 1, 0, 2, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((1, 1, 2, 0, 0, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((2, 2, 2, 2, 1, 0, 0, 0))),
    ("UPSAMPLING", (), 1, upsampled((2, 2, 2, 2, 0, 0, 0, 1))),
    ("OUTPUT_EXTENT", (7, 8), 1, upsampled(APART, (7, 8, 2))),
    ("OUTPUT_EXTENT", (9, 8), 1, upsampled(TWICE, (8, 9, 2))),
    ("SAME_CHANNELS", (2, 3), 1, upsampled(TWICE, (8, 8, 3))),
    ("KEPT_SCALE", (), 1, upsampled(TWICE, output_zero_point=1)),
    ("OTHER_SHAPE", (1,), 2, with_table(tabled((4, 2, 6)))),
    ("OTHER_SHAPE", (1,), 2, with_table(tabled((2, 4, 3)))),
    ("NO_WINDOW", (), 2, with_table(tabled(window=SAME))),
    ("OTHER_SHAPE", (0,), 1, recurrent((4, 2, 3))),
    ("OTHER_SHAPE", (0,), 1, recurrent((1, 4, 3))),
    ("NO_WINDOW", (), 1, recurrent(window=SAME)),
    ("RECORD_FIELD", (), 1, recurrent(activation=5)),
    ("RECORD_FIELD", (), 1, recurrent(flags=1)),
    ("FILTER", (32001, 32000), 1, recurrent((1, 1, 1), 32000, shape=(1, 1, 32000))),
    ("FRONT_TRAINS", (1,), 2, recurrent(features=3, front=(conv(),))),
    ("MUCH_WORK", (1 << 30,), 1, recurrent((1, 1, 64), 1, shape=(4096, 4096, 1))),
    ("OTHER_SHAPE", (0,), 1, recurrent((4, 2, 3), kind=GRU)),
    ("NO_WINDOW", (), 1, recurrent(kind=GRU, window=SAME)),
    ("RECORD_FIELD", (), 1, recurrent(kind=GRU, activation=2)),
    ("FILTER", (32001, 32000), 1, recurrent((1, 1, 1), 32000, (), (1, 1, 32000), GRU)),
    ("FRONT_TRAINS", (1,), 2, recurrent(features=3, front=(conv(),), kind=GRU)),
    ("MUCH_WORK", (1 << 30,), 1, recurrent((1, 1, 80), 1, (), (4096, 4096, 1), GRU)),
    ("WEIGHT_SCALE", (5,), 1, recurrent(kind=GRU, scales=[1, 1, 1, 1, 1, -1])),
    ("BLOB_PLACE", (4, 356, 352), 1, recurrent(kind=GRU, scales=[1] * 7)),
    ("LAST_LAYER", (), 2, forge([dense(3, 32), tabled((1, 1, 3))])),
    ("OTHER_SHAPE", (0,), 2, network(conv(), plus(inputs=(0, 1)), dense())),
    ("OTHER_SHAPE", (1,), 2, network(conv(), joined((4, 3, 5)), dense())),
    ("OTHER_SHAPE", (0,), 2, network(conv(), joined((4, 4, 6)), dense())),
    ("OTHER_SHAPE", (0,), 2, network(pool((2, 2, 2)), joined((2, 2, 4)), dense())),
    ("SAME_INPUTS", (1,), 2, network(conv(), joined((4, 4, 6), (1, 1)), dense())),
    ("NO_WINDOW", (), 2, network(conv(), joined(window=SAME), dense())),
    ("OTHER_SHAPE", (0,), 2, network(conv(), plus(inputs=(1, 0)), dense())),
    ("OTHER_SHAPE", (1,), 2, summed((2, 4, 2), (2, 1))),
    ("OTHER_SHAPE", (1,), 2, summed((4, 2, 2), (1, 2))),
    ("OTHER_SHAPE", (0,), 2, product(conv(), (4, 4, 3), (0, 1))),
    ("OTHER_SHAPE", (1,), 2, product(strided(), (4, 4, 2), (0, 1))),
    ("OTHER_SHAPE", (1,), 2, product(column(), (4, 4, 2), (0, 1))),
    ("SAME_INPUTS", (1,), 2, network(conv(), plus(inputs=(1, 1)), dense())),
    ("SAME_INPUTS", (1,), 2, product(conv(), (4, 4, 3), (1, 1))),
    ("NO_WINDOW", (), 2, product(conv((4, 4, 2)), (4, 4, 2), (0, 1), window=SAME)),
    ("POSITIONS", (66002, 66000), 3, WIDE_PRODUCT),
    ("FILTER", (33001, 33000), 1, forge([dense(2, 33001)], (1, 1, 33001))),
    ("FILTER", (33282, 33000), 1, network(conv(window=(129, 129, 1, 1, 64, 64, 64, 64)))),
    (
        "FILTER",
        (33124, 33000),
        1,
        forge([depthwise((9, 9, 1), window=(182, 182, 1, 1, 95, 94, 95, 94))], (1, 1, 1)),
    ),
    (
        "TAPS",
        (3 * 44035, 132104),
        1,
        network(conv((4, 4, 44035), window=(1, 3, 1, 1, 0, 0, 1, 1))),
    ),
    ("POSITIONS", (66002, 66000), 1, forge([conv((2, 33001, 1))], (2, 33001, 1))),
    ("POSITIONS", (66002, 66000), 1, forge([depthwise((2, 33001, 1))], (2, 33001, 1))),
    (
        "MUCH_WORK",
        (2**30,),
        1,
        forge(
            [conv((4096, 4096, 1), 81, flags=0, window=(9, 9, 1, 1, 4, 4, 4, 4)), dense()],
            (4096, 4096, 1),
        ),
    ),
    (
        "MUCH_WORK",
        (2**30,),
        1,
        forge([pool((4096, 4096, 1), window=(9, 9, 1, 1, 4, 4, 4, 4)), dense()], (4096, 4096, 1)),
    ),
    (
        "MUCH_WORK",
        (2**30,),
        2,
        forge([wide_conv(), wide_conv(), dense()], (4096, 4096, 1)),
    ),
    ("BLOBS_BEYOND_FILE", (18000, BLOBS, len(GOOD)), 1, WIDE),
    ("BLOB_PLACE", (1, BLOBS + 4, BLOBS), 1, placed(BLOBS + 4, 0, SECOND_BLOB, THIRD_BLOB)),
    ("BLOB_PLACE", (1, 0, BLOBS), 1, placed(0, 0, 0, 0)),
    ("BLOB_PLACE", (2, 4, 0), 1, placed(BLOBS, 4, SECOND_BLOB, THIRD_BLOB)),
    ("BLOB_PLACE", (2, 0, SECOND_BLOB), 1, network(conv(flags=TRAINABLE | LOW_BYTES))),
    ("BLOB_PLACE", (2, 0, SECOND_BLOB), 1, network(conv(flags=TRAINABLE | LOW_HALVES))),
    ("BLOB_PLACE", (3, BLOBS, SECOND_BLOB), 1, placed(BLOBS, 0, BLOBS, THIRD_BLOB)),
    ("BLOB_PLACE", (4, BLOBS, THIRD_BLOB), 1, placed(BLOBS, 0, SECOND_BLOB, BLOBS)),
    ("BLOB_PLACE", (3, BLOBS, 0), 2, POOL_WITH_BLOB),
    ("LAST_LAYER", (), 3, network(conv(), pool(), flat())),
    ("LAST_LAYER", (), 4, network(conv(), pool(), flat(), dense(activation=1))),
    ("OUTPUT_COUNT", (1, 2, 4096), 4, network(conv(), pool(), flat(), dense(1))),
    ("OUTPUT_COUNT", (4097, 1, 4096), 4, network(conv(), pool(), flat(), dense(4097), loss=1)),
    ("PIXEL_CLASSES", (1, 255), 1, forge([conv((4, 4, 1))], (4, 4, 2), loss=3)),
    ("PIXEL_CLASSES", (256, 255), 4, network(conv(), pool(), flat(), dense(256), loss=3)),
    ("NO_READER", (), 1, network(conv(), conv(input=0), dense(inputs=48))),
    (
        "OTHER_READER",
        (),
        2,
        network(conv(), flat(48), pool(input=1), dense(3, 48, input=2)),
    ),
    ("WEIGHT", (WEIGHTS - 1,), 1, network(changed(conv(), 0, bytes(WEIGHTS - 1) + b"\x80"))),
    ("WEIGHT", (255,), 2, with_table(changed(tabled(), 0, bytes(255) + b"\x80"))),
    ("WEIGHT_SCALE", (0,), 2, with_table(changed(tabled(), 2, np.float32(np.nan).tobytes()))),
    ("WEIGHT", (0,), 4, network(conv(), pool(), flat(), changed(dense(), 0, b"\x80" + bytes(35)))),
    ("PADDING", (WEIGHTS,), 1, network(changed(conv(), 0, bytes(WEIGHTS) + b"\1\0"))),
    ("PADDING", (WEIGHTS + 1,), 1, network(changed(conv(), 0, bytes(WEIGHTS) + b"\0\1"))),
    (
        "PADDING",
        (WEIGHTS,),
        1,
        network(changed(conv(flags=TRAINABLE | LOW_BYTES), 1, bytes(WEIGHTS) + b"\xff\0")),
    ),
    ("PADDING", (4,), 1, forge([changed(halves(), 1, bytes(4) + b"\x10")], (1, 1, 3))),
    ("PADDING", (5,), 1, forge([changed(halves(), 1, bytes(5) + b"\x01")], (1, 1, 3))),
    *(
        ("WEIGHT_SCALE", (channel,), 1, scaled(channel, scale))
        for channel, scale in ((0, 0.0), (1, -1.0), (2, np.nan), (2, 2.0**65), (1, 2.0**-65))
    ),
    *(
        ("MAP_ROW", (row,), 0, mapped(*ROWS[:row], wrong, *ROWS[row + 1 :], maps=3))
        for row, wrong in (
            (0, (np.nan, 1)),
            (1, (np.inf, 1)),
            (2, (-np.inf, 1)),
            (3, (0, 0)),
            (4, (0, -1)),
            (4, (0, np.nan)),
            (2, (0, 2.0**65)),
            (1, (0, 2.0**-65)),
        )
    ),
]

# Cases of their own, below.
OTHERS = {"IS_CHECKPOINT", "OTHER_MODEL", "OTHER_LAYER", "FILE_LARGE", "MUCH_MEMORY"}
# Streams do not exist on the desk.
ON_THE_PORT = {"UNREADABLE": "tests/device/streams.py"}
# What a checkpoint says of these is not taken, of a layer (True) or the input: the model has it.
NOT_TAKEN = {
    ("TENSOR_SHAPE", False),
    ("NO_NAME", True),
    ("NAME_TEXT", True),
    ("SAME_NAME", True),
    ("KEPT_SCALE", True),
}


def text_of(name, numbers=(), layer=0, data=b""):
    """The text that is expected."""
    kind = None
    if layer and name not in ("KIND", "BEYOND_FILE"):
        kind = KINDS[data[64 + 72 * (layer - 1)]]
    place = f"layer {layer}" + (f" ({kind})" if kind else "") + ": " if layer else ""
    return place + str(host.fault(name, *numbers))


def refused(reader, data):
    """The text with which a reader refuses a file."""
    with pytest.raises(ModelFileError) as error:
        reader(data)
    return str(error.value)


def load(data, in_place=False):
    """The file read by the core alone: core.Model has the host package look at it too."""
    text = ctypes.create_string_buffer(core.ERROR_TEXT_BYTES)
    model = core.library().fqt_host_open(data, len(data), 8, 1, in_place, text)
    if not model:
        raise ModelFileError(text.value.decode())
    core.library().fqt_host_close(model)


def load_in_place(data):
    load(data, True)


def as_checkpoint(data):
    """The file, said to be a checkpoint; its checksum as right as it was."""
    return sealed(data[:14] + bytes([data[14] | CHECKPOINT]) + data[15:-4])


def test_the_texts_of_c_and_python_are_the_same():
    assert {name: text for _, name, text in FILE_MESSAGES} == host.TEXTS
    assert {exception for exception, _, _ in FILE_MESSAGES} == {"VALUE_ERROR"}


def test_every_message_has_a_case():
    tried = {name for name, *_ in CASES} | OTHERS | set(ON_THE_PORT)
    assert tried == set(host.TEXTS)
    for name, script in ON_THE_PORT.items():
        said = host.TEXTS[name].split("#")[0]
        assert said in (ROOT / script).read_text()


def test_the_file_that_the_cases_change_is_a_model():
    load(GOOD)
    load_in_place(GOOD)
    for file in (GOOD, MAPPED, LABELLED):
        assert core.Model(file, 8).to_bytes() == file == ModelFile.from_bytes(file).to_bytes()


@pytest.mark.parametrize(
    ("name", "numbers", "layer", "data"),
    CASES,
    ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)],
)
def test_what_is_wrong_is_said(name, numbers, layer, data):
    expected = text_of(name, numbers, layer, data)
    for reader in (load, load_in_place, ModelFile.from_bytes):
        assert refused(reader, data) == expected


def test_a_wrong_checkpoint_changes_nothing():
    model = core.Model(GOOD, 8)
    for name, _, layer, data in CASES:
        if (name, layer > 0) in NOT_TAKEN:
            continue
        has_checksum = len(data) >= 68 and name != "CHECKSUM"
        for checkpoint in (data, as_checkpoint(data) if has_checksum else data):
            assert refused(model.restore, checkpoint)
            assert model.to_bytes() == GOOD


def test_a_checkpoint_changes_no_text():
    """A stream could change between its check and its being taken: a text then would be none."""
    other = TEXTS.replace(b"nein", b"noch")
    for kind in (core.Model, Network):
        model = kind(LABELLED, 8)
        model.restore(as_checkpoint(network(text_bytes=len(TEXTS), behind=other)))
        assert model.to_bytes() == LABELLED


def test_a_wrong_row_in_a_checkpoint_changes_no_map():
    for kind in (core.Model, Network):
        model = kind(MAPPED, 8)
        for row in range(5):
            wrong = mapped(*[(1, 2)] * row, (0, 0), *[(1, 2)] * (4 - row), maps=3)
            assert refused(model.restore, as_checkpoint(wrong)) == text_of("MAP_ROW", (row,))
            assert model.to_bytes() == MAPPED
        other = mapped(*[(1, 2)] * 5, maps=3)
        model.restore(as_checkpoint(other))
        assert model.to_bytes() == other


@pytest.mark.parametrize(
    "data",
    [
        placed(BLOBS, 0, SECOND_BLOB, BLOBS),
        network(conv(output_scale=0.0)),
        network(conv(output_range=0)),
        network(changed(conv(), 0, bytes(WEIGHTS - 1) + b"\x80")),
        network(behind=bytes(4)),
        network(conv(flags=TRAINABLE | LOW_BYTES)),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_said(data):
    data = as_checkpoint(data)
    assert refused(core.Model(GOOD, 8).restore, data) == refused(ModelFile.from_bytes, data)


def test_a_frozen_layer_has_no_blobs_in_a_checkpoint():
    frozen = network(conv(flags=0))
    said = refused(core.Model(frozen).restore, as_checkpoint(frozen))
    assert said == refused(ModelFile.from_bytes, as_checkpoint(frozen))
    assert said == text_of("BLOB_PLACE", (1, BLOBS, 0), 1, frozen)


def test_a_checkpoint_is_no_model():
    checkpoint = as_checkpoint(GOOD)
    for reader in (load, lambda data: Network(ModelFile.from_bytes(data))):
        assert refused(reader, checkpoint) == text_of("IS_CHECKPOINT")


@pytest.mark.parametrize(
    ("name", "layer", "data"),
    [
        ("OTHER_MODEL", 0, network(identity=8)),
        ("OTHER_MODEL", 0, network(conv(), pool(), flat(), dense(3), dense(3, 3))),
        ("OTHER_MODEL", 0, MAPPED),
        ("OTHER_MODEL", 0, LABELLED),
        ("OTHER_LAYER", 1, network(conv(activation=1))),
        ("OTHER_LAYER", 1, network(conv(flags=0))),
        ("OTHER_LAYER", 2, network(conv(), pool(kind=AVERAGE_POOL2D), flat(), dense())),
        ("OTHER_LAYER", 4, network(conv(), pool(), flat(), dense(4))),
        ("OTHER_LAYER", 4, network(conv(), pool(), flat(), dense(input=2))),
        ("OTHER_LAYER", 4, network(conv(), pool(), flat(), dense(output_zero_point=1))),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(name, layer, data):
    model = core.Model(GOOD, 8)
    for checkpoint in (data, as_checkpoint(data)):
        assert refused(model.restore, checkpoint) == text_of(name, (), layer, GOOD)
        assert model.to_bytes() == GOOD


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    """Before more than its header is read: the core is told of more bytes than there are."""
    size = 2**28 + 1
    header = np.frombuffer(GOOD[:64], HEADER).copy()
    header["file_bytes"] = size
    text = ctypes.create_string_buffer(core.ERROR_TEXT_BYTES)
    kept = ctypes.create_string_buffer(header.tobytes())
    assert not core.library().fqt_host_open(kept, size, 8, 1, False, text)
    assert text.value.decode() == text_of("FILE_LARGE", (size, size - 1))
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 100)
    assert refused(ModelFile.from_bytes, GOOD) == text_of("FILE_LARGE", (len(GOOD), 100))


def tall():
    """63 layers of 2^24 elements each, all kept for the backward pass, and one of 2 x 2 x 2."""
    first = conv((256, 256, 256), 1, window=NO_WINDOW)
    others = [depthwise((256, 256, 256), 1, window=NO_WINDOW) for _ in range(62)]
    last = conv((2, 2, 2), 256, window=(1, 1, 255, 255, 0, 0, 0, 0))
    return forge([first, *others, last], (256, 256, 1))


def test_a_model_of_too_much_memory_is_refused():
    """No sum of sizes wraps: nothing is allocated."""
    for reader in (load, load_in_place):
        assert refused(reader, tall()) == text_of("MUCH_MEMORY", (2**30,))
