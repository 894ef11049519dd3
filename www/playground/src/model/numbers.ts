/** Whole numbers as English writes them: `12,345`. Not by the browser's own formats, which take milliseconds to be made, at the start. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
