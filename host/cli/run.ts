/** `pintail run`: a machine with its console in this terminal, or one command in a guest. */

import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { NoPackageClient } from '../guest/errors.js';
import { createLocal, type LocalMachine } from '../machine/local.js';
import type { Stop } from '../machine/types.js';
import { withoutCodes } from '../words/errno.js';
import { connectStdio, type TerminalStream } from './chardevs.js';
import { openCommandInput } from './command-input.js';
import { UsageError } from './faults.js';
import { openProgress, type Progress } from './progress.js';
import { registerLines } from './register-lines.js';
import { readRunOptions, type RunOptions } from './run-options.js';
import { openSerial, type SerialOutputs } from './serial.js';
import { statsJson } from './stats-json.js';
import { EscapeKeys, takeTerminal } from './terminal.js';

/** Exit statuses besides 0, 1 (errors), 2 (bad arguments) and those of the guest. README.md lists them. */
const STATUS = { limit: 124, quit: 130, 'triple-fault': 131, halt: 132 } as const;

/** Ctrl-D. */
const END_OF_INPUT = '\x04';

function note(text: string): void {
  process.stderr.write(`pintail: ${text}\n`);
}

/** Makes the machine; where the default guest cannot be made, says so and takes the built-in one. */
async function open(options: RunOptions, progress: Progress): Promise<LocalMachine> {
  const onProgress = progress.note;
  try {
    return await createLocal({ ...options.machine, onProgress });
  } catch (error) {
    const mayFallBack = error instanceof NoPackageClient && options.guestByDefault && options.machine.command === undefined && options.machine.add === undefined;
    if (!mayFallBack) throw error;
    progress.done();
    note(error.message);
    note('booting the small guest inside instead.');
    return createLocal({ ...options.machine, guest: 'builtin', onProgress });
  }
}

/** `-d cpu_reset`: the registers, to standard error or the file of `-D`. */
async function logRegisters(machine: LocalMachine, { logResets, logFile }: RunOptions, stop: Stop): Promise<void> {
  if (!logResets || (stop.reason !== 'reset' && stop.reason !== 'triple-fault')) return;
  const text = registerLines(await machine.getRegisters(), stop);
  if (logFile === undefined) process.stderr.write(text);
  else appendFileSync(logFile.value, text);
}

/** Runs until the machine is down for good; a reset starts it again. */
async function runMachine(machine: LocalMachine, options: RunOptions, reboot = options.reboot): Promise<Stop> {
  for (;;) {
    const stop = await machine.run();
    await logRegisters(machine, options, stop);
    if (stop.reason !== 'reset' || !reboot) return stop;
    await machine.reset();
  }
}

/** RFLAGS.IF */
const INTERRUPTS_ON = 0x200n;

/** What became of a processor that sleeps for good. */
async function describeHalt(machine: LocalMachine): Promise<string> {
  const { rip, rflags } = await machine.getRegisters();
  if (rflags & INTERRUPTS_ON) return 'the guest sleeps: it has set no timer, and nothing is attached that could wake it (nobody can type, and there is no network).';
  return `the processor halted with interrupts off (before 0x${rip.toString(16)}): nothing can wake it.`;
}

async function statusOf(stop: Stop, machine: LocalMachine): Promise<number> {
  switch (stop.reason) {
    case 'poweroff':
    case 'reset':
      return 0;
    case 'debug-exit':
      return stop.code & 0xff;
    case 'triple-fault':
      note(`the processor shut down after a triple fault (${stop.instructions} instructions).`);
      return STATUS['triple-fault'];
    case 'halt':
      note(await describeHalt(machine));
      return STATUS.halt;
    case 'limit':
      note(`stopped: the limit of ${stop.limit === 'wallMs' ? 'wall time' : 'instructions'} is reached (${stop.instructions} instructions).`);
      return STATUS.limit;
    case 'paused':
      return STATUS.quit;
  }
}

