import { ipv4Keys } from "../model/keys";
import seedUrl from "../generated/ipv4.delta?url";
import facts from "../generated/ipv4.json";
import type { Scenario } from "./scenario";

const countries = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
const count = new Intl.NumberFormat("en");
const share = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });

const { cut, source } = facts;

/** Every block of IPv4 addresses of a certain size, and the country that it is registered in. */
export const ipv4: Scenario = {
  id: "ipv4",
  title: "IPv4 by country",
  summary: `${count.format(cut.ranges)} real address ranges; the nodes are the countries that they are registered in.`,
  format: ipv4Keys,
  seedUrl,
  channelName: `crdt-range-map/playground/ipv4/${facts.replica}`,
  lanesHeight: 72,
  gutter: 0,
  firstInput: { node: "CH", start: "8.0.0.0", end: "9.0.0.0" },
  firstLookUp: facts.examples[0] ?? "8.8.8.8",
  lookUps: facts.examples,
  nodeTitle: countryName,
  gapWords: "a gap: not assigned, or in a range that was cut",
  source: {
    sentences: [
      `Shown is every range of at least ${count.format(cut.leastAddresses)} addresses: ${count.format(cut.ranges)} of ` +
        `${count.format(cut.rangesInSource)} ranges, ${share.format(cut.addresses / cut.addressesInSource)} of the ` +
        `assigned addresses. Smaller ranges were left out, so a gap may hide some.`,
      "The publisher announces errors in this edition, so don't locate anyone by it.",
    ],
    attribution: `${source.package} ${source.version}. Data by the Number Resource Organization (nro.net), CC BY 4.0; package CC0 1.0.`,
    links: [
      { text: "ip-location-db", href: "https://github.com/sapics/ip-location-db" },
      { text: "nro.net", href: "https://www.nro.net/" },
    ],
  },
};

function countryName(code: string): string | undefined {
  try {
    return countries.of(code);
  } catch {
    // Not the form of a country code: a node that someone made up.
    return undefined;
  }
}
