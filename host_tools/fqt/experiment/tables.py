"""TOML tables as dataclasses: every key is known, every value of the type that is annotated."""

from __future__ import annotations

import types
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from fqt.arguments import is_whole_number, real_number

NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def make(kind: type, said: Any, where: str):
    """A dataclass from a TOML table. Raises ValueError for keys that it does not have, values of
    other types, and what the dataclass refuses."""
    check_table(said, where)
    known = [entry.name for entry in fields(kind)]
    hints = get_type_hints(kind)
    for key in said:
        if key not in known:
            raise ValueError(f"[{where}] knows {', '.join(known)}, not {key}")
    values = {key: _value(f"[{where}] {key}", value, hints[key]) for key, value in said.items()}
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"[{where}] {error}") from None


def check_table(said: Any, where: str) -> None:
    """Raises ValueError unless it is a TOML table."""
    if not isinstance(said, dict):
        raise ValueError(f"[{where}] is a table, not {said!r}")


def tables(said: Any, where: str) -> list[dict]:
    """Raises ValueError unless it is a list of TOML tables."""
    if not isinstance(said, list) or not all(isinstance(table, dict) for table in said):
        raise ValueError(f"{where} is a list of tables, not {said!r}")
    return said


def _value(what: str, value: Any, hint: Any) -> Any:
    """The value in the type of a dataclass's field."""
    if get_origin(hint) is types.UnionType:
        if value is None:
            return None
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is tuple:
        return _several(what, value, get_args(hint))
    if hint is float:
        return real_number(what, value)
    fits = is_whole_number(value, -(2**63)) if hint is int else isinstance(value, hint)
    if not fits:
        raise ValueError(f"{what} is {NAMES.get(hint, 'a table')}, not {value!r}")
    return value


def _several(what: str, value: Any, hints: tuple) -> tuple:
    if isinstance(value, tuple):  # made by the reader of the file
        return value
    if not isinstance(value, list):
        raise ValueError(f"{what} is a list, not {value!r}")
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(value)
    if len(hints) != len(value):
        raise ValueError(f"{what} is a list of {len(hints)}, not {value!r}")
    return tuple(_value(what, one, hint) for one, hint in zip(value, hints, strict=True))
