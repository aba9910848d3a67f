import threading

import skylinedb

from .support import Case, DaemonCase, Fake, Proxy


class Script(Case):
    """What the client makes of replies, by a daemon that follows a script."""

    def test_a_lost_reply_is_asked_for_with_the_same_id(self):
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            if number > 1:
                peer.ok(request, rev=1, rows_affected=1, replayed=True)

        Fake(self, play)
        self.assertTrue(self.client().exec("a.db", "INSERT INTO t VALUES(1)").replayed)
        self.assertEqual(len(seen), 3)
        self.assertTrue(seen[0]["request_id"])
        self.assertEqual(seen[0], seen[2])

    def test_not_now_is_asked_again(self):
        seen = []

        def play(peer, number):
            for code, fields in [("QUEUE_FULL", {}), ("IO_ERROR", {"retryable": True}), ("SHUTTING_DOWN", {})]:
                request = peer.read()
                if request is None:
                    return
                seen.append((number, request["request_id"]))
                if number == 1:
                    peer.ok(request, rev=1)
                else:
                    peer.fail(request, code, **fields)

        Fake(self, play)
        self.client().exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertEqual([number for number, _ in seen], [0, 0, 0, 1])
        self.assertEqual(len({id for _, id in seen}), 1)

    def test_in_doubt(self):
        """After a lost reply only some codes tell that nothing was executed."""
        for code, want in [("DATABASE_CLOSED", "UNAVAILABLE"), ("TIMEOUT", "UNAVAILABLE"), ("SQL_ERROR", "SQL_ERROR"), ("REV_MISMATCH", "REV_MISMATCH")]:
            with self.subTest(code=code):
                def play(peer, number, code=code):
                    request = peer.read()
                    if number > 0:
                        peer.fail(request, code)

                path = self.socket + code
                Fake(self, play, path=path)
                with self.code(want):
                    self.client(socket=path).exec("a.db", "INSERT INTO t VALUES(1)")

    def test_patience_ends(self):
        def play(peer, number):
            peer.read()

        Fake(self, play)
        with self.code("UNAVAILABLE") as failed:
            self.client(patience=0.05).exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertIn("may or may not", str(failed.error))

    def test_what_is_forgotten(self):
        """An id goes with the next batch once its reply has come, but not
        where a copy of the batch may still be on its way."""
        seen = []

        def play(peer, number):
            while True:
                request = peer.read()
                if request is None:
                    return
                seen.append(request)
                n = len(seen)
                if n == 2:  # the second batch's reply is lost
                    return
                if n == 4:
                    peer.fail(request, "SQL_ERROR")
                else:
                    peer.ok(request, rev=n)

        Fake(self, play)
        client = self.client()
        client.exec("a.db", "1")
        client.exec("a.db", "2")
        with self.code("SQL_ERROR"):
            client.exec("a.db", "3")
        client.exec("a.db", "4", forget=["mine"])
        client.exec("b.db", "5")
        client.exec("a.db", "6")
        ids = [r["request_id"] for r in seen]
        self.assertEqual([r.get("forget") for r in seen], [None, [ids[0]], [ids[0]], None, ["mine"], None, [ids[4]]])

    def test_what_is_forgotten_makes_no_batch_too_large(self):
        seen = []

        def play(peer, number):
            while True:
                request = peer.read()
                if request is None:
                    return
                seen.append(request)
                peer.ok(request, rev=1)

        Fake(self, play)
        client = self.client(max_frame=1024)
        client.exec("a.db", "1")
        client.exec("a.db", "x" * 880)
        client.exec("a.db", "3")
        ids = [r["request_id"] for r in seen]
        self.assertEqual([r.get("forget") for r in seen], [None, None, ids[:2]])

    def test_a_lost_commit_is_asked_for(self):
        for last, want in [("ok", None), ("TX_EXPIRED", "TX_EXPIRED"), ("DATABASE_CLOSED", "UNAVAILABLE")]:
            with self.subTest(last=last):
                seen = []

                def play(peer, number, last=last, seen=seen):
                    while True:
                        request = peer.read()
                        if request is None:
                            return
                        seen.append(request)
                        if request["type"] == "Begin":
                            peer.ok(request, tx="tx-1", rev=1, epoch="e")
                        elif request["type"] == "Commit" and number == 0:
                            return
                        elif last == "ok":
                            peer.ok(request, rev=2, epoch="e", replayed=True)
                        else:
                            peer.fail(request, last)

                path = self.socket + last
                Fake(self, play, path=path)
                tx = self.client(socket=path).transaction("a.db")
                if want is None:
                    tx.commit()
                    self.assertEqual(tx.rev, 2)
                else:
                    with self.code(want):
                        tx.commit()
                self.assertEqual([r["type"] for r in seen], ["Begin", "Commit", "Commit"])
                self.assertEqual(seen[1], seen[2])
                self.assertFalse(tx.open)

    def test_a_commit_that_finds_the_queue_full_keeps_its_connection(self):
        seen = []

        def play(peer, number):
            while True:
                request = peer.read()
                if request is None:
                    return
                seen.append((number, request["type"]))
                if request["type"] == "Begin":
                    peer.ok(request, tx="tx-1", rev=1, epoch="e")
                elif len(seen) == 2:
                    peer.fail(request, "QUEUE_FULL")
                else:
                    peer.ok(request, rev=2, epoch="e")

        Fake(self, play)
        with self.client().transaction("a.db"):
            pass
        self.assertEqual(seen, [(0, "Begin"), (0, "Commit"), (0, "Commit")])


