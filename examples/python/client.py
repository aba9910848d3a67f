"""A client of the SkylineDB daemon in Python, standard library only.

    python3 client.py SOCKET        (default: SKYLINEDB_SOCKET or /tmp/skylinedb-v1.sock)

It needs a running daemon: skylinedb-daemon --socket SOCKET DIR. Reads go to
the file itself; see the last lines of main.
"""

import base64
import itertools
import json
import os
import socket
import sqlite3
import struct
import sys
import time
import uuid


class DaemonError(Exception):
    """A failed request. code is for programs, the message for people."""

    def __init__(self, reply):
        super().__init__(f"{reply['code']}: {reply['message']}")
        self.code = reply["code"]
        self.retryable = reply.get("retryable", False)
        self.reply = reply


class Daemon:
    """One connection. Requests are answered in their order."""

    def __init__(self, path):
        self.path = path
        self.ids = itertools.count(1)
        self.prefix = uuid.uuid4().hex
        self.sock = None

    def request(self, **fields):
        """Sends one request and returns its reply; raises DaemonError."""
        if self.sock is None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.connect(self.path)
        body = json.dumps(fields).encode()
        self.sock.sendall(struct.pack("<I", len(body)) + body)
        (length,) = struct.unpack("<I", self._read(4))
        reply = json.loads(self._read(length))
        if reply["status"] != "ok":
            raise DaemonError(reply)
        return reply

    def execute(self, db, *stmts, tries=10):
        """Executes statements as one transaction, exactly once: the
        request_id lets it be asked again after a lost connection."""
        request_id = f"{self.prefix}-{next(self.ids)}"
        for attempt in range(tries):
            try:
                return self.request(type="ExecBatch", db=db, request_id=request_id, stmts=[self._stmt(s) for s in stmts])
            except OSError:
                self.close()
            except DaemonError as e:
                if e.code not in ("QUEUE_FULL", "SHUTTING_DOWN"):
                    raise
            time.sleep(0.01 * 2**attempt)
        raise ConnectionError(f"no daemon answers on {self.path}")

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    @staticmethod
    def _stmt(stmt):
        """Takes "sql", or ("sql", parameters)."""
        if isinstance(stmt, str):
            return {"sql": stmt}
        sql, params = stmt
        if isinstance(params, dict):
            return {"sql": sql, "params": {k: Daemon._value(v) for k, v in params.items()}}
        return {"sql": sql, "params": [Daemon._value(v) for v in params]}

    @staticmethod
    def _value(value):
        """BLOBs and infinities have forms of their own in JSON."""
        if isinstance(value, (bytes, bytearray)):
            return {"$blob": base64.b64encode(value).decode()}
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            return {"$real": "inf" if value > 0 else "-inf"}
        return value

    def _read(self, length):
        """recv may return less than was asked for."""
        parts = []
        while length > 0:
            part = self.sock.recv(min(length, 1 << 20))
            if not part:
                raise ConnectionError("the daemon closed the connection")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SKYLINEDB_SOCKET", "/tmp/skylinedb-v1.sock")
    daemon = Daemon(path)
    daemon.execute("python.db", "CREATE TABLE IF NOT EXISTS tasks(id INTEGER PRIMARY KEY, title TEXT, cover BLOB, weight REAL)")
    done = daemon.execute(
        "python.db",
        ("INSERT INTO tasks(title, cover, weight) VALUES(?, ?, ?)", ["Buy groceries", b"\x00\x01", 2.0]),
        ("INSERT INTO tasks(title) VALUES(:title)", {"title": "Zürich"}),
    )
    print(f"rev {done['rev']}, {done['rows_affected']} rows affected")
    try:
        daemon.execute("python.db", "INSERT INTO nowhere VALUES(1)")
    except DaemonError as e:
        print(f"refused: {e.code} {e.reply['sqlite_code']} in statement {e.reply['statement_index']}")

    # Reads need no daemon.
    file = daemon.request(type="Ping", db="python.db")["db_path"]
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    for row in db.execute("SELECT title, typeof(cover), typeof(weight) FROM tasks ORDER BY id"):
        print(row)
    db.close()
    daemon.close()


if __name__ == "__main__":
    main()
