"""The cursors of PEP 249."""

from __future__ import annotations

import re
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any, Deque, Iterable, List, Mapping, Optional, Sequence, Tuple, Type, Union

from .batch import Result
from .errors import InterfaceError, NotSupportedError, ProgrammingError
from .rows import Row, Rows
from .values import Params

if TYPE_CHECKING:
    from .dbapi import Connection

_SPACE = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$)|;)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")

# Statements that only read, or that are refused by Query if they do not.
_READING = ("SELECT", "VALUES", "EXPLAIN", "WITH", "PRAGMA")


def _first_word(sql: str) -> str:
    start = _SPACE.match(sql)
    word = _WORD.match(sql, start.end() if start else 0)
    return word[0].upper() if word else ""


#: A column in description: name, declared type, and five times None.
Column = Tuple[str, str, None, None, None, None, None]


class Cursor:
    """Executes statements and holds the rows of the last one."""

    def __init__(self, connection: "Connection", stream: bool = False):
        self._connection = connection
        self._stream = stream
        self._closed = False
        #: How many rows fetchmany takes.
        self.arraysize = 1
        self._reset()

    def _reset(self) -> None:
        rows: Union[Rows, None] = getattr(self, "_rows", None)
        if rows is not None:
            rows.close()
        self._rows: Optional[Rows] = None  # while they come
        self._fetched: Deque[Row] = deque()
        self.description: Optional[List[Column]] = None
        #: Rows that were changed or found; -1 where it is not known.
        self.rowcount = -1
        #: The rowid of the last INSERT, None without one.
        self.lastrowid: Optional[int] = None
        #: The index of the next row, None without a result.
        self.rownumber: Optional[int] = None

    @property
    def connection(self) -> "Connection":
        """The connection that made the cursor."""
        return self._connection

    def execute(self, sql: str, params: Params = None) -> "Cursor":
        """Executes one statement; params is a sequence for ? or a mapping for :name."""
        self._begin(sql)
        word = _first_word(sql)
        if word in _READING and not (word == "PRAGMA" and "=" in sql):
            try:
                self._read(sql, params)
                return self
            except NotSupportedError as error:
                if word not in ("WITH", "PRAGMA") or error.code != "FORBIDDEN_STATEMENT":
                    raise
        result = self._connection._write(sql, params, word)
        self._take(result)
        return self

    def executemany(self, sql: str, rows: Iterable[Union[Sequence[Any], Mapping[str, Any]]]) -> "Cursor":
        """Executes one statement for each of the rows, which is sent once for
        some thousand of them. With autocommit all rows are one transaction.
        """
        self._begin(sql)
        if _first_word(sql) in ("SELECT", "VALUES", "EXPLAIN"):
            raise ProgrammingError("executemany is for statements that write: use execute to read.")
        results = self._connection._write_rows(sql, iter(rows))
        self.rowcount = sum(result.rows_affected for result in results)
        return self

    def fetchone(self) -> Optional[Row]:
        """Returns the next row, None after the last."""
        self._check_result()
        row = self._next()
        return row

    def fetchmany(self, size: Optional[int] = None) -> List[Row]:
        """Returns the next rows, as many as there are up to size or arraysize."""
        self._check_result()
        rows = []
        for _ in range(self.arraysize if size is None else size):
            row = self._next()
            if row is None:
                break
            rows.append(row)
        return rows

    def fetchall(self) -> List[Row]:
        """Returns all rows that are left."""
        self._check_result()
        return list(iter(self._next, None))

    def __iter__(self) -> "Cursor":
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    next = __next__  # PEP 249's name

    def nextset(self) -> None:
        """A statement has one result here."""
        raise NotSupportedError("There is only one result.")

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Does nothing: values have no sizes here."""

    def setoutputsize(self, size: int, column: Optional[int] = None) -> None:
        """Does nothing: columns have no sizes here."""

    def close(self) -> None:
        """Ends the cursor. A second close does nothing."""
        if not self._closed:
            self._reset()
            self._closed = True

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def _check_open(self) -> None:
        self._connection._check_open()
        if self._closed:
            raise ProgrammingError("The cursor is closed.")

    def _check_result(self) -> None:
        self._check_open()
        if self.description is None:
            raise ProgrammingError("There is no result to fetch: execute a statement that returns rows first.")

    def _begin(self, sql: str) -> None:
        self._check_open()
        if not isinstance(sql, str):
            raise InterfaceError(f"A statement is text, not {type(sql).__name__}.")
        self._reset()

    def _read(self, sql: str, params: Params) -> None:
        rows = self._connection._query(sql, params)
        self._describe(rows.columns, rows.types)
        if self._stream:
            self._rows = rows
            return
        try:
            self._fetched = deque(rows)
        except BaseException:
            self._reset()
            raise
        self.rowcount = len(self._fetched)

    def _take(self, result: Result) -> None:
        self.rowcount = result.rows_affected
        self.lastrowid = result.last_insert_rowid or None
        last = result.results[-1] if result.results else None
        if last is not None and last.columns is not None:
            self._describe(last.columns, last.types or ("",) * len(last.columns))
            self._fetched = deque(last.rows)

    def _describe(self, columns: Sequence[str], types: Sequence[str]) -> None:
        self.description = [(name, kind, None, None, None, None, None) for name, kind in zip(columns, types)]
        self.rownumber = 0

    def _next(self) -> Optional[Row]:
        row: Optional[Row]
        if self._rows is not None:
            row = next(self._rows, None)
            if row is None:
                self.rowcount = self._rows.row_count if self._rows.row_count is not None else -1
                self._rows = None
        else:
            row = self._fetched.popleft() if self._fetched else None
        if row is not None:
            self.rownumber = (self.rownumber or 0) + 1
        return row
