/** Chance that a seed decides, without state of its own: number `place` of the stream of that name. */

/** Mixes well what differs little: the end of MurmurHash3. */
function mix(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** 32 bits. The same numbers give the same, and others others. */
export function hashOf(seed: number, ...names: readonly number[]): number {
  return names.reduce((hash, name) => mix((Math.imul(hash, 5) + 0xe6546b64) ^ mix((name + 0x9e3779b9) | 0)), mix(seed));
}

/** From 0 up to, but not including, `below`. */
export function numberBelow(below: number, seed: number, ...names: readonly number[]): number {
  return Math.floor((hashOf(seed, ...names) / 2 ** 32) * below);
}

/** 64 bits that are not 0. */
export function idOf(seed: number, ...names: readonly number[]): bigint {
  const id = (BigInt(hashOf(seed, 1, ...names)) << 32n) | BigInt(hashOf(seed, 2, ...names));
  return id === 0n ? 1n : id;
}
