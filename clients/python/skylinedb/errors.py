"""What goes wrong, as the exceptions of PEP 249.

Both layers raise them. Each has a code for programs (docs/protocol.md lists
them) and one sentence for people.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Type


class Warning(Exception):  # noqa: A001 - the name is PEP 249's
    """Is there because PEP 249 wants it; nothing raises it."""


class Error(Exception):
    """A failed request. The base of everything that this package raises."""

    #: The code of the protocol, or one that the client makes itself:
    #: DIR_MISMATCH, UNAVAILABLE; MISUSE for a call that makes no sense.
    code: str = ""
    #: The same request may succeed later.
    retryable: bool = False
    #: SQLite's extended result code, where SQLite refused something.
    sqlite_code: Optional[str] = None
    #: Which statement of a batch failed, from 0.
    statement_index: Optional[int] = None
    #: The daemon's whole reply, empty for errors of the client's own.
    reply: Mapping[str, Any] = {}

    def __init__(self, message: str = "", code: str = "MISUSE", retryable: bool = False):
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class InterfaceError(Error):
    """The use of this package was wrong, not that of the database."""


class DatabaseError(Error):
    """The daemon or the database refused something."""


class DataError(DatabaseError):
    """A value that cannot be stored, or a result that is too large."""


class OperationalError(DatabaseError):
    """Not the program's fault: no daemon, a lease that is over, a full disk."""


class IntegrityError(DatabaseError):
    """A constraint of the database was violated."""


class InternalError(DatabaseError):
    """A defect of the daemon, or a transaction that cannot go on."""


class ProgrammingError(DatabaseError):
    """A mistake in the SQL, its parameters, or the order of the calls."""


class NotSupportedError(DatabaseError):
    """Something that the daemon does not allow or this package cannot do."""


_BY_CODE = {
    "INVALID_REQUEST": ProgrammingError,
    "INVALID_DATABASE_NAME": ProgrammingError,
    "REQUEST_ID_REUSED": ProgrammingError,
    "UNKNOWN_TYPE": NotSupportedError,
    "FORBIDDEN_STATEMENT": NotSupportedError,
    "FRAME_TOO_LARGE": DataError,
    "RESULT_TOO_LARGE": DataError,
    "NOT_A_DATABASE": DatabaseError,
    "INTERNAL": InternalError,
}

# By the first part of SQLite's code that matches.
_BY_SQLITE_CODE = (
    ("SQLITE_CONSTRAINT", IntegrityError),
    ("SQLITE_MISMATCH", DataError),
    ("SQLITE_TOOBIG", DataError),
    ("SQLITE_RANGE", ProgrammingError),
    ("SQLITE_ERROR", ProgrammingError),
    ("SQLITE_INTERNAL", InternalError),
)


def from_reply(reply: Mapping[str, Any]) -> Error:
    """Makes the exception that a reply with an error tells."""
    code = reply.get("code", "INTERNAL")
    error = _class_of(code, reply.get("sqlite_code"))(reply.get("message", code), code, bool(reply.get("retryable")))
    error.sqlite_code = reply.get("sqlite_code")
    error.statement_index = reply.get("statement_index")
    error.reply = reply
    return error


def _class_of(code: str, sqlite_code: Optional[str]) -> Type[Error]:
    if code == "SQL_ERROR" and sqlite_code:
        for prefix, cls in _BY_SQLITE_CODE:
            if sqlite_code.startswith(prefix):
                return cls
    return _BY_CODE.get(code, OperationalError)


def unavailable(message: str) -> OperationalError:
    """Says that no daemon could be reached, or that it is not known what it did."""
    return OperationalError(message, "UNAVAILABLE", True)


def expired(message: str) -> OperationalError:
    """Says that a transaction is over and nothing of it was committed."""
    return OperationalError(message, "TX_EXPIRED")


def phrase(error: BaseException) -> str:
    """Returns an error as a part of a sentence."""
    return str(error).rstrip(".") or type(error).__name__
