import os
import unittest

import skylinedb

from .support import PATIENCE, WINDOWS, Case, DaemonCase, Fake, Peer, RawFake, interrupt_main


class Batches(DaemonCase):
    def test_result(self):
        done = self.c.exec_batch("a.db", [
            "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
            ("INSERT INTO t(x) VALUES(?), (?)", [1, 2]),
            ("UPDATE t SET x = :x WHERE id = 1", {"x": 9}),
        ])
        self.assertEqual((done.rev, done.rows_affected, done.last_insert_rowid, done.replayed), (1, 3, 2, False))
        self.assertTrue(done.epoch)
        self.assertEqual(done.results, ())

    def test_results(self):
        self.c.exec("a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)")
        done = self.c.exec_batch("a.db", [
            skylinedb.Stmt("INSERT INTO t(x) VALUES(?) RETURNING id, x", param_rows=[["a"], ["b"]]),
            "DELETE FROM t WHERE id = 1",
            "SELECT x FROM t",
        ], results=True)
        first, second, third = done.results
        self.assertEqual((first.columns, first.types, first.rows), (("id", "x"), ("INTEGER", "TEXT"), [(1, "a"), (2, "b")]))
        self.assertEqual((second.columns, second.rows, second.rows_affected), (None, [], 1))
        self.assertEqual(third.rows, [("b",)])

    def test_the_default_database(self):
        self.c.exec(None, "CREATE TABLE t(x)")
        self.assertEqual(self.c.ping("data.db")["rev"], 1)

    def test_sql_error(self):
        self.c.exec("a.db", "CREATE TABLE t(x UNIQUE)")
        with self.code("SQL_ERROR", skylinedb.IntegrityError) as failed:
            self.c.exec_batch("a.db", ["INSERT INTO t VALUES(1)", "INSERT INTO t VALUES(1)"])
        error = failed.error
        self.assertEqual((error.sqlite_code, error.statement_index, error.retryable), ("SQLITE_CONSTRAINT_UNIQUE", 1, False))
        self.assertIn("UNIQUE constraint failed", str(error))
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM t"), 0)

    def test_none_tells_what_was_committed(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        with self.code("SQL_ERROR", skylinedb.ProgrammingError) as failed:
            self.c.exec_batch("a.db", ["INSERT INTO t VALUES(1)", "INSERT INTO u VALUES(1)"], tx="none")
        self.assertEqual((failed.error.reply["rev"], failed.error.reply["rows_affected"]), (2, 1))

    def test_other_errors(self):
        for code, cls, sql in [
            ("FORBIDDEN_STATEMENT", skylinedb.NotSupportedError, "ATTACH 'x' AS y"),
            ("INVALID_REQUEST", skylinedb.ProgrammingError, "SELECT ?"),
        ]:
            with self.subTest(code=code), self.code(code, cls):
                self.c.exec("a.db", sql, [1, 2] if "?" in sql else None)
        with self.code("INVALID_DATABASE_NAME", skylinedb.ProgrammingError):
            self.c.exec("../a.db", "SELECT 1")

    def test_statements_that_are_none(self):
        for stmts in ("SELECT 1", [b"SELECT 1"], [("SELECT ?", "x")], [skylinedb.Stmt("SELECT ?", [1], [[1]])], [(5, None)]):
            with self.subTest(stmts=stmts), self.code("MISUSE", skylinedb.ProgrammingError):
                self.c.exec_batch("a.db", stmts)
        with self.code("INVALID_REQUEST", skylinedb.ProgrammingError):
            self.c.exec_batch("a.db", [])

    def test_expect_rev(self):
        rev = self.c.exec("a.db", "CREATE TABLE t(x)").rev
        self.c.exec("a.db", "INSERT INTO t VALUES(1)", expect_rev=rev)
        with self.code("REV_MISMATCH", skylinedb.OperationalError):
            self.c.exec("a.db", "INSERT INTO t VALUES(1)", expect_rev=rev)

    def test_own_request_id(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        first = self.c.exec("a.db", "INSERT INTO t VALUES(1)", request_id="mine")
        again = self.c.exec("a.db", "INSERT INTO t VALUES(1)", request_id="mine")
        self.assertEqual((first.replayed, again.replayed, again.rev), (False, True, first.rev))
        with self.code("REQUEST_ID_REUSED", skylinedb.ProgrammingError):
            self.c.exec("a.db", "INSERT INTO t VALUES(2)", request_id="mine")
        self.c.exec("a.db", "DELETE FROM t", forget=["mine"])
        self.assertFalse(self.c.exec("a.db", "INSERT INTO t VALUES(2)", request_id="mine").replayed)

    def test_ids_are_forgotten(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        for n in range(300):
            self.c.exec("a.db", "INSERT INTO t VALUES(?)", [n])
        self.c.exec("a.db", "DELETE FROM t")
        # Those of the last two batches are left: the last one forgot all others.
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM _skylinedb_requests"), 1)

    def test_larger_than_a_frame(self):
        small = self.client(max_frame=4096)
        with self.code("FRAME_TOO_LARGE", skylinedb.DataError):
            small.exec("a.db", "SELECT ?", ["x" * 5000])
        with self.code("FRAME_TOO_LARGE", skylinedb.DataError):
            self.client(max_frame=64 << 20).exec("a.db", "SELECT ?", ["x" * (17 << 20)])
        small.ping()


class State(DaemonCase):
    def test_ping_and_status(self):
        self.assertEqual({n: self.c.ping()[n] for n in ("protocol", "dir")}, {"protocol": 1, "dir": self.dir})
        self.assertEqual(self.c.ping("new.db")["rev"], 0)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "new.db")))
        self.c.exec("a.db", "CREATE TABLE t(x)")
        status = self.c.status()
        self.assertEqual(status["pid"], self.process.pid)
        self.assertEqual([d["db"] for d in status["databases"]], ["a.db"])

    def test_maintenance(self):
        epoch = self.c.exec("a.db", "CREATE TABLE t(x)").epoch
        self.assertTrue(self.c.prepare("a.db")["checkpointed"])
        self.assertTrue(self.c.prepare("a.db")["already"])
        with self.code("DATABASE_PREPARING", skylinedb.OperationalError) as failed:
            self.c.exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertTrue(failed.error.retryable)
        closed = self.c.close_database("a.db", require_exclusive=True)
        self.assertEqual((closed["closed"], closed["readers_remaining"]), (True, False))
        with self.code("DATABASE_CLOSED"):
            self.c.exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertEqual(self.c.ping("a.db")["state"], "closed")
        reopened = self.c.reopen("a.db")
        self.assertEqual((reopened["reopened"], reopened["rev"], reopened["epoch"]), (True, 1, epoch))
        self.c.exec("a.db", "INSERT INTO t VALUES(1)")

    def test_shutdown_waits_for_the_end(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        self.c.shutdown()
        self.assertEqual(self.process.wait(PATIENCE), 0)
        with self.code("UNAVAILABLE", skylinedb.OperationalError):
            self.c.shutdown()

    def test_another_directory(self):
        with self.code("DIR_MISMATCH", skylinedb.OperationalError):
            self.client(dir=self.root).ping()
        if WINDOWS:
            other = self.dir.upper()
        else:
            other = os.path.join(self.root, "link")
            os.symlink(self.dir, other)
        self.client(dir=other).ping()

    def test_a_closed_client(self):
        self.c.close()
        with self.code("MISUSE", skylinedb.ProgrammingError):
            self.c.ping()

    @unittest.skipIf(WINDOWS, "there is no fork")
    def test_a_child_has_connections_of_its_own(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self.c.exec("a.db", "INSERT INTO t VALUES(1)")
                status = 0
            finally:
                os._exit(status)
        self.c.exec("a.db", "INSERT INTO t VALUES(2)")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM t"), 2)


class Nobody(Case):
    def test_no_daemon(self):
        with self.code("UNAVAILABLE", skylinedb.OperationalError) as failed:
            self.client(patience=0).ping()
        self.assertTrue(failed.error.retryable)

    @unittest.skipIf(WINDOWS, "a pipe is no file")
    def test_what_is_not_a_socket(self):
        with open(self.socket, "w"):
            pass
        with self.code("UNAVAILABLE") as failed:
            self.client(autostart=True).ping()
        self.assertIn("is not a socket", str(failed.error))

    @unittest.skipIf(WINDOWS, "a pipe is no file")
    def test_a_link_to_a_socket(self):
        Fake(self, lambda peer, number: None, path=self.socket + "2")
        os.symlink(self.socket + "2", self.socket)
        with self.code("UNAVAILABLE"):
            self.client().ping()

    @unittest.skipIf(WINDOWS, "test_pipe has this of a pipe")
    def test_somebody_elses_socket(self):
        Fake(self, lambda peer, number: None)
        if os.geteuid() == 0:
            os.chown(self.socket, 12345, -1)
        else:
            self.skipTest("only root can give a file away")
        with self.code("UNAVAILABLE") as failed:
            self.client().ping()
        self.assertIn("belongs to user 12345", str(failed.error))

    def test_a_path_that_is_too_long(self):
        with self.assertRaisesRegex(skylinedb.InterfaceError, "too long"):
            self.client(socket=self.socket + "x" * 300)

    def test_the_environment(self):
        os.environ.update(SKYLINEDB_SOCKET=self.socket, SKYLINEDB_DIR=self.dir, SKYLINEDB_AUTOSTART="0", SKYLINEDB_MAX_FRAME="64KiB")
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request["type"])
            peer.ok(request, pid=1)

        Fake(self, play)
        with skylinedb.Client() as client:
            client.status()
            with self.code("FRAME_TOO_LARGE"):
                client.exec(None, "x" * 70000)
        self.assertEqual(seen, ["Status"])
        for name in ("SKYLINEDB_AUTOSTART", "SKYLINEDB_MAX_FRAME"):
            os.environ[name] = "maybe"
            with self.subTest(name=name), self.assertRaisesRegex(skylinedb.InterfaceError, name):
                skylinedb.Client()
            del os.environ[name]

    def test_another_protocol(self):
        def serve(end):
            peer = Peer(end)
            peer.ok(peer.read(), protocol=2, dir=self.dir)
            peer.read()

        RawFake(self, self.socket, serve)
        with self.code("UNAVAILABLE") as failed:
            self.client().ping()
        self.assertIn("protocol 2", str(failed.error))

    def test_not_a_daemon(self):
        def serve(end):
            end.recv(1)
            end.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            while end.recv(1 << 16):
                pass

        RawFake(self, self.socket, serve)
        with self.code("UNAVAILABLE") as failed:
            self.client().ping()
        self.assertIn("not a SkylineDB daemon", str(failed.error))

    def test_an_interrupt_leaves_no_reply_behind(self):
        def play(peer, number):
            request = peer.read()
            if number == 0:
                interrupt_main()
                peer.read()  # until the client hangs up
            else:
                peer.ok(request, pid=number)

        Fake(self, play)
        client = self.client()
        with self.assertRaises(KeyboardInterrupt):
            client.status()
        self.assertEqual(client.status()["pid"], 1)
