"""Float arithmetic of the emulated Xtensa board (boards/XTENSA/soft_float.c) is that of numpy."""

import ctypes
import operator
import subprocess
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).parent / "boards/XTENSA/soft_float.c"
COUNT = 4000
CORNERS = (0, 1, 2, 0x7FFFFF, 0x800000, 0x3F7FFFFF, 0x3F800001, 0x7F7FFFFF, 0x7F800000, 0x7FC00000)
WORD, LONG, INT = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("soft_float") / "soft_float.so"
    flags = "-std=gnu99 -O2 -Wall -Wextra -Werror -shared -fPIC -fsanitize=undefined"
    command = ["cc", *flags.split(), "-fno-sanitize-recover", "-o", path, SOURCE]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(path))


def floats(rng):
    """[COUNT] float32: any, of similar size, and corners, with either sign."""
    bits = rng.integers(0, 2**32, COUNT, np.uint32)
    similar = bits & 0x807FFFFF | rng.integers(110, 145, COUNT, np.uint32) << 23
    corners = rng.choice(np.array(CORNERS, np.uint32), COUNT) | bits & 0x80000000
    return np.choose(rng.integers(0, 3, COUNT), (bits, similar, corners)).view(np.float32)


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(1)
    a, b = floats(rng), floats(rng)
    near = a.view(np.uint32) ^ rng.integers(0, 8, COUNT, np.uint32) ^ np.uint32(0x80000000)
    return a, np.where(rng.random(COUNT) < 0.2, near.view(np.float32), b)


def called(library, name, of, gives, *columns):
    """The function's results for each row of columns, as integers of type `gives`."""
    function = library[name]
    function.restype, function.argtypes = gives, [of] * len(columns)
    return np.array([function(*map(int, row)) for row in zip(*columns, strict=True)], gives)


def same(bits, expected):
    """Every bit, of -0 too; NaN is NaN."""
    wanted = expected.view(bits.dtype)
    nan = np.isnan(expected) & np.isnan(bits.view(expected.dtype))
    return bool(np.all((bits == wanted) | nan))


@pytest.mark.parametrize(
    "name, operation",
    [
        ("__addsf3", operator.add),
        ("__subsf3", operator.sub),
        ("__mulsf3", operator.mul),
        ("__divsf3", operator.truediv),
    ],
)
def test_arithmetic(library, pairs, name, operation):
    words = [column.view(np.uint32) for column in pairs]
    assert same(called(library, name, WORD, WORD, *words), operation(*pairs))


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons(library, pairs, name):
    """The compiler compares the result with 0 in the same way."""
    compare = getattr(operator, name)
    words = [column.view(np.uint32) for column in pairs]
    result = called(library, f"__{name}sf2", WORD, INT, *words)
    assert np.array_equal(compare(result, 0), compare(*pairs))


def test_conversions_of_integers(library):
    rng = np.random.default_rng(2)
    x = (rng.integers(-(2**31), 2**31, COUNT) >> rng.integers(0, 32, COUNT)).astype(np.int32)
    assert same(called(library, "__floatsisf", INT, WORD, x), x.astype(np.float32))
    assert same(called(library, "__floatsidf", INT, LONG, x), x.astype(np.float64))
    x = x.view(np.uint32)
    assert same(called(library, "__floatunsisf", WORD, WORD, x), x.astype(np.float32))


def test_conversions_to_integers(library):
    x = floats(np.random.default_rng(3))
    x = x[np.abs(x) < 2.0**31]
    result = called(library, "__fixsfsi", WORD, INT, x.view(np.uint32))
    assert np.array_equal(result, x.astype(np.int32))
    x = np.abs(x) * 2
    result = called(library, "__fixunssfsi", WORD, WORD, x.view(np.uint32))
    assert np.array_equal(result, x.astype(np.uint32))


def test_conversions_of_doubles(library, pairs):
    a, b = pairs
    longs = called(library, "__extendsfdf2", WORD, LONG, a.view(np.uint32))
    assert same(longs, a.astype(np.float64))
    x = a.astype(np.float64) * np.float64(1 + 2**-24) + b * 2.0**-30
    assert same(
        called(library, "__truncdfsf2", LONG, WORD, x.view(np.uint64)), x.astype(np.float32)
    )
