/** `pintail run`: a machine with its console in this terminal, or one command in a guest. */

import { NoPackageClient } from '../guest/errors.js';
import { OptionError } from '../machine/errors.js';
import { createLocal, type LocalMachine } from '../machine/local.js';
import type { Stop } from '../machine/types.js';
import { UsageError } from './arguments.js';
import { connectStdio, type TerminalStream } from './consoles.js';
import { readRunOptions, type RunOptions } from './run-options.js';
import { statsJson } from './stats-json.js';
import { openSerial } from './serial.js';
import { openCommandInput } from './command-input.js';
import { EscapeKeys, takeTerminal } from './terminal.js';

/** Exit statuses besides 0, 1 (errors), 2 (bad arguments) and those of the guest. README.md lists them. */
const STATUS = { limit: 124, quit: 130, 'triple-fault': 131, halt: 132 } as const;

/** Ctrl-D. */
const END_OF_INPUT = '\x04';

function note(text: string): void {
  process.stderr.write(`pintail: ${text}\n`);
}

/** Makes the machine; where the default guest cannot be made, says so and takes the built-in one. */
async function open(options: RunOptions): Promise<LocalMachine> {
  const onProgress = (message: string): void => note(message);
  try {
    return await createLocal({ ...options.machine, onProgress });
  } catch (error) {
    const mayFallBack = error instanceof NoPackageClient && options.guestByDefault && options.machine.command === undefined && options.machine.add === undefined;
    if (!mayFallBack) throw error;
    note(error.message);
    note('booting the small guest inside instead.');
    return createLocal({ ...options.machine, guest: 'builtin', onProgress });
  }
}

/** Runs until the machine is down for good; a reset starts it again. */
async function runMachine(machine: LocalMachine, reboot: boolean): Promise<Stop> {
  for (;;) {
    const stop = await machine.run();
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
  if (port < 0 && terminal === undefined) return runMachine(machine, options.reboot);
  const send = (bytes: Uint8Array): void => (terminal === undefined ? machine.write(bytes, port) : terminal.push(bytes));
  const keys = new EscapeKeys({
    send,
    quit: () => void machine.pause(),
    show: (text) => process.stderr.write(text),
  });
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
    return await runMachine(machine, options.reboot);
  } finally {
    giveBack();
    if (interactive) process.stdout.write('\n');
  }
}

/** One command: its output as it comes, its status at the end. */
async function runCommand(machine: LocalMachine): Promise<{ stop: Stop; status: number }> {
  const stop = await runMachine(machine, false);
  const result = await machine.commandResult();
  if (result !== undefined) return { stop, status: result.code };
  note(`the machine stopped (${stop.reason}) before the command ended. Run it with -v to see the boot messages.`);
  return { stop, status: (await statusOf(stop, machine)) || 1 };
}

async function runOpened(machine: LocalMachine, options: RunOptions, terminal: TerminalStream | undefined): Promise<number> {
  if (options.verbose) machine.notes.forEach(note);
  const outputs = openSerial(options.serial);
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
    const { stop, status } = await runCommand(machine);
    if (options.stats) process.stderr.write(`${statsJson(await machine.stats(), stop)}\n`);
    return status;
  } finally {
    outputs.close();
    await machine.close();
  }
}

/** How the options of createMachine are spelled here. */
const SPELLING: Record<string, string> = {
  kernel: '-kernel', initrd: '-initrd', guest: '--guest', memoryMiB: '-m', command: '--', add: '--add',
  bios: '-bios', modules: '-module', entry: '-machine kernel-entry', drives: '-drive', devices: '-device', netdevs: '-netdev', icountShift: '-icount',
};

/** An option that turns out to be unusable is a bad argument. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof OptionError) || !Object.hasOwn(SPELLING, error.option)) return error;
  return new UsageError(SPELLING[error.option]!, error.message.slice(error.option.length + 2));
}

/** The subcommand. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readRunOptions(args, process.stdin.isTTY);
  if (options.machine.command !== undefined) {
    const input = openCommandInput();
    if (input !== undefined) options.machine.stdin = input;
    options.machine.onCommandOutput = (stream, bytes) => void process[stream].write(bytes);
  }
  const terminal = connectStdio(options.machine);
  const machine = await open(options).catch((error: unknown) => {
    throw asUsage(error);
  });
  return runOpened(machine, options, terminal);
}
