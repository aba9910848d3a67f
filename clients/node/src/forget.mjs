// Ids of batches: made, and forgotten by the daemon once they are of no use.

import { randomBytes } from "node:crypto";

const maxAnswered = 4096; // ids that wait, over all databases; the daemon lets go of the rest after a day
const forgetAtOnce = 256; // ids that one batch carries

/** Holds the ids of batches whose replies have arrived until a later batch has
 * told the daemon to forget them.
 *
 * An id comes in once its reply is there, so that a batch which is still being
 * asked again is never in it. It leaves along with a batch and comes back if
 * that batch was not committed: to forget an id twice does no harm, to forget
 * it too early would. */
export class RequestIds {
  #prefix = randomBytes(16).toString("hex"); // that no other client shares
  #last = 0;
  #answered = new Map(); // of the database's name to ids
  #count = 0;

  next() {
    return `${this.#prefix}-${++this.#last}`;
  }

  add(db, ids) {
    const fit = ids.slice(0, maxAnswered - this.#count);
    if (fit.length === 0) return;
    this.#answered.set(db, [...(this.#answered.get(db) ?? []), ...fit]);
    this.#count += fit.length;
  }

  take(db) {
    const all = this.#answered.get(db) ?? [];
    const taken = all.splice(0, forgetAtOnce);
    if (all.length === 0) this.#answered.delete(db);
    this.#count -= taken.length;
    return taken;
  }
}
