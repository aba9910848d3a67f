import threading

import skylinedb

from .support import Case, DaemonCase, Fake


class Script(Case):
    def test_events(self):
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            peer.ok(request, subscribed=True, rev=43, epoch="e", state="open", more=True)
            peer.ok(request, event="commit", db="a.db", rev=43, epoch="e", missed=True, more=True)
            peer.ok(request, event="commit", db="a.db", rev=45, epoch="e", tables=["stars"], more=True)
            peer.ok(request, event="maintenance", db="a.db", change="replaced", rev=3, epoch="f", more=True)
            peer.read()

        Fake(self, play)
        with self.client().subscribe("a.db", rev=40, epoch="e") as events:
            self.assertEqual(events.state, "open")
            self.assertEqual([next(events) for _ in range(3)], [
                skylinedb.Event("commit", "a.db", 43, "e", missed=True),
                skylinedb.Event("commit", "a.db", 45, "e", ("stars",)),
                skylinedb.Event("maintenance", "a.db", 3, "f", change="replaced"),
            ])
            self.assertEqual((events.rev, events.epoch), (3, "f"))
        self.assertEqual(list(events), [])
        self.assertEqual({n: v for n, v in seen[0].items() if n != "id"}, {"type": "Subscribe", "db": "a.db", "rev": 40, "epoch": "e"})

    def test_it_connects_again_with_what_it_knows(self):
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            peer.ok(request, subscribed=True, rev=5 + number, epoch="e", state="open", more=True)
            peer.ok(request, event="commit", db="a.db", rev=6 + number, epoch="e", tables=["t"], more=True)
            if number == 0:
                return  # the connection is lost
            if number == 1:
                peer.fail(request, "SHUTTING_DOWN")
            peer.read()

        Fake(self, play)
        with self.client().subscribe("a.db") as events:
            self.assertEqual([next(events).rev for _ in range(3)], [6, 7, 8])
        self.assertEqual([r.get("rev") for r in seen], [None, 6, 7])

    def test_all_databases(self):
        """After a loss nobody knows what was missed."""
        seen = []

        def play(peer, number):
            request = peer.read()
            seen.append(request)
            peer.ok(request, subscribed=True, more=True)
            peer.ok(request, event="commit", db="b.db", rev=number, epoch="e", tables=["t"], more=True)
            if number > 0:
                peer.read()

        Fake(self, play)
        with self.client().subscribe() as events:
            self.assertEqual([next(events) for _ in range(3)], [
                skylinedb.Event("commit", "b.db", 0, "e", ("t",)),
                skylinedb.Event("commit", None, missed=True),
                skylinedb.Event("commit", "b.db", 1, "e", ("t",)),
            ])
        self.assertEqual([set(r) for r in seen], [{"id", "type"}] * 2)

    def test_a_failure(self):
        def play(peer, number):
            peer.fail(peer.read(), "INVALID_DATABASE_NAME")

        Fake(self, play)
        with self.code("INVALID_DATABASE_NAME"):
            self.client().subscribe("../a.db")

    def test_close_from_another_thread(self):
        def play(peer, number):
            request = peer.read()
            peer.ok(request, subscribed=True, rev=1, epoch="e", state="open", more=True)
            peer.ok(request, event="commit", db="a.db", rev=2, epoch="e", more=True)
            peer.read()

        Fake(self, play)
        events = self.client().subscribe("a.db")
        first = threading.Semaphore(0)
        seen = []

        def read():
            for event in events:
                seen.append(event.rev)
                first.release()

        thread = threading.Thread(target=read)
        thread.start()
        self.assertTrue(first.acquire(timeout=120))
        events.close()
        thread.join(120)
        self.assertFalse(thread.is_alive())
        self.assertEqual(seen, [2])


class Real(DaemonCase):
    def test_commits_and_maintenance(self):
        rev = self.c.exec("a.db", "CREATE TABLE t(x)").rev
        with self.c.subscribe("a.db") as events:
            self.assertEqual((events.rev, events.state), (rev, "open"))
            done = self.c.exec("a.db", "INSERT INTO t VALUES(1)")
            event = next(events)
            self.assertEqual((event.event, event.db, event.rev, event.epoch, event.tables), ("commit", "a.db", done.rev, done.epoch, ("t",)))
            self.c.prepare("a.db")
            self.c.close_database("a.db")
            self.c.reopen("a.db")
            self.assertEqual([next(events).change for _ in range(3)], ["preparing", "closed", "reopened"])

    def test_what_was_missed(self):
        first = self.c.exec("a.db", "CREATE TABLE t(x)")
        last = self.c.exec("a.db", "INSERT INTO t VALUES(1)")
        with self.c.subscribe("a.db", rev=first.rev, epoch=first.epoch) as events:
            event = next(events)
            self.assertEqual((event.rev, event.missed, event.tables), (last.rev, True, ()))
        with self.c.subscribe("a.db", rev=last.rev, epoch=last.epoch) as events:
            self.c.exec("a.db", "INSERT INTO t VALUES(2)")
            self.assertFalse(next(events).missed)

    def test_a_killed_daemon(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        with self.c.subscribe("a.db") as events:
            self.kill()
            self.process = self.start()
            done = self.c.exec("a.db", "INSERT INTO t VALUES(1)")
            event = next(events)
            self.assertEqual((event.event, event.rev), ("commit", done.rev))

    def test_all_databases(self):
        self.c.exec("a.db", "CREATE TABLE t(x)")
        with self.c.subscribe() as events:
            self.c.exec("b.db", "CREATE TABLE u(x)")
            self.assertEqual(next(events).db, "b.db")
            self.c.exec("a.db", "INSERT INTO t VALUES(1)")
            event = next(events)
            self.assertEqual((event.db, event.tables), ("a.db", ("t",)))
