// Web Locks as browsers have them, as far as the package uses them, and deaths: a lock that its holder loses without a word.

interface Request {
  mode: "exclusive" | "shared";
  granted: () => unknown;
  done: (result: unknown) => void;
}

export class FakeLocks {
  /** Who holds each lock, and who waits for it. */
  readonly #locks = new Map<string, { held: Request[]; waiting: Request[] }>();

  request(
    name: string,
    { mode = "exclusive", signal }: { mode?: Request["mode"]; signal?: AbortSignal },
    granted: () => unknown,
  ): Promise<unknown> {
    return new Promise((done, failed) => {
      const lock = this.#locks.get(name) ?? { held: [], waiting: [] };
      this.#locks.set(name, lock);
      const request = { mode, granted, done };
      lock.waiting.push(request);
      signal?.addEventListener("abort", () => {
        const at = lock.waiting.indexOf(request);
        if (at < 0) return;
        lock.waiting.splice(at, 1);
        failed(new DOMException("aborted", "AbortError"));
        this.#grant(name);
      });
      queueMicrotask(() => this.#grant(name));
    });
  }

  /** The holder of the lock that ends so died. Returns how many did. */
  kill(end: string): number {
    let count = 0;
    for (const [name, lock] of this.#locks) {
      if (!name.endsWith(end)) continue;
      count += lock.held.splice(0).length;
      this.#grant(name);
    }
    return count;
  }

  #grant(name: string): void {
    const lock = this.#locks.get(name)!;
    for (let next = lock.waiting[0]; next; next = lock.waiting[0]) {
      const isFree = next.mode === "shared" ? lock.held.every(({ mode }) => mode === "shared") : lock.held.length === 0;
      if (!isFree) return;
      const request = next;
      lock.waiting.shift();
      lock.held.push(request);
      void Promise.resolve(request.granted()).then((result) => {
        const at = lock.held.indexOf(request);
        if (at >= 0) lock.held.splice(at, 1);
        request.done(result);
        this.#grant(name);
      });
    }
  }
}
