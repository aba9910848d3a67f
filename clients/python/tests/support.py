"""Daemons for the tests: real ones, one that follows a script, and a proxy.

Nothing waits for a time: a wait is for a reply, an end of a connection or an
exit, and gives up after PATIENCE, which is far longer than any of them takes.
"""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import skylinedb
from skylinedb import system, transport

if sys.platform == "win32":
    from .ends_windows import KILL, Listener, ended, interrupt_main
else:
    from .ends_unix import KILL, Listener, ended, interrupt_main

PATIENCE = 120
WINDOWS = sys.platform == "win32"


def daemon_program():
    program = os.environ.get("SKYLINEDB_DAEMON")
    if not program:
        raise AssertionError("Set SKYLINEDB_DAEMON to the path of the daemon's program.")
    return program


def _remove(folder):
    """Removes a folder. On Windows it stays while a program that is just
    ending is in it."""
    deadline = time.monotonic() + PATIENCE
    while os.path.exists(folder):
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Case(unittest.TestCase):
    """A test with a folder of its own, short enough for sockets."""

    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="sky"))
        self.addCleanup(_remove, self.root)
        self.dir = os.path.join(self.root, "data")
        os.mkdir(self.dir)
        self.socket = "\\\\.\\pipe\\" + os.path.basename(self.root) if WINDOWS else os.path.join(self.root, "s")
        # Nobody's settings, and logs of daemons in the folder.
        kept = {n: v for n, v in os.environ.items() if not n.startswith("SKYLINEDB_")}
        kept.update(XDG_STATE_HOME=self.root, HOME=self.root, LOCALAPPDATA=self.root)
        before = dict(os.environ)
        daemon_program()  # fails here if it is not set
        kept["SKYLINEDB_DAEMON"] = before["SKYLINEDB_DAEMON"]
        os.environ.clear()
        os.environ.update(kept)
        self.addCleanup(os.environ.update, before)
        self.addCleanup(os.environ.clear)

    def client(self, **options):
        options.setdefault("dir", self.dir)
        options.setdefault("socket", self.socket)
        options.setdefault("autostart", False)
        client = skylinedb.Client(**options)
        self.addCleanup(client.close)
        return client

    def code(self, code, cls=skylinedb.Error):
        """Expects an exception with that code."""
        return _Expected(self, code, cls)


class _Expected:
    def __init__(self, test, code, cls):
        self.test, self.code, self.cls = test, code, cls
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.test.fail(f"nothing was raised, want {self.code}")
        if not issubclass(kind, skylinedb.Error):
            return False
        self.error = error
        self.test.assertEqual(error.code, self.code, str(error))
        self.test.assertIsInstance(error, self.cls)
        return True


class DaemonCase(Case):
    """A test with a real daemon, which must end well."""

    ARGS = ()

    def setUp(self):
        super().setUp()
        self.process = self.start()
        self.addCleanup(self.stop)
        self.c = self.client()
        self.c.ping()

    def start(self, sock=None):
        with open(os.path.join(self.root, "log"), "ab") as log:
            return subprocess.Popen(
                [daemon_program(), *self.ARGS, "--socket", sock or self.socket, self.dir],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **system.DETACHED)

    def stop(self):
        if self.process.poll() is None:
            self.ask_to_end()
        status = self.process.wait(PATIENCE)
        with open(os.path.join(self.root, "log"), encoding="utf-8") as log:
            text = log.read()
        self.assertEqual(status, 0, text)
        self.assertNotIn("panic", text)

    def ask_to_end(self):
        if WINDOWS:  # where a signal would be a kill
            self.client().shutdown()
        else:
            self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """Ends the daemon as kill -9 does."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def one(self, db, sql, params=None):
        """Returns the one value that a SELECT has, as the writer sees it."""
        ((value,),) = self.c.exec(db, sql, params, results=True).results[-1].rows
        return value


class Peer:
    """One end of a connection, as the daemon has it."""

    def __init__(self, end):
        self.end = end

    def read(self):
        """Returns a request, None at the end of the connection."""
        head = self._take(4)
        if head is None:
            return None
        body = self._take(struct.unpack("<I", head)[0])
        return None if body is None else json.loads(body)

    def _take(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.end.recv(size - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data

    def write(self, **fields):
        body = json.dumps(fields).encode()
        self.end.sendall(struct.pack("<I", len(body)) + body)

    def ok(self, request, **fields):
        self.write(id=request.get("id"), status="ok", **fields)

    def fail(self, request, code, **fields):
        self.write(id=request.get("id"), status="error", code=code, message=f"It is {code}.", **fields)


class Fake:
    """Listens on a socket and hands each connection to a function.

    play(peer, number) is called in a thread of its own, after the Ping that
    a client begins with was answered; the connection ends when it returns.
    """

    def __init__(self, case, play, directory=None, path=None):
        self._case, self._play, self._dir = case, play, directory or case.dir
        self._failures = []
        self._threads = []
        self._peers = []
        self._listener = Listener(path or case.socket)
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        case.addCleanup(self._end)

    def _accept(self):
        number = 0
        while True:
            try:
                end = self._listener.accept()
            except OSError:
                return
            self._peers.append(end)
            thread = threading.Thread(target=self._serve, args=(end, number))
            self._threads.append(thread)
            thread.start()
            number += 1

    def _serve(self, end, number):
        peer = Peer(end)
        try:
            ping = peer.read()
            if ping is not None:
                peer.ok(ping, version="0.1.0", protocol=1, dir=self._dir)
                self._play(peer, number)
        except OSError:
            pass  # the client has gone
        except BaseException as error:
            self._failures.append(error)
        finally:
            end.close()

    def _end(self):
        self._listener.stop()
        self._accepting.join(PATIENCE)
        self._listener.close()
        for end in self._peers:
            end.interrupt()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._case.assertEqual(self._failures, [])


class Proxy:
    """Stands between clients and a daemon, and sees every frame.

    lose(request, reply) tells of a reply that it shall be lost: it is called
    when the daemon has answered, and both connections end. cut(request) does
    so when the request has been passed on and before it is answered.
    """

    def __init__(self, case, path, target, lose=lambda request, reply: False, cut=lambda request: False):
        self._target, self._lose, self._cut = target, lose, cut
        self._fake = RawFake(case, path, self._serve)

    def _serve(self, end):
        try:
            upstream = system.connect(self._target, PATIENCE)
        except (transport.Passing, skylinedb.Error):
            return
        try:
            self._pass_on(Peer(end), Peer(upstream))
        finally:
            upstream.close()

    def _pass_on(self, here, there):
        while True:
            request = here.read()
            if request is None:
                return
            there.write(**request)
            if self._cut(request):
                return
            reply = there.read()
            if reply is None or self._lose(request, reply):
                return
            here.write(**reply)


class RawFake(Fake):
    """A Fake that leaves also the Ping to the function."""

    def __init__(self, case, path, serve):
        self._raw = serve
        super().__init__(case, None, path=path)

    def _serve(self, end, number):
        try:
            self._raw(end)
        except OSError:
            pass
        except BaseException as error:
            self._failures.append(error)
        finally:
            end.close()
