import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";
import { client, place, until } from "../testkit/daemon.mjs";
import { fake } from "../testkit/fake.mjs";

const code = (code, message = /./) => ({ name: "SkylineError", code, message });
const done = { rev: 1, epoch: "e", rows_affected: 1, last_insert_rowid: 1 };

/** Answers all requests of a connection. */
async function answer(peer, how) {
  for (;;) {
    const request = await peer.request();
    if ((await how(request)) === false) return;
  }
}

test("a batch whose reply is lost is sent again as it was, with its request_id", async (t) => {
  const d = await fake(t, async (peer, n) => {
    const batch = await peer.request();
    if (n === 1) return peer.hangUp();
    if (n === 2) {
      peer.fail(batch, "SHUTTING_DOWN", { retryable: true });
      await peer.request();
      return peer.hangUp();
    }
    peer.reply(batch, { ...done, replayed: true });
  });
  const result = await client(d).exec("a.db", "INSERT INTO t VALUES(1)");
  assert.equal(result.replayed, true);
  const sent = d.peers.flatMap(({ requests }) => requests).filter(({ type }) => type === "ExecBatch");
  assert.equal(sent.length, 4);
  for (const again of sent) assert.deepEqual({ ...again, id: 0 }, { ...sent[0], id: 0 });
});

test("an error after a lost reply is only believed where it decides", async (t) => {
  for (const [answer, want] of [["TIMEOUT", "UNAVAILABLE"], ["DATABASE_CLOSED", "UNAVAILABLE"], ["SQL_ERROR", "SQL_ERROR"], ["REV_MISMATCH", "REV_MISMATCH"]]) {
    const d = await fake(t, async (peer, n) => {
      const batch = await peer.request();
      if (n === 1) peer.hangUp();
      else peer.fail(batch, answer);
    });
    await assert.rejects(client(d).exec("a.db", "INSERT INTO t VALUES(1)"), code(want));
  }
});

test("ids are forgotten once their replies are there, and not before", async (t) => {
  let n = 0;
  const d = await fake(t, (peer) => answer(peer, (batch) => (++n === 2 ? peer.fail(batch, "SQL_ERROR") : peer.reply(batch, done))));
  const c = client(d);
  const exec = (db, options) => c.exec(db, "INSERT INTO t VALUES(1)", null, options).catch(() => {});
  await exec("a.db");
  await exec("a.db");
  await exec("b.db", { requestId: null });
  await exec("a.db", { requestId: "own", forget: ["old"] });
  await exec("a.db");
  const sent = d.peers.flatMap(({ requests }) => requests).filter(({ type }) => type === "ExecBatch");
  const ids = sent.map((batch) => batch.request_id);
  const of = (db) => sent.filter((batch) => batch.db === db).map((batch) => batch.forget);
  // The second failed: what it should forget is told again.
  assert.deepEqual(of("a.db"), [undefined, [ids[0]], ["old", ids[0]], undefined]);
  assert.deepEqual(of("b.db"), [undefined]);
  assert.equal(new Set(ids).size, 5);
  assert.ok(ids.every((id) => typeof id === "string"));
});

test("a batch that is given up is cancelled, and what became of it is told", async (t) => {
  let outcome;
  const d = await fake(t, (peer) =>
    answer(peer, async (batch) => {
      stop.abort(new Error("enough"));
      const cancel = await peer.request();
      assert.deepEqual([cancel.type, cancel.target], ["Cancel", batch.id]);
      outcome(peer, batch);
      peer.reply(cancel, { cancelled: true });
    }),
  );
  const c = client(d);
  const exec = () => c.exec("a.db", "INSERT INTO t VALUES(1)", null, { signal: stop.signal });
  let stop = new AbortController();
  outcome = (peer, batch) => peer.fail(batch, "CANCELLED");
  await assert.rejects(exec(), /enough/);
  stop = new AbortController();
  outcome = (peer, batch) => peer.reply(batch, done);
  assert.equal((await exec()).rev, 1); // it was too late
  stop = new AbortController();
  outcome = (peer) => peer.hangUp();
  await assert.rejects(exec(), code("UNAVAILABLE", /may or may not/));
});

