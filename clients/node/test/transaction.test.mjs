import assert from "node:assert/strict";
import test from "node:test";
import { client, daemon, rows, until } from "../testkit/daemon.mjs";
import { fake } from "../testkit/fake.mjs";

const code = (code, more = {}) => ({ name: "SkylineError", code, ...more });

async function withT(t) {
  const d = await daemon(t);
  const c = client(d);
  await c.batch("a.db", ["CREATE TABLE t(a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES(1)"]);
  return { d, c };
}

// The tests' machine may be slow: only what is about an end has one.
const patient = { idleMs: 60_000, leaseMs: 600_000 };

const all = async (c) => (await rows(c, "a.db", "SELECT a FROM t")).flat();

test("a transaction is committed with what it returns", async (t) => {
  const { c } = await withT(t);
  let tx;
  const sum = await c.transaction("a.db", async (begun) => {
    tx = begun;
    assert.deepEqual([tx.rev, tx.idleMs, tx.leaseMs], [1, 60_000, 600_000]);
    assert.deepEqual(await tx.exec("INSERT INTO t VALUES(?)", [2]), { rowsAffected: 1, lastInsertRowid: 2 });
    const done = await tx.batch(["INSERT INTO t VALUES(3) RETURNING a"], { results: true, as: "array" });
    assert.deepEqual(done.results[0].rows, [[3]]);
    let sum = 0;
    for await (const row of tx.query("SELECT a FROM t")) sum += row.a;
    assert.equal((await c.all("a.db", "SELECT a FROM t")).length, 1);
    return sum;
  }, patient);
  assert.deepEqual([sum, tx.rev, await all(c)], [6, 2, [1, 2, 3]]);
  await assert.rejects(tx.exec("DELETE FROM t"), code("TX_EXPIRED"));
  await tx.rollback();
});

test("a transaction whose work throws is rolled back", async (t) => {
  const { c } = await withT(t);
  const why = new Error("no");
  await assert.rejects(c.transaction("a.db", async (tx) => {
    await tx.exec("INSERT INTO t VALUES(2)");
    throw why;
  }, patient), why);
  assert.deepEqual(await all(c), [1]);
  const tx = await c.begin("a.db", patient);
  await tx.exec("DELETE FROM t");
  await tx.rollback();
  assert.deepEqual(await all(c), [1]);
});

test("a statement that fails is undone, and the transaction goes on", async (t) => {
  const { c } = await withT(t);
  await c.transaction("a.db", async (tx) => {
    await assert.rejects(tx.batch(["INSERT INTO t VALUES(5)", "INSERT INTO t VALUES(1)"]), code("SQL_ERROR", { sqliteCode: "SQLITE_CONSTRAINT_PRIMARYKEY", statementIndex: 1 }));
    await tx.exec("SAVEPOINT s");
    await tx.exec("INSERT INTO t VALUES(6)");
    await tx.exec("ROLLBACK TO s");
    await tx.exec("INSERT INTO t VALUES(7)");
  }, patient);
  assert.deepEqual(await all(c), [1, 7]);
});

test("a transaction expires, and says so", async (t) => {
  const { c } = await withT(t);
  const tx = await c.begin("a.db", { idleMs: 1 });
  await tx.exec("INSERT INTO t VALUES(2)").catch((e) => assert.equal(e.code, "TX_EXPIRED"));
  await until("others can write", async () => c.exec("a.db", "INSERT INTO t VALUES(9)").then(() => true));
  await assert.rejects(tx.commit(), code("TX_EXPIRED"));
  assert.deepEqual(await all(c), [1, 9]);
  await assert.rejects(c.begin("a.db", { idleMs: 0 }), code("INVALID_REQUEST"));
  await assert.rejects(c.begin("a.db", { expectRev: 77 }), code("REV_MISMATCH", { rev: 2 }));
});

