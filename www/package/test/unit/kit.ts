// What the tests share: maps and channels, what was refused, short texts for what comes back, and waiting. Importing it loads the
// module.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, vi } from "vitest";
import init, {
  RangeMap,
  type Channel,
  type Connection,
  type ErrorCode,
  type Key,
  type Operation,
  type RangeMapError,
} from "crdt-range-map";

export * from "crdt-range-map";

await init();

const packageFolder = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** `new RangeMap(id)`, freed when the test is over. */
export function map(id: number | bigint): RangeMap {
  const map = new RangeMap(BigInt(id));
  onTestFinished(() => {
    try {
      map.free();
    } catch {
      // The test has freed it.
    }
  });
  return map;
}

/** For what TypeScript would not let anybody hand in. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const wrong = (value: unknown): any => value;

/** The error that a call throws: a real one, with a code, whose message says what the state is. */
export function refusal(call: () => unknown): RangeMapError {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, "this should have thrown").toBeInstanceOf(Error);
  const error = thrown as RangeMapError;
  expect(error.name).toBe("RangeMapError");
  expect(error.message).toMatch(/; nothing has changed$/);
  return error;
}

/** The code of what a call throws. */
export const code = (call: () => unknown): ErrorCode => refusal(call).code;

/** The splits in short: `[0, 5) a:1 b:2`. */
export const splits = (map: RangeMap): string[] =>
  map.splits().map(({ start, end, owners }) => {
    const list = owners.map(({ node, priority }) => ` ${node}:${priority}`);
    return `[${start}, ${end})${list.join("")}`;
  });

/** Whether all of them know the same. */
export function agree(...maps: RangeMap[]): boolean {
  const [first, ...others] = maps.map((map) => map.state());
  return others.every((state) => Buffer.compare(state, first!) === 0);
}

export const register = (node: string, start: Key, end: Key | null): Operation => ({
  op: "register",
  node,
  start,
  end,
});

export const increase = (node: string, start: Key, end: Key | null, by?: number): Operation => ({
  op: "increase",
  node,
  start,
  end,
  ...(by === undefined ? {} : { by }),
});

/** Numbers that are the same for the same seed (mulberry32): each call draws one from 0 up to, but not including, `below`. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A channel that writes down what is posted, and is told what a test wants it to hear. */
export class Recording implements Channel {
  onmessage: Channel["onmessage"] = null;
  readonly posts: Uint8Array[] = [];
  readonly closedWith: unknown[] = [];

  postMessage(bytes: Uint8Array): void {
    this.posts.push(bytes);
  }

  close(): void {
    this.closedWith.push(this.onmessage);
  }

  hear(data: unknown): void {
    this.onmessage?.({ data });
  }
}

/** Ends of a medium that delivers within `postMessage`, a copy to every other end and an echo to the sender. */
export function medium(count = 2): Recording[] {
  class End extends Recording {
    override postMessage(bytes: Uint8Array): void {
      super.postMessage(bytes);
      for (const end of ends) end.hear(bytes.slice());
    }
  }
  const ends = Array.from({ length: count }, () => new End());
  return ends;
}

/** A medium that delivers later, and nothing at all while it is dead. */
export class Line {
  isDead = false;
  readonly #ends: Recording[] = [];

  open(): Channel {
    const end = new Recording();
    end.postMessage = (bytes) => {
      if (this.isDead) return;
      for (const other of this.#ends) if (other !== end) setTimeout(() => other.hear(bytes));
    };
    this.#ends.push(end);
    return end;
  }
}

/** The peers in short, by id: `2 there alive`. */
export const seen = (connection: Connection): string[] =>
  connection.peers().map(({ replica, name, alive, left }) => {
    const liveness = alive ? (left ? "both" : "alive") : left ? "left" : "dead";
    return `${replica} ${name} ${liveness}`;
  });

/** Waits until it is true, for as long as a busy machine may need. */
export const until = (isTrue: () => boolean): Promise<unknown> =>
  vi.waitUntil(isTrue, { timeout: 280_000, interval: 10 });

/** Collects what nobody holds, and lets the registries hear of it. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc!();
    // Also what was read from a WeakRef is held until the next task.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** The package once more, with a module and a memory of its own. */
export class Copy {
  private constructor(
    readonly RangeMap: typeof import("crdt-range-map").RangeMap,
    /** How large the module's memories and its tables of references are. */
    readonly sizes: () => number[],
  ) {}

  /** Installs the package once more, since a module is loaded once from each place. Without `isLoaded` nobody calls `init()`. */
  static async load(isLoaded = true): Promise<Copy> {
    const folder = mkdtempSync(join(tmpdir(), "crdt-range-map-copy-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const filter = (source: string) => !/\/package\/(node_modules|test)(\/|$)/.test(source);
    cpSync(packageFolder, join(folder, "node_modules/crdt-range-map"), { recursive: true, filter });
    const entry = join(folder, "entry.mjs");
    writeFileSync(entry, 'export { default as init, RangeMap } from "crdt-range-map";');
    const { init, RangeMap } = await import(pathToFileURL(entry).href);

    const sized: (WebAssembly.Memory | WebAssembly.Table)[] = [];
    const { instantiate } = WebAssembly;
    vi.spyOn(WebAssembly, "instantiate").mockImplementation(async (...given: Parameters<typeof instantiate>) => {
      const made = await instantiate(...given);
      const { exports } = made instanceof WebAssembly.Instance ? made : wrong(made).instance;
      const isSized = (it: unknown) => it instanceof WebAssembly.Memory || it instanceof WebAssembly.Table;
      sized.push(...wrong(Object.values(exports).filter(isSized)));
      return made;
    });
    if (isLoaded) await init();
    vi.restoreAllMocks();
    const sizes = () => sized.map((it) => (it instanceof WebAssembly.Memory ? it.buffer.byteLength : it.length));
    if (isLoaded) expect(sizes().length).toBeGreaterThan(0);
    return new Copy(RangeMap, sizes);
  }
}
