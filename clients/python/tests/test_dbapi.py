import datetime
import math
import time
import unittest

import skylinedb

from .support import Case, DaemonCase


class Module(unittest.TestCase):
    def test_globals(self):
        self.assertEqual((skylinedb.apilevel, skylinedb.threadsafety, skylinedb.paramstyle), ("2.0", 1, "qmark"))

    def test_exceptions(self):
        tree = {
            "Warning": Exception, "Error": Exception, "InterfaceError": skylinedb.Error, "DatabaseError": skylinedb.Error,
            "DataError": skylinedb.DatabaseError, "OperationalError": skylinedb.DatabaseError, "IntegrityError": skylinedb.DatabaseError,
            "InternalError": skylinedb.DatabaseError, "ProgrammingError": skylinedb.DatabaseError, "NotSupportedError": skylinedb.DatabaseError,
        }
        for name, base in tree.items():
            with self.subTest(name=name):
                self.assertEqual(getattr(skylinedb, name).__bases__, (base,))
                self.assertIs(getattr(skylinedb.Connection, name), getattr(skylinedb, name))

    def test_constructors(self):
        self.assertEqual(skylinedb.Date(2026, 1, 2), datetime.date(2026, 1, 2))
        self.assertEqual(skylinedb.Time(3, 4, 5), datetime.time(3, 4, 5))
        self.assertEqual(skylinedb.Timestamp(2026, 1, 2, 3, 4, 5), datetime.datetime(2026, 1, 2, 3, 4, 5))
        self.assertEqual(skylinedb.Binary(b"a"), b"a")
        ticks = time.mktime((2026, 1, 2, 3, 4, 5, 0, 0, -1))
        self.assertEqual(skylinedb.DateFromTicks(ticks), datetime.date(2026, 1, 2))
        self.assertEqual(skylinedb.TimeFromTicks(ticks), datetime.time(3, 4, 5))
        self.assertEqual(skylinedb.TimestampFromTicks(ticks), datetime.datetime(2026, 1, 2, 3, 4, 5))

    def test_type_objects(self):
        kinds = {
            "INTEGER": [skylinedb.NUMBER, skylinedb.ROWID], "bigint": [skylinedb.NUMBER], "REAL": [skylinedb.NUMBER],
            "NUMERIC(10,2)": [skylinedb.NUMBER], "BOOLEAN": [skylinedb.NUMBER], "TEXT": [skylinedb.STRING],
            "VARCHAR(20)": [skylinedb.STRING], "BLOB": [skylinedb.BINARY], "DATE": [skylinedb.DATETIME],
            "TIMESTAMP": [skylinedb.DATETIME], "": [],
        }
        every = [skylinedb.STRING, skylinedb.BINARY, skylinedb.NUMBER, skylinedb.DATETIME, skylinedb.ROWID]
        for code, want in kinds.items():
            with self.subTest(code=code):
                self.assertEqual([t for t in every if code == t], [t for t in every if any(t is w for w in want)])


class DB(DaemonCase):
    def setUp(self):
        super().setUp()
        self.db = self.connect()
        self.db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, x)")
        self.db.commit()

    def connect(self, **options):
        db = skylinedb.connect("a.db", dir=self.dir, socket=self.socket, autostart=False, **options)
        self.addCleanup(db.close)
        return db

    def count(self):
        """As somebody else sees it, who waits for no writer."""
        return list(self.c.query("a.db", "SELECT count(*) FROM t"))[0][0]


