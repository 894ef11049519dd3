/**
 * What a built page has besides: its first picture, so that it stands there before any script has come; its rules and the policy of
 * what it may load; and for each story a page of its own, since what previews a link never sees what stands behind its `#`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin, Rolldown } from "vite";
import { loadDrawing } from "../scripts/drawing.mjs";

/** Where the site will be, for what previews links and wants whole addresses. */
const SITE_URL = process.env["SITE_URL"];

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Nothing but the page's own files and the two texts in it, and no code made of text. */
function policyOf(styles: string, start: string): string {
  return (
    `default-src 'none'; script-src 'self' ${hashOf(start)} 'wasm-unsafe-eval'; style-src 'self' ${hashOf(styles)}; img-src 'self' data:; ` +
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
  );
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Replaces what must be there. */
function replaced(text: string, what: string | RegExp, by: string): string {
  const found = text.replace(what, () => by);
  if (found === text) throw new Error(`The page has no ${what}.`);
  return found;
}

function sourceOf(bundle: Rolldown.OutputBundle, name: RegExp): { name: string; text: string } {
  const file = Object.values(bundle).find(({ fileName }) => name.test(fileName));
  if (file?.type !== "asset") throw new Error(`The bundle has no ${name}.`);
  return { name: file.fileName, text: file.type === "asset" ? Buffer.from(file.source).toString() : "" };
}

export const pages: Plugin = {
  name: "pages",
  apply: "build",
  generateBundle: {
    order: "post",
    async handler(_, bundle) {
      const { firstPicture, stories } = await loadDrawing();
      const index = sourceOf(bundle, /^index\.html$/);
      const module = Object.keys(bundle).find((name) => /crdt_range_map_world.*\.wasm$/.test(name));
      // Its few rules come with the page: a request for them alone would keep the first picture waiting.
      const link = /<link rel="stylesheet"[^>]*href="\.\/([^"]+)"[^>]*>/.exec(index.text);
      const styles = sourceOf(bundle, new RegExp(`^${link?.[1]}$`)).text.trim();
      // What is fetched while the script still comes.
      const preload = `<link rel="preload" as="fetch" type="application/wasm" crossorigin="anonymous" href="./${module}">`;
      // The script, whose parts are asked for together, begins when the first picture is on the screen, or in the background, where nothing is painted, at once.
      const script = /<script type="module"[^>]*src="([^"]+)"[^>]*><\/script>/.exec(index.text);
      const parts = Object.values(bundle).filter(({ type }) => type === "chunk");
      const start =
        `const begin=()=>setTimeout(()=>{for(const href of ${JSON.stringify(parts.map(({ fileName }) => `./${fileName}`))})` +
        `document.head.append(Object.assign(document.createElement("link"),{rel:"modulepreload",href}));` +
        `import("${script?.[1]}")});document.hidden?begin():requestAnimationFrame(begin)`;
      const policy = `<meta http-equiv="Content-Security-Policy" content="${policyOf(styles, start)}">`;
      let html = replaced(index.text, "<head>", `<head>${policy}`);
      html = replaced(html, script?.[0] ?? "", `<script type="module">${start}</script>`);
      html = replaced(html, link?.[0] ?? "", `<style>${styles}</style>${preload}`);
      for (const story of stories) {
        const image = new URL(`previews/${story.id}.png`, SITE_URL ?? "http://localhost/");
        const { title, summary, id } = story;
        this.emitFile({
          type: "asset",
          fileName: `previews/${id}.png`,
          source: readFileSync(new URL(`../previews/${id}.png`, import.meta.url)),
        });
        const head = [
          ["og:type", "website"],
          ["og:title", title],
          ["og:description", summary],
          ["og:image", SITE_URL === undefined ? `./previews/${id}.png` : image.href],
          ["og:image:width", "1200"],
          ["og:image:height", "630"],
          ["og:image:alt", title],
          ["twitter:card", "summary_large_image"],
        ].map(([property = "", content = ""]) => `<meta property="${property}" content="${escaped(content)}">`);
        let page = replaced(html, '<div id="app"></div>', `<div id="app">${firstPicture(story)}</div>`);
        page = replaced(
          page,
          /<title>.*<\/title>/,
          `<title>${escaped(title)} · crdt-range-map</title>${head.join("")}`,
        );
        page = replaced(page, /(?<=name="description"\s+content=")[^"]*/, escaped(summary));
        if (story === stories[0]) this.emitFile({ type: "asset", fileName: "index.html", source: page });
        page = replaced(page, "<html", `<html data-story="${id}"`);
        this.emitFile({ type: "asset", fileName: `${id}.html`, source: page });
      }
    },
  },
};
