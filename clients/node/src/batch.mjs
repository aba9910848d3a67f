// Batches: what is asked for, what comes back, and the books of their ids.

import { decides, invalid, phrase, SkylineError, unavailable } from "./errors.mjs";
import { ok, outcome, Retry } from "./retry.mjs";
import { encodeParams, encodeRev, rowMaker } from "./wire.mjs";

/** The fields of an ExecBatch. */
export function batchRequest(db, stmts, options = {}) {
  if (!Array.isArray(stmts)) throw invalid("The statements are not an array.");
  return {
    type: "ExecBatch",
    db,
    stmts: stmts.map(statement),
    tx: options.tx,
    results: options.results || undefined,
    expect_rev: encodeRev(options.expectRev),
    sync: options.sync,
    timeout_ms: options.timeoutMs,
    request_id: options.requestId,
  };
}

function statement(stmt, i) {
  if (typeof stmt === "string") return { sql: stmt };
  if (typeof stmt?.sql !== "string") throw invalid(`Statement ${i} has no sql.`);
  try {
    const { sql, params, paramRows } = stmt;
    return { sql, params: params && encodeParams(params), param_rows: paramRows && Array.from(paramRows, encodeParams) };
  } catch (e) {
    throw e instanceof SkylineError ? new SkylineError(e.code, `Statement ${i}: ${e.message}`, { cause: e, statement_index: i }) : e;
  }
}

/** What a batch did, from its reply. */
export function batchResult(reply, as) {
  const result = {
    rev: reply.rev,
    epoch: reply.epoch,
    rowsAffected: reply.rows_affected ?? 0,
    lastInsertRowid: reply.last_insert_rowid ?? 0,
    replayed: reply.replayed ?? false,
  };
  if (reply.results) result.results = reply.results.map((part) => statementResult(part, as));
  return result;
}

function statementResult(part, as) {
  const result = { rowsAffected: part.rows_affected ?? 0, lastInsertRowid: part.last_insert_rowid ?? 0 };
  if (!part.columns) return result;
  return { ...result, columns: part.columns, types: part.types, rows: (part.rows ?? []).map(rowMaker(part.columns, as)) };
}

/** Sends a batch, or the Commit of a transaction, until a reply settles it,
 * and keeps the books of what the daemon may forget.
 *
 * @param connect gets the connection for each try */
export async function sendOnce({ settings, ids, connect }, request, { signal, forget = [] } = {}) {
  const given = request.request_id ?? undefined; // null counts as absent
  const own = given === undefined ? ids.next() : undefined;
  const carried = ids.take(request.db);
  const full = { ...request, request_id: own ?? given };
  const retry = new Retry(settings, signal);
  const attempt = async (forgotten) => {
    const ids = forgotten.length > 0 ? forgotten : undefined;
    return retry.run(connect, async (connection) => ok(await outcome(connection.send({ ...full, forget: ids }), signal)));
  };
  try {
    const reply = await attempt([...forget, ...carried]).catch((e) => {
      // What the client adds must not make a batch too large.
      if (carried.length === 0 || e.code !== "FRAME_TOO_LARGE") throw e;
      ids.add(request.db, carried.splice(0));
      return attempt(forget);
    });
    if (own && retry.lost === 0) ids.add(request.db, [own]);
    return reply;
  } catch (e) {
    ids.add(request.db, carried); // the forgetting was rolled back with the batch
    if (e.code === "CANCELLED" && signal?.aborted && retry.lost === 0) throw signal.reason;
    if (retry.lost === 0 || decides(e) || !(e instanceof SkylineError) || e.code === "UNAVAILABLE") throw e;
    throw unavailable(`The daemon may or may not have executed the batch: the reply to it was lost, and asked again it said: ${phrase(e)}.`, e);
  }
}

