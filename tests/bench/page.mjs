// The page in Chromium, from a server on this machine, each visit a browser of its own with nothing kept: how long until a typed command is answered, what was fetched by
// then, how soon a key shows, how even the page's frames are while the guest computes, and a cold boot beside Node's in the same run.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../support/build.mjs";

const PROMPT = /\/ # (\x1b\[6n)?$/;
const SCREEN = "(document.querySelector('.xterm-rows')?.textContent ?? '')";
const AT_PROMPT = `/\\/ #\\s*$/.test(${SCREEN}) && document.getElementById('state').dataset.state === 'running'`;
const FRAMES_MS = 5000;

const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, part) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))];
const median = (values) => quantile(values, 0.5);

/** The tests' own driver of Chromium and static server, which are TypeScript. */
async function tools() {
  const { build } = await import("esbuild");
  const outdir = join(root, "build/bench");
  mkdirSync(outdir, { recursive: true });
  await build({ absWorkingDir: root, entryPoints: ["tests/support/chromium.ts", "tests/support/static-server.ts"], outdir, outExtension: { ".js": ".mjs" }, format: "esm", platform: "node", logLevel: "warning" });
  const load = (name) => import(pathToFileURL(join(outdir, name)).href);
  return { ...(await load("chromium.mjs")), ...(await load("static-server.mjs")) };
}

async function type(page, words) {
  await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()");
  await page.type(words);
  await page.press("Enter");
}

/** Bytes of what was asked for, as they lie there. */
async function bytesOf(folder, asked) {
  const { statSync } = await import("node:fs");
  return asked.reduce((sum, path) => sum + (statSync(join(folder, path.endsWith("/") ? "index.html" : path), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** From navigation to the answer of a typed command. */
async function visit({ startChromium, serveFolders }, folder) {
  const server = await serveFolders({ "/": `${folder}/` });
  const browser = await startChromium();
  try {
    const page = await browser.open();
    await page.view(1280, 800);
    const started = performance.now();
    await page.goto(server.address);
    await page.until(AT_PROMPT);
    const promptMs = performance.now() - started, asked = [...server.asked];
    await type(page, "echo $((6 * 7)) of $(uname -m)");
    await page.until(`${SCREEN}.includes('42 of x86_64')`);
    const answerMs = performance.now() - started;
    return { promptMs, answerMs, bytes: await bytesOf(folder, asked), echoMs: await echo(page), ...(await frames(page)), coldMs: await cold(page) };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** A key until its letter is on the screen, which the guest's terminal echoes: within the page, where no driver's pipe is in between. */
async function echo(page) {
  const one = `new Promise((resolve) => { const rows = document.querySelector('.xterm-rows'), before = rows.textContent, from = performance.now();
    const look = new MutationObserver(() => { if (rows.textContent !== before) { look.disconnect(); resolve(performance.now() - from); } });
    look.observe(rows, { childList: true, subtree: true, characterData: true }); document.getElementById('machine').type('x'); })`;
  const times = [];
  for (let i = 0; i < 20; i++) times.push(await page.evaluate(one));
  await page.evaluate("document.getElementById('machine').type('\\x15')");
  return median(times);
}

/** Gaps between the page's frames while the guest computes. */
async function frames(page) {
  await type(page, "while :; do :; done &");
  const gaps = await page.evaluate(`new Promise((resolve) => { const gaps = []; let last = performance.now(); const end = last + ${FRAMES_MS};
    const frame = (now) => { gaps.push(now - last); last = now; now < end ? requestAnimationFrame(frame) : resolve(gaps); }; requestAnimationFrame(frame); })`);
  await type(page, "kill %1");
  return { frameMs: quantile(gaps, 0.99), longestFrameMs: Math.max(...gaps) };
}

async function cold(page) {
  const started = performance.now();
  await page.evaluate("document.getElementById('reset').click()");
  // Until then the prompt is the old one.
  await page.until(`!${SCREEN}.includes('42 of x86_64')`);
  await page.until(AT_PROMPT);
  return performance.now() - started;
}

/** The same guest, memory and options on Node, from nothing to the prompt. */
async function coldOnNode(folder) {
  const { createMachine } = await import(join(root, "build/host/index.js"));
  const started = performance.now();
  const machine = await createMachine({ guest: join(folder, "guest"), memoryMiB: 128, worker: true });
  let seen = "";
  machine.on("console", (bytes) => {
    seen += Buffer.from(bytes).toString("latin1");
    if (PROMPT.test(seen)) void machine.pause();
  });
  await machine.run();
  const ms = performance.now() - started;
  await machine.close();
  return ms;
}

const ms = (value) => `${Math.round(value)} ms`;

export async function benchPage({ runs, json }) {
  const folder = join(root, "build/page");
  if (!existsSync(join(folder, "guest/manifest.json"))) throw new Error('build/page is not there: run "npm run build:page" first.');
  const given = await tools(), visits = [], node = [];
  if (given.CHROMIUM === undefined) throw new Error("Chromium is not installed: apt-get install chromium.");
  for (let i = 0; i < runs; i++) {
    visits.push(await visit(given, folder));
    node.push(await coldOnNode(folder));
  }
  const of = (name) => median(visits.map((one) => one[name]));
  const result = { runs, ...Object.fromEntries(Object.keys(visits[0]).map((name) => [name, of(name)])), nodeColdMs: median(node), coldRatio: median(visits.map(({ coldMs }, i) => coldMs / node[i])) };
  if (json) return void process.stdout.write(`${JSON.stringify({ ...result, visits, node }, null, 2)}\n`);
  const rows = [
    ["navigation to the prompt", ms(result.promptMs)], ["navigation to the answer of a command", ms(result.answerMs)], ["bytes fetched before the prompt", `${(result.bytes / 1e6).toFixed(1)} MB`],
    ["a key until it shows", ms(result.echoMs)], ["frame gap at the 99th percentile, the guest computing", ms(result.frameMs)], ["the longest", ms(result.longestFrameMs)],
    ["cold boot in the page", ms(result.coldMs)], ["on Node, turn about", ms(result.nodeColdMs)], ["ratio", result.coldRatio.toFixed(2)],
  ];
  process.stdout.write(`The page in Chromium: medians of ${runs}\n\n${rows.map(([name, value]) => `  ${name.padEnd(56)}${value}`).join("\n")}\n`);
}
