"""The layer of PEP 249: connections. Their cursors are in cursor.py.

A transaction begins with the first statement that may write, and nothing of
it is committed before commit(). It holds the only writer of its database, so
it has a lease: five seconds without a request, thirty in all, unless connect
is told otherwise. After that it is rolled back, and the next call raises
OperationalError with the code TX_EXPIRED; the connection can be used on.

Outside of a transaction SELECT reads the last committed state and holds
nobody up. With autocommit each statement is a batch of its own, which is
executed exactly once whatever happens to the daemon meanwhile.
"""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Any, Iterable, Iterator, List, Mapping, Optional, Sequence, Type, Union

from . import errors
from .batch import Result, Stmt
from .client import DEFAULT_DB, Client
from .cursor import Cursor
from .errors import DataError, ProgrammingError
from .rows import Rows
from .transaction import Transaction
from .values import Params

apilevel = "2.0"
#: Threads may share the module, and a Client, but no Connection.
threadsafety = 1
#: ?; named parameters (:name) are taken as well.
paramstyle = "qmark"

# Rows of executemany that go into one batch, if a frame takes them.
_ROWS_AT_ONCE = 2000


def connect(
    database: str = DEFAULT_DB, dir: Optional[str] = None, socket: Optional[str] = None, autostart: bool = True, *,
    autocommit: bool = False, idle_ms: Optional[int] = None, lease_ms: Optional[int] = None,
    sync: Optional[str] = None, client: Optional[Client] = None, **options: Any,
) -> "Connection":
    """Returns a connection to one database of the daemon.

    idle_ms and lease_ms are the lease of its transactions, sync ("full" or
    "normal") how durable they are. The rest is for the Client, of which it
    makes one unless it is given one to share. It connects at the first use.
    """
    own = client is None
    if client is None:
        client = Client(dir, socket, autostart, **options)
    lease = {"idle_ms": idle_ms, "lease_ms": lease_ms, "sync": sync}
    return Connection(client, own, database, autocommit, lease)


class Connection:
    """One database, and at most one transaction. One thread at a time uses it.

    In a with statement it commits at the end, or rolls back on an exception,
    and stays open.
    """

    # PEP 249 wants the exceptions here as well.
    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, client: Client, own_client: bool, database: str, autocommit: bool, lease: Mapping[str, Any]):
        self.database = database
        self._client = client
        self._own_client = own_client
        self._autocommit = autocommit
        self._lease = dict(lease)
        self._tx: Optional[Transaction] = None
        self._closed = False

    @property
    def client(self) -> Client:
        """The plain client below."""
        return self._client

    @property
    def in_transaction(self) -> bool:
        """There is something to commit or to roll back."""
        return self._transaction() is not None

    @property
    def autocommit(self) -> bool:
        """Each statement is a batch of its own, and committed at once."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        self._check_open()
        if self.in_transaction:
            raise ProgrammingError("autocommit cannot be changed in a transaction: commit or roll back first.")
        self._autocommit = bool(on)

    def cursor(self, stream: bool = False) -> Cursor:
        """Returns a cursor. One that streams takes rows from the daemon as
        they are fetched, for results that are too large for the memory; it
        must not pause for ten seconds. Any other has them all after execute.
        """
        self._check_open()
        return Cursor(self, stream)

    def execute(self, sql: str, params: Params = None) -> Cursor:
        """Executes a statement on a new cursor."""
        return self.cursor().execute(sql, params)

    def executemany(self, sql: str, rows: Iterable[Union[Sequence[Any], Mapping[str, Any]]]) -> Cursor:
        """Executes a statement for many rows, on a new cursor."""
        return self.cursor().executemany(sql, rows)

    def begin(self) -> None:
        """Begins a transaction now, also with autocommit, until commit or rollback."""
        self._check_open()
        if self.in_transaction:
            raise ProgrammingError("There is a transaction already: commit or roll back first.")
        self._tx = self._client.transaction(self.database, **self._lease)

    def commit(self) -> None:
        """Commits what was done, exactly once. Without a transaction it does nothing."""
        self._check_open()
        tx, self._tx = self._transaction(), None
        if tx is not None:
            tx.commit()

    def rollback(self) -> None:
        """Undoes what was done since the last commit."""
        self._check_open()
        tx, self._tx = self._transaction(), None
        if tx is not None:
            tx.rollback()

    def close(self) -> None:
        """Rolls back what is not committed. A second close does nothing."""
        if self._closed:
            return
        self.rollback()
        self._closed = True
        if self._own_client:
            self._client.close()

    def __enter__(self) -> "Connection":
        self._check_open()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if self._closed:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _check_open(self) -> None:
        if self._closed:
            raise ProgrammingError("The connection is closed.")

    def _transaction(self) -> Optional[Transaction]:
        """Returns the transaction, unless it is known to be over."""
        if self._tx is not None and not self._tx.open:
            self._tx = None
        return self._tx

    def _to_write(self) -> Optional[Transaction]:
        """Returns the transaction that a write belongs to, None for none."""
        if self._transaction() is None and not self._autocommit:
            self.begin()
        return self._transaction()

    def _query(self, sql: str, params: Params) -> Rows:
        tx = self._transaction()
        if tx is not None:
            return tx.query(sql, params)
        return self._client.query(self.database, sql, params)

    def _write(self, sql: str, params: Params, word: str) -> Result:
        if word == "VACUUM" and self._transaction() is None:
            # It cannot be part of a transaction, and changes no row.
            return self._client.exec(self.database, sql, params, tx="none")
        tx = self._to_write()
        if tx is not None:
            return tx.exec(sql, params, results=True)
        return self._client.exec(self.database, sql, params, results=True, sync=self._lease["sync"])

    def _write_rows(self, sql: str, rows: Iterator[Any]) -> List[Result]:
        first = list(itertools.islice(rows, _ROWS_AT_ONCE))
        if not first:
            return []
        if self._autocommit and self._transaction() is None:
            if len(first) < _ROWS_AT_ONCE:
                try:
                    stmt = Stmt(sql, param_rows=first)
                    return [self._client.exec_batch(self.database, [stmt], sync=self._lease["sync"])]
                except DataError as error:
                    if error.code != "FRAME_TOO_LARGE":
                        raise
            # It must still be all or nothing.
            with self._client.transaction(self.database, **self._lease) as tx:
                return _send_rows(tx, sql, itertools.chain(first, rows))
        begun = self._to_write()
        assert begun is not None
        return _send_rows(begun, sql, itertools.chain(first, rows))


def _send_rows(tx: Transaction, sql: str, rows: Iterator[Any]) -> List[Result]:
    results: List[Result] = []
    while True:
        some = list(itertools.islice(rows, _ROWS_AT_ONCE))
        if not some:
            return results
        results += _send_some(tx, sql, some)


def _send_some(tx: Transaction, sql: str, rows: Sequence[Any]) -> List[Result]:
    try:
        return [tx.exec_batch([Stmt(sql, param_rows=rows)])]
    except DataError as error:
        if error.code != "FRAME_TOO_LARGE" or len(rows) < 2 or not tx.open:
            raise
    half = len(rows) // 2
    return _send_some(tx, sql, rows[:half]) + _send_some(tx, sql, rows[half:])
