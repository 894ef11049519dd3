/** Addresses that no country has, by the IANA IPv4 Special-Purpose Address Registry (RFC 6890) and RFC 5771. */
export interface Reserved {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

function block(quad: readonly number[], bits: number, what: string): Reserved {
  const start = quad.reduce((sum, part) => sum * 256 + part, 0);
  return { start, end: start + 2 ** (32 - bits), what };
}

/** In order, and disjoint. */
export const RESERVED: readonly Reserved[] = [
  block([0, 0, 0, 0], 8, "this network"),
  block([10, 0, 0, 0], 8, "private use"),
  block([100, 64, 0, 0], 10, "shared by providers and their customers"),
  block([127, 0, 0, 0], 8, "loopback"),
  block([169, 254, 0, 0], 16, "link local"),
  block([172, 16, 0, 0], 12, "private use"),
  block([192, 0, 2, 0], 24, "documentation"),
  block([192, 168, 0, 0], 16, "private use"),
  block([198, 18, 0, 0], 15, "benchmarks"),
  block([198, 51, 100, 0], 24, "documentation"),
  block([203, 0, 113, 0], 24, "documentation"),
  block([224, 0, 0, 0], 4, "multicast"),
  block([240, 0, 0, 0], 4, "reserved for the future"),
];

export function reservedAt(address: number): Reserved | undefined {
  return RESERVED.find(({ start, end }) => start <= address && address < end);
}
