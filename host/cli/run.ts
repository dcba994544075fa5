/** `pintail run`: a machine with its console in this terminal, or one command in a guest. */

import { rmSync, writeFileSync } from 'node:fs';
import { NoPackageClient } from '../guest/errors.js';
import type { Guest } from '../platform/node/guest/folder.js';
import { prepareGuest } from '../platform/node/guest/prepare.js';
import { createLocal } from '../machine/create-local.js';
import type { LocalMachine } from '../machine/local.js';
import { withoutCodes } from '../words/errno.js';
import { connectStdio, type TerminalStream } from './chardevs.js';
import { openCommandInput } from './command-input.js';
import { describeTerminal, terminalKind, runConsole, sayHowToLeave } from './console-session.js';
import { UsageError } from './faults.js';
import { Outputs, statusOf as statusOfOutput } from './output.js';
import { filterSymbols, writeAttribution } from './attribution.js';
import { openTrace } from './trace-options.js';
import { watchTranslation } from './jit-options.js';
import { PanicWatch } from '../machine/panic-watch.js';
import { note } from './note.js';
import { openProgress, type Progress } from './progress.js';
import { readRunOptions, type RunOptions } from './run-options.js';
import { openSerial, type SerialOutputs } from './serial.js';
import { endJson, statsJson } from './stats-json.js';
import { leave, statusOf, supervise, type Ending } from './supervise.js';

/** Goes on from a guest that waits; the console is handed over to it where there is no command. */
async function openInstantly({ machine: wanted, repeats }: RunOptions, guest: Guest, progress: Progress): Promise<LocalMachine> {
  const { createInstantly } = await import('./instant.js');
  const machine = await createInstantly({ machine: wanted, guest, repeats, onProgress: progress.note, onBoot: () => progress.moving('booting, once') });
  if (wanted.command === undefined) machine.handOver(process.stdin.isTTY ? terminalKind() : undefined);
  return machine;
}

/** Makes the machine; where the default guest cannot be made, says so and takes the built-in one. */
async function open(options: RunOptions, instantly: boolean, progress: Progress): Promise<LocalMachine> {
  const onProgress = progress.note;
  try {
    const { guest } = options.machine;
    // Here, where a download can be watched; the machine finds it in the cache.
    const prepared = guest === 'amd64' || guest === 'i386' ? await prepareGuest(guest, { onProgress, onTransfer: progress.transfer }) : undefined;
    if (instantly && prepared !== undefined) return await openInstantly(options, prepared, progress);
    return await createLocal({ ...options.machine, onProgress });
  } catch (error) {
    const mayFallBack = error instanceof NoPackageClient && options.guestByDefault && options.machine.command === undefined && options.machine.add === undefined;
    if (!mayFallBack) throw error;
    progress.done();
    note(error.message);
    note('booting the small guest inside instead.');
    return createLocal({ ...options.machine, guest: 'builtin', append: '', onProgress });
  }
}

/** One command: its output as it comes, its status at the end. */
async function runCommand(machine: LocalMachine, options: RunOptions, watch: PanicWatch): Promise<{ ending: Ending; status: number }> {
  const ending = await supervise(machine, options, watch, false);
  const result = await machine.commandResult();
  if (result !== undefined) return { ending, status: result.code };
  if (ending.stop.reason === 'paused') return { ending, status: await statusOf(ending, machine, options) }; // by the user, or an output that failed
  note(`the machine stopped (${ending.panicked ? 'panic' : ending.stop.reason}) before the command ended. Run it with -v to see the boot messages.`);
  return { ending, status: (await statusOf(ending, machine, options)) || 1 };
}

async function runWatched(machine: LocalMachine, options: RunOptions, watch: PanicWatch, terminal: TerminalStream | undefined): Promise<{ ending: Ending; status: number }> {
  if (options.machine.command !== undefined) return runCommand(machine, options, watch);
  const ending = options.curses ? await (await import('./curses.js')).runCurses(machine, options, watch) : await runConsole(machine, options, watch, terminal);
  return { ending, status: await statusOf(ending, machine, options) };
}

/** The monitor, where there is one: it waits for nobody, and somebody may press a key any time. */
async function openMonitor(machine: LocalMachine, { monitor }: RunOptions): Promise<() => void> {
  if (monitor === undefined) return () => undefined;
  const [{ greetMonitor }, { serveChardev }] = await Promise.all([import('./monitor.js'), import('../qtest/chardev.js')]);
  const ending = new AbortController();
  machine.attachInput(true);
  const target = { machine, quit: () => leave(machine) };
  serveChardev(monitor, (send) => greetMonitor(send, target), ending.signal).catch((error: Error) => note(`-monitor ${error.message}`));
  return () => ending.abort();
}

async function openViewers(machine: LocalMachine, { vnc }: RunOptions): Promise<() => void> {
  if (vnc === undefined) return () => undefined;
  machine.attachInput(true);
  return (await import('./vnc.js')).openVnc(machine, vnc, note);
}

