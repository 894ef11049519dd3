/** A version vector: how many changes of each writer are known. The n-th change of a writer is named by both. */
export type Clock = ReadonlyMap<number, number>;

export function knows(clock: Clock, writer: number, count: number): boolean {
  return (clock.get(writer) ?? 0) >= count;
}

/** A clock that knows one more change of a writer, and the number of that change. */
export function tick(clock: Clock, writer: number): { readonly clock: Clock; readonly count: number } {
  const count = (clock.get(writer) ?? 0) + 1;
  return { clock: new Map(clock).set(writer, count), count };
}

/** All that one of the two knows. */
export function joined(one: Clock, other: Clock): Clock {
  const clock = new Map(one);
  for (const [writer, count] of other) clock.set(writer, Math.max(count, clock.get(writer) ?? 0));
  return clock;
}
