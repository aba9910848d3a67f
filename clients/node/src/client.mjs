import { batchRequest, batchResult, sendOnce } from "./batch.mjs";
import { collect } from "./collect.mjs";
import { Passing, SkylineError, unavailable } from "./errors.mjs";
import { RequestIds } from "./forget.mjs";
import { Link } from "./link.mjs";
import { opened, QueryStream, queryRequest } from "./query.mjs";
import { ok, outcome, Retry } from "./retry.mjs";
import { settings } from "./settings.mjs";
import { events } from "./subscription.mjs";
import { begin } from "./transaction.mjs";

const defaultDB = "data.db";

/** A client of one daemon. It connects with the first call. Make one per
 * program and close it at the end. */
export class Client {
  #settings;
  #link;
  #ids = new RequestIds();

  constructor(options = {}) {
    this.#settings = settings(options);
    this.#link = new Link(this.#settings);
  }

  /** Executes one statement, exactly once. */
  exec(db, sql, params, options) {
    return this.batch(db, [{ sql, params }], options);
  }

  /** Executes statements as one transaction, exactly once. */
  async batch(db, stmts, options = {}) {
    const reply = await sendOnce(this.#sender(named(db)), batchRequest(named(db), stmts, options), options);
    return batchResult(reply, options.as);
  }

  /** The rows of a query, as a stream on a connection of its own. */
  query(db, sql, params, options = {}) {
    const { signal } = options;
    const request = queryRequest(named(db), sql, params, options);
    const open = () => opened(this.#link, this.#settings, request, signal);
    return new QueryStream(open, (connection) => this.#link.release(connection), { as: options.as, signal });
  }

  /** All rows of a query. */
  async all(db, sql, params, options) {
    return collect(this.query(db, sql, params, options));
  }

  /** Begins a transaction, which must be committed or rolled back. */
  async begin(db, options) {
    return begin({ link: this.#link, settings: this.#settings, ids: this.#ids }, named(db), options);
  }

  /** Calls work with a transaction: commits it and returns what work does, or
   * rolls it back where work throws. */
  async transaction(db, work, options = {}) {
    const tx = await this.begin(db, options);
    let result;
    try {
      result = await work(tx);
      options.signal?.throwIfAborted();
    } catch (e) {
      await tx.rollback();
      throw e;
    }
    try {
      await tx.commit(options);
    } finally {
      await tx.rollback(); // where Commit could not even be sent
    }
    return result;
  }

  /** What happens to a database, or to all where db is left out. */
  subscribe(options = {}) {
    return events({ link: this.#link, settings: this.#settings }, options);
  }

  /** What the daemon says of itself, and of a database if one is named. */
  async ping(db, options) {
    const reply = await this.#request({ type: "Ping", db }, options);
    const pong = { version: reply.version, protocol: reply.protocol, dir: reply.dir };
    if (db === undefined) return pong;
    return { ...pong, dbPath: reply.db_path, rev: reply.rev, epoch: reply.epoch, state: reply.state };
  }

  /** What the daemon tells of its work, as the protocol has it. */
  async status(options) {
    const { id, status, ...rest } = await this.#request({ type: "Status" }, options);
    return rest;
  }

  async prepareForMaintenance(db, options) {
    const reply = await this.#request({ type: "PrepareForMaintenance", db: named(db) }, options);
    return { already: reply.already ?? false };
  }

  async closeDatabase(db, options = {}) {
    const request = { type: "CloseDatabase", db: named(db), require_exclusive: options.requireExclusive };
    const reply = await this.#request(request, options);
    return { already: reply.already ?? false, readersRemaining: reply.readers_remaining ?? false };
  }

  async reopenDatabase(db, options) {
    const reply = await this.#request({ type: "ReopenDatabase", db: named(db) }, options);
    return { already: reply.already ?? false, rev: reply.rev, epoch: reply.epoch };
  }

  /** Ends the daemon and waits until it has finished what it had and hung up.
   * It never starts one: where none runs it returns false, otherwise true. */
  async shutdown() {
    let connection;
    try {
      connection = await this.#link.dial();
    } catch (e) {
      if (!(e instanceof Passing)) throw e;
      if (e.notRunning) return false;
      throw unavailable(`The daemon cannot be reached: ${e.message}.`, e);
    }
    try {
      await this.#askToEnd(connection);
    } finally {
      this.#link.discard(connection);
    }
    return true;
  }

  /** Ends the connections. Calls that are in flight fail, and whether the daemon
   * has done what they asked is not known: wait for them first. A daemon that
   * the client started goes on. */
  async close() {
    this.#link.close();
  }

  async #askToEnd(connection) {
    const reply = await connection.send({ type: "Shutdown" }).next().catch((e) => {
      throw unavailable("The connection was lost before the daemon confirmed its end.", e);
    });
    // A daemon that is ending already is as good.
    if (reply.status !== "ok" && reply.code !== "SHUTTING_DOWN") throw SkylineError.of(reply);
    await connection.end();
  }

  /** Sends a request that is no batch, on a connection of its own: no batch
   * that waits for its turn holds it up. */
  #request(request, { signal } = {}) {
    const deed = async (connection) => {
      try {
        return ok(await outcome(connection.send(request), signal));
      } finally {
        this.#link.release(connection);
      }
    };
    return new Retry(this.#settings, signal).run((stop) => this.#link.exclusive(stop), deed);
  }

  #sender(db) {
    return { settings: this.#settings, ids: this.#ids, connect: (stop) => this.#link.shared(db, stop) };
  }
}

// Before Node 20 there is no such symbol.
if (Symbol.asyncDispose) {
  Client.prototype[Symbol.asyncDispose] = Client.prototype.close;
}

const named = (db) => db ?? defaultDB;
