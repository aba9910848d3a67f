import datetime
import decimal
import enum
import json
import math
import pathlib
import unittest

import skylinedb
from skylinedb.values import encode, encode_params, from_json, to_json

from .support import DaemonCase

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "wire" / "testdata"


class Kind(enum.IntEnum):
    STAR = 3


class Whole:
    """An integer of another library."""

    def __index__(self):
        return 7


# What is sent, what comes back, and what SQLite calls it.
VALUES = [
    (None, None, "null"),
    (True, 1, "integer"),
    (False, 0, "integer"),
    (0, 0, "integer"),
    (-1, -1, "integer"),
    (2**53 - 1, 2**53 - 1, "integer"),
    (2**53 + 1, 2**53 + 1, "integer"),
    (2**63 - 1, 2**63 - 1, "integer"),
    (-(2**63), -(2**63), "integer"),
    (Kind.STAR, 3, "integer"),
    (Whole(), 7, "integer"),
    (2.0, 2.0, "real"),
    (-1.46, -1.46, "real"),
    (1e308, 1e308, "real"),
    (5e-324, 5e-324, "real"),
    (math.inf, math.inf, "real"),
    (-math.inf, -math.inf, "real"),
    ("", "", "text"),
    ("Zürich 😀 'x' \"y\"", "Zürich 😀 'x' \"y\"", "text"),
    ("a\0b", "a\0b", "text"),
    ('{"$int":"1"}', '{"$int":"1"}', "text"),
    (b"", b"", "blob"),
    (bytes(range(256)), bytes(range(256)), "blob"),
    (bytearray(b"\0\1"), b"\0\1", "blob"),
    (memoryview(b"abcdef")[::2], b"ace", "blob"),
    (decimal.Decimal("12345678901234567890.10"), "12345678901234567890.10", "text"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02 03:04:05.000006", "text"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "2026-01-02 03:04:05+00:00", "text"),
    (datetime.date(2026, 1, 2), "2026-01-02", "text"),
    (datetime.time(3, 4, 5), "03:04:05", "text"),
]


class RoundTrip(DaemonCase):
    def check(self, rows):
        self.assertEqual(len(rows), len(VALUES))
        for (sent, want, kind), (value, got_kind) in zip(VALUES, rows):
            with self.subTest(sent=sent):
                self.assertEqual((value, type(value), got_kind), (want, type(want), kind))

    def test_by_batch(self):
        self.c.exec("v.db", "CREATE TABLE v(n INTEGER PRIMARY KEY, x)")
        done = self.c.exec_batch(
            "v.db", [("INSERT INTO v(x) VALUES(?) RETURNING x, typeof(x)", [sent]) for sent, _, _ in VALUES], results=True)
        self.check([r.rows[0] for r in done.results])

    def test_by_query(self):
        self.c.exec("v.db", "CREATE TABLE v(n INTEGER PRIMARY KEY, x)")
        self.c.exec_batch("v.db", [skylinedb.Stmt("INSERT INTO v(x) VALUES(:x)", param_rows=[{"x": sent} for sent, _, _ in VALUES])])
        self.check(list(self.c.query("v.db", "SELECT x, typeof(x) FROM v ORDER BY n")))
        for sent, want, _ in VALUES:
            with self.subTest(sent=sent):
                self.assertEqual(self.one("v.db", "SELECT ?", [sent]), want)

    def test_nan_does_not_come_back(self):
        with self.code("MISUSE", skylinedb.DataError):
            self.c.exec("v.db", "SELECT ?", [math.nan])


class Refused(unittest.TestCase):
    def test_values(self):
        for value, cls in [
            (2**63, skylinedb.DataError), (-(2**63) - 1, skylinedb.DataError), (10**5000, skylinedb.DataError),
            (math.nan, skylinedb.DataError), ([1], skylinedb.ProgrammingError), ({"$int": "1"}, skylinedb.ProgrammingError),
            (object(), skylinedb.ProgrammingError), (1j, skylinedb.ProgrammingError),
        ]:
            with self.subTest(type=type(value)), self.assertRaises(cls):
                encode(value)

    def test_half_a_surrogate_pair(self):
        with self.assertRaises(skylinedb.DataError):
            to_json({"sql": "\ud800"})

    def test_parameters(self):
        for params in ("abc", b"abc", 5):
            with self.subTest(params=params), self.assertRaises(skylinedb.ProgrammingError):
                encode_params(params)


class Golden(unittest.TestCase):
    """The frames that every client can be tested with."""

    def setUp(self):
        if not GOLDEN.is_dir():
            self.skipTest("the protocol's golden frames are not here")

    def test_values_come_back_as_they_were(self):
        for case in json.loads((GOLDEN / "values" / "accepted.json").read_text("utf-8")):
            with self.subTest(case=case):
                written = case.get("encoded", case["sent"])
                if isinstance(written, (list, dict)) and not set(written) & {"$int", "$real", "$blob"}:
                    continue  # text for SQLite; Python's lists are refused
                body = json.dumps({"status": "ok", "rows": [[written]]}).encode()
                value = from_json(body)["rows"][0][0]
                again = from_json(to_json({"status": "ok", "rows": [[encode(value)]]}))["rows"][0][0]
                self.assertEqual((again, type(again)), (value, type(value)))

    def test_replies(self):
        for path in sorted(GOLDEN.glob("*.json")):
            with self.subTest(path=path.name):
                reply = json.loads(path.read_text("utf-8"))["reply"]
                self.assertIsNotNone(from_json(json.dumps(reply).encode()))
                if reply["status"] == "error":
                    error = skylinedb.errors.from_reply(reply)
                    self.assertEqual((error.code, error.retryable), (reply["code"], reply["retryable"]))
