// The module itself, as text: scripts/text.mjs says how it is written. It is read faster than anything could be unpacked.

/** Each is named once, lest a minifier write it twice. */
export const unpacked = () => read(MODULE, DIGITS, SINGLE, Uint8Array.from(BYTES));

function read(text, digits, single, byNumber) {
  const valueOf = new Uint8Array(128);
  for (let value = 0; value < digits.length; value += 1) valueOf[digits.charCodeAt(value)] = value;
  const bytes = new Uint8Array(MODULE_LENGTH);
  for (let at = 0, place = 0; place < bytes.length; place += 1) {
    let number = valueOf[text.charCodeAt(at++)];
    if (number >= single) number += (number - single) * (digits.length - 1) + valueOf[text.charCodeAt(at++)];
    bytes[place] = byNumber[number];
  }
  return bytes;
}
