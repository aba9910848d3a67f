"""A named pipe, with time-outs, that another thread can interrupt.

A read or write is begun and then waited for (an overlapped operation), together
with an event that ends the wait.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from ctypes import wintypes
from typing import Any, Callable, List, Optional

assert sys.platform == "win32"  # which type checkers understand as well

from . import _win32 as win
from ._owner import current_user, owner
from .errors import OperationalError, phrase, unavailable
from .transport import NotRunning, Passing

_CHUNK = 1 << 16  # the size of the pipe's buffer, more than which a read seldom gets
_PART = 1 << 20  # written at once
# How long the main thread waits in one piece, in seconds: in between it hears
# of Ctrl-C.
_HEARING = 0.1

# What a read fails with at the end of the connection.
_ENDED = (win.ERROR_BROKEN_PIPE, win.ERROR_NO_DATA, win.ERROR_PIPE_NOT_CONNECTED)


class Operation:
    """One read or write, or what else the system does to a pipe meanwhile.

    The system writes into it until it is over, also where nobody waits for it
    any more: so it lives as long as its pipe, and the pipe is closed only when
    it is over.
    """

    def __init__(self) -> None:
        self.overlapped = win.Overlapped(hEvent=win.checked(win.CreateEvent(None, True, False, None)))
        self.reference = ctypes.byref(self.overlapped)
        self._data: object = None  # that the system reads from or writes to

    def run(self, pipe: int, begin: Callable[[], Any], wait: Callable[[int], None], data: object = None) -> int:
        """Begins the operation, waits for its end and returns how many bytes
        it has moved. Where wait raises, it is over as well."""
        self._data = data
        try:
            if not begin():
                error = ctypes.get_last_error()
                if error != win.ERROR_IO_PENDING:
                    raise ctypes.WinError(error)
                wait(self.overlapped.hEvent)
            count = wintypes.DWORD()
            win.checked(win.GetOverlappedResult(pipe, self.reference, ctypes.byref(count), True))
            return count.value
        except BaseException:
            self.cancel(pipe)
            raise

    def cancel(self, pipe: int) -> None:
        """Ends the operation if it is not over."""
        # The call fails where there is none: then nothing may be waited for,
        # since one that fails as it begins leaves no sign of its end.
        if win.CancelIoEx(pipe, self.reference):
            win.GetOverlappedResult(pipe, self.reference, ctypes.byref(wintypes.DWORD()), True)
        self._data = None

    def close(self) -> None:
        win.CloseHandle(self.overlapped.hEvent)


class Pipe:
    """One end of a named pipe; see Transport."""

    def __init__(self, handle: int, timeout: Optional[float] = None):
        """The handle is the pipe's from now on, also where this fails."""
        self._handle: Optional[int] = handle
        self._timeout = timeout
        self._lock = threading.Lock()  # guards the handle of stop
        self._operations: List[Operation] = []
        self._stop: Optional[int] = None  # an event that ends every wait
        try:
            self._stop = win.checked(win.CreateEvent(None, True, False, None))
            self._reading, self._writing = self._operation(), self._operation()
        except BaseException:
            self.close()
            raise
        self._buffer = ctypes.create_string_buffer(_CHUNK)

    def _operation(self) -> Operation:
        operation = Operation()
        self._operations.append(operation)
        return operation

    def __del__(self) -> None:
        self.close()

    def settimeout(self, seconds: Optional[float]) -> None:
        self._timeout = seconds

    def sendall(self, data: bytes) -> None:
        for begin in range(0, len(data), _PART):
            self._write(data[begin:begin + _PART])

    def _write(self, data: bytes) -> None:
        pipe = self._opened()
        operation = self._writing
        count = operation.run(pipe, lambda: win.WriteFile(pipe, data, len(data), None, operation.reference), self._wait, data)
        if count != len(data):
            raise ConnectionResetError(f"{count} of {len(data)} bytes were written")

    def recv(self, size: int) -> bytes:
        pipe = self._opened()
        operation, buffer = self._reading, self._buffer
        size = min(size, len(buffer))
        while True:
            try:
                count = operation.run(pipe, lambda: win.ReadFile(pipe, buffer, size, None, operation.reference), self._wait)
            except OSError as error:
                if error.winerror in _ENDED:
                    return b""
                raise
            if count:  # nothing is what the other end wrote, and not the end
                return ctypes.string_at(buffer, count)

    def silent(self) -> bool:
        waiting = wintypes.DWORD()
        if not win.PeekNamedPipe(self._handle, None, 0, None, ctypes.byref(waiting), None):
            return False
        return waiting.value == 0

    def interrupt(self) -> None:
        with self._lock:
            if self._stop is not None:
                win.SetEvent(self._stop)

    def close(self) -> None:
        with self._lock:
            pipe, self._handle = self._handle, None
            stop, self._stop = self._stop, None
        if pipe is None:
            return
        for operation in self._operations:
            operation.cancel(pipe)  # an exception may have struck before it was waited for
            operation.close()
        win.CloseHandle(pipe)
        if stop is not None:
            win.CloseHandle(stop)

    def _opened(self) -> int:
        if self._handle is None:
            raise ConnectionAbortedError("the connection is closed")
        return self._handle

    def _wait(self, event: int) -> None:
        """Waits for the event, for the time-out and for interrupt."""
        events = (wintypes.HANDLE * 2)(event, self._stop)
        end = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            signalled = win.WaitForMultipleObjects(2, events, False, _milliseconds(end))
            if signalled == win.WAIT_OBJECT_0:
                return
            if signalled == win.WAIT_OBJECT_0 + 1:
                raise ConnectionAbortedError("the connection was interrupted")
            if signalled == win.WAIT_FAILED:
                raise win.last_error()
            if end is not None and time.monotonic() >= end:
                raise TimeoutError("timed out")


