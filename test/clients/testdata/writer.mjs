// Writes rows to together.db until its standard input ends, as writer.py does.
import { connect, SkylineError } from "../../../clients/node/index.mjs";

const DB = "together.db";
const WHO = "node";
const ALLOWED = new Set(["DATABASE_CLOSED", "DATABASE_PREPARING", "UNAVAILABLE", "IO_ERROR"]);

let stopped = false;
process.stdin.on("end", () => { stopped = true; }).resume();

async function insistently(call) {
  for (;;) {
    try {
      return await call();
    } catch (e) {
      if (!(e instanceof SkylineError) || !ALLOWED.has(e.code)) throw e;
    }
  }
}

function want(what, got, expected) {
  if (got !== expected) throw new Error(`${got} rows ${what}, not ${expected}`);
}

const c = connect();
const counted = async (from) => (await from.all(DB, "SELECT count(*) AS n FROM rows WHERE who = ?", [WHO]))[0].n;

async function inTransaction(n) {
  try {
    await c.transaction(DB, async (tx) => {
      await tx.exec("INSERT INTO rows VALUES(?, ?)", [WHO, n]);
      const [row] = await tx.all("SELECT count(*) AS n FROM rows WHERE who = ?", [WHO]);
      want("in the transaction", row.n, n + 1);
    });
  } catch (e) {
    if (!(e instanceof SkylineError) || (e.code !== "TX_EXPIRED" && !ALLOWED.has(e.code))) throw e;
    if ((await insistently(() => counted(c))) === n) await inTransaction(n);
  }
}

let n = 0;
while (!stopped) {
  if (n % 5 === 4) await inTransaction(n);
  else await insistently(() => c.exec(DB, "INSERT INTO rows VALUES(?, ?)", [WHO, n], { requestId: `${WHO}-${n}` }));
  n++;
  want("after a row", await insistently(() => counted(c)), n);
  console.log(n);
}
await c.close();
