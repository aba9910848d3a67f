// Frames: four bytes of length, then one JSON object. And the values in them.

import { invalid, SkylineError } from "./errors.mjs";

export const protocol = 1;
export const defaultMaxFrame = 16 << 20;

/** The frame of a request. */
export function frame(request, maxFrame) {
  let body;
  try {
    body = Buffer.from(JSON.stringify(request));
  } catch (e) {
    throw invalid(`The request cannot be written as JSON: ${e.message}`, e);
  }
  if (body.length > maxFrame) {
    throw new SkylineError("FRAME_TOO_LARGE", `The request has ${body.length} bytes, and a frame has at most ${maxFrame}: send it in parts.`);
  }
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

/** A rev as it is sent: beyond 2^53 as text. */
export const encodeRev = (rev) => (typeof rev === "bigint" ? { $int: rev.toString() } : rev);

/** Puts frames together from the pieces in which a socket hands them over. */
export class FrameReader {
  #chunks = [];
  #size = 0; // of all chunks
  #limit;

  constructor(limit) {
    this.#limit = limit;
  }

  push(chunk) {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next whole frame's reply, undefined where it has not arrived. It
   * throws where what arrives is no frame of a daemon's. */
  next() {
    if (this.#size < 4) return undefined;
    if (this.#chunks[0].length < 4) this.#join();
    const length = this.#chunks[0].readUInt32LE();
    if (length > this.#limit) throw new Error(`a reply of ${length} bytes is announced`);
    if (this.#size < 4 + length) return undefined;
    this.#join();
    const [all] = this.#chunks;
    const rest = all.subarray(4 + length);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return parse(all.toString("utf8", 4, 4 + length));
  }

  /** Makes the chunks one: only when that is needed, so that a large frame is
   * not copied with each of its pieces. */
  #join() {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
  }
}

// The plain integers of a reply that may be beyond 2^53. Such a text cannot
// stand inside a string, where its quotes would be escaped.
const large = /"(last_insert_rowid|rev)":(-?[0-9]{16,})(?=[,}])/g;

function parse(text) {
  const reply = JSON.parse(text.replace(large, '"$1":{"$int":"$2"}'));
  if (reply?.status !== "ok" && reply?.status !== "error") throw new Error("a reply has no status");
  for (const part of [reply, ...(reply.results ?? []), ...(reply.databases ?? [])]) {
    for (const name of ["last_insert_rowid", "rev"]) {
      if (part[name]?.$int !== undefined) part[name] = integer(part[name].$int);
    }
  }
  return reply;
}

/** An integer as a number if that is exact, otherwise as a BigInt. */
function integer(text) {
  const n = Number(text);
  return Number.isSafeInteger(n) ? n : BigInt(text);
}

/** A value of a row, as it came. */
export function decode(value) {
  if (typeof value !== "object" || value === null) return value;
  if (value.$blob !== undefined) return Buffer.from(value.$blob, "base64");
  if (value.$int !== undefined) return BigInt(value.$int);
  return value.$real === "inf" ? Infinity : value.$real === "-inf" ? -Infinity : Number(value.$real);
}

/** A number that is stored as REAL even where it is integral. */
export function real(number) {
  if (typeof number !== "number" || Number.isNaN(number)) throw invalid(`real(${number}) is not a number that SQLite has.`);
  if (Number.isFinite(number)) return { $real: Object.is(number, -0) ? "-0" : String(number) };
  return { $real: number > 0 ? "inf" : "-inf" };
}

/** The parameters of one execution of a statement. */
export function encodeParams(params) {
  if (Array.isArray(params)) return Array.from(params, (value, i) => encode(value, `Parameter ${i + 1}`));
  if (!isPlain(params)) throw invalid("The parameters are neither an array nor an object.");
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, encode(value, `Parameter ${name}`)]));
}

/** A parameter as it is sent. */
export function encode(value, what = "The value") {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "bigint":
      return { $int: value.toString() };
    case "number":
      return encodeNumber(value, what);
    case "object":
      return value === null ? null : encodeObject(value, what);
  }
  throw invalid(`${what} is ${value === undefined ? "undefined; write null for NULL" : `a ${typeof value}`}.`);
}

function encodeNumber(value, what) {
  if (Number.isNaN(value)) throw invalid(`${what} is NaN, which SQLite does not have; write null for NULL.`);
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return Number.isFinite(value) ? value : real(value);
  // JSON.stringify would round the digits, and write an exponent from 1e21 on.
  return value >= -(2 ** 63) && value < 2 ** 63 ? { $int: BigInt(value).toString() } : real(value);
}

function encodeObject(value, what) {
  if (ArrayBuffer.isView(value)) return blob(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return blob(Buffer.from(value));
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(`${what} is an invalid date.`);
    return value.toISOString();
  }
  if (isTyped(value)) return value;
  if (!Array.isArray(value) && !isPlain(value) && typeof value.toJSON !== "function") {
    throw invalid(`${what} is a ${value.constructor?.name ?? "strange object"}, which has no form in a database.`);
  }
  return json(value, what);
}

/** Other arrays and objects are stored as their JSON text, which the daemon
 * would do as well: but this way no object is taken for a typed value. */
function json(value, what) {
  try {
    return JSON.stringify(value);
  } catch (e) {
    throw invalid(`${what} cannot be written as JSON: ${e.message}`, e);
  }
}

const blob = (bytes) => ({ $blob: bytes.toString("base64") });

/** Whether an object is one of the protocol's typed values, as real makes them. */
function isTyped(value) {
  const keys = Object.keys(value);
  return keys.length === 1 && ["$int", "$real", "$blob"].includes(keys[0]) && typeof value[keys[0]] === "string";
}

function isPlain(value) {
  if (typeof value !== "object" || value === null) return false;
  const proto = Object.getPrototypeOf(value);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

/** Returns a function that makes a row, as it came, what the caller wants. */
export function rowMaker(columns, as) {
  if (as === "array") return (row) => row.map(decode);
  // Assigned, this one name would change what the object inherits from.
  if (columns.includes("__proto__")) return (row) => Object.fromEntries(row.map((value, i) => [columns[i], decode(value)]));
  return (row) => {
    const object = {};
    for (let i = 0; i < columns.length; i++) object[columns[i]] = decode(row[i]);
    return object;
  };
}
