import os
import subprocess
import sys
import threading
import unittest
from unittest import mock

import skylinedb

from .support import PATIENCE, WINDOWS, Case, Fake, Listener

if WINDOWS:
    from skylinedb import _owner, _pipe, _windows, transport


@unittest.skipUnless(WINDOWS, "there are no named pipes")
class Pipes(Case):
    """The named pipe by itself."""

    def pair(self):
        """Returns both ends of a connection, on a pipe of its own."""
        self.pairs = getattr(self, "pairs", 0) + 1
        path = f"{self.socket}-{self.pairs}"
        listener = Listener(path)
        self.addCleanup(listener.close)
        ours = _pipe.connect(path, PATIENCE)
        theirs = listener.accept()
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        return ours, theirs

    def background(self, deed):
        """Runs deed in a thread. The function that is returned waits for its
        end and returns what it returned or raised."""
        outcome = []

        def run():
            try:
                outcome.append(deed())
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=run)
        thread.start()

        def join():
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive())
            return outcome[0]

        return join

    def read(self, end, size):
        data = bytearray()
        while len(data) < size:
            part = end.recv(size - len(data))
            self.assertTrue(part, f"the end came after {len(data)} bytes")
            data += part
        return bytes(data)

    def test_both_ways_at_once(self):
        ours, theirs = self.pair()
        there, here = os.urandom(5 << 20), os.urandom(3 << 20)
        sent = [self.background(lambda: ours.sendall(there)), self.background(lambda: theirs.sendall(here))]
        got = self.background(lambda: self.read(theirs, len(there)))
        self.assertEqual(self.read(ours, len(here)), here)
        self.assertEqual(got(), there)
        self.assertEqual([join() for join in sent], [None, None])

    def test_the_end(self):
        """What was written before it still arrives."""
        ours, theirs = self.pair()
        theirs.sendall(b"last words")
        theirs.close()
        self.assertEqual(self.read(ours, 10), b"last words")
        self.assertEqual(ours.recv(1), b"")
        with self.assertRaises(OSError):
            ours.sendall(b"x")
        ours.close()
        for use in (lambda: ours.recv(1), lambda: ours.sendall(b"x")):
            with self.assertRaises(ConnectionAbortedError):
                use()

    def test_silence(self):
        ours, theirs = self.pair()
        self.assertTrue(ours.silent())
        theirs.sendall(b"x")
        self.assertFalse(ours.silent())
        self.assertEqual(ours.recv(5), b"x")
        self.assertTrue(ours.silent())
        theirs.close()
        self.assertFalse(ours.silent())

    def test_a_time_out(self):
        ours, theirs = self.pair()
        ours.settimeout(0.01)
        for deed in (lambda: ours.recv(1), lambda: ours.sendall(b"x" * (8 << 20))):
            with self.assertRaises(TimeoutError):
                deed()
            self.assertIsInstance(self.background(deed)(), TimeoutError)

    def test_an_interrupt(self):
        for deed in (lambda end: end.recv(1), lambda end: end.sendall(b"x" * (8 << 20))):
            ours, theirs = self.pair()
            join = self.background(lambda: deed(ours))
            ours.interrupt()
            self.assertIsInstance(join(), ConnectionAbortedError)
            with self.assertRaises(ConnectionAbortedError):
                ours.recv(1)
            ours.close()
            ours.interrupt()
            theirs.close()

    def test_a_pipe_that_nobody_holds_is_closed(self):
        ours, theirs = self.pair()
        self._cleanups.pop()  # which holds it
        del ours
        self.assertEqual(theirs.recv(1), b"")

    def test_nobody(self):
        with self.assertRaises(transport.NotRunning):
            _pipe.connect(self.socket, 0)

    def test_a_busy_pipe_is_waited_for(self):
        listener = Listener(self.socket, most=1)
        first = _pipe.connect(self.socket, PATIENCE)
        theirs = listener.accept()
        with self.assertRaises(transport.Passing) as failed:
            _pipe.connect(self.socket, 0.01)
        self.assertNotIsInstance(failed.exception, transport.NotRunning)
        join = self.background(lambda: _pipe.connect(self.socket, PATIENCE))
        first.close()
        theirs.close()
        # The pipe was gone with its only instance, or is there again.
        again = Listener(self.socket)
        second = join()
        if isinstance(second, transport.NotRunning):
            second = _pipe.connect(self.socket, PATIENCE)
        second.close()
        again.close()

    def test_whose_it_is(self):
        ours, theirs = self.pair()
        user = _owner.current_user()
        self.assertRegex(user, r"^S-1-[0-9-]+$")
        self.assertEqual(_owner.owner(ours._opened()), user)
        self.assertEqual(_owner.owner(theirs._opened()), user)

    def test_somebody_elses_pipe(self):
        seen = []
        Fake(self, lambda peer, number: seen.append(peer.read()))
        with mock.patch.object(_pipe, "owner", lambda pipe: "S-1-5-21-1"):
            with self.code("UNAVAILABLE") as failed:
                self.client().ping()
        self.assertIn("belongs to user S-1-5-21-1", str(failed.error))
        self.assertEqual(seen, [])

    def test_the_pipe_is_inherited_by_nobody(self):
        ours, theirs = self.pair()
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
        ours.close()
        self.assertEqual(theirs.recv(1), b"")
        child.communicate(b"\n", timeout=PATIENCE)


