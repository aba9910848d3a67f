"""Where the daemon is and how it is found: options, environment, defaults."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Sequence, Tuple

from . import system
from .errors import InterfaceError

DEFAULT_MAX_FRAME = 16 << 20
_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


@dataclass(frozen=True)
class Settings:
    """The options of a client with everything decided."""

    socket: str
    directory: str  # absolute
    pinned: bool  # the daemon must serve the directory
    autostart: bool
    daemon: Optional[str]  # the daemon's program, None to look for it
    max_frame: int  # the largest request, in bytes
    patience: float  # for trouble, in seconds
    args: Tuple[str, ...] = ()  # more arguments for a daemon that is started
    env: Mapping[str, str] = field(default_factory=dict)  # and more environment


def resolve(
    directory: Optional[str], socket: Optional[str], autostart: bool, daemon: Optional[str],
    max_frame: Optional[int], patience: float, args: Sequence[str], env: Optional[Mapping[str, str]],
) -> Settings:
    """Fills in what the options leave open."""
    extra: Dict[str, str] = dict(env or {})
    if max_frame is not None:
        extra.setdefault("SKYLINEDB_MAX_FRAME", str(max_frame))
    chosen = directory or os.environ.get("SKYLINEDB_DIR") or None
    path = system.socket_path(os.fspath(socket or os.environ.get("SKYLINEDB_SOCKET") or system.DEFAULT_SOCKET))
    return Settings(
        # Absolute, because the daemon has another current directory and this
        # program may change its own.
        socket=path, directory=os.path.abspath(os.fspath(chosen or ".")), pinned=chosen is not None,
        autostart=autostart and _on("SKYLINEDB_AUTOSTART"), daemon=daemon or os.environ.get("SKYLINEDB_DAEMON") or None,
        max_frame=max_frame or _size("SKYLINEDB_MAX_FRAME", DEFAULT_MAX_FRAME),
        patience=patience, args=tuple(args), env=extra,
    )


def _on(name: str) -> bool:
    text = os.environ.get(name, "").lower()
    if text in ("", "1", "true", "on", "yes"):
        return True
    if text in ("0", "false", "off", "no"):
        return False
    raise InterfaceError(f'{name} cannot be "{os.environ[name]}": use on or off.')


def _size(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return default
    match = re.fullmatch(r"(\d+) *(kib|mib|gib|)", text.lower())
    if not match:
        raise InterfaceError(f'{name} cannot be "{text}": use bytes or a size such as 64KiB or 16MiB.')
    return int(match[1]) * _UNITS[match[2]]


def log_path(socket: str) -> str:
    """Returns the log of a daemon that a client starts.

    Two sockets may have the same last name; the digest tells them apart.
    """
    digest = hashlib.sha256(os.fsencode(socket)).hexdigest()[:8]
    return os.path.join(system.state_dir(), f"{os.path.basename(socket)}-{digest}.log")
