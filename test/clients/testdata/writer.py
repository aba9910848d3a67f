"""Writes rows to together.db until its standard input ends, one at a time and
every fifth in a transaction, whatever happens to the daemon and to the file.
Prints the number of rows, or what it has seen that a client must not."""
import sys
import threading

import skylinedb

DB, WHO = "together.db", "python"
# What the protocol lets a client see while a database is replaced and its
# daemon is killed: the database is in maintenance, or the outcome is open.
ALLOWED = {"DATABASE_CLOSED", "DATABASE_PREPARING", "UNAVAILABLE", "IO_ERROR"}

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()


def insistently(call):
    while True:
        try:
            return call()
        except skylinedb.Error as e:
            if e.code not in ALLOWED:
                raise


def in_transaction(client, n):
    def once():
        try:
            with client.transaction(DB) as tx:
                tx.exec("INSERT INTO rows VALUES(?, ?)", [WHO, n])
                [(count,)] = tx.query("SELECT count(*) FROM rows WHERE who = ?", [WHO])
                assert count == n + 1, f"{count} rows in the transaction of row {n}"
        except skylinedb.Error as e:
            # Nothing of it is committed, or it is not known: look.
            if e.code != "TX_EXPIRED" and e.code not in ALLOWED:
                raise
            [(count,)] = insistently(lambda: list(client.query(DB, "SELECT count(*) FROM rows WHERE who = ?", [WHO])))
            if count == n:
                once()
    once()


with skylinedb.Client() as client:
    n = 0
    while not stop.is_set():
        if n % 5 == 4:
            in_transaction(client, n)
        else:
            insistently(lambda: client.exec(DB, "INSERT INTO rows VALUES(?, ?)", [WHO, n], request_id=f"{WHO}-{n}"))
        n += 1
        [(count,)] = insistently(lambda: list(client.query(DB, "SELECT count(*) FROM rows WHERE who = ?", [WHO])))
        assert count == n, f"{count} rows after row {n}"
        print(n, flush=True)
