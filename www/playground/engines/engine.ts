/** What the tests ask of a browser, whoever drives it. */
export interface Engine {
  readonly version: string;
  /** Opens an address in a tab of its own. All tabs of an engine hear each other. */
  open(url: string): Promise<Tab>;
  /** What went wrong in its tabs so far: errors on the console, and those that nobody caught. */
  complaints(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Tab {
  /** Of the first element, without what surrounds it; `null` if there is none. */
  text(selector: string): Promise<string | null>;
  /** Brings it to the front, as whoever looks at it does. */
  show(): Promise<void>;
  /** Clicks the button of that name as a hand does. It has to be there. */
  press(name: string): Promise<void>;
  /** Runs a function in the page: it and its arguments travel as text, so it knows of nothing else. */
  evaluate<A extends unknown[], R>(script: (...args: A) => R | Promise<R>, ...args: A): Promise<R>;
  close(): Promise<void>;
}

/** Bounds a hang, and nothing else. */
export const PATIENCE_MS = 300_000;

/** Runs in the page. */
export function textOf(selector: string): string | null {
  return document.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? null;
}

/** Runs in the page. */
export function buttonNamed(name: string): HTMLButtonElement | null {
  const nameOf = (it: Element) => it.getAttribute("aria-label") ?? it.textContent.replace(/\s+/g, " ").trim();
  return [...document.querySelectorAll("button")].find((it) => nameOf(it) === name && !it.disabled) ?? null;
}

export function isMissing(what: string, target: string, how: string, cause?: unknown): Error {
  return new Error(`Missing: ${what}. On Debian \`make ${target}\` installs it; elsewhere ${how}.`, { cause });
}
