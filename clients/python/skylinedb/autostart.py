"""Starting a daemon where none runs, once however many clients find none."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from typing import Callable, Iterator, Optional

from . import system
from .conn import Conn
from .errors import OperationalError, phrase, unavailable
from .settings import Settings, log_path
from .transport import NotRunning, Passing

_NAME = "skylinedb-daemon"
_START_FOR = 20.0  # seconds for a daemon that was started to answer
_MAX_LOG = 10 << 20  # a larger log is put aside first
_MAX_TAIL = 4 << 10  # what is read of the log of a daemon that ended


def pauses() -> Iterator[float]:
    """Yields growing pauses, in seconds."""
    pause = 0.005
    while True:
        yield pause
        pause = min(2 * pause, 0.5)


def start(settings: Settings, directory: str, connect: Callable[[], Conn]) -> Conn:
    """Starts a daemon unless somebody else does, and connects to it.

    Many clients may find no daemon at once. The start lock makes one of them
    the starter; it looks again, because the last starter may have been done
    just before, and keeps the lock until the daemon answers. The others come
    back later and find the daemon.
    """
    try:
        lock = system.try_start_lock(settings.socket)
    except OSError as error:
        raise _cannot_start(error) from error
    if lock is None:
        raise Passing("another program is starting the daemon")
    try:
        try:
            return connect()
        except NotRunning:
            return _start_until_answer(settings, directory, connect)
    finally:
        lock.release()


def _start_until_answer(settings: Settings, directory: str, connect: Callable[[], Conn]) -> Conn:
    """Starts one daemon after the other until one answers.

    More than one is needed where an old daemon that is ending still holds the
    instance lock.
    """
    deadline = time.monotonic() + _START_FOR
    for pause in pauses():
        child = _Child(settings, directory)
        connected = child.await_answer(connect, deadline)
        if connected is not None:
            return connected
        time.sleep(pause)
        if time.monotonic() > deadline:
            break
    raise Passing(f'a daemon was started and does not answer; its log is "{child.log}"')


class _Child:
    """A daemon that this program started."""

    def __init__(self, settings: Settings, directory: str):
        program = _find(settings)
        # Without this the system would say that the program does not exist.
        if not os.path.isdir(directory):
            raise _cannot_start(OSError(f'"{directory}" is not a directory'))
        try:
            self.log = log_path(settings.socket)
            descriptor = _open_log(self.log)
        except OSError as error:
            raise _cannot_start(error) from error
        try:
            self._begin = os.stat(self.log).st_size
            self._process = subprocess.Popen(
                [program, *settings.args, "--socket", settings.socket, directory],
                stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor, cwd=directory,
                env={**os.environ, **settings.env}, **system.DETACHED)
        except OSError as error:
            raise _cannot_start(error) from error
        finally:
            os.close(descriptor)
        # The daemon outlives this program or is reaped by it: without the
        # wait it would stay a zombie.
        self.ended = threading.Event()
        threading.Thread(target=self._reap, name="skylinedb-reaper", daemon=True).start()

    def _reap(self) -> None:
        self._process.wait()
        self.ended.set()

    def await_answer(self, connect: Callable[[], Conn], deadline: float) -> Optional[Conn]:
        """Connects to this daemon, or to another that is there instead, once
        this one has ended: one that comes up slowly, after the other has gone
        again, would stay though nobody wants it.

        None says that it has ended and another should be started.
        """
        for pause in pauses():
            ended = self.ended.is_set()
            try:
                conn = connect()
                if ended or conn.daemon_pid() == self._process.pid:
                    return conn
                conn.close()
            except Passing:
                if ended:
                    self._verdict()
                    return None
            if time.monotonic() > deadline:
                break
            self.ended.wait(pause)
        raise Passing(f'a daemon was started and does not answer; its log is "{self.log}"')

    def _verdict(self) -> None:
        """Returns if the next daemon may do better, otherwise tells why not.

        One that was killed or ended in peace says nothing against the next.
        """
        status = self._process.returncode
        tail = self._tail()
        if status == 0 or system.was_killed(status, tail) or "another daemon instance is already running" in tail.lower():
            return
        raise unavailable(f'The daemon ended as soon as it was started (exit status {status}): {tail.rstrip(".")} (its log is "{self.log}").')

    def _tail(self) -> str:
        try:
            with open(self.log, "rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._begin, end - _MAX_TAIL))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return "its log cannot be read"
        lines = [line.strip() for line in text.strip().splitlines()]
        return "; ".join(lines[-3:]) or "it said nothing"


def _cannot_start(error: BaseException) -> OperationalError:
    return unavailable(f"No daemon is running and none can be started: {phrase(error)}.")


def _find(settings: Settings) -> str:
    """Returns the absolute path of the daemon's program."""
    if settings.daemon is not None:
        candidates = [settings.daemon]
    else:
        # What is no file ("-c") would stand for the current directory.
        beside = [os.path.dirname(os.path.abspath(p)) for p in (sys.argv[0], sys.executable) if p and os.path.isfile(p)]
        candidates = [os.path.join(directory, _NAME) for directory in beside] + [_NAME]
    for name in candidates:
        path = system.find_program(name)
        if path is not None:
            return os.path.abspath(path)
    if settings.daemon is not None:
        raise _cannot_start(OSError(f'"{settings.daemon}" is not a program'))
    raise _cannot_start(OSError(f"the program {_NAME} is neither beside this one nor in PATH: start it yourself, or set SKYLINEDB_DAEMON to its path"))


def _open_log(path: str) -> int:
    """Opens the log for appending.

    One that has grown too large becomes the old log first; the start lock
    keeps others from doing so meanwhile.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        info = None
    if info is not None and not stat.S_ISREG(info.st_mode):
        raise OSError(f'"{path}" is not a regular file; remove it')
    if info is not None and info.st_size > _MAX_LOG:
        system.put_aside(path)
    return system.open_to_append(path)