class Transactions(DB):
    def test_nothing_is_committed_before_commit(self):
        self.db.execute("INSERT INTO t(name) VALUES('a')")
        self.assertTrue(self.db.in_transaction)
        self.assertEqual(self.count(), 0)
        self.assertEqual(self.db.execute("SELECT count(*) FROM t").fetchone(), (1,))
        self.db.commit()
        self.assertFalse(self.db.in_transaction)
        self.assertEqual(self.count(), 1)

    def test_rollback(self):
        self.db.execute("INSERT INTO t(name) VALUES('a')")
        self.db.rollback()
        self.db.rollback()
        self.db.commit()
        self.assertEqual(self.count(), 0)

    def test_close_rolls_back(self):
        self.db.execute("INSERT INTO t(name) VALUES('a')")
        self.db.close()
        self.assertEqual(self.count(), 0)
        self.c.exec("a.db", "DELETE FROM t")  # the writer is free

    def test_reading_begins_none(self):
        for sql in ("SELECT 1", " -- why\n/* so */ select 1", "VALUES(1)", "EXPLAIN SELECT 1", "WITH c AS (SELECT 1) SELECT * FROM c", "PRAGMA user_version"):
            with self.subTest(sql=sql):
                self.db.execute(sql).fetchall()
                self.assertFalse(self.db.in_transaction)

    def test_writing_begins_one(self):
        for sql in ("WITH c(n) AS (SELECT 'c') INSERT INTO t(name) SELECT n FROM c", "PRAGMA user_version = 5", "/* SELECT */ INSERT INTO t(name) VALUES('i')", "CREATE TABLE u(x)"):
            with self.subTest(sql=sql):
                self.db.execute(sql)
                self.assertTrue(self.db.in_transaction)
                self.db.rollback()
        self.assertEqual(self.db.execute("PRAGMA user_version").fetchone(), (0,))
        self.assertEqual(self.count(), 0)

    def test_with(self):
        with self.db:
            self.db.execute("INSERT INTO t(name) VALUES('a')")
        with self.assertRaises(ZeroDivisionError), self.db:
            self.db.execute("INSERT INTO t(name) VALUES('b')")
            1 / 0
        self.assertEqual(self.count(), 1)

    def test_a_statement_that_fails_leaves_the_others(self):
        self.db.execute("INSERT INTO t(name) VALUES('a')")
        with self.code("SQL_ERROR", skylinedb.IntegrityError):
            self.db.execute("INSERT INTO t(name) VALUES('a')")
        self.db.execute("INSERT INTO t(name) VALUES('b')")
        self.db.commit()
        self.assertEqual(self.count(), 2)

    def test_the_lease_ends(self):
        db = self.connect(idle_ms=50)
        db.execute("INSERT INTO t(name) VALUES('a')")
        self.c.exec("a.db", "DELETE FROM t")  # waits for the end of the lease
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            db.execute("INSERT INTO t(name) VALUES('b')")
        self.assertFalse(db.in_transaction)
        db.execute("INSERT INTO t(name) VALUES('c')")
        db.commit()
        self.assertEqual(self.db.execute("SELECT name FROM t").fetchall(), [("c",)])
        db.execute("INSERT INTO t(name) VALUES('d')")
        self.c.exec("a.db", "DELETE FROM t")
        with self.code("TX_EXPIRED", skylinedb.OperationalError):
            db.commit()
        self.assertFalse(db.in_transaction)
        db.rollback()
        self.assertEqual(self.count(), 0)

    def test_savepoints(self):
        self.db.execute("SAVEPOINT s")
        self.db.execute("INSERT INTO t(name) VALUES('a')")
        self.db.execute("ROLLBACK TO SAVEPOINT s")
        self.db.execute("RELEASE s")
        self.db.execute("INSERT INTO t(name) VALUES('b')")
        self.db.commit()
        self.assertEqual(self.db.execute("SELECT name FROM t").fetchall(), [("b",)])

    def test_what_the_daemon_keeps_to_itself(self):
        for sql in ("COMMIT", "BEGIN", "ATTACH 'x' AS y"):
            with self.subTest(sql=sql), self.code("FORBIDDEN_STATEMENT", skylinedb.NotSupportedError):
                self.db.execute(sql)

    def test_vacuum(self):
        self.db.execute("VACUUM")
        self.assertFalse(self.db.in_transaction)


class Autocommit(DB):
    def setUp(self):
        super().setUp()
        self.auto = self.connect(autocommit=True)

    def test_each_statement_is_committed(self):
        cursor = self.auto.execute("INSERT INTO t(name) VALUES('a') RETURNING id")
        self.assertEqual(cursor.fetchall(), [(1,)])
        self.assertFalse(self.auto.in_transaction)
        self.assertEqual(self.count(), 1)
        self.auto.rollback()
        self.assertEqual(self.count(), 1)

    def test_begin(self):
        self.auto.begin()
        self.auto.execute("INSERT INTO t(name) VALUES('a')")
        with self.code("MISUSE", skylinedb.ProgrammingError):
            self.auto.begin()
        with self.code("MISUSE", skylinedb.ProgrammingError):
            self.auto.autocommit = False
        self.auto.rollback()
        self.assertEqual(self.count(), 0)

    def test_it_can_be_changed(self):
        self.assertTrue(self.auto.autocommit)
        self.auto.autocommit = False
        self.auto.execute("INSERT INTO t(name) VALUES('a')")
        self.assertEqual(self.count(), 0)

    def test_many_rows_are_one_transaction(self):
        for rows in (10, 5000):
            with self.subTest(rows=rows):
                names = [[f"{rows}-{n}"] for n in range(rows)]
                self.assertEqual(self.auto.executemany("INSERT INTO t(name) VALUES(?)", names).rowcount, rows)
                self.assertEqual(self.count(), rows)
                with self.code("SQL_ERROR", skylinedb.IntegrityError):
                    self.auto.executemany("UPDATE t SET x = 1, name = ?", names)
                self.assertEqual(self.one("a.db", "SELECT count(x) FROM t"), 0)
                self.auto.execute("DELETE FROM t")