@unittest.skipUnless(WINDOWS, "this is another system")
class System(Case):
    """What else Windows has of its own."""

    def test_the_start_lock(self):
        first = _windows.try_start_lock(self.socket)
        self.assertIsNone(_windows.try_start_lock(self.socket.upper()))
        other = _windows.try_start_lock(self.socket + "x")
        other.release()
        first.release()
        _windows.try_start_lock(self.socket).release()

    def test_the_lock_is_gone_with_its_process(self):
        hold = "import sys; from skylinedb import system; lock = system.try_start_lock(sys.argv[1]); print(lock is not None, flush=True); input()"
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        child = subprocess.Popen([sys.executable, "-c", hold, self.socket], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(child.stdout.readline().strip(), b"True")
        self.assertIsNone(_windows.try_start_lock(self.socket))
        child.kill()
        child.communicate(timeout=PATIENCE)
        _windows.try_start_lock(self.socket).release()

    def test_a_child_appends_as_well(self):
        log = os.path.join(self.root, "log")
        ours, theirs = _windows.open_to_append(log), _windows.open_to_append(log)
        try:
            os.write(ours, b"one\n")
            child = subprocess.Popen([sys.executable, "-c", "print('two', flush=True); input(); print('four')"], stdin=subprocess.PIPE, stdout=theirs)
            while os.path.getsize(log) < 8:
                self.assertIsNone(child.poll())
            os.write(ours, b"three\n")
            child.communicate(b"\n", timeout=PATIENCE)
        finally:
            os.close(ours)
            os.close(theirs)
        with open(log, encoding="utf-8") as text:
            self.assertEqual(text.read().split(), ["one", "two", "three", "four"])

    def test_a_log_that_is_open_is_put_aside_or_stays(self):
        log = os.path.join(self.root, "log")
        descriptor = _windows.open_to_append(log)
        os.close(descriptor)
        with open(log, encoding="utf-8"):  # which forbids to rename it
            _windows.put_aside(log)
            self.assertTrue(os.path.exists(log))
        _windows.put_aside(log)
        self.assertEqual(os.listdir(self.root), ["data", "log.old"])

    def test_a_killed_daemon_gives_no_reason(self):
        self.assertTrue(_windows.was_killed(1, "it said nothing"))
        self.assertTrue(_windows.was_killed(15, "time=now level=INFO msg=listening"))
        self.assertFalse(_windows.was_killed(2, "\u2717 Error: unknown flag: --no-such-flag"))
        self.assertFalse(_windows.was_killed(2, "panic: no"))

    def test_a_program(self):
        folder = os.path.join(self.root, "bin")
        os.mkdir(folder)
        program = os.path.join(folder, "some.exe")
        with open(program, "w", encoding="utf-8"):
            pass
        with mock.patch.dict(os.environ, PATH=f'.;"{folder}"'):
            for name in ("some", "some.exe", os.path.join(folder, "some"), program):
                self.assertEqual(_windows.find_program(name), program)
            self.assertIsNone(_windows.find_program("other"))
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(folder)
        with mock.patch.dict(os.environ, PATH="."):
            self.assertIsNone(_windows.find_program("some"))

    def test_there_is_a_place_for_the_log(self):
        with mock.patch.dict(os.environ, LOCALAPPDATA=""):
            with self.code("UNAVAILABLE", skylinedb.OperationalError) as failed:
                self.client(autostart=True).ping()
        self.assertIn("LOCALAPPDATA", str(failed.error))
