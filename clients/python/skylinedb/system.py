"""The system that the program runs on: the same names from either module."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from ._windows import (
        DEFAULT_SOCKET,
        DETACHED,
        connect,
        find_program,
        open_to_append,
        put_aside,
        socket_path,
        state_dir,
        try_start_lock,
        was_killed,
    )
else:
    from ._unix import (
        DEFAULT_SOCKET,
        DETACHED,
        connect,
        find_program,
        open_to_append,
        put_aside,
        socket_path,
        state_dir,
        try_start_lock,
        was_killed,
    )

__all__ = [
    "DEFAULT_SOCKET", "DETACHED", "connect", "find_program", "open_to_append", "put_aside", "socket_path", "state_dir",
    "try_start_lock", "was_killed",
]
