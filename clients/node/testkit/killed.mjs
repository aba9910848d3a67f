// A daemon that is killed the first time, before it has answered anybody:
// killed.mjs <program> <file> <the daemon's arguments>. The second time, when
// <file> is there, it starts the daemon and ends once that listens.

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";

const [program, file, ...args] = process.argv.slice(2);
if (!fs.existsSync(file)) {
  fs.writeFileSync(file, "");
  process.kill(process.pid, "SIGKILL");
}
spawn(program, args, { detached: true, stdio: "inherit" }).unref();
const listens = () => new Promise((resolve) => {
  const socket = net.connect(args[args.indexOf("--socket") + 1]);
  socket.once("connect", () => resolve(true)).once("error", () => resolve(false)).once("connect", () => socket.destroy());
});
while (!(await listens())) await new Promise((resolve) => setTimeout(resolve, 10));
