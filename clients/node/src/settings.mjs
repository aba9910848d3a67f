// Where the daemon is, and what to do when there is none: from the options,
// then the environment, then the defaults.

import path from "node:path";
import { invalid } from "./errors.mjs";
import { variable, windows } from "./system.mjs";
import { defaultMaxFrame } from "./wire.mjs";

const defaultSocket = windows ? "\\\\.\\pipe\\SkylineDBd-v1" : "/tmp/skylinedb-v1.sock";

/** Fills in what the options leave open. The paths become independent of the
 * current directory: the daemon has another one, and this process may change
 * its own. */
export function settings(options) {
  const env = options.env ?? process.env;
  const given = (name) => variable(env, `SKYLINEDB_${name}`);
  const socket = options.socket || given("SOCKET") || defaultSocket;
  const dir = options.dir || given("DIR");
  return {
    socket: windows ? socket : path.resolve(socket), // a pipe's name is no path in the file system
    dir: path.resolve(dir || "."),
    pinned: Boolean(dir), // the daemon must serve dir
    daemon: options.daemon || given("DAEMON") || "",
    daemonArgs: options.daemonArgs ?? [],
    env: options.maxFrame ? { ...env, SKYLINEDB_MAX_FRAME: String(options.maxFrame) } : env,
    autostart: options.autostart ?? on(given("AUTOSTART")),
    maxFrame: options.maxFrame ?? size(given("MAX_FRAME")),
    retryFor: options.retryForMs ?? 60_000,
  };
}

function on(text) {
  if (!text || /^(on|true|1|yes)$/i.test(text)) return true;
  if (/^(off|false|0|no)$/i.test(text)) return false;
  throw invalid(`SKYLINEDB_AUTOSTART is "${text}": use on, true, yes or 1, or off, false, no or 0.`);
}

function size(text) {
  if (!text) return defaultMaxFrame;
  const [, digits, unit] = /^([0-9]+) *([kmg]ib)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * { k: 1 << 10, m: 1 << 20, g: 1 << 30 }[unit?.[0].toLowerCase()] || Number(digits);
  if (!(bytes >= 1 << 10 && bytes <= 1 << 30)) {
    throw invalid(`SKYLINEDB_MAX_FRAME is "${text}": use bytes or a size such as 64KiB or 16MiB, from 1KiB to 1GiB.`);
  }
  return bytes;
}
