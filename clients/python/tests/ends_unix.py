"""What the tests need of Unix: a listener, and the ends of processes."""

import os
import signal
import socket

from skylinedb._unix import SocketTransport

#: For a pid that is to end as by kill -9.
KILL = signal.SIGKILL


class Listener:
    """Waits for clients on a socket."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(64)

    def accept(self):
        """Returns the next client's transport. It raises OSError after stop."""
        return SocketTransport(self._socket.accept()[0])

    def stop(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def close(self):
        """Does nothing more: on Windows the listener is closed when nobody waits."""


def ended(pid):
    """A daemon that a program left behind may stay a zombie of the system's."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat_file:
            return b") Z" in stat_file.read()
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended, or this is no Linux
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def interrupt_main():
    """Is Ctrl-C, for the main thread."""
    os.kill(os.getpid(), signal.SIGINT)
