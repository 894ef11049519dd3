// The module itself, deflated, as text. `DecompressionStream` could unpack it as well, but not in every browser that runs the module,
// nor in jsdom: one way for all is shorter than two.
import { inflateSync } from "fflate";

export function unpacked() {
  const text = atob(DEFLATED_MODULE);
  const deflated = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) deflated[i] = text.charCodeAt(i);
  return inflateSync(deflated, { out: new Uint8Array(MODULE_LENGTH) });
}
