/** What a link does to the messages that pass it, and ready-made conditions for all links of a page. */
export interface Conditions {
  /** Of 100 messages, how many never arrive. */
  readonly lossPercent: number;
  /** How long each takes. */
  readonly delayMs: number;
  /** Of 100, how many arrive twice. */
  readonly repeatPercent: number;
  /** Of 100, how many are held back, so that later ones overtake them. */
  readonly reorderPercent: number;
  /** Of 100, how many arrive with a bit turned over. */
  readonly damagePercent: number;
  /** Nothing passes. What is on its way arrives. */
  readonly isCut: boolean;
}

export type Setting = Exclude<keyof Conditions, "isCut">;

export const DELAY_MS_MAX = 10_000;

export const PERFECT: Conditions = {
  lossPercent: 0,
  delayMs: 0,
  repeatPercent: 0,
  reorderPercent: 0,
  damagePercent: 0,
  isCut: false,
};

/** Two parties, in no order. */
export interface LinkName {
  readonly a: string;
  readonly b: string;
}

/** Who reaches the page through a real channel. */
export const OUTSIDE = "other tabs";

/** Every pair of `parties`. */
export function linksOf(parties: readonly string[]): LinkName[] {
  return parties.flatMap((a, index) => parties.slice(index + 1).map((b) => ({ a, b })));
}

/** Whether anything gets through, sooner or later. */
export function carries({ isCut, lossPercent, damagePercent }: Conditions): boolean {
  return !isCut && lossPercent < 100 && damagePercent < 100;
}

/** Whom something that `from` says can reach over `links`, through others too; `from` itself included. */
export function inReachOf(from: string, links: readonly LinkName[]): ReadonlySet<string> {
  const reached = new Set([from]);
  // What is added on the way is visited too.
  for (const party of reached) {
    for (const { a, b } of links) {
      if (a === party) reached.add(b);
      if (b === party) reached.add(a);
    }
  }
  return reached;
}

export interface Preset {
  readonly title: string;
  readonly explains: string;
  /** The conditions of a link after it, given those before, and all parties in order. */
  apply(link: LinkName, before: Conditions, parties: readonly string[]): Conditions;
}

export const PRESETS: readonly Preset[] = [
  { title: "Perfect", explains: "No faults, no delay, nothing cut", apply: () => PERFECT },
  {
    title: "Lossy",
    explains: "30 % lost, 10 % repeated, 20 % out of order, 5 % damaged",
    apply: (_, { isCut }) => ({
      lossPercent: 30,
      delayMs: 20,
      repeatPercent: 10,
      reorderPercent: 20,
      damagePercent: 5,
      isCut,
    }),
  },
  {
    title: "Slow",
    explains: "Every message takes 1.5 seconds",
    apply: (_, { isCut }) => ({ ...PERFECT, delayMs: 1500, isCut }),
  },
  {
    title: "Split in two",
    explains: "Cuts every link between the first half, with other tabs, and the rest",
    apply: ({ a, b }, before, parties) => {
      const here = parties.filter((party) => party !== OUTSIDE);
      const first = new Set([...here.slice(0, Math.ceil(here.length / 2)), OUTSIDE]);
      return { ...before, isCut: first.has(a) !== first.has(b) };
    },
  },
  {
    title: "Heal",
    explains: "Joins what is cut or loses everything; other faults stay",
    apply: (_, before) => ({
      ...before,
      isCut: false,
      lossPercent: before.lossPercent === 100 ? 0 : before.lossPercent,
    }),
  },
];

/** In a few words, the same for equal conditions. */
export function inWords(conditions: Conditions): string {
  if (conditions.isCut) return "cut";
  const { lossPercent, delayMs, repeatPercent, reorderPercent, damagePercent } = conditions;
  const parts = [
    [lossPercent, `${lossPercent} % lost`],
    [delayMs, `${delayMs} ms`],
    [repeatPercent, `${repeatPercent} % twice`],
    [reorderPercent, `${reorderPercent} % out of order`],
    [damagePercent, `${damagePercent} % damaged`],
  ] as const;
  const words = parts.filter(([amount]) => amount > 0).map(([, text]) => text);
  return words.length === 0 ? "perfect" : words.join(", ");
}

/** A typed number for a setting, or `null` if it is none. */
export function readSetting(setting: Setting, text: string): number | null {
  const most = setting === "delayMs" ? DELAY_MS_MAX : 100;
  if (!/^\d{1,6}$/.test(text.trim())) return null;
  const value = Number(text);
  return value <= most ? value : null;
}