def _milliseconds(end: Optional[float]) -> int:
    """Returns how long to wait in one piece, at most until end."""
    pieces = [] if end is None else [max(end - time.monotonic(), 0) + 0.001]
    if threading.current_thread() is threading.main_thread():
        pieces.append(_HEARING)
    return int(min(min(pieces) * 1000, win.INFINITE - 1)) if pieces else win.INFINITE


def connect(path: str, timeout: float) -> Pipe:
    """Connects to whoever listens, if it is a process of our own user. The
    time-out is that of the transport as well."""
    pipe = Pipe(_open(path, time.monotonic() + timeout), timeout)
    try:
        _check_owner(path, pipe._opened())
    except BaseException:
        pipe.close()
        raise
    return pipe


def _open(path: str, end: float) -> int:
    """Opens the pipe. It waits while every instance is taken: the daemon makes
    the next one when it accepts.

    A stranger's process that listens there learns who we are (identification)
    and can do nothing in our name.
    """
    while True:
        handle = win.CreateFile(
            path, win.GENERIC_READ | win.GENERIC_WRITE, 0, None, win.OPEN_EXISTING,
            win.FILE_FLAG_OVERLAPPED | win.SECURITY_SQOS_PRESENT | win.SECURITY_IDENTIFICATION, None)
        if handle != win.INVALID_HANDLE:
            return int(handle)
        error = win.last_error()
        if error.winerror != win.ERROR_PIPE_BUSY:
            raise _refusal(path, error) from error
        if time.monotonic() >= end:
            raise Passing(f'connect to "{path}": {phrase(error)}') from error
        win.WaitNamedPipe(path, _milliseconds(min(end, time.monotonic() + _HEARING)))  # the next try tells what came of it


def _refusal(path: str, error: OSError) -> Exception:
    if error.winerror == win.ERROR_FILE_NOT_FOUND:
        return NotRunning(f'nobody listens on "{path}"')
    if error.winerror == win.ERROR_ACCESS_DENIED:
        return unavailable(f'The pipe "{path}" may not be used: {phrase(error)}.')
    return Passing(f'connect to "{path}": {phrase(error)}')


def _check_owner(path: str, pipe: int) -> None:
    try:
        user, belongs = current_user(), owner(pipe)
    except OSError as error:
        raise Passing(f'ask whose the pipe "{path}" is: {phrase(error)}') from error
    if user != belongs:
        raise _foreign(path, belongs, user)


def _foreign(path: str, belongs: str, user: str) -> OperationalError:
    return unavailable(f'The pipe "{path}" belongs to user {belongs} and not to user {user}, who runs this program: choose another.')
