"""Names on Windows: of pipes, and of the mutexes that belong to them."""

from __future__ import annotations

import hashlib

from .errors import InterfaceError

DEFAULT_PIPE = r"\\.\pipe\SkylineDBd-v1"

# "Global" makes it one for all sessions of the machine, as pipe names are.
_START_MUTEX = r"Global\SkylineDBd-v1-Start"
_PREFIX = "\\\\.\\pipe\\"
_LIMIT = 256  # in bytes, as the daemon counts them


def check_pipe(path: str) -> str:
    """Refuses what is no pipe of this machine: Windows would open a file, or a
    pipe of another machine, just as well."""
    if len(path) <= len(_PREFIX) or path[:len(_PREFIX)].lower() != _PREFIX:
        raise InterfaceError(f'The pipe\'s path "{path}" must be {_PREFIX} and a name.')
    size = len(path.encode("utf-8", "surrogatepass"))
    if size > _LIMIT:
        raise InterfaceError(f'The pipe\'s path "{path}" is too long: it has {size} bytes, and the system allows {_LIMIT}; choose a shorter one.')
    return path


def start_mutex(path: str) -> str:
    """Returns the name of the mutex that is the start lock of a pipe.

    A digest stands for any pipe but the default one, because a mutex's name
    may hold no backslash and is limited in length where a pipe's is not.
    """
    name = _pipe_name(path)
    if name == _pipe_name(DEFAULT_PIPE):
        return _START_MUTEX
    return f"{_START_MUTEX}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _pipe_name(path: str) -> str:
    """Returns the part of a pipe's path that tells it from others, the same
    for all spellings of one pipe."""
    name = "".join(map(_upper, path.replace("/", "\\")))
    for prefix in ("\\\\.\\PIPE\\", "\\\\?\\PIPE\\"):
        if name.startswith(prefix):
            return name[len(prefix):]
    return name


def _upper(character: str) -> str:
    """Is upper as the daemon has it: one character stays one."""
    for upper in (character.upper(), character.title()):
        if len(upper) == 1:
            return upper
    return character
