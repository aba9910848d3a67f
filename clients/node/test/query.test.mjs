import assert from "node:assert/strict";
import test from "node:test";
import { client, daemon, until } from "../testkit/daemon.mjs";
import { fake } from "../testkit/fake.mjs";

const code = (code, more = {}) => ({ name: "SkylineError", code, ...more });
const count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT i, hex(randomblob(50)) AS h FROM n";
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

async function withT(t) {
  const d = await daemon(t);
  const c = client(d);
  await c.batch("a.db", ["CREATE TABLE t(a INTEGER, b TEXT)", "INSERT INTO t VALUES(1, 'x'), (2, NULL)"]);
  return { d, c };
}

test("rows come as objects or as arrays", async (t) => {
  const { c } = await withT(t);
  const stream = c.query("a.db", "SELECT a, b, a + 0.5 AS c FROM t WHERE a >= :a", { a: 1 });
  const got = [];
  for await (const row of stream) {
    assert.deepEqual([stream.columns, stream.types], [["a", "b", "c"], ["INTEGER", "TEXT", ""]]);
    got.push(row);
  }
  assert.deepEqual(got, [{ a: 1, b: "x", c: 1.5 }, { a: 2, b: null, c: 2.5 }]);
  assert.deepEqual([stream.rev, stream.rowCount, stream.truncated], [1, 2, false]);
  assert.deepEqual(await c.all("a.db", "SELECT a FROM t", null, { as: "array", limit: 1 }), [[1]]);
  const limited = c.query("a.db", "SELECT a FROM t", null, { limit: 1 });
  for await (const _ of limited);
  assert.deepEqual([limited.rowCount, limited.truncated], [1, true]);
  assert.deepEqual(await c.all("a.db", "SELECT a FROM t WHERE 0"), []);
});

test("a large result comes in order, beside what else the client does", async (t) => {
  const { c } = await withT(t);
  let n = 0;
  for await (const row of c.query("a.db", count, [30_000])) {
    assert.equal(row.i, ++n);
    if (n % 10_000 === 0) await c.exec("a.db", "INSERT INTO t VALUES(?, 'y')", [n]);
  }
  assert.equal(n, 30_000);
});

test("a break ends the query, and its connection serves the next", async (t) => {
  const { c } = await withT(t);
  for (let i = 0; i < 5; i++) {
    for await (const row of c.query("a.db", endless)) if (row.i === 10) break;
  }
  assert.ok((await c.status()).connections <= 3);
  await c.prepareForMaintenance("a.db"); // no snapshot is left that would hold it up
});

test("an abort ends the query with the signal's reason", async (t) => {
  const { c } = await withT(t);
  const before = AbortSignal.abort();
  await assert.rejects(c.all("a.db", "SELECT 1", null, { signal: before }), { name: "AbortError" });
  const between = new AbortController();
  await assert.rejects(async () => {
    for await (const row of c.query("a.db", endless, null, { signal: between.signal })) if (row.i === 3) between.abort();
  }, { name: "AbortError" });
  const waiting = new AbortController();
  const silent = c.all("a.db", `SELECT count(*) FROM (${endless})`, null, { signal: waiting.signal });
  await until("it runs", async () => (await c.status()).databases[0].queries >= 2);
  waiting.abort(new Error("enough"));
  await assert.rejects(silent, /enough/);
});

test("a query that fails gives the documented code", async (t) => {
  const { c } = await withT(t);
  const wants = [
    ["a.db", "DELETE FROM t", {}, "FORBIDDEN_STATEMENT"],
    ["a.db", "SELEC", {}, "SQL_ERROR"],
    ["a.db", "SELECT ?", {}, "INVALID_REQUEST"],
    ["none.db", "SELECT 1", {}, "NO_DATABASE"],
    ["../a.db", "SELECT 1", {}, "INVALID_DATABASE_NAME"],
    ["a.db", "SELECT 1", { limit: "x" }, "INVALID_REQUEST"],
    ["a.db", "SELECT 1", { minRev: 100, timeoutMs: 10 }, "TIMEOUT"],
    ["a.db", endless, { timeoutMs: 50, limit: undefined }, "TIMEOUT"],
    ["a.db", "SELECT zeroblob(30000000)", {}, "RESULT_TOO_LARGE"],
  ];
  for (const [db, sql, options, want] of wants) await assert.rejects(c.all(db, sql, null, options), code(want), `${sql} ${want}`);
  await assert.rejects(async () => c.query("a.db", "SELECT ?", [NaN]), code("INVALID_REQUEST"));
  await c.closeDatabase("a.db");
  await assert.rejects(c.all("a.db", "SELECT 1"), code("DATABASE_CLOSED", { retryable: true }));
});

test("what was written on another connection can be read by its rev", async (t) => {
  const { c } = await withT(t);
  for (let i = 0; i < 20; i++) {
    const { rev } = await c.exec("a.db", "INSERT INTO t VALUES(?, 'z')", [i]);
    assert.deepEqual(await c.all("a.db", "SELECT count(*) FROM t WHERE b = 'z'", null, { minRev: rev, as: "array" }), [[i + 1]]);
  }
});

test("nothing is read of which nobody asks: the daemon waits", async (t) => {
  const row = "x".repeat(1000);
  const d = await fake(t, async (peer) => {
    const query = await peer.request();
    peer.sent = 0;
    const batch = JSON.stringify({ id: query.id, status: "ok", columns: ["a"], types: [""], rows: Array(60).fill([row]), more: true });
    for (; peer.sent < 1000; peer.sent++) {
      if (!peer.send(batch)) {
        peer.full = true;
        await new Promise((resolve) => peer.socket.once("drain", resolve));
        peer.full = false;
      }
    }
    peer.reply(query, { rev: 1, epoch: "e", row_count: 60_000 });
  });
  const c = client(d);
  const stream = c.query("a.db", "SELECT a FROM t")[Symbol.asyncIterator]();
  await stream.next();
  const [peer] = d.peers;
  await until("the daemon cannot send more", () => peer.full);
  assert.ok(peer.sent < 100, `${peer.sent} frames of 60 KB were taken with one row`);
  let n = 1;
  for await (const _ of stream) n++;
  assert.equal(n, 60_000);
});

test("a query is asked again before its first row, and not after", async (t) => {
  let tries = 0;
  const d = await fake(t, async (peer) => {
    let query = await peer.request();
    if (++tries === 1) return peer.hangUp();
    if (tries === 2) {
      peer.fail(query, "QUEUE_FULL", { retryable: true });
      query = await peer.request(); // on the same connection
      tries++;
    }
    peer.reply(query, { columns: ["a"], types: [""], rows: [[1]], more: true });
    await until("it was read", () => got.length === 1);
    if (tries === 3) return peer.hangUp();
    peer.fail(query, "SNAPSHOT_TOO_LONG");
  });
  const got = [];
  const c = client(d);
  const read = async () => {
    for await (const row of c.query("a.db", "SELECT a FROM t")) got.push(row.a);
  };
  await assert.rejects(read(), code("UNAVAILABLE", { retryable: true }));
  got.length = 0;
  await assert.rejects(read(), code("SNAPSHOT_TOO_LONG"));
  assert.deepEqual(got, [1]);
});
