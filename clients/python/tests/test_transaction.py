import threading

import skylinedb

from .support import Case, DaemonCase, Fake


class Script(Case):
    def script(self, answer):
        """A daemon that begins, and answers everything else by a function."""
        seen = []

        def play(peer, number):
            while True:
                request = peer.read()
                if request is None:
                    seen.append(("end", number))
                    return
                seen.append((request["type"], number))
                if request["type"] == "Begin":
                    peer.ok(request, tx=f"tx-{number}", rev=1, epoch="e", idle_ms=5000, lease_ms=30000)
                else:
                    answer(peer, request)

        Fake(self, play)
        return seen

    def test_an_end_of_the_daemon(self):
        self.script(lambda peer, request: peer.fail(request, "SHUTTING_DOWN", retryable=True))
        tx = self.client().transaction("a.db")
        with self.code("TX_EXPIRED", skylinedb.OperationalError) as failed:
            tx.exec("DELETE FROM t")
        self.assertFalse(failed.error.retryable)
        self.assertFalse(tx.open)

    def test_an_end_that_the_block_passes_over(self):
        self.script(lambda peer, request: peer.fail(request, "TX_EXPIRED"))
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            with self.client().transaction("a.db") as tx:
                with self.code("TX_EXPIRED", skylinedb.OperationalError):
                    tx.exec("DELETE FROM t")
        with self.client().transaction("a.db") as tx:
            tx.rollback()

    def test_who_is_forgotten_hangs_up(self):
        ended = threading.Semaphore(0)

        def play(peer, number):
            peer.ok(peer.read(), tx="tx-1")
            if peer.read() is None:
                ended.release()

        Fake(self, play)
        tx = self.client().transaction("a.db")
        del tx
        self.assertTrue(ended.acquire(timeout=120))

    def test_a_rollback_whose_connection_is_lost(self):
        self.script(lambda peer, request: peer.end.close())
        tx = self.client().transaction("a.db")
        tx.rollback()
        self.assertFalse(tx.open)

    def test_after_its_end(self):
        self.script(lambda peer, request: peer.ok(request, rev=2, epoch="e"))
        with self.client().transaction("a.db") as tx:
            pass
        tx.rollback()
        for call in (lambda: tx.exec("DELETE FROM t"), lambda: tx.query("SELECT 1"), tx.commit):
            with self.code("MISUSE", skylinedb.ProgrammingError):
                call()

    def test_the_lease_is_asked_for(self):
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            peer.ok(request, tx="tx-1", idle_ms=1, lease_ms=2)

        Fake(self, play)
        tx = self.client().transaction("a.db", idle_ms=1, lease_ms=2, timeout_ms=3, sync="full", expect_rev=4)
        self.assertEqual((tx.idle_ms, tx.lease_ms), (1, 2))
        want = {"type": "Begin", "db": "a.db", "idle_ms": 1, "lease_ms": 2, "timeout_ms": 3, "sync": "full", "expect_rev": 4}
        self.assertEqual({n: v for n, v in seen[0].items() if n != "id"}, want)


