/** What one copy of the registry says, in words: of a country, of an address, and of what was left out of it. */
import type { KeyFormat } from "../model/keys";
import { countryName } from "../model/countries";
import { grouped } from "../model/numbers";
import { reservedAt } from "../model/reserved";
import { splitAt } from "../picture/map";
import type { Registration, Row } from "../picture/scene";
import { addressesOf, type Registry } from "../stories/registry";
import { capital } from "./words";

export interface Holding {
  readonly blocks: readonly Registration[];
  readonly addresses: number;
}

/** Of each node, what is registered for it, the largest blocks first. */
export function holdingsIn({ registrations }: Pick<Row, "registrations">): Map<string, Holding> {
  const byNode = new Map<string, Registration[]>();
  for (const registration of registrations) {
    const known = byNode.get(registration.node);
    if (known === undefined) byNode.set(registration.node, [registration]);
    else known.push(registration);
  }
  const size = ({ start, end }: Registration) => end - start;
  return new Map(
    [...byNode].map(([node, blocks]) => [
      node,
      { blocks: blocks.toSorted((one, other) => size(other) - size(one)), addresses: addressesOf(blocks) },
    ]),
  );
}

/** Whoever has the most addresses comes first. */
export function countriesBySize({ blocks }: Pick<Registry, "blocks">): string[] {
  const sizes = new Map<string, number>();
  for (const { country, start, end } of blocks) sizes.set(country, (sizes.get(country) ?? 0) + end - start);
  return [...sizes].sort(([, one], [, other]) => other - one).map(([country]) => country);
}

function percent(part: number): string {
  return part.toLocaleString("en", { style: "percent", maximumSignificantDigits: 2 });
}

export function holdingWords(code: string, holdings: ReadonlyMap<string, Holding>): string {
  const { blocks, addresses } = holdings.get(code) ?? { blocks: [], addresses: 0 };
  const name = countryName(code);
  if (blocks.length === 0) return `${name} has no block here.`;
  const all = [...holdings.values()].reduce((sum, one) => sum + one.addresses, 0);
  const many = blocks.length === 1 ? "1 block" : `${grouped(blocks.length)} blocks`;
  return `${name}: ${many}, ${grouped(addresses)} addresses, ${percent(addresses / all)} of all here.`;
}

/** Of the block that an address is in. */
export function blockWords({ splits }: Pick<Row, "splits">, key: number, format: KeyFormat): string {
  const reserved = reservedAt(key);
  const split = splitAt(splits, key);
  const [first, ...others] = split?.owners ?? [];
  if (split === undefined || first === undefined) {
    if (reserved === undefined) return "Nobody's: it is not assigned, or in a range that is too small to be here.";
    return `${format.words(reserved.start, reserved.end)}: no country's, ${reserved.what}.`;
  }
  const behind = others.length === 0 ? "" : `, before ${others.map(({ node }) => countryName(node)).join(" and ")}`;
  const addresses = grouped(Math.min(split.end, format.limit) - split.start);
  return `${format.words(split.start, split.end)}: ${capital(countryName(first.node))}${behind}, ${addresses} addresses.`;
}

/** What is shown of the source, and what is not. */
export function factsWords({ facts, blocks }: Registry): string[] {
  const { leastAddresses, rangesInSource, addressesInSource } = facts;
  const part = percent(addressesOf(blocks) / addressesInSource);
  return [
    `Here is every range of at least ${grouped(leastAddresses)} addresses: ${grouped(blocks.length)} of ` +
      `${grouped(rangesInSource)} ranges, ${part} of the assigned addresses. Smaller ranges were left out, so a gap may hide some.`,
    "The publisher announces errors in this edition, so don't locate anyone by it. The changes that the story makes are invented.",
  ];
}