class Cursors(DB):
    def fill(self, rows=10):
        self.db.executemany("INSERT INTO t(id, name) VALUES(?, ?)", [(n, f"n{n}") for n in range(1, rows + 1)])
        self.db.commit()

    def test_description(self):
        cursor = self.db.cursor()
        self.assertIsNone(cursor.description)
        cursor.execute("SELECT id, name AS n, x, 1 + 1 FROM t")
        self.assertEqual(cursor.description, [
            ("id", "INTEGER", None, None, None, None, None), ("n", "TEXT", None, None, None, None, None),
            ("x", "", None, None, None, None, None), ("1 + 1", "", None, None, None, None, None)])
        self.assertEqual(cursor.description[0][1], skylinedb.NUMBER)
        cursor.execute("INSERT INTO t(name) VALUES('a')")
        self.assertIsNone(cursor.description)
        cursor.execute("INSERT INTO t(name) VALUES('b') RETURNING id, name")
        self.assertEqual([c[0] for c in cursor.description], ["id", "name"])
        self.assertEqual(cursor.fetchall(), [(2, "b")])

    def test_rowcount_and_lastrowid(self):
        cursor = self.db.cursor()
        self.assertEqual((cursor.rowcount, cursor.lastrowid, cursor.rownumber), (-1, None, None))
        cursor.execute("INSERT INTO t(name) VALUES('a'), ('b')")
        self.assertEqual((cursor.rowcount, cursor.lastrowid), (2, 2))
        cursor.execute("UPDATE t SET x = 1 WHERE id = 1")
        self.assertEqual((cursor.rowcount, cursor.lastrowid), (1, None))
        cursor.execute("SELECT * FROM t")
        self.assertEqual((cursor.rowcount, cursor.rownumber), (2, 0))
        cursor.fetchone()
        self.assertEqual(cursor.rownumber, 1)
        cursor.execute("DELETE FROM t WHERE id > 5")
        self.assertEqual(cursor.rowcount, 0)

    def test_fetch(self):
        self.fill(10)
        for stream in (False, True):
            for in_transaction in (False, True):
                with self.subTest(stream=stream, in_transaction=in_transaction):
                    if in_transaction:
                        self.db.begin()
                    cursor = self.db.cursor(stream=stream)
                    self.assertIs(cursor.execute("SELECT id FROM t ORDER BY id"), cursor)
                    self.assertEqual(cursor.fetchone(), (1,))
                    self.assertEqual(cursor.fetchmany(), [(2,)])
                    self.assertEqual(cursor.fetchmany(2), [(3,), (4,)])
                    cursor.arraysize = 3
                    self.assertEqual(cursor.fetchmany(), [(5,), (6,), (7,)])
                    self.assertEqual(next(cursor), (8,))
                    self.assertEqual(cursor.fetchmany(0), [])
                    self.assertEqual(cursor.fetchall(), [(9,), (10,)])
                    self.assertEqual((cursor.fetchone(), cursor.fetchmany(), cursor.fetchall()), (None, [], []))
                    self.assertEqual(cursor.rowcount, 10)
                    self.assertEqual([n for (n,) in cursor.execute("SELECT id FROM t WHERE id < 4 ORDER BY id")], [1, 2, 3])
                    self.db.rollback()

    def test_nothing_to_fetch(self):
        cursor = self.db.cursor()
        for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
            with self.code("MISUSE", skylinedb.ProgrammingError):
                fetch()
        cursor.execute("DELETE FROM t")
        with self.code("MISUSE", skylinedb.ProgrammingError):
            cursor.fetchall()
        self.assertEqual(cursor.execute("SELECT * FROM t").fetchall(), [])

    def test_a_large_result_streams(self):
        self.fill(20_000)
        with self.db.cursor(stream=True) as cursor:
            cursor.execute("SELECT a.id, b.name FROM t a, t b")
            self.assertEqual(cursor.rowcount, -1)
            self.assertEqual(len(cursor.fetchmany(1000)), 1000)
        with self.code("MISUSE", skylinedb.ProgrammingError):
            cursor.fetchone()

    def test_a_write_while_reading(self):
        self.fill(100)
        for row in self.db.cursor(stream=True).execute("SELECT id FROM t ORDER BY id"):
            self.db.execute("UPDATE t SET x = ? WHERE id = ?", [row[0] * 2, row[0]])
        self.db.commit()
        self.assertEqual(self.db.execute("SELECT sum(x), count(x) FROM t").fetchone(), (10100, 100))

    def test_parameters(self):
        self.assertEqual(self.db.execute("SELECT ?, ?2", (1, "b")).fetchone(), (1, "b"))
        self.assertEqual(self.db.execute("SELECT :a, $b, @c", {"a": 1, "b": 2, "c": 3}).fetchone(), (1, 2, 3))
        self.assertEqual(self.db.execute("SELECT ?", [math.inf]).fetchone(), (math.inf,))
        for sql, params in (("SELECT ?", (1, 2)), ("SELECT ?", None), ("SELECT :a", {"b": 1})):
            with self.subTest(sql=sql, params=params), self.code("INVALID_REQUEST", skylinedb.ProgrammingError):
                self.db.execute(sql, params)
        with self.code("MISUSE", skylinedb.ProgrammingError):
            self.db.execute("SELECT ?", "a")
        with self.code("MISUSE", skylinedb.DataError):
            self.db.execute("SELECT ?", [2**63])

    def test_executemany(self):
        cursor = self.db.cursor()
        cursor.executemany("INSERT INTO t(name) VALUES(?)", iter([["a"], ["b"]]))
        self.assertEqual((cursor.rowcount, cursor.description), (2, None))
        cursor.executemany("UPDATE t SET x = :x WHERE name = :name", [{"x": 1, "name": "a"}, {"x": 2, "name": "b"}, {"x": 3, "name": "c"}])
        self.assertEqual(cursor.rowcount, 2)
        cursor.executemany("INSERT INTO t(name) VALUES(?)", [])
        self.assertEqual(cursor.rowcount, 0)
        self.assertEqual(self.count(), 0)
        self.db.commit()
        self.assertEqual(self.db.execute("SELECT name, x FROM t ORDER BY id").fetchall(), [("a", 1), ("b", 2)])
        with self.code("MISUSE", skylinedb.ProgrammingError):
            cursor.executemany("SELECT ?", [[1]])

    def test_executemany_beyond_a_frame(self):
        for autocommit in (False, True):
            with self.subTest(autocommit=autocommit):
                db = self.connect(max_frame=64 << 10, autocommit=autocommit)
                db.executemany("INSERT INTO t(x) VALUES(?)", ([b"x" * 1000] for _ in range(500)))
                db.commit()
                self.assertEqual(self.count(), 500)
                with self.code("FRAME_TOO_LARGE", skylinedb.DataError):
                    db.executemany("INSERT INTO t(x) VALUES(?)", [[b"x" * 100_000], [1]])
                db.rollback()
                db.execute("DELETE FROM t")
                db.commit()

    def test_sizes_do_nothing(self):
        cursor = self.db.cursor()
        cursor.setinputsizes([25])
        cursor.setoutputsize(1000)
        cursor.setoutputsize(1000, 0)
        with self.code("MISUSE", skylinedb.NotSupportedError):
            cursor.nextset()

    def test_after_close(self):
        cursor, other = self.db.cursor(), self.db.cursor()
        self.assertIs(cursor.connection, self.db)
        cursor.close()
        cursor.close()
        with self.code("MISUSE", skylinedb.ProgrammingError):
            cursor.execute("SELECT 1")
        self.db.close()
        self.db.close()
        for call in (self.db.cursor, self.db.commit, self.db.rollback, lambda: other.execute("SELECT 1"), other.fetchone):
            with self.code("MISUSE", skylinedb.ProgrammingError):
                call()

    def test_what_is_no_text(self):
        with self.code("MISUSE", skylinedb.InterfaceError):
            self.db.execute(b"SELECT 1")

    def test_errors(self):
        for cls, code, sql in [
            (skylinedb.ProgrammingError, "SQLITE_ERROR", "SELECT * FROM nothing"), (skylinedb.ProgrammingError, "SQLITE_ERROR", "INSERT INTO nothing VALUES(1)"),
            (skylinedb.ProgrammingError, "SQLITE_ERROR", "NONSENSE"), (skylinedb.IntegrityError, "SQLITE_CONSTRAINT_UNIQUE", "INSERT INTO t(name) VALUES('a'), ('a')"),
            (skylinedb.DataError, "SQLITE_MISMATCH", "INSERT INTO t(id) VALUES('a')"),
        ]:
            with self.subTest(sql=sql), self.code("SQL_ERROR", cls) as failed:
                self.db.execute(sql)
            self.assertEqual(failed.error.sqlite_code, code)


class Shared(DB):
    def test_connections_can_share_a_client(self):
        a, b = skylinedb.connect("a.db", client=self.c), skylinedb.connect("b.db", client=self.c)
        with a, b:
            a.execute("INSERT INTO t(name) VALUES('a')")
            b.execute("CREATE TABLE t(x)")
        a.close()
        self.assertEqual(b.execute("SELECT * FROM t").fetchall(), [])
        self.assertIs(b.client, self.c)


class Nobody(Case):
    def test_no_daemon(self):
        db = skylinedb.connect("a.db", dir=self.dir, socket=self.socket, autostart=False, patience=0)
        with self.code("UNAVAILABLE", skylinedb.OperationalError):
            db.execute("SELECT 1")
        db.close()
