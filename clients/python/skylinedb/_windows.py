"""Windows: named pipes, named mutexes, processes without a console."""

from __future__ import annotations

import ctypes
import msvcrt
import os
import re
import subprocess
import sys
from typing import Any, Dict, Iterator, Optional

assert sys.platform == "win32"  # which type checkers understand as well

from . import _win32 as win
from ._pipe import connect
from ._pipenames import DEFAULT_PIPE, check_pipe, start_mutex

__all__ = [
    "DEFAULT_SOCKET", "DETACHED", "connect", "find_program", "open_to_append", "put_aside", "socket_path", "state_dir",
    "try_start_lock", "was_killed",
]

DEFAULT_SOCKET = DEFAULT_PIPE
socket_path = check_pipe

#: How a daemon is started that neither a console's end nor Ctrl-C reaches:
#: without a console, and so without a window.
DETACHED: Dict[str, Any] = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}


def state_dir() -> str:
    """Returns the folder for the logs of daemons that clients start."""
    folder = os.environ.get("LOCALAPPDATA", "")
    if not os.path.isabs(folder):
        raise OSError("no place for the daemon's log: set LOCALAPPDATA to a folder")
    return os.path.join(folder, "SkylineDB")


def find_program(name: str) -> Optional[str]:
    """Returns the path of a program that is named by a path or is in PATH.

    The current directory is not looked at, as Windows itself would do: what
    lies there need not be the user's.
    """
    for path in [name] if os.path.dirname(name) else _in_path(name):
        for file in (path,) if path.lower().endswith(".exe") else (path + ".exe", path):
            if os.path.isfile(file):
                return file
    return None


def _in_path(name: str) -> Iterator[str]:
    for folder in os.environ.get("PATH", "").replace('"', "").split(os.pathsep):
        if os.path.isabs(folder):
            yield os.path.join(folder, name)


def was_killed(status: int, said: str) -> bool:
    """Tells whether a daemon did not end for a reason of its own.

    One that is killed has a status like any other here. One that has a reason
    says it.
    """
    return not re.search("(error|panic):", said, re.IGNORECASE)


def put_aside(log: str) -> None:
    """Makes the log the old one, or leaves it where a daemon that is just
    ending has it open: it is put aside at the next start then."""
    try:
        os.replace(log, log + ".old")
    except PermissionError:
        pass


def open_to_append(path: str) -> int:
    """Opens a file, which it makes. No link is followed.

    By os.open only this program would append: the daemon, which gets the
    handle, would write over what others have written meanwhile.
    """
    handle = win.checked(win.CreateFile(
        path, win.FILE_APPEND_DATA | win.FILE_READ_ATTRIBUTES | win.SYNCHRONIZE, win.FILE_SHARE_ALL, None, win.OPEN_ALWAYS,
        win.FILE_FLAG_OPEN_REPARSE_POINT, None))
    try:
        return msvcrt.open_osfhandle(handle, os.O_APPEND)
    except BaseException:
        win.CloseHandle(handle)
        raise


class _MutexLock:
    """A mutex that exists; see StartLock."""

    def __init__(self, handle: int):
        self._handle = handle

    def release(self) -> None:
        win.CloseHandle(self._handle)


def try_start_lock(socket: str) -> Optional[_MutexLock]:
    """Takes the pipe's start lock, or returns None if it is taken.

    The lock is the mutex's existence, and nobody owns it: that would belong to
    a thread. It is gone once its handle is closed, by release or by the end of
    the process.
    """
    handle = win.CreateMutex(None, False, start_mutex(socket))
    error = ctypes.get_last_error()
    if handle and error != win.ERROR_ALREADY_EXISTS:
        return _MutexLock(handle)
    if handle:
        win.CloseHandle(handle)  # which would keep the lock taken
    elif error != win.ERROR_ACCESS_DENIED:  # another user's is taken as well
        raise ctypes.WinError(error)
    return None
