// The way to the daemon: connections that are made sure of, one for each
// database that its batches share, and others for what needs one of its own.

import fs from "node:fs";
import net from "node:net";
import { Connection } from "./connection.mjs";
import { Passing, passes, phrase, SkylineError, unavailable } from "./errors.mjs";
import { orAborted } from "./pause.mjs";
import { start } from "./start.mjs";
import { checkPipe, windows } from "./system.mjs";
import { defaultMaxFrame, protocol } from "./wire.mjs";

const handshake = 10_000; // for a connection and the first reply on it
const maxSpare = 4; // connections kept for the next query or transaction
const maxLanes = 16; // databases whose connections are kept though they are idle
const maxPath = process.platform === "linux" ? 107 : 103; // of a socket, in bytes

export class Link {
  #settings;
  #dir; // that the daemon serves, or would
  #pinned; // the daemon must serve #dir
  #lanes = new Map(); // of a database to the connection of its batches, perhaps ended
  #connecting = new Map(); // of a database to a promise of that
  #starting; // a promise that a daemon answers
  #spare = [];
  #all = new Set(); // connections, but for those that are known to have ended
  #ending = new AbortController();

  constructor(settings) {
    this.#settings = settings;
    this.#dir = settings.dir;
    this.#pinned = settings.pinned;
  }

