// What calls fail with.

/** What an error reply may have, and what it is called here. */
const fields = [
  ["sqlite_code", "sqliteCode"],
  ["statement_index", "statementIndex"],
  ["rev", "rev"],
  ["epoch", "epoch"],
  ["rows_affected", "rowsAffected"],
];

/** A failed call: a code for programs, one sentence for people. */
export class SkylineError extends Error {
  /**
   * @param {string} code one of docs/protocol.md, or DIR_MISMATCH or UNAVAILABLE
   * @param {string} message
   * @param {object} [more] cause, and what an error reply has beside its code
   */
  constructor(code, message, more = {}) {
    super(message, "cause" in more ? { cause: more.cause } : undefined);
    this.name = "SkylineError";
    this.code = code;
    this.retryable = more.retryable ?? false;
    for (const [field, name] of fields) {
      if (more[field] !== undefined && more[field] !== null) this[name] = more[field];
    }
  }

  /** The error that an error reply stands for. */
  static of(reply) {
    return new SkylineError(reply.code ?? "INTERNAL", reply.message ?? "The daemon gave no reason.", reply);
  }
}

/** A request that cannot be sent as it is. */
export const invalid = (message, cause) => new SkylineError("INVALID_REQUEST", message, cause && { cause });

/** A daemon that cannot be had, or an outcome that is not known. */
export const unavailable = (message, cause) => new SkylineError("UNAVAILABLE", message, cause && { cause });

/** Trouble that may be gone at the next try: no daemon yet, a lost connection,
 * a daemon that is ending. Every other error ends the call. It never reaches
 * the caller: what does is an UNAVAILABLE with this as its cause. */
export class Passing extends Error {
  constructor(message, { cause, sent = false, notRunning = false } = {}) {
    super(message, cause && { cause });
    this.name = "Passing";
    this.sent = sent; // a part of the request may have reached the daemon
    this.notRunning = notRunning; // nobody listens
  }
}

/** Whether an error reply says "not now": the daemon is ending, a bound is
 * reached, or the disk failed in a way that leaves it open whether the batch
 * was executed, which asking again finds out. */
export function passes(e) {
  return e.code === "SHUTTING_DOWN" || e.code === "QUEUE_FULL" || (e.code === "IO_ERROR" && e.retryable);
}

/** Whether an error tells that a batch was not executed, now or before. These
 * codes come after the daemon has looked for the request's record; any other
 * may come without that look, and then says nothing about an earlier copy
 * whose reply was lost. */
export function decides(e) {
  return ["SQL_ERROR", "FORBIDDEN_STATEMENT", "REV_MISMATCH", "REQUEST_ID_REUSED", "TX_EXPIRED"].includes(e.code);
}

/** An error's message as a part of a sentence. */
export const phrase = (e) => String(e?.message ?? e).replace(/\.$/, "");
