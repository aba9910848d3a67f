// One connection to the daemon, with many requests in flight.

import { Passing } from "./errors.mjs";
import { FrameReader, frame } from "./wire.mjs";

// The daemon reads 64 requests of a connection ahead of its replies. One that
// keeps below that is sure that its Cancel is read.
const maxInFlight = 48;

let ids = 0;

/** One request on one connection, whose reply comes in one frame or several.
 * Of several, one is held; the next is read when that has been taken. */
export class Call {
  #reply;
  #error;
  #waiter;

  constructor(connection, request, maxFrame) {
    this.connection = connection;
    this.id = ++ids;
    this.frame = frame({ ...request, id: this.id }, maxFrame);
    this.written = false;
  }

  /** Whether a frame lies here that nobody has taken. */
  get full() {
    return this.#reply !== undefined;
  }

  /** Whether no frame follows that has not arrived. */
  over = false;

  put(reply) {
    this.over = !reply.more;
    if (this.#waiter) this.#settle().resolve(reply);
    else this.#reply = reply;
  }

  lose(error) {
    this.over = true;
    if (this.#waiter) this.#settle().reject(error);
    else this.#error = error;
  }

  #settle() {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }

  /** The next frame of the reply, an error reply included. It rejects with
   * Passing where the connection is lost. One call at a time. */
  async next() {
    const reply = this.#reply;
    if (reply !== undefined) {
      this.#reply = undefined;
      this.connection.deliver();
      return reply;
    }
    if (this.#error) throw this.#error;
    if (this.over) throw new Passing("the reply has ended");
    return new Promise((resolve, reject) => (this.#waiter = { resolve, reject }));
  }
}

/** Replies come in the order of the requests, so each frame belongs to the
 * request that has waited longest. */
export class Connection {
  #socket;
  #reader;
  #maxFrame;
  #queue = []; // calls to be written
  #waiting = []; // calls written, oldest first
  #lost; // why there is no connection any more
  #delivering = false;
  #kept = false; // somebody waits for the end

  /** What arrived was not a daemon's. */
  foreign = false;

  /** @param {import("node:net").Socket} socket connected */
  constructor(socket, maxFrame, replyLimit) {
    this.#socket = socket;
    this.#maxFrame = maxFrame;
    this.#reader = new FrameReader(replyLimit);
    socket.on("data", (chunk) => {
      this.#reader.push(chunk);
      this.deliver();
    });
    socket.on("drain", () => this.#pump());
    socket.on("error", (e) => (this.#lost ??= e)); // close follows
    socket.on("close", () => this.#ended());
  }

  get usable() {
    return this.#lost === undefined && !this.#socket.destroyed;
  }

  /** Whether nothing is under way. */
  get idle() {
    return this.#queue.length + this.#waiting.length === 0;
  }

  /** Sends a request. The outcome is the call's. */
  send(request) {
    const call = new Call(this, request, this.#maxFrame);
    this.#queue.push(call);
    if (this.usable) this.#pump();
    else this.deliver();
    return call;
  }

  /** Ends a call: takes it back where it has not been written, or asks the
   * daemon to, and returns the call that does so. What became of the call comes
   * by itself. */
  cancel(call) {
    const at = this.#queue.indexOf(call);
    if (at >= 0) {
      this.#queue.splice(at, 1);
      call.lose(new Passing("the request was taken back before it was sent"));
      this.#rest();
    }
    if (!this.usable || !this.#waiting.includes(call)) return undefined;
    const cancel = new Call(this, { type: "Cancel", target: call.id }, this.#maxFrame);
    this.#write(cancel); // before all that is queued: the daemon does it out of turn
    return cancel;
  }

  /** Waits for the end of the connection. */
  end() {
    this.#kept = true;
    this.#socket.ref();
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      this.#socket.once("close", resolve);
    });
  }

  /** Hangs up. What is under way is lost. */
  destroy(reason = new Error("the connection was closed")) {
    this.#lost ??= reason;
    this.#socket.destroy();
  }

  /** Writes what is queued, as far as the daemon and the socket take it. */
  #pump() {
    while (this.#queue.length > 0 && this.#waiting.length < maxInFlight && !this.#socket.writableNeedDrain && this.usable) {
      this.#write(this.#queue.shift());
    }
    this.#rest();
  }

  #write(call) {
    this.#waiting.push(call);
    call.written = true;
    this.#socket.write(call.frame);
  }

  /** A connection with nothing under way does not keep the program alive. */
  #rest() {
    if (this.idle && !this.#kept) this.#socket.unref();
    else this.#socket.ref();
  }

  /** Hands the frames that have arrived to their calls. A call that is full
   * stops it, and with it the reading: the daemon waits then. */
  deliver() {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      if (this.#deliverAll()) this.#socket.resume();
      else this.#socket.pause();
    } catch (e) {
      // Out of step: no reply can be trusted any more.
      this.foreign = true;
      this.destroy(e);
      this.#loseAll();
    } finally {
      this.#delivering = false;
    }
  }

  /** False where the oldest call is full. */
  #deliverAll() {
    for (;;) {
      const call = this.#waiting[0];
      if (call?.full) return false;
      const reply = this.#reader.next();
      if (reply === undefined) break;
      if (!call || (reply.id !== undefined && reply.id !== call.id)) throw new Error("a reply came that belongs to no request");
      if (!reply.more) this.#waiting.shift();
      call.put(reply);
      // What follows on this connection would be lost.
      if (reply.code === "FRAME_TOO_LARGE") this.destroy(new Error("the daemon ends it after a frame that is too large"));
      if (!reply.more) this.#pump();
    }
    if (!this.usable) this.#loseAll();
    return true;
  }

  #ended() {
    this.#lost ??= new Error("the daemon hung up");
    this.deliver();
  }

  #loseAll() {
    const message = `The connection to the daemon was lost: ${this.#lost?.message ?? "it was closed"}`;
    for (const call of [...this.#waiting.splice(0), ...this.#queue.splice(0)]) {
      call.lose(new Passing(message, { cause: this.#lost, sent: call.written }));
    }
  }
}
