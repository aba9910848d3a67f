// The client of the SkylineDB daemon. See README.md and index.d.ts.

import { Client } from "./src/client.mjs";

export { Client };
export { SkylineError } from "./src/errors.mjs";
export { real } from "./src/wire.mjs";

/** Returns a client. It does not connect: the first call does. */
export const connect = (options) => new Client(options);
