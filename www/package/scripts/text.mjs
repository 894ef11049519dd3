// Bytes as text that a server's brotli or gzip makes as small as it makes the bytes: one character for a byte, so that what recurs in the bytes
// recurs in the text. Text of base64 is a third longer and hides that; text of deflated bytes is half as long, and cannot be made smaller.
//
// The characters are digits, printable ASCII without what some string or page would have to escape. The bytes have numbers, the commonest the
// smallest. A number below `single` is written as that digit; the others in two: for each of the digits that are left, as many as there are
// digits.

const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
const digits = ascii.filter((character) => !"\"'`\\$<".includes(character)).join("");

/** With so many digits that are the first of two there are numbers for all bytes. */
const pairs = Math.ceil((256 - digits.length) / (digits.length - 1));

/** The text, and what is needed to read it: `bytes` are in the order of their numbers. */
export function asText(data) {
  const counts = new Uint32Array(256);
  for (const byte of data) counts[byte] += 1;
  const bytes = [...counts.keys()].sort((a, b) => counts[b] - counts[a]);
  const single = digits.length - pairs;
  const words = [];
  bytes.forEach((byte, number) => {
    const beyond = number - single;
    const first = beyond < 0 ? number : single + Math.floor(beyond / digits.length);
    words[byte] = digits[first] + (beyond < 0 ? "" : digits[beyond % digits.length]);
  });
  return { text: Array.from(data, (byte) => words[byte]).join(""), digits, single, bytes };
}
