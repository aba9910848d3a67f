"""The type objects and constructors of PEP 249.

The type code of a column is its declared type, as the CREATE TABLE has it,
and empty for an expression. A type object equals those codes that SQLite's
rules, and the usual names for times, make of its kind.
"""

from __future__ import annotations

import datetime
from typing import Callable

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:
    """Returns the local date of seconds since 1970."""
    return datetime.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> datetime.time:
    """Returns the local time of seconds since 1970."""
    return datetime.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """Returns the local date and time of seconds since 1970."""
    return datetime.datetime.fromtimestamp(ticks)


class TypeObject:
    """Equals the type codes of one kind."""

    def __init__(self, name: str, matches: Callable[[str], bool]):
        self._name = name
        self._matches = matches

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self._matches(other.upper())
        return self is other

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return self._name


def _has(*parts: str) -> Callable[[str], bool]:
    return lambda code: any(part in code for part in parts)


_is_time, _is_text = _has("DATE", "TIME"), _has("CHAR", "CLOB", "TEXT", "STRING", "JSON")
_is_number = _has("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL")

DATETIME = TypeObject("DATETIME", _is_time)
# SQLite's own order: INT comes before CHAR in "CHARINT".
NUMBER = TypeObject("NUMBER", lambda code: "INT" in code or _is_number(code) and not _is_text(code))
STRING = TypeObject("STRING", lambda code: _is_text(code) and "INT" not in code)
BINARY = TypeObject("BINARY", _has("BLOB", "BINARY"))
#: A rowid is declared INTEGER, as the column that is its other name.
ROWID = TypeObject("ROWID", lambda code: code in ("INTEGER", "ROWID"))
