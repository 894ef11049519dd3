/** The registry, which is a file beside the page: it is fetched when it is needed first, and kept by the service worker. */
import url from "../generated/ipv4.bin?url";
import { readRegistry, type Read } from "../link/registry";

export async function fetchRegistry(): Promise<Read> {
  try {
    const response = await fetch(url);
    if (!response.ok) return { problem: `The registry did not come: the server answered ${response.status}.` };
    return readRegistry(new Uint8Array(await response.arrayBuffer()));
  } catch {
    return { problem: "The registry did not come: there is no network." };
  }
}
