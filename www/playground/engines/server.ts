/** Serves the built playground, and the script of the world beside it. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { preview, type Plugin } from "vite";
import { bundleWorld } from "../scripts/bundle-world.mjs";

declare global {
  interface Window {
    /** What the ear heard. */
    complaints?: string[];
  }
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the script of the world is: what comes from elsewhere, or is no file, the page's own policy forbids. */
export const WORLD_PATH = "/world.js";

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** With an ear, the pages note their own errors, for a driver that does not tell of them. Nothing else in them changes. */
export async function serve({ hasEar }: { hasEar: boolean }): Promise<Served> {
  if (!existsSync(`${root}/dist/index.html`))
    throw new Error("The playground is not built: `make playground` does it.");
  const server = await preview({
    root,
    configFile: false,
    appType: "mpa",
    logLevel: "warn",
    plugins: [worldPlugin(await bundleWorld("iife")), ...(hasEar ? [earPlugin()] : [])],
    preview: { host: "127.0.0.1", port: 0 },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error("The server has no address.");
  return { url, close: () => server.close() };
}

function worldPlugin(code: string): Plugin {
  return {
    name: "world",
    configurePreviewServer(server) {
      server.middlewares.use(WORLD_PATH, (_, response) => {
        response.setHeader("content-type", "text/javascript");
        response.end(code);
      });
    },
  };
}

function earPlugin(): Plugin {
  return {
    name: "ear",
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname;
        const name = path === "/" ? "index.html" : path.slice(1);
        if (!/^[a-z]+\.html$/.test(name)) return next();
        const page = readFileSync(`${root}/dist/${name}`, "utf8");
        response.setHeader("content-type", "text/html; charset=utf-8");
        // Before the policy, which would forbid it.
        response.end(page.replace("<head>", `<head><script>(${listen.toString()})()</script>`));
      });
    },
  };
}

/** Runs in the page, before all else in it. */
function listen(): void {
  const complaints: string[] = (window.complaints = []);
  const { error } = console;
  console.error = (...words: unknown[]) => {
    complaints.push(words.map(String).join(" "));
    error.apply(console, words);
  };
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
  addEventListener(
    "error",
    (event) => {
      // What could not be loaded says so at its element.
      const where = event.target instanceof Element ? event.target.outerHTML : "";
      complaints.push(event.message ?? `not loaded: ${where}`);
    },
    true,
  );
}
