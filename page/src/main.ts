/** The page: Bench. A Debian prompt first; everything else is one step away. */

import type { MachineOptions } from 'pintail';
import type { PintailMachineElement } from 'pintail/element';
import { Bench } from './bench.js';
import { at, download, element, say } from './dom.js';
import { bytes, readCount } from './figures.js';
import { linkTo, linkToKept, readKeptLink, readLink, type Linked } from './link.js';
import { openLive } from './live.js';
import { look, openLook } from './look.js';
import { fetchWaiting } from './visit.js';
import { forget, keep, listKept, readState, type KeptMachine, type Recipe } from './store.js';

const GUEST = 'guest/';
const DEBIAN: Recipe = { guest: GUEST, memoryMiB: 128 };
/** Debian's prompt, where a booted machine is kept by itself, so that the next visit starts there. */
const PROMPT = /\/ # (\x1b\[6n)?$/;
const FIRST = 'prompt';

// The terminal is larger than the page: it comes beside it.
const screen = (await import('./screen.js')).openScreen();
const bench = new Bench(at<PintailMachineElement>('machine'), screen, openLive());

function hideStart(): void {
  at('start').hidden = true;
  screen.focus();
}

function showStart(text: string, ...buttons: [label: string, act: () => void][]): void {
  at('start').hidden = false;
  at('start-text').textContent = text;
  at('start-progress').hidden = true;
  at('start-buttons').replaceChildren(...buttons.map(([label, act], i) => {
    const button = element('button', label);
    if (i === 0) button.className = 'main';
    button.addEventListener('click', act);
    return button;
  }));
}

