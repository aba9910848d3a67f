import threading

import skylinedb

from .support import Case, DaemonCase, Fake


class Script(Case):
    def test_frames_are_put_together(self):
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            peer.ok(request, columns=["a", "b"], types=["INTEGER", ""], rows=[[1, None]], more=True)
            peer.ok(request, rows=[], more=True)
            peer.ok(request, rows=[[{"$int": str(2**62)}, {"$blob": "AAE="}]], more=True)
            peer.ok(request, rev=7, epoch="e", row_count=2, truncated=True)
            peer.ok(peer.read(), pid=1)  # the connection is used on

        Fake(self, play)
        client = self.client()
        rows = client.query("a.db", "SELECT 1", [5], limit=2, min_rev=3, timeout_ms=9)
        self.assertEqual((rows.columns, rows.types, rows.rev), (("a", "b"), ("INTEGER", ""), None))
        self.assertEqual(list(rows), [(1, None), (2**62, b"\0\1")])
        self.assertEqual((rows.rev, rows.epoch, rows.row_count, rows.truncated), (7, "e", 2, True))
        self.assertEqual(list(rows), [])
        client.status()
        want = {"type": "Query", "db": "a.db", "sql": "SELECT 1", "params": [5], "limit": 2, "min_rev": 3, "timeout_ms": 9}
        self.assertEqual({n: v for n, v in seen[0].items() if n != "id"}, want)

    def test_a_stream_that_fails(self):
        def play(peer, number):
            request = peer.read()
            peer.ok(request, columns=["a"], types=[""], rows=[[1]], more=True)
            peer.fail(request, "SNAPSHOT_TOO_LONG")
            peer.ok(peer.read(), pid=1)

        Fake(self, play)
        client = self.client()
        rows = client.query("a.db", "SELECT 1")
        self.assertEqual(next(rows), (1,))
        for _ in range(2):
            with self.code("SNAPSHOT_TOO_LONG", skylinedb.OperationalError):
                next(rows)
        client.status()

    def test_a_stream_that_is_cut(self):
        def play(peer, number):
            request = peer.read()
            peer.ok(request, columns=["a"], types=[""], rows=[[number]], more=True)

        Fake(self, play)
        rows = self.client().query("a.db", "SELECT 1")
        self.assertEqual(next(rows), (0,))
        with self.code("UNAVAILABLE"):
            next(rows)

    def test_before_the_first_frame_it_is_asked_again(self):
        def play(peer, number):
            request = peer.read()
            if number > 0:
                peer.ok(request, columns=["a"], types=[""], rows=[[number]], row_count=1)

        Fake(self, play)
        self.assertEqual(list(self.client().query("a.db", "SELECT 1")), [(1,)])

    def test_who_stops_early_hangs_up(self):
        ended = threading.Semaphore(0)

        def play(peer, number):
            request = peer.read()
            peer.ok(request, columns=["a"], types=[""], rows=[[1], [2]], more=True)
            if peer.read() is None:
                ended.release()

        Fake(self, play)
        client = self.client()
        with client.query("a.db", "SELECT 1") as rows:
            self.assertEqual(next(rows), (1,))
        with self.code("MISUSE", skylinedb.InterfaceError):
            next(rows)
        rows = client.query("a.db", "SELECT 1")
        del rows
        for row in client.query("a.db", "SELECT 1"):
            break
        for _ in range(3):
            self.assertTrue(ended.acquire(timeout=120))

    def test_in_a_transaction_it_is_cancelled(self):
        seen = []

        def play(peer, number):
            while True:
                request = peer.read()
                if request is None:
                    return
                seen.append(request)
                if request["type"] == "Begin":
                    peer.ok(request, tx="tx-1")
                elif request["type"] == "Query":
                    peer.ok(request, columns=["a"], types=[""], rows=[[1]], more=True)
                    query = request
                elif request["type"] == "Cancel":
                    peer.ok(query, rows=[[2]], more=True)
                    peer.fail(query, "CANCELLED")
                    peer.ok(request, cancelled=True)
                else:
                    peer.ok(request)

        Fake(self, play)
        with self.client().transaction("a.db") as tx:
            for row in tx.query("SELECT 1"):
                self.assertEqual(row, (1,))
                break
            rows = tx.query("SELECT 1")
            rows.close()
            tx.exec("DELETE FROM t")
        self.assertEqual([r["type"] for r in seen][-4:], ["Query", "Cancel", "ExecBatch", "Commit"])
        self.assertEqual(seen[-3]["target"], seen[-4]["id"])

    def test_in_a_transaction_the_next_request_waits_for_the_rows(self):
        def play(peer, number):
            query = None
            while True:
                request = peer.read()
                if request is None:
                    return
                if request["type"] == "Query":
                    query = request
                    peer.ok(request, columns=["a"], types=[""], rows=[[1]], more=True)
                    peer.ok(query, rows=[[2]], more=True)
                    peer.ok(query, rows=[[3]], row_count=3)
                else:
                    peer.ok(request, tx="tx-1", rows_affected=5)

        Fake(self, play)
        with self.client().transaction("a.db") as tx:
            rows = tx.query("SELECT 1")
            self.assertEqual(next(rows), (1,))
            self.assertEqual(tx.exec("DELETE FROM t").rows_affected, 5)
            self.assertEqual(list(rows), [(2,), (3,)])
            self.assertEqual(rows.row_count, 3)