async function runOpened(machine: LocalMachine, serial: SerialOutputs, outputs: Outputs, options: RunOptions, progress: Progress, terminal: TerminalStream | undefined): Promise<number> {
  (options.verbose ? machine.notes : machine.restoreNotes).forEach(note);
  // Somebody at a socket may type at any time.
  if (options.serial.some(({ kind }) => kind === 'link')) machine.attachInput(true);
  const watch = new PanicWatch();
  progress.moving('booting');
  machine.on('serial', (port, bytes) => {
    progress.done();
    if (port === 0) watch.receive(bytes);
    return serial.write(port, bytes);
  });
  if (options.verbose && options.machine.command !== undefined) machine.on('console', (bytes) => outputs.write(process.stderr, bytes));
  outputs.onError(() => void machine.pause());
  const stopMonitor = await openMonitor(machine, options), stopVnc = await openViewers(machine, options);
  const tellMissing = watchTranslation(machine, options.jit, note);
  try {
    const { ending, status } = await runWatched(machine, options, watch, terminal);
    tellMissing();
    await writeAttribution(options.attribution, machine, note);
    if (options.stats) process.stderr.write(`${statsJson(await machine.stats(), ending.stop, await machine.regions())}\n`);
    if (options.json) process.stderr.write(`${endJson(ending, status)}\n`);
    return status;
  } finally {
    stopMonitor();
    stopVnc();
    await serial.close();
    await machine.close();
  }
}

/** What the machine will not take, or cannot be had, is a bad argument: told with the option that was typed. */
const OF_OPTIONS = new Set(['OptionError', 'NetdevError', 'NetworkError', 'ChardevError', 'ImageError', 'SocketError']);

function asUsage(error: unknown, options: RunOptions): unknown {
  const system = error instanceof Error && 'syscall' in error;
  if (!(error instanceof Error) || !(OF_OPTIONS.has(error.name) || system)) return error;
  // OptionError begins with the API's name of the option.
  const plain = withoutCodes('option' in error && error.name === 'OptionError' ? error.message.slice(String(error.option).length + 2) : error.message);
  const argument = options.blame(plain);
  if (argument === undefined) return new Error(plain);
  // The message may begin with what the argument says.
  const value = `${argument.slice(argument.indexOf(' ') + 1)}: `, problem = plain.replace(/^-[a-z]+ \S+: /, '');
  return new UsageError(argument, problem.startsWith(value) ? problem.slice(value.length) : problem);
}

/** The guest's status, unless an output failed: a reader that has gone is no news (`| head`), anything else is told. */
function endOf({ error }: Outputs, status: number): number {
  if (error === undefined) return status;
  if (error.code !== 'EPIPE') note(error.message);
  return statusOfOutput(error);
}

/** `-pidfile`: there while the machine is. */
function writePid({ pidFile }: RunOptions): () => void {
  if (pidFile === undefined) return () => undefined;
  writeFileSync(pidFile.value, `${process.pid}\n`);
  const remove = (): void => rmSync(pidFile.value, { force: true });
  process.once('exit', remove);
  return remove;
}

/** The BIOS, where a disk boots. */
async function addFirmware(options: RunOptions, progress: Progress): Promise<void> {
  if (!options.firmware) return;
  const { prepareFirmware } = await import('../platform/node/guest/firmware.js');
  options.machine.bios = await prepareFirmware({ onProgress: progress.note, onTransfer: progress.transfer });
}

async function mayStartInstantly({ machine, verbose }: RunOptions): Promise<boolean> {
  // A script is typed when the guest first idles: one that waits would have it before its shell reads.
  if (machine.command === undefined && !process.stdin.isTTY) return false;
  return (await import('./instant.js')).mayStartInstantly(machine, verbose);
}

/** The process's streams, where the machine uses them. */
function connectProcess(options: RunOptions, outputs: Outputs, opened: () => LocalMachine | undefined): TerminalStream | undefined {
  const { machine } = options;
  if (options.processName !== undefined) process.title = options.processName;
  if (machine.command === undefined) {
    if (process.stdin.isTTY) describeTerminal(machine);
    return connectStdio(machine);
  }
  const input = openCommandInput();
  if (input !== undefined) machine.stdin = input;
  machine.onCommandOutput = filterSymbols(options.attribution, opened, note, (stream, bytes) => outputs.write(process[stream], bytes));
  return undefined;
}

async function runSeveral(options: RunOptions, outputs: Outputs): Promise<number> {
  const { checkClones, runClones } = await import('./clones.js');
  checkClones(options.clones!, options);
  options.notes.forEach(note);
  const progress = openProgress();
  try {
    return endOf(outputs, await runClones(options, outputs, progress));
  } catch (error) {
    throw asUsage(error, options);
  } finally {
    progress.done();
  }
}

/** The subcommand. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readRunOptions(args, process.stdin.isTTY, args.some((word) => /^--snapshot(=|$)/.test(word)) ? await (await import('./saved.js')).savedMachine(args) : undefined);
  const outputs = new Outputs();
  options.checkFiles();
  if (options.clones !== undefined) return runSeveral(options, outputs);
  if (process.stdin.isTTY) sayHowToLeave(options);
  options.notes.forEach(note);
  const instantly = !options.cold && (await mayStartInstantly(options));
  let opened: LocalMachine | undefined;
  const traced = openTrace(options.trace, outputs);
  if (traced !== undefined) options.machine.onTrace = traced.take;
  const terminal = connectProcess(options, outputs, () => opened);
  const progress = openProgress();
  const removePid = writePid(options);
  try {
    await addFirmware(options, progress);
    const machine = await open(options, instantly, progress).catch((error: unknown) => {
      throw asUsage(error, options);
    });
    opened = machine;
    const serial = await openSerial(options.serial, outputs, (port, bytes) => machine.write(bytes, port)).catch(async (error: unknown) => {
      await machine.close();
      throw error;
    });
    machine.on('drain', (port) => serial.resume(port));
    return endOf(outputs, await runOpened(machine, serial, outputs, options, progress, terminal));
  } finally {
    progress.done();
    traced?.close();
    removePid();
  }
}