test("one holds the writer, others wait", async (t) => {
  const { c } = await withT(t);
  const tx = await c.begin("a.db", patient);
  await tx.exec("INSERT INTO t VALUES(2)");
  await assert.rejects(c.exec("a.db", "INSERT INTO t VALUES(3)", null, { timeoutMs: 10 }), code("TIMEOUT"));
  await assert.rejects(c.begin("a.db", { timeoutMs: 10, ...patient }), code("TIMEOUT"));
  const stop = new AbortController();
  const given = c.begin("a.db", { signal: stop.signal });
  stop.abort();
  await assert.rejects(given, { name: "AbortError" });
  const third = c.exec("a.db", "INSERT INTO t VALUES(3)");
  await c.exec("other.db", "CREATE TABLE t(a)"); // another database does not wait
  assert.equal((await c.status()).databases.find(({ db }) => db === "a.db").tx.id, tx.id);
  assert.deepEqual({ ...(await tx.commit()), epoch: "" }, { rev: 2, epoch: "", replayed: false });
  assert.equal((await third).rev, 3);
});

test("while rows are read nothing else is asked of the transaction", async (t) => {
  const { c } = await withT(t);
  await c.transaction("a.db", async (tx) => {
    for await (const _ of tx.query("SELECT a FROM t")) {
      await assert.rejects(tx.exec("DELETE FROM t"), code("INVALID_REQUEST"));
      await assert.rejects(tx.commit(), code("INVALID_REQUEST"));
    }
    for await (const row of tx.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")) if (row.i === 5) break;
    await Promise.all([tx.all("SELECT a FROM t"), tx.exec("INSERT INTO t VALUES(2)"), tx.exec("INSERT INTO t VALUES(3)")]);
  }, patient);
  assert.deepEqual(await all(c), [1, 2, 3]);
});

test("a daemon that is killed takes its transaction along", async (t) => {
  const { d, c } = await withT(t);
  await assert.rejects(c.transaction("a.db", async (tx) => {
    await tx.exec("INSERT INTO t VALUES(2)");
    await d.kill();
    await d.spawn();
    await tx.exec("INSERT INTO t VALUES(3)");
  }, patient), code("TX_EXPIRED"));
  assert.deepEqual(await all(c), [1]);
});

test("an abort ends the work of a transaction", async (t) => {
  const { c } = await withT(t);
  const stop = new AbortController();
  await assert.rejects(c.transaction("a.db", async (tx) => {
    await tx.exec("INSERT INTO t VALUES(2)");
    stop.abort();
    await tx.exec("INSERT INTO t VALUES(3)");
  }, { ...patient, signal: stop.signal }), { name: "AbortError" });
  const late = new AbortController();
  await assert.rejects(c.transaction("a.db", async (tx) => {
    await tx.exec("INSERT INTO t VALUES(4)");
    late.abort();
  }, { ...patient, signal: late.signal }), { name: "AbortError" });
  assert.deepEqual(await all(c), [1]);
});

/** A daemon that loses the connection of each transaction's Commit, and answers the next. */
const losing = (t, answer) =>
  fake(t, async (peer, n) => {
    for (;;) {
      const request = await peer.request();
      if (request.type === "Begin") peer.reply(request, { tx: "tx-1", rev: 1, epoch: "e", idle_ms: 1, lease_ms: 1 });
      else if (n === 1) return peer.hangUp();
      else answer(peer, request);
    }
  });

test("a Commit whose reply is lost is sent again as it was", async (t) => {
  const d = await losing(t, (peer, commit) => peer.reply(commit, { rev: 2, epoch: "e", replayed: true }));
  const tx = await client(d).begin("a.db");
  assert.deepEqual(await tx.commit(), { rev: 2, epoch: "e", replayed: true });
  const [first, second] = d.peers.map((peer) => peer.requests.at(-1));
  assert.deepEqual({ ...second, id: 0 }, { ...first, id: 0 });
  assert.deepEqual([first.type, first.tx], ["Commit", "tx-1"]);
});

test("a Commit that was lost before it was done has committed nothing", async (t) => {
  const d = await losing(t, (peer, commit) => peer.fail(commit, "TX_EXPIRED"));
  await assert.rejects(client(d).transaction("a.db", () => {}), code("TX_EXPIRED"));
});

test("a Commit that cannot be looked up is not known", async (t) => {
  const d = await losing(t, (peer, commit) => peer.fail(commit, "DATABASE_CLOSED"));
  await assert.rejects(client(d).transaction("a.db", () => {}), code("UNAVAILABLE", { message: /may or may not/ }));
});
