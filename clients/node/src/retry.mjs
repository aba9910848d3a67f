// Asking again: what a call does about trouble that may pass.

import { Passing, passes, phrase, SkylineError, unavailable } from "./errors.mjs";
import { Backoff } from "./pause.mjs";

/** How long a daemon that was told to cancel may take to say what came of it. */
const cancelFor = 5000;

/** A reply that is a success, or the error that it is. */
export function ok(reply) {
  if (reply.status === "ok") return reply;
  const e = SkylineError.of(reply);
  throw passes(e) ? new Passing(e.message, { cause: e }) : e;
}

/** The next frame of a call's reply. When signal is aborted the call is
 * cancelled, and what became of it comes all the same: a batch that was
 * committed before the Cancel is a success. */
export async function outcome(call, signal) {
  if (!signal) return call.next();
  let timer;
  let cancel;
  const gaveUp = new Promise((_, reject) => {
    cancel = () => {
      call.connection.cancel(call);
      const e = unavailable("The call was given up before its reply came, so that the daemon may or may not have done what it asks.", signal.reason);
      timer = setTimeout(reject, cancelFor, e);
    };
  });
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    return await Promise.race([call.next(), gaveUp]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** One call of a caller: tried until something settles it. */
export class Retry {
  #settings;
  #signal;
  #left; // milliseconds of trouble
  #backoff = new Backoff();
  #last; // the last trouble
  #harmless;
  /** Requests that were lost together with their connections, and may be done. */
  lost = 0;

  /** @param harmless nobody minds whether the request was done */
  constructor(settings, signal, harmless = false) {
    this.#settings = settings;
    this.#signal = signal;
    this.#harmless = harmless;
    this.#left = settings.retryFor;
  }

  /** Gets a connection and does deed with it, again where either fails with
   * Passing. connect gets a signal that it must honour. */
  async run(connect, deed) {
    for (;;) {
      try {
        return await deed(await this.spend(connect));
      } catch (e) {
        if (!(e instanceof Passing)) throw e;
        if (e.sent) this.lost++;
        this.#last = e;
      }
      await this.spend((signal) => this.#backoff.pause(signal));
    }
  }

  /** Waits, on the account of the trouble. */
  async spend(wait) {
    if (this.#signal?.aborted) throw this.#gaveUp();
    const stop = new AbortController();
    const aborted = () => stop.abort(this.#signal.reason);
    const timer = setTimeout(() => stop.abort(), this.#left);
    this.#signal?.addEventListener("abort", aborted, { once: true });
    const began = performance.now();
    try {
      const result = await wait(stop.signal);
      if (result !== undefined || !stop.signal.aborted) return result;
    } catch (e) {
      if (!stop.signal.aborted) throw e;
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", aborted);
      this.#left -= performance.now() - began;
    }
    throw this.#gaveUp();
  }

  #gaveUp() {
    if (!this.#signal?.aborted) {
      const why = this.#last ? phrase(this.#last) : "it did not answer";
      return unavailable(`The daemon at "${this.#settings.socket}" could not serve the request for ${this.#settings.retryFor / 1000} seconds: ${why}.`, this.#last);
    }
    if (this.lost === 0 || this.#harmless) return this.#signal.reason;
    return unavailable("The call was given up after its reply was lost, so that the daemon may or may not have done what it asks.", this.#signal.reason);
  }
}
