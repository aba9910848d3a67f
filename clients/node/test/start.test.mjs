import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "../index.mjs";
import { autostart, client, daemon, place, rows, startedLog, until } from "../testkit/daemon.mjs";

const code = (code, message = /./) => ({ name: "SkylineError", code, message });
const windows = process.platform === "win32";
const kit = (name) => fileURLToPath(new URL(`../testkit/${name}.mjs`, import.meta.url));

/** How many daemons have got the socket. */
const listening = (where) => startedLog(where).split("msg=listening").length - 1;

test("several processes at once start one daemon", async (t) => {
  const where = autostart(t);
  const first = client(where, where);
  await first.exec("a.db", "CREATE TABLE t(pid)");
  await first.shutdown();
  const env = { ...where.env, SKYLINEDB_SOCKET: where.socket, SKYLINEDB_DIR: where.dir, SKYLINEDB_DAEMON: where.daemon };
  const programs = Array.from({ length: 8 }, () => {
    const program = spawn(process.execPath, [kit("starter")], { env, stdio: ["pipe", "pipe", "inherit"] });
    return { program, ended: new Promise((resolve) => program.once("exit", resolve)) };
  });
  for (const { program } of programs) program.stdin.write("go\n");
  assert.deepEqual(await Promise.all(programs.map((p) => p.ended)), Array(8).fill(0));
  assert.deepEqual(await rows(first, "a.db", "SELECT count(DISTINCT pid), count(*) FROM t"), [[8, 8]]);
  assert.equal(listening(where), 2);
});

test("twenty clients of one process start one daemon, which outlives them", async (t) => {
  const where = autostart(t);
  const pids = await Promise.all(Array.from({ length: 20 }, async () => {
    const c = connect(where);
    const { pid } = await c.status();
    await c.close();
    return pid;
  }));
  assert.equal(new Set(pids).size, 1);
  assert.equal((await client(where).status()).pid, pids[0]);
  assert.equal(listening(where), 1);
});

