// What the browser tests share: a running `fluxa mock`, a Chromium, a client of the API, and a
// merchant's web site. `tests/browser/run` sets the environment that this reads.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const { chromium } = createRequire(join(process.env.FLUXA_NODE_MODULES, "x.js"))("playwright-core");

/** The key that every mock takes. */
export const SECRET_KEY = `sk_test_mock${"0".repeat(28)}`;

/** Where screenshots go. */
export const SHOTS = resolve("target/browser");

const PATIENCE_MS = 30_000;

/**
 * Starts `fluxa mock` on a free port.
 *
 * Returns its origin, its working directory, a client (`api`) with its well-known key, everything it
 * printed, `terminate` (ends it, keeps its files) and `stop` (removes them too).
 */
export async function startMock({ flags = [], env = {} } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "fluxa-browser-"));
  const ready = join(directory, "ready");
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FLUXA_"));
  const process_ = spawn(
    process.env.FLUXA_BINARY,
    ["mock", "--addr", "127.0.0.1:0", "--ready-file", ready, "--rate-limit", "off", ...flags],
    { env: { ...Object.fromEntries(inherited), HOME: directory, ...env }, cwd: directory },
  );
  let output = "";
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  const gone = once(process_, "exit").then(([code]) => {
    throw new Error(`fluxa mock ended with ${code}:\n${output}`);
  });
  gone.catch(() => {});
  await Promise.race([gone, fileAppears(directory, ready)]);
  const origin = new URL(readFileSync(ready, "utf8").trim()).origin;
  async function terminate() {
    if (process_.exitCode !== null || process_.signalCode !== null) return;
    const closed = once(process_, "close");
    process_.kill("SIGTERM");
    await closed;
  }
  return {
    origin,
    directory,
    api: client(origin),
    output: () => output,
    terminate,
    async stop() {
      await terminate();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function fileAppears(directory, file) {
  const there = () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n");
  const late = AbortSignal.timeout(PATIENCE_MS);
  const watcher = watch(directory);
  try {
    while (!there()) await once(watcher, "change", { signal: late });
  } finally {
    watcher.close();
  }
}

/** A client of the API: `get`, `post` and the usual steps; throws on any answer that is not 2xx. */
export function client(origin, key = SECRET_KEY) {
  async function call(method, path, body, headers = {}) {
    const response = await fetch(origin + path, {
      method,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body = {}, headers = {}) => call("POST", path, body, headers),
    /** Opens a checkout session; `fields` replaces the usual ones. */
    session: (fields = {}, headers = {}) =>
      call(
        "POST",
        "/v1/checkout/sessions",
        {
          amount: 4999,
          currency: "GBP",
          success_url: "http://127.0.0.1:9/done",
          cancel_url: "http://127.0.0.1:9/cancel",
          ...fields,
        },
        headers,
      ),
    /** The payments of a session, oldest first. */
    async attempts(session) {
      const { data } = await call("GET", "/v1/payments?limit=100");
      return data.filter((payment) => payment.checkout_session === session).reverse();
    },
    /** Moves the sandbox's clock. */
    advance: (seconds) => call("POST", "/v1/sandbox/clock/advance", { seconds }),
  };
}

/**
 * A merchant's web site, on `host` (localhost is another origin, and another site, than 127.0.0.1).
 *
 * `pages` maps a path to HTML, `redirects` to another address; every other path says where it is.
 * `visits` are the paths asked for.
 */
export async function startMerchant({ host = "127.0.0.1", pages = {} } = {}) {
  const visits = [];
  const redirects = {};
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://merchant");
    if (pathname !== "/favicon.ico") visits.push(request.url);
    if (redirects[pathname]) {
      response.writeHead(302, { Location: redirects[pathname] }).end();
      return;
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(pages[pathname] ?? `<!doctype html><title>Merchant</title><h1>Merchant ${pathname}</h1>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://${host}:${server.address().port}`,
    pages,
    redirects,
    visits,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Launches Chromium; each `newContext` on it is a fresh visitor. */
export async function launch() {
  const options = { executablePath: process.env.CHROMIUM, headless: true };
  return chromium.launch({
    ...options,
    args: [
      // As root Chromium starts only without its sandbox; the pages it sees are the tests' own.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-proxy-server",
    ],
  });
}

/** Keeps what the page looks like in target/browser/<name>.png. */
export async function shoot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

/**
 * Collects what a page complains of: uncaught errors, and console errors such as a breach of its
 * Content-Security-Policy. An array to assert on at the end of a test.
 */
export function complaints(page) {
  const found = [];
  page.on("pageerror", (error) => found.push(String(error)));
  page.on("console", (message) => message.type() === "error" && found.push(message.text()));
  return found;
}

/**
 * Text that is hard to read: less contrast with what is behind it than WCAG's AA asks (4.5 to 1).
 * Backgrounds that are images or gradients count by the colour under them.
 */
export function faintText(page) {
  return page.evaluate(() => {
    const parse = (text) => text.match(/[\d.]+/g).map(Number);
    const luminance = ([red, green, blue]) => {
      const linear = (part) => (part <= 10.31475 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("[aria-hidden]")) continue;
      const [one, two] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
      const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${texts.currentNode.data.trim()}`);
    }
    return faint;
  });
}
