"""What a program may do that knows the protocol and nothing of ours.

    python3 stranger.py SOCKET
"""

import json
import socket
import struct
import sys


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(sys.argv[1])
    return s


def frame(**fields):
    body = json.dumps(fields).encode()
    return struct.pack("<I", len(body)) + body


def insert(n):
    return frame(type="ExecBatch", db="stranger.db", id=n, stmts=[{"sql": "INSERT INTO t VALUES(?)", "params": [n]}])


def read(s, length):
    data = b""
    while len(data) < length:
        part = s.recv(length - len(data))
        if not part:
            raise EOFError(f"{len(data)} of {length} bytes")
        data += part
    return data


def reply(s):
    return json.loads(read(s, struct.unpack("<I", read(s, 4))[0]))


def want(s, ids):
    """The replies come in the order of the requests, and with growing revs."""
    rev = 0
    for n in ids:
        r = reply(s)
        assert r["status"] == "ok" and r["id"] == n and r["rev"] > rev, (n, rev, r)
        rev = r["rev"]


def pipelined():
    s = connect()
    s.sendall(frame(type="ExecBatch", db="stranger.db", id=-1, stmts=[{"sql": "CREATE TABLE t(n)"}]) + b"".join(map(insert, range(50))))
    want(s, range(-1, 50))
    s.close()


def in_pieces():
    s = connect()
    for byte in insert(50):
        s.sendall(bytes([byte]))
    want(s, [50])
    s.close()


def half_closed():
    s = connect()
    s.sendall(b"".join(map(insert, range(51, 101))))
    s.shutdown(socket.SHUT_WR)
    want(s, range(51, 101))
    assert s.recv(1) == b"", "more than the replies"
    s.close()


def one_shot():
    for n in range(101, 301):
        s = connect()
        s.sendall(insert(n))
        want(s, [n])
        s.close()


for part in (pipelined, in_pieces, half_closed, one_shot):
    part()
    print(part.__name__)
