"""Arguments that users pass, checked where they are passed: each check returns the value in its
proper type, or raises ValueError that names the argument, what it may be, and what came."""

from __future__ import annotations

import math
import operator
from numbers import Real

import numpy as np

FLOAT32_MAX = float(np.finfo(np.float32).max)
NAME_BYTES = 16  # what a model file has room for


def is_whole_number(value, least: int, most: int | None = None) -> bool:
    """Whether value is of any integer type, which a bool is not, and within the limits."""
    if isinstance(value, (bool, np.bool_)):
        return False
    try:
        number = operator.index(value)
    except TypeError:
        return False
    return least <= number and (most is None or number <= most)


def whole_number(what: str, value, least: int, most: int | None = None) -> int:
    """value as an int, as in is_whole_number."""
    if not is_whole_number(value, least, most):
        limits = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{what} must be a whole number, {limits}, not {value!r}")
    return operator.index(value)


def whole_numbers(value, count: int, least: int, most: int) -> tuple | None:
    """`count` whole numbers within the limits, or one that stands for all of them; None for other
    values."""
    several = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(several) != count or not all(is_whole_number(one, least, most) for one in several):
        return None
    return tuple(operator.index(one) for one in several)


def real_number(what: str, value, least: float = -math.inf, most: float = FLOAT32_MAX) -> float:
    """value as a float: a number of any real type that is finite in float32, within the
    limits."""
    is_number = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        limits = "" if least == -math.inf else f", {least:g} or more"
        if most < FLOAT32_MAX:
            limits = f", {least:g} to {most:g}"
        raise ValueError(f"{what} must be a finite number{limits}, not {value!r}")
    return float(value)


def truth_value(what: str, value) -> bool:
    """value as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{what} must be True or False, not {value!r}")
    return bool(value)


def one_of(what: str, value, choices) -> str:
    """value, which is one of the choices, all texts."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{what} is one of {', '.join(choices)}, not {value!r}")
    return value


def name_text(what: str, value) -> str:
    """value, a name as model files hold it: 1 to 16 bytes of UTF-8 without a zero."""
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a text, not {value!r}")
    if not _is_utf8(value):
        raise ValueError(f"{what} must be text that UTF-8 has, not {value!r}")
    data = value.encode()
    if not 1 <= len(data) <= NAME_BYTES or b"\0" in data:
        raise ValueError(
            f"{what} must have 1 to {NAME_BYTES} bytes, none of them zero: "
            f"{value!r} has {len(data)}"
        )
    return value


def text(what: str, value) -> str:
    """value, a text of any length that UTF-8 has, without a zero."""
    if not isinstance(value, str) or "\0" in value or not _is_utf8(value):
        raise ValueError(f"{what} must be a text that UTF-8 has, without a zero, not {value!r}")
    return value


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_bytes(what: str, value) -> bytes:
    """value as bytes: of any buffer, not of a text or number."""
    if not isinstance(value, (bytes, bytearray, memoryview, np.ndarray)):
        raise ValueError(
            f"{what} must be the bytes of a model file, not {type(value).__name__}: "
            "ModelFile.read(path) reads one"
        )
    return bytes(value)