/** The console in this terminal. */
async function runConsole(machine: LocalMachine, options: RunOptions, terminal: TerminalStream | undefined): Promise<Stop> {
  const port = options.serial.findIndex(({ kind }) => kind === 'stdio');
  if (port < 0 && terminal === undefined) return runMachine(machine, options);
  const send = (bytes: Uint8Array): void => (terminal === undefined ? machine.write(bytes, port) : terminal.push(bytes));
  const keys = new EscapeKeys({
    send,
    quit: () => void machine.pause(),
    show: (text) => process.stderr.write(text),
  }, options.escape);
  const interactive = process.stdin.isTTY;
  machine.attachInput(true, !interactive);
  let typed = false;
  const giveBack = takeTerminal(
    (bytes) => {
      typed = true;
      if (interactive) keys.type(bytes);
      else send(bytes);
    },
    () => {
      // The end of a script is the end of what a shell reads; nothing at all (</dev/null) says nothing.
      if (typed) send(new TextEncoder().encode(END_OF_INPUT));
      // Nobody will type any more: idle time need not be waited for.
      machine.attachInput(false, !interactive);
    },
  );
  try {
    return await runMachine(machine, options);
  } finally {
    giveBack();
    if (interactive) process.stdout.write('\n');
  }
}

/** One command: its output as it comes, its status at the end. */
async function runCommand(machine: LocalMachine, options: RunOptions): Promise<{ stop: Stop; status: number }> {
  const stop = await runMachine(machine, options, false);
  const result = await machine.commandResult();
  if (result !== undefined) return { stop, status: result.code };
  note(`the machine stopped (${stop.reason}) before the command ended. Run it with -v to see the boot messages.`);
  return { stop, status: (await statusOf(stop, machine)) || 1 };
}

async function runOpened(machine: LocalMachine, outputs: SerialOutputs, options: RunOptions, terminal: TerminalStream | undefined): Promise<number> {
  if (options.verbose) machine.notes.forEach(note);
  // Somebody at a socket may type at any time.
  if (options.serial.some(({ kind }) => kind === 'link')) machine.attachInput(true);
  machine.on('serial', (port, bytes) => {
    outputs.write(port, bytes);
    if (port === 0 && options.verbose && options.machine.command !== undefined) process.stderr.write(bytes);
  });
  try {
    if (options.machine.command === undefined) {
      const stop = await runConsole(machine, options, terminal);
      const status = await statusOf(stop, machine);
      if (options.stats) process.stderr.write(`${statsJson(await machine.stats(), stop)}\n`);
      return status;
    }
    const { stop, status } = await runCommand(machine, options);
    if (options.stats) process.stderr.write(`${statsJson(await machine.stats(), stop)}\n`);
    return status;
  } finally {
    await outputs.close();
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
  return argument === undefined ? new Error(plain) : new UsageError(argument, plain.replace(/^-[a-z]+ \S+: /, ''));
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
  const { prepareFirmware } = await import('../guest/firmware.js');
  options.machine.bios = await prepareFirmware({ onProgress: progress.note });
}

/** The subcommand. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readRunOptions(args, process.stdin.isTTY);
  options.checkFiles();
  options.notes.forEach(note);
  if (options.processName !== undefined) process.title = options.processName;
  if (options.machine.command !== undefined) {
    const input = openCommandInput();
    if (input !== undefined) options.machine.stdin = input;
    options.machine.onCommandOutput = (stream, bytes) => void process[stream].write(bytes);
  }
  const terminal = connectStdio(options.machine);
  const progress = openProgress();
  const removePid = writePid(options);
  try {
    await addFirmware(options, progress);
    const machine = await open(options, progress).catch((error: unknown) => {
      throw asUsage(error, options);
    });
    const outputs = await openSerial(options.serial, (port, bytes) => machine.write(bytes, port)).catch(async (error: unknown) => {
      await machine.close();
      throw error;
    });
    return await runOpened(machine, outputs, options, terminal);
  } finally {
    progress.done();
    removePid();
  }
}
