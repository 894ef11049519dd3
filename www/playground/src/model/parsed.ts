/** What reading a typed text gives: a value, or the problem in words for the person who typed it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function failed(problem: string): Parsed<never> {
  return { ok: false, problem };
}
