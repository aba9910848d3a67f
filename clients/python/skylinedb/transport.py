"""What a connection needs of the system, and what it fails with.

system.py gives each of these for the system that the program runs on.
"""

from __future__ import annotations

from typing import Optional, Protocol


class Passing(Exception):
    """Trouble that may be gone at the next try. It never reaches the program."""


class NotRunning(Passing):
    """Nobody listens on the socket."""


class Transport(Protocol):
    """Bytes to and from whoever listens, who is a process of our own user.

    One thread at a time uses it, but for interrupt. What fails raises OSError;
    after that, as after any other exception, it must be closed.
    """

    def sendall(self, data: bytes) -> None:
        """Writes all of it."""

    def recv(self, size: int) -> bytes:
        """Reads what there is, at least one byte, or returns b"" at the end."""

    def settimeout(self, seconds: Optional[float]) -> None:
        """Bounds each write and read from now on, or frees them for None."""

    def silent(self) -> bool:
        """Tells whether the other end is there and has sent nothing."""

    def interrupt(self) -> None:
        """Ends a read or write of another thread that waits, and later ones that would."""

    def close(self) -> None:
        """Hangs up. A second time does nothing."""


class StartLock(Protocol):
    """Is held by the one program that starts a daemon."""

    def release(self) -> None:
        """Lets another program have it. So does the end of this one."""
