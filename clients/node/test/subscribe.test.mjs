import assert from "node:assert/strict";
import test from "node:test";
import { client, daemon } from "../testkit/daemon.mjs";
import { fake } from "../testkit/fake.mjs";

async function withT(t) {
  const d = await daemon(t);
  const c = client(d);
  const { epoch } = await c.batch("a.db", ["CREATE TABLE t(a)", "CREATE TABLE u(a)"]);
  return { d, c, epoch };
}

const next = async (events) => (await events.next()).value;

test("commits and maintenance are told", async (t) => {
  const { c, epoch } = await withT(t);
  const events = c.subscribe({ db: "a.db" });
  assert.deepEqual(await next(events), { event: "subscribed", db: "a.db", rev: 1, epoch, state: "open", again: false });
  await c.exec("a.db", "INSERT INTO t VALUES(1)");
  assert.deepEqual(await next(events), { event: "commit", db: "a.db", rev: 2, epoch, missed: false, tables: ["t"] });
  await c.closeDatabase("a.db");
  assert.deepEqual(await next(events), { event: "maintenance", db: "a.db", rev: 2, epoch, change: "closed" });
  await c.reopenDatabase("a.db");
  assert.deepEqual(await next(events), { event: "maintenance", db: "a.db", rev: 2, epoch, change: "reopened" });
  await events.return();
  assert.equal((await events.next()).done, true);
});

test("one that was left behind hears that it missed something", async (t) => {
  const { c, epoch } = await withT(t);
  const events = c.subscribe({ db: "a.db", rev: 0, epoch });
  assert.equal((await next(events)).event, "subscribed");
  const { event, rev, missed } = await next(events);
  assert.deepEqual([event, rev, missed], ["commit", 1, true]);
  await events.return();
});

test("all databases are told in one stream", async (t) => {
  const { c } = await withT(t);
  const events = c.subscribe();
  assert.equal((await next(events)).event, "subscribed");
  await c.exec("a.db", "INSERT INTO u VALUES(1)");
  await c.exec("b.db", "CREATE TABLE t(a)");
  const [a, b] = [await next(events), await next(events)];
  assert.deepEqual([a.db, a.tables, b.db, b.rev], ["a.db", ["u"], "b.db", 1]);
  await events.return();
});

test("it goes on over a daemon that is killed", async (t) => {
  const { d, c, epoch } = await withT(t);
  const events = c.subscribe({ db: "a.db" });
  await next(events);
  await c.exec("a.db", "INSERT INTO t VALUES(1)");
  assert.equal((await next(events)).rev, 2);
  await d.kill();
  await d.spawn();
  await c.exec("a.db", "INSERT INTO t VALUES(2)");
  const again = await next(events);
  assert.deepEqual([again.event, again.again, again.epoch], ["subscribed", true, epoch]);
  const commit = await next(events);
  assert.deepEqual([commit.event, commit.rev, commit.epoch], ["commit", 3, epoch]);
  await events.return();
});

test("it goes on from the last event", async (t) => {
  const d = await fake(t, async (peer, n) => {
    const request = await peer.request();
    if (n === 2) return peer.fail(request, "SHUTTING_DOWN", { retryable: true });
    peer.reply(request, { subscribed: true, rev: 40 + n, epoch: "e", state: "open", more: true });
    if (n === 3) return peer.hangUp();
    peer.reply(request, { event: "later invention", more: true });
    peer.reply(request, { event: "commit", db: "a.db", rev: 50 + n, epoch: "e", ...(n > 1 ? { missed: true } : { tables: ["t"] }), more: true });
    if (n === 1) peer.socket.end();
  });
  const events = client(d).subscribe({ db: "a.db" });
  const got = [];
  for await (const e of events) {
    got.push([e.event, e.rev]);
    if (e.missed) break;
  }
  assert.deepEqual(got, [["subscribed", 41], ["commit", 51], ["subscribed", 43], ["subscribed", 44], ["commit", 54]]);
  // What the third stream would have told next was lost with it.
  assert.deepEqual(d.peers.map(({ requests }) => requests.at(-1).rev), [undefined, 51, 51, 51]);
  await Promise.all(d.peers.map((peer) => peer.ended));
});

test("after a lost connection of a stream of all anything may have changed", async (t) => {
  const d = await fake(t, async (peer, n) => {
    peer.reply(await peer.request(), { subscribed: true, more: true });
    if (n === 1) peer.socket.end();
  });
  const events = client(d).subscribe();
  assert.deepEqual([await next(events), await next(events), await next(events)].map((e) => [e.event, e.again ?? e.missed]), [["subscribed", false], ["subscribed", true], ["commit", true]]);
  await events.return();
});

test("an abort ends it with the signal's reason, and errors that stay end it", async (t) => {
  const { c } = await withT(t);
  const stop = new AbortController();
  const events = c.subscribe({ db: "a.db", signal: stop.signal });
  await next(events);
  const waiting = assert.rejects(next(events), { name: "AbortError" });
  stop.abort();
  await waiting;
  await assert.rejects(next(c.subscribe({ db: "../a.db" })), { code: "INVALID_DATABASE_NAME" });
  const closing = c.subscribe({ db: "a.db" });
  await next(closing);
  const closed = assert.rejects(next(closing), { code: "UNAVAILABLE" });
  await c.close();
  await closed;
});