  /** The connection that the batches of a database share: it is made by whoever
   * is first. Another database has another, because replies come in the order of
   * the requests: one whose writer is held must not hold up the others. */
  shared(db, signal) {
    const lane = this.#lanes.get(db);
    if (lane?.usable) return lane;
    if (!this.#connecting.has(db)) {
      const made = this.exclusive()
        .then((connection) => this.#keepLane(db, connection))
        .finally(() => this.#connecting.delete(db));
      this.#connecting.set(db, made);
    }
    return orAborted(this.#connecting.get(db), signal);
  }

  #keepLane(db, connection) {
    for (const [name, lane] of this.#lanes) {
      if (this.#lanes.size < maxLanes) break;
      if (lane.usable && !lane.idle) continue;
      this.#lanes.delete(name);
      this.release(lane);
    }
    this.#lanes.set(db, connection);
    return connection;
  }

  /** A connection for one user, who gives it back by release. */
  async exclusive(signal) {
    const spare = this.#takeSpare();
    if (spare) return spare;
    const reached = this.#reach();
    try {
      return await orAborted(reached, signal);
    } catch (e) {
      reached.then((late) => this.release(late), () => {});
      throw e;
    }
  }

  /** Takes a connection back. One that is still busy is of no use to others. */
  release(connection) {
    if (connection.usable && connection.idle && this.#spare.length < maxSpare) this.#spare.push(connection);
    else this.discard(connection);
  }

  discard(connection) {
    connection.destroy();
    this.#all.delete(connection);
  }

  /** Connects to the daemon that runs and never starts one. */
  async dial() {
    this.#open();
    const connection = new Connection(await this.#connect(), this.#settings.maxFrame, Math.max(this.#settings.maxFrame, defaultMaxFrame));
    try {
      await this.#greet(connection);
      this.#open();
    } catch (e) {
      connection.destroy();
      throw e;
    }
    for (const old of this.#all) if (!old.usable) this.#all.delete(old);
    this.#all.add(connection);
    return connection;
  }

  /** Ends every connection. What is under way on them fails. */
  close() {
    const reason = unavailable("The client is closed.");
    this.#ending.abort(reason);
    for (const connection of this.#all) connection.destroy(reason);
    this.#all.clear();
  }

  get closed() {
    return this.#ending.signal.aborted;
  }

  #open() {
    this.#ending.signal.throwIfAborted();
  }

  /** Connects to the daemon that runs, or starts one where it may. */
  async #reach() {
    try {
      return await this.dial();
    } catch (e) {
      if (!(e instanceof Passing && e.notRunning && this.#settings.autostart)) throw e;
    }
    // One for all who find no daemon now; each connects for itself after it.
    this.#starting ??= start(this.#settings, this.#dir, () => this.dial(), this.#ending.signal)
      .then((connection) => this.release(connection))
      .finally(() => (this.#starting = undefined));
    await this.#starting;
    return this.#takeSpare() ?? this.dial();
  }

  #takeSpare() {
    let spare;
    do spare = this.#spare.pop();
    while (spare && !spare.usable);
    return spare;
  }

  async #connect() {
    const { socket: address } = this.#settings;
    if (windows) checkPipe(address);
    else checkSocket(address);
    const socket = net.connect(address);
    try {
      await inTime(new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject)));
    } catch (e) {
      socket.on("error", () => {});
      socket.destroy();
      throw explain(e, address);
    }
    return socket;
  }

  /** Sends a Ping: whoever listens must speak the protocol, in good time, and
   * serve this client's directory. */
  async #greet(connection) {
    let pong;
    try {
      pong = await inTime(connection.send({ type: "Ping" }).next());
    } catch (e) {
      if (connection.foreign) throw this.#foreign(e);
      throw e;
    }
    if (pong.status !== "ok") {
      const e = SkylineError.of(pong);
      throw passes(e) ? new Passing(e.message, { cause: e }) : e;
    }
    if (typeof pong.dir !== "string") throw this.#foreign();
    this.#checkDaemon(pong);
  }

  #foreign(cause) {
    return unavailable(`What listens at "${this.#settings.socket}" is not a SkylineDB daemon: choose another socket.`, cause);
  }

  /** The first daemon's directory binds the client: with a daemon that serves
   * another, a batch that is asked again would go to another file. */
  #checkDaemon(pong) {
    const { socket } = this.#settings;
    if (pong.protocol !== protocol) {
      throw unavailable(`The daemon at "${socket}" speaks protocol ${pong.protocol} and this program protocol ${protocol}: use the same version of both.`);
    }
    if (!this.#pinned) {
      this.#dir = pong.dir;
      this.#pinned = true;
    } else if (!sameFolder(this.#dir, pong.dir)) {
      throw new SkylineError("DIR_MISMATCH", `The daemon at "${socket}" serves "${pong.dir}" and not "${this.#dir}": stop it, or use another socket for this directory.`);
    }
  }
}

/** Refuses a socket that is not this user's own, before anything is sent. (Who
 * listens behind it Node does not tell.) */
function checkSocket(address) {
  const bytes = Buffer.byteLength(address);
  if (bytes > maxPath) throw unavailable(`The socket's path "${address}" is too long: it has ${bytes} bytes, and the system allows ${maxPath}; choose a shorter one.`);
  let file;
  try {
    file = fs.lstatSync(address);
  } catch (e) {
    throw explain(e, address);
  }
  const user = process.geteuid();
  const fault = file.isSymbolicLink()
    ? "it is a symbolic link"
    : !file.isSocket()
      ? "it is not a socket"
      : file.uid !== user && `it belongs to user ${file.uid} and not to user ${user}, who runs this program`;
  if (fault) throw unavailable(`What is at "${address}" is not this user's daemon: ${fault}.`);
}

/** Whether another try may succeed where the system refused a connection. */
function explain(e, address) {
  if (e instanceof Passing || e instanceof SkylineError) return e;
  if (["EACCES", "EPERM", "EINVAL", "ENOTDIR", "ENAMETOOLONG"].includes(e.code)) return unavailable(`The daemon at "${address}" cannot be reached: ${phrase(e)}.`, e);
  const notRunning = e.code === "ENOENT" || e.code === "ECONNREFUSED";
  return new Passing(notRunning ? "the daemon is not running" : phrase(e), { cause: e, notRunning });
}

/** Resolves as promise does, if that does so in good time. */
async function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Passing("the daemon did not answer in time")), handshake);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether two paths lead to one directory. It asks the file system, for which
 * a link or another case may be the same. */
function sameFolder(a, b) {
  if (a === b) return true;
  const [fa, fb] = [a, b].map((folder) => fs.statSync(folder, { bigint: true, throwIfNoEntry: false }));
  return Boolean(fa && fb && fa.dev === fb.dev && fa.ino === fb.ino);
}