test("a daemon that comes up too late has ended when the client goes on", async (t) => {
  const where = autostart(t);
  const late = path.join(where.home, "late");
  let answered = false;
  const answer = client(where, { ...where, daemon: process.execPath, daemonArgs: [kit("late"), where.daemon, late] }).ping().then(() => (answered = true));
  await until("the late daemon waits", () => fs.existsSync(`${late}.waits`));
  const d = await daemon(t, [], where);
  for (let i = 0; i < 30; i++) {
    await client(d).ping();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(answered, false);
  fs.writeFileSync(`${late}.goes`, "");
  await answer;
  assert.match(startedLog(where), /another daemon instance is already running/);
});

test("a daemon that is killed before it answers is followed by another", async (t) => {
  const where = autostart(t);
  const once = path.join(where.home, "once");
  await client(where, { ...where, daemon: process.execPath, daemonArgs: [kit("killed"), where.daemon, once] }).ping();
  assert.equal(listening(where), 1);
});

test("a daemon that is gone is started again, where the last one was", async (t) => {
  const where = autostart(t);
  const maker = client(where, where);
  await maker.ping();
  const c = client(where, { ...where, dir: undefined });
  const { dir } = await c.ping();
  assert.equal(dir, where.dir);
  assert.equal(await maker.shutdown(), true);
  assert.equal((await c.ping()).dir, where.dir);
  assert.equal(listening(where), 2);
});

test("a daemon that cannot be started says why", async (t) => {
  const where = autostart(t);
  const refused = (options, message) => assert.rejects(client(where, { ...where, ...options }).ping(), code("UNAVAILABLE", message));
  await refused({ daemonArgs: ["--no-such-flag"] }, /no-such-flag/);
  await refused({ daemon: path.join(where.home, "none") }, /is not there/);
  await refused({ daemon: undefined, env: { ...where.env, PATH: "" } }, /SKYLINEDB_DAEMON/);
  await refused({ dir: path.join(where.home, "none") }, /is not a directory/);
});

test("the daemon's program is found in PATH, with or without its ending", async (t) => {
  const where = autostart(t);
  const program = path.join(where.home, path.basename(where.daemon));
  fs.copyFileSync(where.daemon, program);
  const env = { ...Object.fromEntries(Object.entries(where.env).filter(([name]) => name.toUpperCase() !== "PATH")), PATH: where.home };
  for (const daemon of [undefined, path.basename(program), path.basename(program, ".exe"), program.replace(/\.exe$/, "")]) {
    const c = client(where, { ...where, env, daemon });
    await c.ping();
    await c.shutdown();
  }
});

test("no daemon is started where none may be", async (t) => {
  const where = autostart(t);
  const c = client(where, { ...where, autostart: undefined, env: { ...where.env, SKYLINEDB_AUTOSTART: "off" }, retryForMs: 20 });
  await assert.rejects(c.ping(), code("UNAVAILABLE", /not running/));
  assert.equal(await c.shutdown(), false);
  assert.throws(() => connect({ env: { SKYLINEDB_AUTOSTART: "maybe" } }), code("INVALID_REQUEST"));
  assert.throws(() => connect({ env: { SKYLINEDB_MAX_FRAME: "1kb" } }), code("INVALID_REQUEST"));
});

test("a batch is executed exactly once though the daemon is killed", async (t) => {
  const where = autostart(t, ["--worker-idle=0"]);
  const c = client(where, where);
  await c.exec("a.db", "CREATE TABLE t(n)");
  let done = 0;
  let over = false;
  const replies = [];
  const writers = Array.from({ length: 8 }, async (_, w) => {
    for (let i = 0; !over; i++) {
      replies.push(await c.exec("a.db", "INSERT INTO t VALUES(?)", [`${w}-${i}`]));
      done++;
    }
  });
  for (let kill = 0; kill < 6; kill++) {
    const before = done;
    await until("batches are committed", () => done > before + 20);
    const { pid } = await c.status();
    process.kill(pid, "SIGKILL");
  }
  over = true;
  await Promise.all(writers);
  assert.deepEqual(await rows(c, "a.db", "SELECT count(DISTINCT n), count(*) FROM t"), [[done, done]]);
  assert.equal(new Set(replies.map((r) => r.lastInsertRowid)).size, done);
  assert.ok(listening(where) >= 2);
});

test("the socket must be this user's, and of a length that the system has", { skip: windows && "a pipe is no file" }, async (t) => {
  const where = place(t);
  fs.writeFileSync(path.join(where.home, "file"), "");
  fs.symlinkSync(where.socket, path.join(where.home, "link"));
  for (const [socket, message] of [["file", /not a socket/], ["link", /symbolic link/], ["x".repeat(200), /too long/]]) {
    await assert.rejects(client(where, { socket: path.join(where.home, socket) }).ping(), code("UNAVAILABLE", message));
  }
});

test("the pipe must be one of this machine's", { skip: !windows && "there are none" }, async (t) => {
  const where = place(t);
  const file = path.join(where.home, "file");
  fs.writeFileSync(file, "");
  for (const [socket, message] of [[file, /must be/], ["\\\\other\\pipe\\s", /must be/], ["\\\\.\\pipe\\", /must be/], [`\\\\.\\pipe\\${"x".repeat(300)}`, /too long/]]) {
    await assert.rejects(client(where, { socket }).ping(), code("UNAVAILABLE", message));
  }
});

test("on Windows names of variables have no case, and the log is in the user's folder", { skip: !windows && "this is another system" }, async (t) => {
  const where = autostart(t);
  const env = { ...Object.fromEntries(Object.entries(where.env).filter(([name]) => name !== "LOCALAPPDATA")), LocalAppData: where.home };
  const c = client(where, { env: { ...env, skylinedb_socket: where.socket, skylinedb_dir: where.dir, skylinedb_daemon: where.daemon }, autostart: true, socket: undefined, dir: undefined });
  assert.equal((await c.ping()).dir, where.dir);
  const digest = createHash("sha256").update(where.socket).digest("hex").slice(0, 8);
  assert.ok(fs.existsSync(path.join(where.home, "SkylineDB", `${path.basename(where.socket)}-${digest}.log`)));
  await assert.rejects(client({ ...where, socket: `${where.socket}x` }, { ...where, env: { ...env, LocalAppData: "" }, socket: `${where.socket}x` }).ping(), code("UNAVAILABLE", /LOCALAPPDATA/));
});

test("a daemon of another directory is refused", async (t) => {
  const d = await daemon(t);
  await assert.rejects(client(d, { dir: d.home }).ping(), code("DIR_MISMATCH"));
  if (windows) await client(d, { dir: d.dir.toUpperCase() }).ping();
  const link = path.join(d.home, "same");
  try {
    fs.symlinkSync(d.dir, link, "junction");
  } catch (e) {
    if (windows && e.code === "ENOTSUP") return t.diagnostic("no link was tried: Wine makes none");
    throw e;
  }
  await client(d, { dir: link }).ping();
});

test("maintenance: a file is replaced while the client is there", async (t) => {
  const d = await daemon(t);
  const c = client(d);
  await c.exec("a.db", "CREATE TABLE t(a)");
  await c.exec("b.db", "CREATE TABLE other(a)");
  const old = await c.ping("a.db");
  assert.equal(old.state, "open");
  assert.deepEqual(await c.prepareForMaintenance("a.db"), { already: false });
  assert.deepEqual(await c.prepareForMaintenance("a.db"), { already: true });
  await assert.rejects(c.exec("a.db", "DELETE FROM t"), { code: "DATABASE_PREPARING", retryable: true });
  assert.deepEqual(await c.closeDatabase("a.db", { requireExclusive: true }), { already: false, readersRemaining: false });
  await assert.rejects(c.exec("a.db", "DELETE FROM t"), { code: "DATABASE_CLOSED", retryable: true });
  await c.closeDatabase("b.db");
  fs.renameSync(path.join(d.dir, "b.db"), path.join(d.dir, "a.db"));
  const reopened = await c.reopenDatabase("a.db");
  assert.equal(reopened.already, false);
  assert.notEqual(reopened.epoch, old.epoch);
  await c.exec("a.db", "DELETE FROM other");
  assert.equal((await c.reopenDatabase("a.db")).already, true);
});

test("a client that nobody closes keeps no program alive", async (t) => {
  const d = await daemon(t);
  const program = `import { connect } from ${JSON.stringify(new URL("../index.mjs", import.meta.url).href)};
    const c = connect();
    await c.exec("a.db", "CREATE TABLE t(a)");
    await c.all("a.db", "SELECT a FROM t");
    await c.transaction("a.db", (tx) => tx.exec("INSERT INTO t VALUES(1)"));
    for await (const e of c.subscribe({ db: "a.db" })) break;`;
  const env = { ...d.env, SKYLINEDB_SOCKET: d.socket, SKYLINEDB_DIR: d.dir, SKYLINEDB_AUTOSTART: "no" };
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { env, stdio: "inherit" });
  assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
});

test("a closed client says so, and its calls in flight end", async (t) => {
  const d = await daemon(t);
  const c = client(d);
  await c.ping();
  const waiting = assert.rejects(c.exec("a.db", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", null, { timeoutMs: 2000 }), code("UNAVAILABLE", /closed/));
  await c.close();
  await waiting;
  await assert.rejects(c.ping(), code("UNAVAILABLE", /closed/));
  await c.close();
});

test("the end of a daemon is waited for", async (t) => {
  const d = await daemon(t);
  const c = client(d);
  await c.exec(undefined, "CREATE TABLE t(a)");
  assert.equal(await c.shutdown(), true);
  assert.equal(await d.ended, 0);
  assert.deepEqual(fs.readdirSync(d.dir), ["data.db"]);
});
