/** Starts WebKitGTK's own WebDriver, with a screen that nobody sees, and speaks to it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { isMissing, PATIENCE_MS } from "./engine";

export type Send = (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) => Promise<unknown>;

export interface Driver {
  readonly send: Send;
  /** Ends what was started. */
  stop(): void;
}

export async function startDriver(): Promise<Driver> {
  const children: ChildProcess[] = [];
  const stop = () => children.forEach((child) => child.kill());
  try {
    const xvfb = await start("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
    children.push(xvfb);
    const port = await freePort();
    const driver = await start("WebKitWebDriver", [`--port=${port}`], `:${await displayOf(xvfb)}`);
    children.push(driver);
    const send = sender(`http://127.0.0.1:${port}`);
    const until = Date.now() + PATIENCE_MS;
    while (!(await send("GET", "/status").catch(() => null))) {
      if (driver.exitCode !== null || Date.now() > until) throw new Error("WebKitWebDriver did not start.");
      await pause(50);
    }
    return { send, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

async function start(command: string, args: string[], display?: string): Promise<ChildProcess> {
  const env = display === undefined ? process.env : { ...process.env, DISPLAY: display };
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "ignore", "pipe"], env });
  await once(child, "spawn").catch((error: unknown) => {
    throw isMissing(command, "setup-engines", "put it on PATH", error);
  });
  return child;
}

/** Xvfb looks for a free number and tells it on the file that it was given. */
async function displayOf(xvfb: ChildProcess): Promise<string> {
  const told = xvfb.stdio[3];
  if (told === null || told === undefined) throw new Error("Xvfb has no file to tell its number on.");
  const [number] = (await Promise.race([
    once(told, "data", { signal: AbortSignal.timeout(PATIENCE_MS) }),
    once(xvfb, "exit").then(() => Promise.reject(new Error("Xvfb did not start."))),
  ])) as [Buffer];
  return number.toString().trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function sender(base: string): Send {
  return async (method, path, body) => {
    const response = await fetch(base + path, { method, body: body === undefined ? null : JSON.stringify(body) });
    const { value } = (await response.json()) as { value: unknown };
    if (response.ok) return value;
    const { error, message } = value as { error: string; message: string };
    throw new Error(`${method} ${path.replace(/.*\//, "")}: ${error}: ${message}`);
  };
}
