// Starting the daemon where there is none.
//
// Clients that can lock a file take <socket>.start.lock meanwhile, so that one
// of many starts the daemon. Node has no flock, and a lock that is a file's
// mere existence would outlive a program that is killed. So this client starts
// a daemon without that lock: a second one, which somebody else starts at the
// same moment, finds the first one's instance lock taken, says so and ends with
// status 1 before it has touched a database. One daemon is left, whoever started
// it, and all clients connect to it. Within one process only one is started.
// This client waits until the surplus one has ended: one that comes up slowly,
// after the first has gone again, would stay though nobody wants it.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Passing, SkylineError, unavailable } from "./errors.mjs";
import { Backoff } from "./pause.mjs";
import { executables, programFolders, variable, windows } from "./system.mjs";

const program = "skylinedb-daemon";
const startFor = 20_000; // for a daemon that was started to answer
const maxLog = 10 << 20; // a larger log is put aside before a daemon is started
const maxTail = 4 << 10; // what is read of the log of a daemon that ended

/** Starts one daemon after the other until one answers, and returns what dial
 * does then. More than one is needed where an old daemon that is ending still
 * holds the instance lock. */
export async function start(settings, dir, dial, signal) {
  const backoff = new Backoff();
  const end = performance.now() + startFor;
  for (;;) {
    const child = await startChild(settings, dir);
    const answer = await awaitAnswer(child, dial, signal, end);
    if (answer) return answer;
    await backoff.pause(signal);
  }
}

/** Connects to the daemon that was started, or to another one that is there
 * instead, once the former has ended. Undefined where child has ended and the
 * next one may do better. */
async function awaitAnswer(child, dial, signal, end) {
  const backoff = new Backoff();
  for (;;) {
    const { ended } = child;
    let connection;
    try {
      connection = await dial();
      if (ended || (await connection.send({ type: "Status" }).next()).pid === child.pid) return connection;
    } catch (e) {
      if (!(e instanceof Passing)) throw e;
    }
    connection?.destroy();
    signal.throwIfAborted();
    if (ended && startsAnother(child)) return undefined;
    if (performance.now() > end) throw new Passing(`a daemon was started and does not answer; its log is "${child.log}"`);
    await backoff.pause(signal, child.exit);
  }
}

/** Whether the next daemon may do better than this one, which has ended: one
 * that was killed, or ended in peace, says nothing against it, and one that
 * found another daemon will do once that has ended. */
function startsAnother(child) {
  if (!child.status) return true;
  const said = tail(child);
  if (/another daemon instance is already running/i.test(said)) return true;
  // On Windows a program that is killed has a status like any other. A daemon
  // that ends for a reason of its own says the reason.
  if (windows && !/(error|panic):/i.test(said)) return true;
  throw unavailable(`The daemon ended as soon as it was started (exit status ${child.status}): ${said.replace(/\.$/, "")} (its log is "${child.log}").`);
}

/** Starts the daemon's program in a session of its own, with its output in the
 * log of that socket. */
async function startChild(settings, dir) {
  try {
    const log = logPath(settings);
    const file = openLog(log);
    try {
      const offset = fs.fstatSync(file).size;
      return await spawned(settings, dir, { log, offset, ended: false, status: undefined }, file);
    } finally {
      fs.closeSync(file); // the daemon has its own descriptor
    }
  } catch (e) {
    if (e instanceof SkylineError) throw e;
    throw unavailable(`No daemon is running and none can be started: ${e.message}.`, e);
  }
}

function spawned(settings, dir, child, file) {
  const executable = findDaemon(settings);
  // Without this the system would say that the program does not exist.
  if (!fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`"${dir}" is not a directory`);
  const args = [...settings.daemonArgs, "--socket", settings.socket, dir];
  const daemon = spawn(executable, args, { cwd: dir, env: settings.env, detached: true, stdio: ["ignore", file, file], windowsHide: true });
  daemon.unref(); // it is meant to outlive this program
  child.pid = daemon.pid;
  child.exit = new Promise((resolve) => {
    daemon.once("exit", (status) => {
      child.ended = true;
      child.status = status; // null where a signal ended it
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    daemon.once("spawn", () => resolve(child));
    daemon.once("error", reject);
  });
}

/** The daemon's program: the one that was named, otherwise the one beside the
 * running script or in PATH. */
function findDaemon({ daemon, env }) {
  const inPath = (name) => programFolders(env).map((folder) => path.join(folder, name));
  const named = daemon && (/[/\\]/.test(daemon) ? [path.resolve(daemon)] : inPath(daemon));
  const beside = process.argv[1] ? [path.join(path.dirname(path.resolve(process.argv[1])), program)] : [];
  const found = (named || [...beside, ...inPath(program)]).flatMap(executables).find(runs);
  if (found) return found;
  if (daemon) throw new Error(`the daemon's program "${daemon}" is not there or cannot be run`);
  throw new Error(`the program ${program} is neither beside this one nor in PATH; start it yourself, or set SKYLINEDB_DAEMON to its path`);
}

function runs(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The log of the daemon on that socket, the same as other clients use. Two
 * sockets may have the same last name; the digest tells them apart. */
function logPath({ socket, env }) {
  const digest = createHash("sha256").update(socket).digest("hex").slice(0, 8);
  return path.join(stateDir(env), `${path.basename(socket)}-${digest}.log`);
}

function stateDir(env) {
  const folder = (name) => variable(env, name) ?? "";
  if (windows) {
    if (!path.isAbsolute(folder("LOCALAPPDATA"))) throw new Error("no place for the daemon's log: set LOCALAPPDATA to a folder");
    return path.join(folder("LOCALAPPDATA"), "SkylineDB");
  }
  const mac = process.platform === "darwin";
  if (!mac && path.isAbsolute(folder("XDG_STATE_HOME"))) return path.join(folder("XDG_STATE_HOME"), "skylinedb");
  const home = folder("HOME") || os.homedir();
  return mac ? path.join(home, "Library", "Logs", "skylinedb") : path.join(home, ".local", "state", "skylinedb");
}

/** Opens the log for appending. One that has grown too large becomes the old
 * log first. What is not a regular file is not written to: a link leads to
 * some other file. */
function openLog(file) {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const there = fs.lstatSync(file, { throwIfNoEntry: false });
  if (there && !there.isFile()) throw new Error(`"${file}" is not a regular file; remove it`);
  if (there && there.size > maxLog) putAside(file);
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = fs.constants;
  return fs.openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
}

/** Renames the log. Windows refuses that while a daemon which is just ending has
 * it open: it is put aside at the next start then. */
function putAside(log) {
  try {
    fs.renameSync(log, `${log}.old`);
  } catch (e) {
    if (!windows) throw e;
  }
}

/** The last lines of the child's log as one. */
function tail(child) {
  try {
    const text = fs.readFileSync(child.log).subarray(child.offset).subarray(-maxTail).toString();
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    return lines.slice(-3).join("; ") || "it said nothing";
  } catch {
    return "its log cannot be read";
  }
}