class Real(DaemonCase):
    MANY = 20_000

    def setUp(self):
        super().setUp()
        self.c.exec_batch("a.db", [
            "CREATE TABLE t(n INTEGER PRIMARY KEY, name TEXT, x)",
            skylinedb.Stmt("INSERT INTO t(n, name) VALUES(?, ?)", param_rows=([n, f"the star number {n}"] for n in range(self.MANY))),
        ])

    def test_a_large_result(self):
        rows = self.c.query("a.db", "SELECT n, name, n + 1 AS m FROM t ORDER BY n")
        self.assertEqual((rows.columns, rows.types), (("n", "name", "m"), ("INTEGER", "TEXT", "")))
        self.assertEqual([n for n, _, _ in rows], list(range(self.MANY)))
        self.assertEqual((rows.rev, rows.row_count, rows.truncated), (1, self.MANY, False))

    def test_nothing_found(self):
        rows = self.c.query("a.db", "SELECT n FROM t WHERE n < 0")
        self.assertEqual((rows.columns, list(rows), rows.row_count), (("n",), [], 0))

    def test_parameters_and_limit(self):
        rows = self.c.query("a.db", "SELECT n FROM t WHERE n >= :n ORDER BY n", {"n": 10}, limit=3)
        self.assertEqual(list(rows), [(10,), (11,), (12,)])
        self.assertTrue(rows.truncated)

    def test_early_stop(self):
        """Which frees the snapshot: the log can be emptied."""
        rows = self.c.query("a.db", "SELECT n, name FROM t a, (SELECT 1 FROM t) b")
        self.assertEqual(next(rows)[0], 0)
        rows.close()
        self.c.exec("a.db", "INSERT INTO t(name) VALUES('late')")
        self.c.prepare("a.db")
        self.c.reopen("a.db")

    def test_one_snapshot(self):
        rows = self.c.query("a.db", "SELECT n FROM t")
        next(rows)
        self.c.exec("a.db", "DELETE FROM t")
        self.assertEqual(len(list(rows)), self.MANY - 1)
        self.assertEqual(rows.rev, 1)

    def test_min_rev(self):
        rev = self.c.exec("a.db", "DELETE FROM t").rev
        rows = self.client().query("a.db", "SELECT count(*) FROM t", min_rev=rev)
        self.assertEqual(list(rows), [(0,)])
        with self.code("TIMEOUT", skylinedb.OperationalError):
            self.c.query("a.db", "SELECT 1", min_rev=rev + 1, timeout_ms=50)

    def test_refusals(self):
        for code, cls, db, sql in [
            ("FORBIDDEN_STATEMENT", skylinedb.NotSupportedError, "a.db", "DELETE FROM t"),
            ("FORBIDDEN_STATEMENT", skylinedb.NotSupportedError, "a.db", "WITH x AS (SELECT 1) DELETE FROM t"),
            ("NO_DATABASE", skylinedb.OperationalError, "new.db", "SELECT 1"),
            ("SQL_ERROR", skylinedb.ProgrammingError, "a.db", "SELECT nothing FROM t"),
        ]:
            with self.subTest(sql=sql), self.code(code, cls):
                list(self.c.query(db, sql))
