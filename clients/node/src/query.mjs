// The rows of a query, as a stream that holds no more than it was asked for.

import { Passing, SkylineError, unavailable } from "./errors.mjs";
import { ok, outcome, Retry } from "./retry.mjs";
import { encodeParams, encodeRev, rowMaker } from "./wire.mjs";

const drainFor = 5000; // for a cancelled query to end, before the client hangs up

export function queryRequest(db, sql, params, options) {
  return {
    type: "Query",
    db,
    sql,
    params: params && encodeParams(params),
    limit: options.limit,
    min_rev: encodeRev(options.minRev),
    timeout_ms: options.timeoutMs,
  };
}

/** The result of one query: an async iterable of its rows, to be gone through
 * once. columns and types are there with the first row; rev, epoch, rowCount
 * and truncated at the end. */
export class QueryStream {
  #rows;

  /** @param open returns {connection, call, reply} of a Query whose first frame has come
   * @param close takes the connection back */
  constructor(open, close, { as, signal }) {
    this.columns = undefined;
    this.types = undefined;
    this.rev = undefined;
    this.epoch = undefined;
    this.rowCount = undefined;
    this.truncated = undefined;
    this.#rows = this.#read(open, close, as, signal);
  }

  [Symbol.asyncIterator]() {
    return this.#rows;
  }

  async *#read(open, close, as, signal) {
    signal?.throwIfAborted();
    const { connection, call, reply: first } = await open();
    const cancel = () => connection.cancel(call);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      let make;
      for (let reply = first; ; reply = await this.#next(call, signal)) {
        if (reply.columns) make = this.#begin(reply, as);
        for (const row of reply.rows ?? []) {
          signal?.throwIfAborted();
          yield make(row);
        }
        if (!reply.more) return this.#end(reply);
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      if (!call.over) await drain(connection, call);
      close(connection);
    }
  }

  #begin(reply, as) {
    this.columns = reply.columns;
    this.types = reply.types;
    return rowMaker(reply.columns, as);
  }

  #end(reply) {
    this.rev = reply.rev;
    this.epoch = reply.epoch;
    this.rowCount = reply.row_count;
    this.truncated = reply.truncated ?? false;
  }

  async #next(call, signal) {
    try {
      return ok(await call.next());
    } catch (e) {
      signal?.throwIfAborted();
      if (!(e instanceof Passing)) throw e;
      if (e.cause instanceof SkylineError) throw e.cause; // an error frame
      const lost = unavailable("The connection to the daemon was lost in the middle of the result: ask again.", e);
      lost.retryable = true;
      throw lost;
    }
  }
}

/** Sends a Query, or a Subscribe, and waits for its first frame. Nothing has been given to the
 * caller before that, so it can be asked again. */
export function opened(link, settings, request, signal) {
  return new Retry(settings, signal, true).run(
    (stop) => link.exclusive(stop),
    async (connection) => {
      const call = connection.send(request);
      try {
        const reply = ok(await outcome(call, signal));
        return { connection, call, reply };
      } catch (e) {
        link.release(connection); // one that is still busy is hung up
        throw signal?.aborted ? signal.reason : e;
      }
    },
  );
}

/** Ends a query of which no more is wanted, so that its connection can be used
 * again and its snapshot is gone. */
async function drain(connection, call) {
  const cancel = connection.cancel(call);
  const timer = setTimeout(() => connection.destroy(), drainFor);
  try {
    while ((await call.next()).more);
    await cancel?.next();
  } catch {
    // The connection is lost, and with it the query.
  } finally {
    clearTimeout(timer);
  }
}
