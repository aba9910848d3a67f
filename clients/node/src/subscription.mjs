// What happens to a database, told for as long as somebody listens.

import { Passing } from "./errors.mjs";
import { Backoff } from "./pause.mjs";
import { opened } from "./query.mjs";
import { ok, outcome } from "./retry.mjs";
import { encodeRev } from "./wire.mjs";

/** An async generator of events. Where the connection is lost it connects
 * again and goes on from the last event: what it missed is told by one event
 * with missed.
 *
 * It starts a daemon for its first connection and for none after that: nothing
 * is committed while no daemon runs, and one that was shut down should not come
 * back because somebody listens. */
export async function* events({ link, settings }, { db, rev, epoch, signal } = {}) {
  signal?.throwIfAborted();
  const known = { type: "Subscribe", db, rev: encodeRev(rev), epoch };
  let open = await opened(link, settings, known, signal);
  for (let again = false; ; again = true) {
    const { connection } = open;
    const hangUp = () => connection.destroy();
    signal?.addEventListener("abort", hangUp, { once: true });
    try {
      for await (const reply of frames(open, signal)) yield* told(reply, known, again);
    } catch (e) {
      signal?.throwIfAborted();
      if (!(e instanceof Passing)) throw e;
    } finally {
      signal?.removeEventListener("abort", hangUp);
      link.discard(connection); // which ends the Subscribe
    }
    open = await reopened(link, known, signal);
  }
}

/** The frames of one Subscribe. */
async function* frames({ call, reply }, signal) {
  for (; ; reply = ok(await call.next())) {
    signal?.throwIfAborted();
    yield reply;
    if (!reply.more) return;
  }
}

/** What the caller is told of a frame. */
function* told(frame, known, again) {
  const { db } = known;
  const { rev, epoch } = frame;
  if (db !== undefined && (known.rev === undefined || !frame.subscribed)) {
    // Not from the first frame of a later stream: what was missed is told by
    // the next one, which may be lost.
    known.rev = encodeRev(rev);
    known.epoch = epoch;
  }
  if (frame.subscribed) {
    yield { event: "subscribed", db, rev, epoch, state: frame.state, again };
    // With all databases there is no rev to go on from.
    if (again && db === undefined) yield { event: "commit", db, rev, epoch, missed: true, tables: undefined };
  } else if (frame.event === "commit") {
    yield { event: "commit", db: frame.db, rev, epoch, missed: frame.missed ?? false, tables: frame.tables };
  } else if (frame.event === "maintenance") {
    yield { event: "maintenance", db: frame.db, rev, epoch, change: frame.change };
  } // Others are of a newer daemon.
}

/** Subscribes again, however long that takes. */
async function reopened(link, known, signal) {
  for (const backoff = new Backoff(1000); ; ) {
    await backoff.pause(signal);
    signal?.throwIfAborted();
    let connection;
    try {
      connection = await link.dial();
      const call = connection.send(known);
      return { connection, call, reply: ok(await outcome(call, signal)) };
    } catch (e) {
      if (connection) link.discard(connection);
      signal?.throwIfAborted();
      if (!(e instanceof Passing)) throw e;
    }
  }
}
