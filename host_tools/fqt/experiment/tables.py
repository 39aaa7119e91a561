"""TOML tables as dataclasses: every key is known, every value of the type that is annotated."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from fqt.arguments import is_whole_number, real_number

NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def make(kind: type, said: Any, where: str):
    """A dataclass from a TOML table. where: the table's name, "" of the whole file. Raises
    ValueError for keys that it does not have, values of other types, and what the dataclass
    refuses."""
    place = f"[{where or 'the file'}]"
    check_table(said, where)
    known = [entry.name for entry in fields(kind)]
    hints = get_type_hints(kind)
    for key in said:
        if key not in known:
            raise ValueError(f"{place} knows {', '.join(known) or 'no keys'}, not {key}")
    values = {key: _value(where, key, value, hints[key]) for key, value in said.items()}
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{place} {error}") from None


def check_table(said: Any, where: str) -> None:
    """Raises ValueError unless it is a TOML table."""
    if not isinstance(said, dict):
        raise ValueError(f"[{where}] is a table, not {said!r}")


def tables(said: Any, where: str) -> list[dict]:
    """Raises ValueError unless it is a list of TOML tables."""
    if not isinstance(said, list) or not all(isinstance(table, dict) for table in said):
        raise ValueError(f"{where} is a list of tables, not {said!r}")
    return said


def _place(where: str, key: str) -> str:
    return f"[{where}] {key}" if where else key


def _value(where: str, key: str, value: Any, hint: Any) -> Any:
    """The value of a key in the type of a dataclass's field."""
    what = _place(where, key)
    if get_origin(hint) is types.UnionType:
        return _one_of(where, key, value, get_args(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        if isinstance(value, hint):
            return value  # made already
        return make(hint, value, f"{where}.{key}" if where else key)
    if get_origin(hint) is tuple:
        return _several(where, key, value, get_args(hint))
    if hint is float:
        return real_number(what, value)
    fits = is_whole_number(value, -(2**63)) if hint is int else isinstance(value, hint)
    if not fits:
        raise ValueError(f"{what} is {NAMES.get(hint, 'a table')}, not {value!r}")
    return value


def _one_of(where: str, key: str, value: Any, hints: tuple) -> Any:
    """The value in the first of the types that it fits; what the first says when it fits none."""
    if value is None and types.NoneType in hints:
        return None
    refusals = []
    for hint in hints:
        try:
            return _value(where, key, value, hint)
        except ValueError as error:
            refusals.append(error)
    raise refusals[0]


def _several(where: str, key: str, value: Any, hints: tuple) -> tuple:
    what = _place(where, key)
    if isinstance(value, tuple):  # made by the reader of the file
        return value
    if not isinstance(value, list):
        raise ValueError(f"{what} is a list, not {value!r}")
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(value)
    if len(hints) != len(value):
        raise ValueError(f"{what} is a list of {len(hints)}, not {value!r}")
    pairs = zip(value, hints, strict=True)
    return tuple(_value(where, key, one, hint) for one, hint in pairs)
