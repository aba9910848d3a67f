import os
import shutil
import stat
import subprocess
import sys
import threading
import time
import unittest

import skylinedb
from skylinedb import settings, system

from .support import KILL, PATIENCE, WINDOWS, Case, daemon_program, ended

STARTER = """
import sys
import skylinedb
sys.stdin.readline()
with skylinedb.Client(sys.argv[1], sys.argv[2]) as client:
    client.exec("a.db", "CREATE TABLE IF NOT EXISTS t(n)")
    client.exec("a.db", "INSERT INTO t VALUES(?)", [int(sys.argv[3])])
    print(client.status()["pid"])
"""


class Autostart(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.shutdown)

    def shutdown(self):
        """Ends whatever daemon is left, and waits for its end."""
        try:
            client = skylinedb.Client(self.dir, self.socket, autostart=False, patience=0)
            pid = client.status()["pid"]
            client.shutdown()
        except skylinedb.OperationalError:
            return
        self.await_end(pid)

    def await_end(self, pid):
        deadline = time.monotonic() + PATIENCE
        while not ended(pid):
            self.assertLess(time.monotonic(), deadline, f"process {pid} is still there")
            time.sleep(0.01)

    def test_the_first_call_starts_a_daemon(self):
        client = self.client(autostart=True)
        client.exec("a.db", "CREATE TABLE t(n)")
        self.assertEqual(client.ping()["dir"], self.dir)
        log = settings.log_path(self.socket)
        self.assertGreater(os.path.getsize(log), 0)
        if WINDOWS:
            self.assertEqual(os.path.dirname(log), os.path.join(self.root, "SkylineDB"))
        else:
            self.assertEqual(stat.S_IMODE(os.stat(log).st_mode), 0o600)

    @unittest.skipIf(WINDOWS, "test_a_console_is_not_the_daemons has this of a console")
    def test_the_daemon_has_a_session_of_its_own(self):
        pid = self.client(autostart=True).status()["pid"]
        self.assertEqual(os.getsid(pid), pid)

    @unittest.skipUnless(WINDOWS, "there are no consoles")
    def test_a_console_is_not_the_daemons(self):
        pid = self.client(autostart=True).status()["pid"]
        attach = "import ctypes, sys; k = ctypes.WinDLL('kernel32', use_last_error=True); k.FreeConsole(); print(k.AttachConsole(int(sys.argv[1])), ctypes.get_last_error())"
        said = subprocess.run([sys.executable, "-c", attach, str(pid)], stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertEqual(said.split(), ["0", "6"])  # it has none: ERROR_INVALID_HANDLE

    def test_many_processes_start_one(self):
        many = 8
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        programs = [
            subprocess.Popen([sys.executable, "-c", STARTER, self.dir, self.socket, str(n)], env=env,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for n in range(many)
        ]
        for program in programs:
            program.stdin.write("go\n")
            program.stdin.flush()
        answers = [program.communicate(timeout=PATIENCE) for program in programs]
        self.assertEqual([err for _, err in answers], [""] * many)
        self.assertEqual(len({out for out, _ in answers}), 1, answers)
        with open(settings.log_path(self.socket), encoding="utf-8") as log:
            self.assertNotIn("another daemon instance", log.read())
        done = self.client().exec("a.db", "SELECT count(DISTINCT n) FROM t", results=True)
        self.assertEqual(done.results[0].rows, [(many,)])

    def test_many_threads_start_one(self):
        client = self.client(autostart=True)
        pids, failures = set(), []
        barrier = threading.Barrier(8)

        def call():
            try:
                barrier.wait(PATIENCE)
                pids.add(client.status()["pid"])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(failures, [])
        self.assertEqual(len(pids), 1)

    def test_after_a_kill_the_next_is_started(self):
        client = self.client(autostart=True)
        client.exec("a.db", "CREATE TABLE t(n)")
        pid = client.status()["pid"]
        os.kill(pid, KILL)
        self.await_end(pid)
        client.exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertNotEqual(client.status()["pid"], pid)

    def test_settings_reach_the_daemon(self):
        client = self.client(autostart=True, max_frame=8192, daemon_args=("--log-level", "debug"), daemon_env={"SKYLINEDB_LOG_FORMAT": "json"})
        client.ping()
        with open(settings.log_path(self.socket), encoding="utf-8") as log:
            self.assertIn("{", log.readline())
        with self.code("FRAME_TOO_LARGE"):
            self.client().exec("a.db", "SELECT ?", ["x" * 10000])

    def test_a_daemon_that_cannot_start(self):
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True, daemon_args=("--no-such-flag",)).ping()
        self.assertIn("as soon as it was started", str(failed.error))
        self.assertIn("no-such-flag", str(failed.error))
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True, daemon=os.path.join(self.root, "nothing")).ping()
        self.assertIn("is not a program", str(failed.error))
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True, dir=os.path.join(self.root, "nowhere")).ping()
        self.assertIn("is not a directory", str(failed.error))

    def test_the_program_is_found_in_path(self):
        program = os.environ.pop("SKYLINEDB_DAEMON")
        programs = os.path.join(self.root, "bin")
        os.mkdir(programs)
        os.environ["PATH"] = programs  # alone: another may be installed
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True).ping()
        self.assertIn("SKYLINEDB_DAEMON", str(failed.error))
        shutil.copy(program, programs)
        self.client(autostart=True).ping()

    @unittest.skipIf(WINDOWS, "a mutex is no file")
    def test_a_lock_that_is_no_file(self):
        os.symlink("/nowhere", self.socket + ".start.lock")
        with self.code("UNAVAILABLE"):
            self.client(autostart=True).ping()
        self.assertFalse(os.path.exists("/nowhere"))

    def test_a_log_that_is_a_link(self):
        other = os.path.join(self.root, "other")
        log = settings.log_path(self.socket)
        os.makedirs(os.path.dirname(log))
        try:
            os.symlink(other, log)
        except OSError:
            if not WINDOWS:
                raise
        if not os.path.islink(log):
            self.skipTest("Wine makes no links, and Windows only for those who may")
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True).ping()
        self.assertIn("not a regular file", str(failed.error))
        self.assertFalse(os.path.exists(other))

    def test_a_daemon_that_comes_up_too_late(self):
        """It has ended when the client goes on with another."""
        late = os.path.join(self.root, "late")
        script = os.path.join(os.path.dirname(__file__), "late.py")
        slow = {"daemon": sys.executable, "daemon_args": (script, daemon_program(), late)}
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.client(autostart=True, **slow).status()["pid"]))
        thread.start()
        while not os.path.exists(late + ".waits"):
            time.sleep(0.01)
        process = subprocess.Popen([daemon_program(), "--socket", self.socket, self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **system.DETACHED)
        for _ in range(30):
            self.client().ping()
            time.sleep(0.005)
        self.assertEqual(answers, [])
        with open(late + ".goes", "w", encoding="utf-8"):
            pass
        thread.join(PATIENCE)
        self.assertEqual(answers, [process.pid])
        with open(settings.log_path(self.socket), encoding="utf-8") as log:
            self.assertIn("another daemon instance is already running", log.read())
        self.client().shutdown()
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_somebody_else_starts_it(self):
        """While another holds the start lock, a client waits for its daemon."""
        lock = system.try_start_lock(self.socket)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.client(autostart=True).status()["pid"]))
        thread.start()
        process = subprocess.Popen([daemon_program(), "--socket", self.socket, self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **system.DETACHED)
        thread.join(PATIENCE)
        lock.release()
        self.assertEqual(answers, [process.pid])
        self.client().shutdown()
        self.assertEqual(process.wait(PATIENCE), 0)