class Real(DaemonCase):
    def setUp(self):
        super().setUp()
        self.c.exec("a.db", "CREATE TABLE t(n INTEGER PRIMARY KEY ON CONFLICT ROLLBACK, x UNIQUE)")

    def rows(self):
        return [n for (n,) in self.c.query("a.db", "SELECT n FROM t ORDER BY n")]

    def test_commit(self):
        with self.c.transaction("a.db") as tx:
            self.assertEqual((tx.rev, tx.idle_ms, tx.lease_ms), (1, 5000, 30000))
            done = tx.exec("INSERT INTO t(n) VALUES(?) RETURNING n", [1], results=True)
            self.assertEqual((done.rows_affected, done.last_insert_rowid, done.rev), (1, 1, None))
            self.assertEqual(done.results[0].rows, [(1,)])
            tx.exec_batch([skylinedb.Stmt("INSERT INTO t(n) VALUES(?)", param_rows=[[2], [3]])])
            self.assertEqual(list(tx.query("SELECT count(*) FROM t")), [(3,)])
            self.assertEqual(self.rows(), [])
        self.assertEqual(tx.rev, 2)
        self.assertEqual(self.rows(), [1, 2, 3])

    def test_rollback(self):
        with self.assertRaises(ZeroDivisionError):
            with self.c.transaction("a.db") as tx:
                tx.exec("INSERT INTO t(n) VALUES(1)")
                1 / 0
        self.assertFalse(tx.open)
        tx = self.c.transaction("a.db")
        tx.exec("INSERT INTO t(n) VALUES(1)")
        tx.rollback()
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.c.ping("a.db")["rev"], 1)

    def test_a_statement_that_fails_is_undone_alone(self):
        with self.c.transaction("a.db") as tx:
            tx.exec("INSERT INTO t(n, x) VALUES(1, 'a')")
            with self.code("SQL_ERROR", skylinedb.IntegrityError):
                tx.exec_batch(["INSERT INTO t(n) VALUES(2)", "INSERT INTO t(n, x) VALUES(3, 'a')"])
            self.assertTrue(tx.open)
            tx.exec("INSERT INTO t(n) VALUES(4)")
        self.assertEqual(self.rows(), [1, 4])

    def test_where_sqlite_rolls_everything_back(self):
        tx = self.c.transaction("a.db")
        tx.exec("INSERT INTO t(n) VALUES(1)")
        with self.code("SQL_ERROR", skylinedb.IntegrityError):
            tx.exec("INSERT INTO t(n) VALUES(1)")
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            tx.commit()
        self.assertEqual(self.rows(), [])

    def test_savepoints(self):
        with self.c.transaction("a.db") as tx:
            tx.exec("SAVEPOINT s")
            tx.exec("INSERT INTO t(n) VALUES(1)")
            tx.exec("ROLLBACK TO s")
            tx.exec("RELEASE s")
            tx.exec("INSERT INTO t(n) VALUES(2)")
        self.assertEqual(self.rows(), [2])

    def test_the_lease_ends(self):
        """The next writer gets its turn when the lease is over, so that this
        waits for that and for nothing else."""
        for lease in ({"idle_ms": 50}, {"lease_ms": 50}):
            with self.subTest(**lease):
                tx = self.c.transaction("a.db", **lease)
                tx.exec("INSERT INTO t(n) VALUES(1)")
                self.c.exec("a.db", "DELETE FROM t")
                with self.code("TX_EXPIRED", skylinedb.OperationalError):
                    tx.exec("INSERT INTO t(n) VALUES(2)")
                self.assertFalse(tx.open)
                tx.rollback()
                self.assertEqual(self.rows(), [])

    def test_a_commit_after_the_lease(self):
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            with self.c.transaction("a.db", idle_ms=50) as tx:
                tx.exec("INSERT INTO t(n) VALUES(1)")
                self.c.exec("a.db", "DELETE FROM t")
        self.assertEqual(self.rows(), [])

    def test_an_end_of_the_daemon(self):
        tx = self.c.transaction("a.db")
        tx.exec("INSERT INTO t(n) VALUES(1)")
        self.client().shutdown()
        self.assertEqual(self.process.wait(120), 0)
        self.process = self.start()
        # The next daemon is asked, and says that nothing was committed.
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            tx.commit()
        self.assertEqual(self.rows(), [])

    def test_beyond_a_frame(self):
        """Such a request never leaves, and the transaction goes on."""
        with self.c.transaction("a.db") as tx:
            with self.code("FRAME_TOO_LARGE", skylinedb.DataError):
                tx.exec("INSERT INTO t(x) VALUES(?)", ["x" * (17 << 20)])
            tx.exec("INSERT INTO t(n) VALUES(1)")
        self.assertEqual(self.rows(), [1])

    def test_expect_rev(self):
        with self.code("REV_MISMATCH", skylinedb.OperationalError):
            self.c.transaction("a.db", expect_rev=7)
        with self.c.transaction("a.db", expect_rev=1) as tx:
            tx.exec("INSERT INTO t(n) VALUES(1)")

    def test_an_early_stop_keeps_the_transaction(self):
        with self.c.transaction("a.db") as tx:
            tx.exec("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) INSERT INTO t SELECT n, 'row ' || n FROM c")
            rows = tx.query("SELECT a.n, b.x FROM t a, t b")
            next(rows)
            rows.close()
            rows = tx.query("SELECT n FROM t ORDER BY n")
            self.assertEqual(next(rows), (1,))
            tx.exec("DELETE FROM t WHERE n > 1")
            self.assertEqual(len(list(rows)), 19_999)
        self.assertEqual(self.rows(), [1])

    def test_one_at_a_time(self):
        """Transactions of several threads follow each other."""
        self.c.exec("a.db", "INSERT INTO t VALUES(1, 0)")
        failures = []

        def count():
            try:
                for _ in range(10):
                    with self.c.transaction("a.db") as tx:
                        ((x,),) = tx.query("SELECT x FROM t WHERE n = 1")
                        tx.exec("UPDATE t SET x = ? WHERE n = 1", [x + 1])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.one("a.db", "SELECT x FROM t WHERE n = 1"), 40)
