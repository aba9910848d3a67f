import unittest

import skylinedb
from skylinedb._pipenames import check_pipe, start_mutex

DEFAULT = "Global\\SkylineDBd-v1-Start"


class Names(unittest.TestCase):
    """The names on Windows, which other clients make as well, on any system."""

    def test_the_default_pipe(self):
        for path in (r"\\.\pipe\SkylineDBd-v1", r"\\.\PIPE\skylinedbd-V1", r"\\?\pipe\SkylineDBd-v1", "//./pipe/SkylineDBd-v1"):
            with self.subTest(path=path):
                self.assertEqual(start_mutex(path), DEFAULT)

    def test_other_pipes(self):
        for path, digest in [
            ("\\\\.\\pipe\\a", "559aead08264d5795d3909718cdd05ab"),
            ("//./Pipe/A", "559aead08264d5795d3909718cdd05ab"),
            # One letter stays one, also where it has no capital.
            ("\\\\.\\pipe\\Grüße\\ŝtraße", "13eac632f3a690fb9d687ffd5a032f55"),
        ]:
            with self.subTest(path=path):
                self.assertEqual(start_mutex(path), f"{DEFAULT}-{digest}")

    def test_what_is_a_pipe(self):
        for path in (r"\\.\pipe\x", r"\\.\PIPE\x\y", "\\\\.\\pipe\\" + "x" * 247):
            self.assertEqual(check_pipe(path), path)
        for path in ("", "x", r"C:\x", r"\\other\pipe\x", "\\\\.\\pipe\\", "//./pipe/x", "/tmp/s"):
            with self.subTest(path=path), self.assertRaisesRegex(skylinedb.InterfaceError, "must be"):
                check_pipe(path)
        for path in ("\\\\.\\pipe\\" + "x" * 248, "\\\\.\\pipe\\" + "é" * 124):
            with self.assertRaisesRegex(skylinedb.InterfaceError, "too long"):
                check_pipe(path)
