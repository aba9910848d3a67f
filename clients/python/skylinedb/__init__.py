"""A client of the SkylineDB daemon, which is the one writer of SQLite files.

Two layers: Client is what the protocol offers, with retries and auto-start;
connect is the database API of PEP 249. Both raise the same exceptions.
"""

from .batch import Result, Stmt, StmtResult
from .client import DEFAULT_DB, Client
from .cursor import Cursor
from .dbapi import Connection, apilevel, connect, paramstyle, threadsafety
from .errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from .rows import Rows
from .subscription import Event, Subscription
from .transaction import Transaction
from .types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

__version__ = "0.1.0"

__all__ = [
    "BINARY", "Binary", "Client", "Connection", "Cursor", "DATETIME", "DEFAULT_DB", "DataError", "DatabaseError", "Date",
    "DateFromTicks", "Error", "Event", "IntegrityError", "InterfaceError", "InternalError", "NUMBER", "NotSupportedError",
    "OperationalError", "ProgrammingError", "ROWID", "Result", "Rows", "STRING", "Stmt", "StmtResult", "Subscription", "Time",
    "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Transaction", "Warning", "apilevel", "connect", "paramstyle", "threadsafety",
]
