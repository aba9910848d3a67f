// A daemon that comes up slowly: late.mjs <program> <file> <the daemon's arguments>.
// It makes <file>.waits, waits for <file>.goes, and then is the daemon.

import { spawn } from "node:child_process";
import fs from "node:fs";

const [program, file, ...args] = process.argv.slice(2);
fs.writeFileSync(`${file}.waits`, "");
while (!fs.existsSync(`${file}.goes`)) await new Promise((resolve) => setTimeout(resolve, 10));
const daemon = spawn(program, args, { stdio: "inherit" });
daemon.once("exit", (status) => process.exit(status ?? 1));
