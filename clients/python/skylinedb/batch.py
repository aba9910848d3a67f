"""What a batch is made of, and what comes of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .errors import ProgrammingError
from .values import Params, encode_params

MAX_FORGET = 10_000  # ids that one batch may forget


class Stmt(NamedTuple):
    """One statement, with parameters or with many rows of them."""

    sql: str
    params: Params = None
    #: The statement runs once for each of these.
    param_rows: Optional[Iterable[Union[Sequence[Any], Mapping[str, Any]]]] = None


#: What a batch takes as a statement: its text, (sql, params), or a Stmt.
StmtLike = Union[str, Tuple[str, Params], Stmt]


@dataclass(frozen=True)
class StmtResult:
    """What one statement of a batch did."""

    rows_affected: int
    last_insert_rowid: int
    #: None where the statement returns no rows.
    columns: Optional[Tuple[str, ...]]
    types: Optional[Tuple[str, ...]]
    rows: List[Tuple[Any, ...]]


@dataclass(frozen=True)
class Result:
    """What a batch did. In a transaction rev and epoch come with Commit."""

    rows_affected: int
    last_insert_rowid: int
    rev: Optional[int]
    epoch: Optional[str]
    #: The batch had been executed before; this is what it did then.
    replayed: bool
    #: One for each statement, where results were asked for.
    results: Tuple[StmtResult, ...]


def result_of(reply: Mapping[str, Any]) -> Result:
    return Result(
        reply.get("rows_affected", 0), reply.get("last_insert_rowid", 0), reply.get("rev"), reply.get("epoch"),
        bool(reply.get("replayed")), tuple(_stmt_result(r) for r in reply.get("results") or ()),
    )


def _stmt_result(fields: Mapping[str, Any]) -> StmtResult:
    columns, types = fields.get("columns"), fields.get("types")
    return StmtResult(
        fields.get("rows_affected", 0), fields.get("last_insert_rowid", 0),
        None if columns is None else tuple(columns), None if types is None else tuple(types),
        [tuple(row) for row in fields.get("rows") or ()],
    )


def stmts_field(stmts: Iterable[StmtLike]) -> List[Dict[str, Any]]:
    """Returns the statements of a batch as the protocol has them."""
    if isinstance(stmts, str):
        raise ProgrammingError("A batch is a list of statements, not a string: use exec for one.")
    return [stmt_field(stmt) for stmt in stmts]


def stmt_field(stmt: StmtLike) -> Dict[str, Any]:
    """Returns a statement as the protocol has it."""
    if isinstance(stmt, str):
        return {"sql": stmt}
    if not isinstance(stmt, (tuple, list)):
        raise ProgrammingError(f"A statement is text or (text, parameters), not {type(stmt).__name__}.")
    sql, params, param_rows = Stmt(*stmt)
    if not isinstance(sql, str):
        raise ProgrammingError(f"A statement is text, not {type(sql).__name__}.")
    if param_rows is not None:
        if params is not None:
            raise ProgrammingError("A statement has params or param_rows, not both.")
        return {"sql": sql, "param_rows": [encode_params(row) for row in param_rows]}
    encoded = encode_params(params)
    # No parameters at all allow several statements in one text.
    return {"sql": sql, "params": encoded} if encoded else {"sql": sql}


class Answered:
    """The ids of batches whose replies have arrived, for each database, until
    a later batch has told the daemon to forget them.

    To forget an id twice does no harm, to forget it too early would: an id
    comes in only when no copy of its batch can still be on its way.
    """

    _MOST = 4096  # over all databases; what is never forgotten goes after a day
    _AT_ONCE = 256  # each batch adds one, so a burst is gone after a few

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: Dict[str, List[str]] = {}
        self._count = 0

    def add(self, db: str, ids: Sequence[str]) -> None:
        with self._lock:
            ids = ids[: self._MOST - self._count]
            if ids:
                self._ids.setdefault(db, []).extend(ids)
                self._count += len(ids)

    def take(self, db: str, room: int) -> List[str]:
        """Removes and returns what the next batch shall carry."""
        with self._lock:
            ids = self._ids.pop(db, [])
            carried = min(len(ids), self._AT_ONCE, max(room, 0))
            if carried < len(ids):
                self._ids[db] = ids[carried:]
            self._count -= carried
            return ids[:carried]
