// A client of the SkylineDB daemon in Node, without packages.
//
//     node client.mjs SOCKET      (default: SKYLINEDB_SOCKET or /tmp/skylinedb-v1.sock;
//                                  on Windows \\.\pipe\SkylineDBd-v1)
//
// It needs a running daemon: skylinedb-daemon --socket SOCKET DIR.

import net from "node:net";
import { randomUUID } from "node:crypto";

/** A failed request. code is for programs, the message for people. */
export class DaemonError extends Error {
  constructor(reply) {
    super(`${reply.code}: ${reply.message}`);
    this.code = reply.code;
    this.retryable = reply.retryable ?? false;
    this.reply = reply;
  }
}

/** One connection. Requests may be sent before the last reply has come:
 * replies come in the order of the requests. */
export class Daemon {
  #socket = null;
  #waiting = []; // of {resolve, reject}, in the order of the requests
  #buffer = Buffer.alloc(0);

  constructor(path) {
    this.path = path;
  }

  /** Sends one request; resolves with its reply or rejects with DaemonError. */
  request(fields) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      const body = Buffer.from(JSON.stringify(fields));
      const header = Buffer.alloc(4);
      header.writeUInt32LE(body.length);
      this.#connect().write(Buffer.concat([header, body]));
    });
  }

  /** Executes statements as one transaction, exactly once: the request_id
   * lets it be asked again after a lost connection. */
  async execute(db, stmts, tries = 10) {
    const request = { type: "ExecBatch", db, request_id: randomUUID(), stmts };
    for (let attempt = 0; attempt < tries; attempt++) {
      try {
        return await this.request(request);
      } catch (e) {
        if (e instanceof DaemonError && !["QUEUE_FULL", "SHUTTING_DOWN"].includes(e.code)) throw e;
      }
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** attempt));
    }
    throw new Error(`no daemon answers on ${this.path}`);
  }

  close() {
    this.#socket?.end();
  }

  #connect() {
    if (this.#socket === null) {
      const socket = net.connect(this.path);
      socket.on("data", (data) => this.#receive(data));
      socket.on("error", () => {}); // "close" follows
      socket.on("close", () => this.#lost());
      this.#socket = socket;
    }
    return this.#socket;
  }

  #receive(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    while (this.#buffer.length >= 4) {
      const end = 4 + this.#buffer.readUInt32LE();
      if (this.#buffer.length < end) return;
      const reply = JSON.parse(this.#buffer.toString("utf8", 4, end));
      this.#buffer = this.#buffer.subarray(end);
      const { resolve, reject } = this.#waiting.shift();
      if (reply.status === "ok") resolve(reply);
      else reject(new DaemonError(reply));
    }
  }

  #lost() {
    const waiting = this.#waiting;
    this.#socket = null;
    this.#waiting = [];
    this.#buffer = Buffer.alloc(0);
    for (const { reject } of waiting) reject(new Error("the connection to the daemon was lost"));
  }
}

/** Values that JSON has no form for. */
export const blob = (bytes) => ({ $blob: Buffer.from(bytes).toString("base64") });
export const integer = (bigint) => ({ $int: String(bigint) });
export const real = (number) => ({ $real: Number.isFinite(number) ? String(number) : number > 0 ? "inf" : "-inf" });

async function main() {
  const standard = process.platform === "win32" ? "\\\\.\\pipe\\SkylineDBd-v1" : "/tmp/skylinedb-v1.sock";
  const daemon = new Daemon(process.argv[2] ?? process.env.SKYLINEDB_SOCKET ?? standard);
  await daemon.execute("node.db", [{ sql: "CREATE TABLE IF NOT EXISTS tasks(id INTEGER PRIMARY KEY, title TEXT, cover BLOB, weight REAL, points INTEGER)" }]);
  const done = await daemon.execute("node.db", [
    { sql: "INSERT INTO tasks(title, cover, weight) VALUES(?, ?, ?)", params: ["Buy groceries", blob([0, 1]), real(2)] },
    { sql: "INSERT INTO tasks(title, points) VALUES(:title, :points)", params: { title: "Zürich", points: integer(2n ** 62n) } },
  ]);
  console.log(`rev ${done.rev}, ${done.rows_affected} rows affected`);
  // Three requests in flight on one connection.
  const replies = await Promise.all([1, 2, 3].map((id) => daemon.request({ type: "Ping", db: "node.db", id })));
  console.log(`pipelined: ${replies.map((r) => r.id).join(" ")}`);
  try {
    await daemon.execute("node.db", [{ sql: "INSERT INTO nowhere VALUES(1)" }]);
  } catch (e) {
    console.log(`refused: ${e.code} ${e.reply.sqlite_code} in statement ${e.reply.statement_index}`);
  }
  daemon.close();
}

if (process.argv[1]?.endsWith("client.mjs")) await main();