/** How far the guest's files are, all together. */
function showTransfer(): NonNullable<MachineOptions['onTransfer']> {
  const files = new Map<string, [number, number]>();
  const bar = at<HTMLProgressElement>('start-progress');
  return ({ file, done, total }) => {
    files.set(file, [done, total]);
    const [sum, all] = [...files.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    bar.hidden = false;
    bar.value = sum / all;
    at('start-text').textContent = sum < all ? `Fetching the guest: ${bytes(sum)} of ${bytes(all)}` : 'Starting it';
  };
}

/** The screen's video BIOS, which the page has beside its guest. */
const VIDEO_ROM = 'firmware/vgabios-stdvga.bin';
const withRom = (devices: MachineOptions['devices']): MachineOptions['devices'] =>
  devices?.map((device) => (device.model === 'VGA' && device.romfile === undefined ? { ...device, romfile: new URL(VIDEO_ROM, document.baseURI) } : device));

/** A prepared guest runs commands behind its shell: for the files that go in and out. */
const agentOf = ({ guest }: Recipe): MachineOptions => (guest === undefined || guest === 'builtin' ? {} : { agent: 'shell' });

function optionsOf({ guest, ...recipe }: Recipe): MachineOptions {
  return { ...recipe, ...agentOf({ guest } as Recipe), ...(recipe.devices === undefined ? {} : { devices: withRom(recipe.devices)! }), ...(guest === undefined ? {} : { guest: guest === 'builtin' ? guest : new URL(guest, document.baseURI) }), onTransfer: showTransfer() };
}

/** Makes a machine and lets it run. What cannot be made is told in place of it. */
async function boot(options: MachineOptions, recipe: Recipe, afterwards?: () => unknown): Promise<boolean> {
  showStart('Making the machine…');
  try {
    const machine = await bench.make(options, recipe);
    machine.attachInput(options.snapshot !== undefined || recipe.guest === undefined || recipe.guest === 'builtin');
    hideStart();
    await afterwards?.();
    return true;
  } catch (error) {
    showStart((error as Error).message, ['Debian', () => void coldBoot()], ['The small built-in guest', () => void bootBuiltin()]);
    return false;
  }
}

const bootBuiltin = (): Promise<boolean> => boot({ guest: 'builtin', memoryMiB: 16 }, { guest: 'builtin', memoryMiB: 16 }, () => bench.start());

/** From power-up. Time is the instruction count, and idle time is left out until somebody may type. `paused`: it stands at its first instruction. */
async function coldBoot(recipe: Recipe = DEBIAN, paused = false): Promise<void> {
  await boot(optionsOf(recipe), recipe, () => {
    bench.onScreen(PROMPT, () => void atPrompt(recipe));
    if (paused) return look(bench.machine);
    bench.start();
  });
}

/** The reset button: it goes on as it was, running or paused. A machine that came from somewhere else resets itself, if it can. */
async function reset(): Promise<void> {
  const running = bench.machine?.running === true;
  if (bench.recipe.guest !== undefined) return coldBoot(bench.recipe, !running);
  try {
    await bench.reset();
    if (running) bench.start();
  } catch (error) {
    say((error as Error).message);
  }
}

async function atPrompt(recipe: Recipe): Promise<void> {
  bench.machine?.attachInput(true);
  if (JSON.stringify(recipe) !== JSON.stringify(DEBIAN)) return;
  await bench.held('Keeping', async (machine) => {
    await keep({ id: FIRST, name: 'Debian at its prompt', when: Date.now(), recipe, screen: screen.shown }, await machine.snapshot()).catch(() => undefined);
  });
  await showKept();
}

/** Goes on from a snapshot, with what the screen showed. False: it cannot, and why has been said. */
async function wake(snapshot: NonNullable<MachineOptions['snapshot']>, recipe: Recipe, shown: string): Promise<boolean> {
  showStart('Waking the machine…');
  try {
    const { memoryMiB: _, seed: _seed, append: _append, guest: _guest, ...rest } = recipe;
    const machine = await bench.make({ ...rest, ...agentOf(recipe), snapshot }, recipe);
    machine.attachInput(true);
    void screen.write(new TextEncoder().encode(shown));
    hideStart();
    bench.start();
    return true;
  } catch (error) {
    say((error as Error).message);
    return false;
  }
}

async function resume(kept: KeptMachine): Promise<boolean> {
  const snapshot = await readState(kept.id);
  return snapshot !== undefined && wake(snapshot, kept.recipe, kept.screen);
}

/** Debian as it was where the page was made; kept, so that the next visit fetches nothing. */
async function firstVisit(): Promise<boolean> {
  const waiting = await fetchWaiting(new URL(GUEST, document.baseURI), showTransfer());
  if (waiting === undefined || !(await wake(waiting.snapshot, DEBIAN, waiting.screen))) return false;
  await keep({ id: FIRST, name: 'Debian at its prompt', when: Date.now(), recipe: DEBIAN, screen: waiting.screen }, waiting.snapshot).catch(() => undefined);
  await showKept();
  return true;
}

async function resumeOrSay(kept: KeptMachine): Promise<void> {
  if (await resume(kept)) return;
  showStart('This machine was kept by another version of the page, and cannot be woken by this one.', ['Boot it anew', () => void coldBoot(kept.recipe)], ['Forget it', () => void forget(kept.id).then(showKept).then(() => coldBoot())]);
}

async function saveToFile(kept: KeptMachine): Promise<void> {
  const state = await readState(kept.id);
  if (state !== undefined) download(`${kept.name.replaceAll(/\W+/g, '-')}.pintail`, state);
}

function keptRow(kept: KeptMachine): HTMLLIElement {
  const button = (label: string, act: () => Promise<unknown>): HTMLButtonElement => {
    const made = element('button', label);
    made.className = 'plain';
    made.setAttribute('aria-label', `${label}: ${kept.name}`);
    made.addEventListener('click', () => void act());
    return made;
  };
  const about = element('span', kept.name, element('br'), Object.assign(element('span', `${new Date(kept.when).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}, ${bytes(kept.bytes)}`), { className: 'quiet' }));
  return element('li', '', about, button('Open', () => resumeOrSay(kept)), button('Save', () => saveToFile(kept)), button('Delete', () => forget(kept.id).then(showKept)));
}

async function showKept(): Promise<void> {
  const kept = await listKept();
  at('kept').replaceChildren(...kept.map(keptRow));
  at('kept-none').hidden = kept.length > 0;
}

async function keepThis(): Promise<void> {
  const name = `Machine of ${new Date().toLocaleTimeString()}`;
  await bench.held('Keeping', async (machine) => {
    try {
      await keep({ id: crypto.randomUUID(), name, when: Date.now(), recipe: bench.recipe, screen: screen.shown }, await machine.snapshot());
      say('Kept. It is here when you come back, exactly as it is now.');
    } catch (error) {
      say(`It could not be kept: ${(error as Error).message}`);
    }
  });
  await showKept();
}

/** The same machine in a tab of its own, from this moment on: both go on, and neither knows of the other. */
async function forkThis(): Promise<void> {
  // Opened at once: later a browser would not let the page.
  const tab = open('about:blank');
  if (tab === null) return say('The browser does not let this page open a tab.');
  const id = crypto.randomUUID();
  await bench.held('Forking', async (machine) => {
    try {
      await keep({ id, name: `Fork of ${new Date().toLocaleTimeString()}`, when: Date.now(), recipe: bench.recipe, screen: screen.shown }, await machine.snapshot());
      tab.location.href = linkToKept(id);
    } catch (error) {
      tab.close();
      say(`It could not be forked: ${(error as Error).message}`);
    }
  });
  await showKept();
}

async function copyLink(): Promise<void> {
  const linked: Linked = { recipe: bench.recipe };
  const { machine } = bench;
  const exact = machine !== undefined && !machine.running && bench.repeatable;
  if (exact) Object.assign(linked, { at: String((await machine.stats()).instructions), hash: await machine.stateHash() });
  await navigator.clipboard.writeText(linkTo(linked)).then(
    () => say(exact ? 'Copied. It opens this machine at this very instruction, with the same hash.' : 'Copied. It opens this machine from its start: what was typed is not in it.'),
    () => say('The browser does not let this page copy.'),
  );
}

/** The machine of a link, at its instruction, and whether it is in the same state. */
async function openLinked({ recipe, at: where, hash }: Linked): Promise<void> {
  if (where === undefined) return coldBoot(recipe);
  await boot(optionsOf(recipe), recipe, async () => {
    // As it was run to where it was copied: nobody typed.
    say(`Running to instruction ${BigInt(where).toLocaleString('en')}…`);
    await bench.step(BigInt(where));
    const own = await bench.machine!.stateHash();
    bench.onScreen(PROMPT, () => void atPrompt(recipe));
    say(own === hash ? 'The same state, bit for bit: the hashes are equal.' : 'Not the same state: the page or its guest is another version.');
  });
}

async function runTo(): Promise<void> {
  const count = readCount(at<HTMLInputElement>('run-to-at').value);
  const { machine } = bench;
  if (count === undefined) return say('Write a number of instructions, such as 100 M.');
  const now = (await machine?.stats())?.instructions ?? 0n;
  if (count <= now) return say(`It is at ${now.toLocaleString('en')} already; Reset goes back to the start.`);
  await bench.step(count - now);
}

function listen(): void {
  const click = (id: string, act: () => unknown): void => at(id).addEventListener('click', () => void act());
  click('run', () => bench.toggle());
  click('step', () => bench.step(1n));
  click('keep', keepThis);
  click('fork', forkThis);
  click('link', copyLink);
  click('reset', reset);
  at('run-to').addEventListener('submit', (event) => {
    event.preventDefault();
    void runTo();
  });
  openLook(() => bench.machine);
  bench.boot = coldBoot;
  for (const button of document.querySelectorAll<HTMLElement>('[data-panel]')) button.addEventListener('click', () => void import('./panels/index.js').then(({ toggle }) => toggle(button.dataset.panel!, bench)));
  at('make').addEventListener('toggle', () => void readyCommandLine());
  addEventListener('dragenter', () => void readyCommandLine());
}

let commandLine: Promise<void> | undefined;

/** The command line's parser and table: fetched when somebody is about to use them, or when the page has nothing else to do. */
function readyCommandLine(): Promise<void> {
  return (commandLine ??= Promise.all([import('./command-line.js'), import('./files.js')]).then(([{ openCommandLine }, { openFiles }]) =>
    openCommandLine({
      guestAt: new URL(GUEST, document.baseURI),
      onTransfer: showTransfer(),
      intoGuest: openFiles(() => bench.machine).put,
      start: (options, recipe) => void boot({ ...options, ...(options.devices === undefined ? {} : { devices: withRom(options.devices)! }), onTransfer: showTransfer() }, recipe, () => bench.start()),
    }),
  ));
}

async function begin(): Promise<void> {
  listen();
  bench.show('off', '');
  await look(undefined);
  await showKept();
  const kept = readKeptLink();
  const wanted = kept === undefined ? undefined : (await listKept()).find(({ id }) => id === kept);
  if (wanted !== undefined) return resumeOrSay(wanted);
  const linked = readLink();
  if (linked !== undefined) return openLinked(linked);
  const first = (await listKept()).find(({ id }) => id === FIRST);
  if (first !== undefined && (await resume(first))) return;
  if (await firstVisit()) return;
  await coldBoot();
}

await begin();
await readyCommandLine();
// A page that is being worked on is not put by.
if ((globalThis as { PAGE_IS_BUILT?: boolean }).PAGE_IS_BUILT === true) await navigator.serviceWorker?.register('sw.js').catch(() => undefined);
