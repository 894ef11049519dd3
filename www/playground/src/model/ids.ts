export function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}

/** Enough of a random 64-bit id to tell replicas apart by eye. */
export function shortId(id: bigint): string {
  return hex64(id).slice(0, 4);
}