test("no more is sent than the daemon reads, so that a Cancel is", async (t) => {
  const stop = new AbortController();
  const d = await fake(t, async (peer) => {
    const batches = [];
    let cancel;
    while (!cancel) {
      const request = await peer.request();
      if (request.type === "Cancel") cancel = request;
      else if (batches.push(request) === 48) stop.abort(new Error("enough"));
    }
    assert.equal(batches.length, 48);
    for (const batch of batches) peer.reply(batch, done);
    peer.reply(cancel, { cancelled: false });
    await answer(peer, (request) => peer.reply(request, done));
  });
  const c = client(d);
  const first = c.exec("a.db", "SELECT 1", null, { signal: stop.signal });
  const others = Array.from({ length: 99 }, () => c.exec("a.db", "SELECT 1"));
  assert.equal((await Promise.all([first, ...others])).length, 100);
});

test("a frame may come in any pieces", async (t) => {
  const d = await fake(t, async (peer) => {
    const batch = await peer.request();
    const body = Buffer.from(JSON.stringify({ id: batch.id, status: "ok", ...done, results: [{ columns: ["é"], types: [""], rows: [["ü"]] }] }));
    const header = Buffer.alloc(4);
    header.writeUInt32LE(body.length);
    for (const byte of Buffer.concat([header, body])) await new Promise((resolve) => peer.socket.write(Buffer.of(byte), resolve));
  });
  const { results } = await client(d).exec("a.db", "SELECT 1", null, { results: true });
  assert.deepEqual(results[0].rows, [{ é: "ü" }]);
});

test("integers of replies are exact", async (t) => {
  const d = await fake(t, (peer) =>
    answer(peer, ({ id, expect_rev }) => {
      assert.deepEqual(expect_rev, { $int: "9007199254740993" });
      peer.send(`{"id":${id},"status":"ok","rev":9007199254740993,"epoch":"e","rows_affected":1,"last_insert_rowid":-9223372036854775808,` +
        `"results":[{"columns":["\\"rev\\":1"],"types":[""],"rows":[["\\"rev\\":9007199254740993}"]],"rows_affected":0,"last_insert_rowid":9007199254740991}]}`);
    }),
  );
  const done = await client(d).exec("a.db", "SELECT 1", null, { expectRev: 2n ** 53n + 1n, as: "array" });
  assert.deepEqual([done.rev, done.lastInsertRowid, done.results[0].lastInsertRowid, done.results[0].rows], [2n ** 53n + 1n, -(2n ** 63n), 2 ** 53 - 1, [['"rev":9007199254740993}']]]);
});

test("a stranger, another protocol and another directory are refused", async (t) => {
  const other = await fake(t, () => {}, { pong: { protocol: 2 } });
  await assert.rejects(client(other).ping(), code("UNAVAILABLE", /protocol 2/));
  const elsewhere = await fake(t, () => {}, { pong: { dir: "/nowhere" } });
  await assert.rejects(client(elsewhere).ping(), code("DIR_MISMATCH"));
  for (const says of ["HTTP/1.1 400 Bad Request\r\n\r\n", "\x02\0\0\0[]", "\x02\0\0\0{}", '\x0f\0\0\0{"status":"ok"}', "\x01\0\0\0x", "\x04\0\0\0null"]) {
    const where = place(t);
    const server = net.createServer((socket) => socket.on("error", () => {}).end(says)).listen(where.socket);
    where.defer(() => server.close());
    await until("it listens", () => server.listening);
    await assert.rejects(client(where).ping(), code("UNAVAILABLE", /not a SkylineDB daemon/), says);
  }
});

test("a reply that belongs to nobody ends the connection, not the call", async (t) => {
  const d = await fake(t, async (peer, n) => {
    const batch = await peer.request();
    peer.reply(n === 1 ? { id: "x" } : batch, done);
  });
  assert.equal((await client(d).exec("a.db", "SELECT 1")).rev, 1);
  assert.equal(d.peers.length, 2);
});
