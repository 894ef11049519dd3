// Loads the module once, whichever entry is asked. Instantiating it a second time would pull the memory from under the objects of
// the first, so callers at the same time share one load. One that failed may be tried again.
import load from "../dist/crdt_range_map.js";

let loading;

/** Makes the `init` of an entry. `shipped` returns what is loaded if the user names nothing. */
export function loader(shipped) {
  const open = async (named) => opened(named ?? (await shipped()));
  return (options) => {
    loading ??= load(options, open).catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** Node's `fetch` reads no files, so a `file:` URL is read from disk there. Not imported, since browsers have no such module. */
function opened(source) {
  const isFile = (typeof source === "string" || source instanceof URL) && String(source).startsWith("file:");
  const files = isFile ? globalThis.process?.getBuiltinModule?.("node:fs/promises") : undefined;
  return files ? files.readFile(new URL(source)) : source;
}
