// A daemon that does what a test says, for what the real one does at no
// particular moment: lose a reply, be another's, speak nonsense.

import net from "node:net";
import { place } from "./daemon.mjs";

/** Serves connections with serve(peer), an async function, and answers the
 * Ping with which each begins by itself. The return value has the place, and
 * the peers in the order in which they came. */
export async function fake(t, serve, { pong = {} } = {}) {
  const where = place(t);
  const peers = [];
  const failures = [];
  const server = net.createServer((socket) => {
    const peer = new Peer(socket);
    peers.push(peer);
    peer.greet({ dir: where.dir, ...pong }).then(() => serve(peer, peers.length)).catch((e) => {
      if (!(e instanceof HungUp)) failures.push(e);
    });
  });
  await new Promise((resolve) => server.listen(where.socket, resolve));
  where.defer(() => {
    for (const peer of peers) peer.hangUp();
    server.close();
    if (failures.length > 0) throw failures[0];
  });
  return { ...where, peers };
}

class HungUp extends Error {}

/** A client, as the daemon sees it. */
class Peer {
  #pieces;
  #buffer = Buffer.alloc(0);

  constructor(socket) {
    this.socket = socket;
    this.requests = [];
    socket.on("error", () => {});
    this.ended = new Promise((resolve) => socket.once("close", resolve));
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  async greet(pong) {
    const ping = await this.request();
    if (ping.type !== "Ping") throw new Error(`the first request is ${ping.type}`);
    this.reply(ping, { version: "0", protocol: 1, ...pong });
  }

  /** The next request. */
  async request() {
    for (;;) {
      if (this.#buffer.length >= 4) {
        const end = 4 + this.#buffer.readUInt32LE();
        if (this.#buffer.length >= end) {
          const request = JSON.parse(this.#buffer.toString("utf8", 4, end));
          this.#buffer = this.#buffer.subarray(end);
          this.requests.push(request);
          return request;
        }
      }
      const { value, done } = await this.#pieces.next().catch(() => ({ done: true }));
      if (done) throw new HungUp("the client hung up");
      this.#buffer = Buffer.concat([this.#buffer, value]);
    }
  }

  reply(request, fields) {
    return this.send(JSON.stringify({ id: request.id, status: "ok", ...fields }));
  }

  fail(request, code, fields) {
    return this.reply(request, { status: "error", code, message: `It is ${code}.`, retryable: false, ...fields });
  }

  /** Sends a body, and says whether the socket takes more. */
  send(text) {
    const body = Buffer.from(text);
    const header = Buffer.alloc(4);
    header.writeUInt32LE(body.length);
    return this.socket.write(Buffer.concat([header, body]));
  }

  hangUp() {
    this.socket.destroy();
  }
}
