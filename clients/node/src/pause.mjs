// Waiting: with an end, and for a while that grows.

/** The pauses between tries: each about twice as long as the one before, and
 * each by chance, so that clients which failed together do not come back
 * together. */
export class Backoff {
  #next = 5;

  constructor(limit = 500) {
    this.limit = limit;
  }

  /** Waits; until, if given, ends the pause early. It never rejects. */
  async pause(signal, until) {
    const ms = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(2 * this.#next, this.limit);
    await sleep(ms, signal, until);
  }
}

function sleep(ms, signal, until) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    signal?.addEventListener("abort", done, { once: true });
    until?.then(done);
  });
}

/** Resolves as promise does, or rejects with the reason when signal is aborted
 * first. The promise itself goes on. */
export function orAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    const settle = (how) => (value) => {
      signal.removeEventListener("abort", aborted);
      how(value);
    };
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    promise.then(settle(resolve), settle(reject));
  });
}
