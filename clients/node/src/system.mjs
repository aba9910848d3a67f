// What differs between systems, and what Windows has of its own.

import path from "node:path";
import { unavailable } from "./errors.mjs";

export const windows = process.platform === "win32";

const pipePrefix = "\\\\.\\pipe\\";
const maxPipePath = 256; // in bytes, as the daemon counts them

/** A variable of an environment. On Windows the case of its name means nothing,
 * also in a copy of process.env, where JavaScript would not know that. */
export function variable(env, name) {
  if (!windows || env[name] !== undefined) return env[name];
  const key = Object.keys(env).find((key) => key.toUpperCase() === name);
  return key && env[key];
}

/** The folders of PATH that do not depend on the current one. */
export function programFolders(env) {
  const folders = (variable(env, "PATH") ?? "").split(path.delimiter);
  return folders.map((folder) => (windows ? folder.replaceAll('"', "") : folder)).filter(path.isAbsolute);
}

/** The files that a program's name may stand for, best first. */
export function executables(name) {
  return windows && path.extname(name).toLowerCase() !== ".exe" ? [`${name}.exe`, name] : [name];
}

/** Refuses what is no pipe of this machine: Windows would open a file, or a
 * pipe of another machine, just as well. */
export function checkPipe(address) {
  if (address.length <= pipePrefix.length || address.slice(0, pipePrefix.length).toLowerCase() !== pipePrefix) {
    throw unavailable(`The pipe's path "${address}" must be ${pipePrefix} and a name.`);
  }
  const bytes = Buffer.byteLength(address);
  if (bytes > maxPipePath) throw unavailable(`The pipe's path "${address}" is too long: it has ${bytes} bytes, and the system allows ${maxPipePath}; choose a shorter one.`);
}
