// Serves the package's folder as it is, to pages without a bundler, on localhost, where Web Locks are allowed.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../..", import.meta.url));
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

createServer(async ({ url }, response) => {
  const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
  try {
    const body = await readFile(join(folder, path));
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(Number(process.env.PORT), "localhost");
