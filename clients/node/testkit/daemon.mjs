// The real daemon for tests, from SKYLINEDB_DAEMON, in a folder of its own.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { connect } from "../index.mjs";

const program = process.env.SKYLINEDB_DAEMON;
const patience = 120_000; // far longer than anything takes

/** Waits until condition holds. */
export async function until(what, condition) {
  for (const end = Date.now() + patience; ; ) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A folder for one test, with a socket's name in it, and defer, which does
 * something when the test ends: the last first, before the folder goes. The
 * settings of whoever runs the tests do not reach the clients that get its env. */
export function place(t) {
  const home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "sky-")));
  const dir = path.join(home, "db");
  fs.mkdirSync(dir);
  const deeds = [() => until("the folder can be removed", () => removed(home))];
  t.after(async () => {
    for (const deed of deeds.reverse()) await deed();
  });
  const socket = process.platform === "win32" ? `\\\\.\\pipe\\${path.basename(home)}` : path.join(home, "s");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SKYLINEDB_")));
  const defer = (deed) => deeds.push(deed);
  return { home, dir, socket, defer, env: { ...env, XDG_STATE_HOME: home, HOME: home, LOCALAPPDATA: home } };
}

/** Removes a folder. On Windows it stays while a program that is just ending is in it. */
function removed(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
    return true;
  } catch (e) {
    if (["EBUSY", "EPERM", "EACCES", "ENOTEMPTY"].includes(e.code)) return false;
    throw e;
  }
}

/** A client that is closed when the test ends. */
export function client({ dir, socket, env, defer }, options = {}) {
  const c = connect({ dir, socket, env, autostart: false, ...options });
  defer(() => c.close());
  return c;
}

/** Starts a daemon. When the test ends it must end well. */
export async function daemon(t, flags = [], where = place(t)) {
  needProgram();
  const d = { ...where, process: undefined, output: "" };
  d.spawn = async () => {
    const child = spawn(program, ["--worker-idle=0", "--router-idle=0", ...flags, `--socket=${d.socket}`, d.dir], { env: d.env });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (d.output += text));
    d.ended = new Promise((resolve) => child.once("exit", (status, signal) => resolve(status ?? signal)));
    d.process = child;
    const c = connect({ ...where, autostart: false });
    await c.ping();
    await c.close();
  };
  d.kill = async () => {
    d.process.kill("SIGKILL");
    await d.ended;
  };
  d.defer(async () => {
    const c = connect({ ...where, autostart: false });
    const ran = await c.shutdown();
    await c.close();
    if (ran && (await d.ended) !== 0) throw new Error(`the daemon did not end well:\n${d.output}`);
    if (/panic|DATA RACE/.test(d.output)) throw new Error(`the daemon's log tells of a defect:\n${d.output}`);
  });
  await d.spawn();
  return d;
}

/** Options for clients that start the daemon, which ends with the test. */
export function autostart(t, flags = []) {
  needProgram();
  const where = place(t);
  where.defer(async () => {
    const c = connect({ ...where, autostart: false });
    await c.shutdown();
    await c.close();
  });
  return { ...where, autostart: true, daemon: program, daemonArgs: flags };
}

/** The log of the daemons that clients have started. */
export function startedLog({ home }) {
  const folder = [path.join(home, "skylinedb"), path.join(home, "Library", "Logs", "skylinedb"), path.join(home, "SkylineDB")].find(fs.existsSync);
  return fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "utf8")).join("");
}

function needProgram() {
  if (!program) throw new Error("Set SKYLINEDB_DAEMON to the path of the daemon's program.");
}

/** Rows by a batch, which every daemon has. */
export async function rows(c, db, sql, params) {
  const { results } = await c.batch(db, [{ sql, params }], { results: true, as: "array" });
  return results[0].rows;
}
