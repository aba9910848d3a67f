// A transaction over several requests, on a connection of its own.

import { batchRequest, batchResult, sendOnce } from "./batch.mjs";
import { invalid, Passing, SkylineError } from "./errors.mjs";
import { collect } from "./collect.mjs";
import { QueryStream, queryRequest } from "./query.mjs";
import { ok, outcome, Retry } from "./retry.mjs";
import { encodeRev } from "./wire.mjs";

/** Begins a transaction. The connection is this transaction's until its end. */
export async function begin({ link, settings, ids }, db, options = {}) {
  const { signal } = options;
  const request = {
    type: "Begin",
    db,
    idle_ms: options.idleMs,
    lease_ms: options.leaseMs,
    timeout_ms: options.timeoutMs,
    sync: options.sync,
    expect_rev: encodeRev(options.expectRev),
  };
  return new Retry(settings, signal, true).run(
    (stop) => link.exclusive(stop),
    async (connection) => {
      const hangUp = () => link.discard(connection);
      signal?.addEventListener("abort", hangUp, { once: true });
      try {
        signal?.throwIfAborted();
        const reply = ok(await connection.send(request).next());
        return new Transaction({ link, settings, ids }, connection, db, reply, signal);
      } catch (e) {
        link.release(connection);
        throw signal?.aborted ? signal.reason : e;
      } finally {
        signal?.removeEventListener("abort", hangUp);
      }
    },
  );
}

export class Transaction {
  #client;
  #connection;
  #signal;
  #ended; // why nothing more can be done
  #streams = 0; // queries whose rows are being read

  constructor(client, connection, db, reply, signal) {
    this.#client = client;
    this.#connection = connection;
    this.#signal = signal;
    this.db = db;
    this.id = reply.tx;
    this.rev = reply.rev;
    this.epoch = reply.epoch;
    this.idleMs = reply.idle_ms;
    this.leaseMs = reply.lease_ms;
  }

  /** Executes one statement. Where it fails it is undone, and the transaction goes on. */
  exec(sql, params, options) {
    return this.batch([{ sql, params }], options);
  }

  /** Executes statements, all or none of them. */
  async batch(stmts, options = {}) {
    const { signal = this.#signal } = options;
    const request = batchRequest(this.db, stmts, { results: options.results, timeoutMs: options.timeoutMs });
    const reply = await this.#request({ ...request, tx: this.id }, signal);
    const { rev, epoch, replayed, ...result } = batchResult(reply, options.as); // a rev comes with Commit
    return result;
  }

  /** The rows of a query that sees what the transaction has written. Nothing
   * else can be done in the transaction until they have been read. */
  query(sql, params, options) {
    return this.#stream(sql, params, options, 1);
  }

  /** All rows of a query. */
  async all(sql, params, options) {
    return collect(this.#stream(sql, params, options, 0)); // which are read in any case
  }

  #stream(sql, params, options = {}, readers) {
    const { signal = this.#signal } = options;
    const request = { ...queryRequest(this.db, sql, params, options), tx: this.id };
    const open = async () => {
      const call = this.#send(request);
      this.#streams += readers;
      try {
        return { connection: this.#connection, call, reply: ok(await outcome(call, signal)) };
      } catch (e) {
        this.#streams -= readers;
        throw this.#explain(e, signal);
      }
    };
    return new QueryStream(open, () => (this.#streams -= readers), { as: options.as, signal });
  }

  /** Makes what was written permanent. If the reply is lost it is asked for
   * again: TX_EXPIRED means that nothing was committed. */
  async commit({ requestId, forget } = {}) {
    this.#mayGoOn();
    this.#ended = new SkylineError("TX_EXPIRED", "The transaction was committed before.");
    const { link, settings, ids } = this.#client;
    const connect = (stop) => (this.#connection.usable ? this.#connection : link.shared(this.db, stop));
    try {
      const request = { type: "Commit", db: this.db, tx: this.id, request_id: requestId };
      const reply = await sendOnce({ settings, ids, connect }, request, { forget });
      this.rev = reply.rev;
      this.epoch = reply.epoch;
      return { rev: reply.rev, epoch: reply.epoch, replayed: reply.replayed ?? false };
    } finally {
      link.release(this.#connection);
    }
  }

  /** Undoes what was written. After the transaction's end it does nothing. */
  async rollback() {
    if (this.#ended) return;
    this.#ended = new SkylineError("TX_EXPIRED", "The transaction was rolled back before.");
    const { link } = this.#client;
    if (this.#streams > 0) return link.discard(this.#connection); // which does it as well
    try {
      ok(await this.#connection.send({ type: "Rollback", db: this.db, tx: this.id }).next());
      link.release(this.#connection);
    } catch {
      link.discard(this.#connection); // the transaction ends with its connection
    }
  }

  async #request(request, signal) {
    try {
      return ok(await outcome(this.#send(request), signal));
    } catch (e) {
      throw this.#explain(e, signal);
    }
  }

  #send(request) {
    this.#mayGoOn();
    this.#signal?.throwIfAborted();
    return this.#connection.send(request);
  }

  #mayGoOn() {
    if (this.#ended) throw this.#ended;
    // The reply would come after rows for which nobody asks meanwhile.
    if (this.#streams > 0) throw invalid("A query of this transaction is still being read: read it to its end, or use all, before the next request.");
  }

  #explain(e, signal) {
    if (signal?.aborted) return signal.reason;
    if (!(e instanceof Passing)) return e;
    if (e.cause instanceof SkylineError) return e.cause; // the daemon's own reply
    return new SkylineError("TX_EXPIRED", "The transaction was rolled back: its connection to the daemon was lost.", { cause: e });
  }
}

if (Symbol.asyncDispose) {
  Transaction.prototype[Symbol.asyncDispose] = Transaction.prototype.rollback;
}
