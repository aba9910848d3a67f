"""Runs the public test suite of PEP 249, where it is installed.

It is the module dbapi20 of the package dbapi-compliance; no part of it is
kept here.
"""

import unittest

import skylinedb

from .support import DaemonCase

try:
    import dbapi20
except ImportError:
    dbapi20 = None


if dbapi20 is None:

    class Compliance(unittest.TestCase):
        def test_suite(self):
            self.skipTest("the package dbapi-compliance is not installed")

else:

    class Compliance(dbapi20.DatabaseAPI20Test):
        driver = skylinedb
        lower_func = None  # there are no stored procedures

        def setUp(self):
            self._case = _Daemon()
            self._case.setUp()
            self.addCleanup(self._case.doCleanups)
            self.connect_args = ("suite.db",)
            self.connect_kw_args = {"dir": self._case.dir, "socket": self._case.socket, "autostart": False}
            # Of a file that does not exist nothing can be read.
            self._case.c.exec("suite.db", "PRAGMA user_version = 1")

        def tearDown(self):
            """Nothing: the file goes with its folder."""

        def test_non_idempotent_close(self):
            """PEP 249 leaves it open; a second close does nothing here."""
            con = self._connect()
            con.close()
            con.close()

        def test_nextset(self):
            con = self._connect()
            with self.assertRaises(skylinedb.NotSupportedError):
                con.cursor().nextset()
            con.close()

        def test_setoutputsize(self):
            con = self._connect()
            con.cursor().setoutputsize(1000, 0)
            con.close()

    class _Daemon(DaemonCase):
        """The suite's daemon."""

        def runTest(self):
            """Is not run."""


def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(Compliance)