class Killed(DaemonCase):
    """The daemon is killed as kill -9 does it."""

    def setUp(self):
        super().setUp()
        self.real = self.socket
        self.front = self.socket + "p"
        self.c.exec("a.db", "CREATE TABLE t(n)")

    def lose(self, kinds):
        """Kills the daemon when it has answered the first request of each of
        these kinds, and starts the next; its reply is lost."""
        left = list(kinds)

        def lose(request, reply):
            if request["type"] not in left:
                return False
            left.remove(request["type"])
            self.kill()
            self.process = self.start(self.real)
            self.client(socket=self.real).ping()
            return True

        Proxy(self, self.front, self.real, lose)
        return left

    def test_a_batch_whose_reply_is_lost(self):
        left = self.lose(["ExecBatch"])
        done = self.client(socket=self.front).exec("a.db", "INSERT INTO t VALUES(1)")
        self.assertEqual(left, [])
        self.assertTrue(done.replayed)
        self.assertEqual((done.rev, done.rows_affected), (2, 1))
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM t"), 1)

    def test_a_commit_whose_reply_is_lost(self):
        left = self.lose(["Commit"])
        with self.client(socket=self.front).transaction("a.db") as tx:
            tx.exec("INSERT INTO t VALUES(1)")
        self.assertEqual(left, [])
        self.assertEqual(tx.rev, 2)
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM t"), 1)

    def test_a_transaction_that_is_cut(self):
        left = self.lose(["ExecBatch"])
        tx = self.client(socket=self.front).transaction("a.db")
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            tx.exec("INSERT INTO t VALUES(1)")
        self.assertEqual(left, [])
        self.assertFalse(tx.open)
        tx.rollback()
        self.assertEqual(self.one("a.db", "SELECT count(*) FROM t"), 0)

    def test_a_connection_that_is_cut_before_the_reply(self):
        """The commit and the end of its connection race; whoever wins, the
        client's word is true."""
        seen = set()

        def cut(request):
            first = request.get("request_id") not in seen
            seen.add(request.get("request_id"))
            return first and "request_id" in request

        Proxy(self, self.front, self.real, cut=cut)
        client = self.client(socket=self.front)
        committed = []
        for n in range(0, 60, 2):
            try:
                with client.transaction("a.db") as tx:
                    tx.exec("INSERT INTO t VALUES(?)", [n])
                committed.append(n)
            except skylinedb.OperationalError as error:
                self.assertEqual(error.code, "TX_EXPIRED")
            client.exec("a.db", "INSERT INTO t VALUES(?)", [n + 1])
            committed.append(n + 1)
        rows = self.c.exec("a.db", "SELECT n FROM t ORDER BY rowid", results=True).results[0].rows
        self.assertEqual([n for (n,) in rows], committed)

    def test_many_writers_and_many_kills(self):
        """Every batch happens once, however often the daemon dies."""
        writers, each, kills = 4, 40, 5
        done = threading.Semaphore(0)
        failures = []

        def write(client, writer):
            try:
                for n in range(each):
                    client.exec("a.db", "INSERT INTO t VALUES(?)", [writer * each + n])
                    done.release()
            except BaseException as error:
                failures.append(error)
                for _ in range(each):
                    done.release()

        client = self.client()
        threads = [threading.Thread(target=write, args=(client, w)) for w in range(writers)]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            for _ in range(writers * each // (kills + 1)):
                done.acquire()
            self.kill()
            self.process = self.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.one("a.db", "SELECT count(*) || ' ' || count(DISTINCT n) || ' ' || max(n) FROM t"), f"{writers * each} {writers * each} {writers * each - 1}")
