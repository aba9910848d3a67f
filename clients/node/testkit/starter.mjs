// A program that waits for a line, then writes a row, starting the daemon where
// there is none. Its settings come from the environment.

import { once } from "node:events";
import { connect } from "../index.mjs";

await once(process.stdin, "data");
const c = connect();
const done = await c.exec("a.db", "INSERT INTO t VALUES(?)", [process.pid]);
console.log(done.rev);
await c.close();
process.exit(); // standard input is still open
