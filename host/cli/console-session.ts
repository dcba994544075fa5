/**
 * The console in this terminal. A prepared guest is told TERM, and asks on COM4 for the terminal's size (host/guest/init.ts); it is told again
 * whenever that changes. What is typed before its prompt waits here: a UART's driver, as it starts, throws away what came before it.
 */

import { SerialUse } from '../guest/protocol.js';
import type { LocalMachine } from '../machine/local.js';
import type { MachineOptions } from '../machine/types.js';
import type { TerminalStream } from './chardevs.js';
import { note } from './note.js';
import type { PanicWatch } from '../machine/panic-watch.js';
import type { RunOptions } from './run-options.js';
import { writePicture } from './picture.js';
import { saveMachine } from './saved.js';
import { leave, supervise, type Ending } from './supervise.js';
import { EscapeKeys, keyName, takeTerminal } from './terminal.js';

/** Ctrl-D. */
const END_OF_INPUT = '\x04';
/** On the kernel command line: the session asks for the terminal's size. */
const TERMINAL_ARGUMENT = 'pintail=terminal';
/** What a shell or a login waits with; busybox's asks for the cursor's place behind it. */
const PROMPT = /[#$%>:] ?(?:\x1b\[[\d;?]*[a-zA-Z])*$/;
/** A console that has spoken and then been silent for so long waits for somebody. */
const SILENT_MS = 3000;
/** The end of what was written that is looked at. */
const LAST_BYTES = 32;

const isPrepared = ({ guest, command }: MachineOptions): boolean => guest !== undefined && guest !== 'builtin' && command === undefined;

/** The first line: how to leave. */
export function sayHowToLeave({ escape, serial, machine }: RunOptions): void {
  const here = serial.some(({ kind }) => kind === 'stdio') || machine.chardevs?.some((chardev) => typeof chardev === 'string' && chardev.startsWith('stdio'));
  if (here === true) note(`${keyName(escape)} x ends the machine, ${keyName(escape)} h lists the keys.`);
}

/** What TERM says, where a guest's shell may be told so; else nothing. */
export function terminalKind(env: NodeJS.ProcessEnv = process.env): string {
  return /^[\w.+-]{1,64}$/.test(env['TERM'] ?? '') ? env['TERM']! : '';
}

/** Adds what a prepared guest is told of the terminal. */
export function describeTerminal(machine: MachineOptions, env: NodeJS.ProcessEnv = process.env): void {
  if (!isPrepared(machine)) return;
  const kind = terminalKind(env);
  machine.append = [TERMINAL_ARGUMENT, kind === '' ? '' : `TERM=${kind}`, machine.append ?? ''].filter((word) => word !== '').join(' ');
}

/** Tells a guest that asks how large the terminal is, and when that changes. */
function tellSize(machine: LocalMachine): () => void {
  let asked = false;
  const tell = (): void => {
    const { rows, columns } = process.stdout;
    if (asked && rows > 0 && columns > 0) machine.write(`${rows} ${columns}\n`, SerialUse.control);
  };
  const remove = machine.on('serial', (port, bytes) => {
    if (port !== SerialUse.control || !new TextDecoder().decode(bytes).includes('size')) return;
    asked = true;
    tell();
  });
  process.stdout.on('resize', tell);
  return () => {
    remove();
    process.stdout.off('resize', tell);
  };
}

/** Keeps what is typed until the guest's prompt is there. */
export class TypeAhead {
  private kept: Uint8Array[] | undefined = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (bytes: Uint8Array) => void) {}

  type(bytes: Uint8Array): void {
    if (this.kept === undefined) this.send(bytes);
    else this.kept.push(bytes.slice());
  }

  /** What the guest wrote on its console. */
  saw(bytes: Uint8Array): void {
    if (this.kept === undefined) return;
    clearTimeout(this.timer);
    if (PROMPT.test(new TextDecoder().decode(bytes.subarray(-LAST_BYTES)))) this.release();
    else this.timer = setTimeout(() => this.release(), SILENT_MS).unref();
  }

  release(): void {
    clearTimeout(this.timer);
    const kept = this.kept ?? [];
    this.kept = undefined;
    for (const bytes of kept) this.send(bytes);
  }
}

/** Ctrl-A s: the machine pauses, is saved, and goes on. */
function savingOf(machine: LocalMachine, withDisks: boolean): { ask: () => void; onPause: () => Promise<boolean> } {
  let asked = false;
  return {
    ask() {
      asked = true;
      void machine.pause();
    },
    async onPause() {
      if (!asked) return false;
      asked = false;
      await saveMachine(machine, withDisks);
      return true;
    },
  };
}

/** Runs the machine with the console in this terminal; `terminal` where a virtio console has it. */
export async function runConsole(machine: LocalMachine, options: RunOptions, watch: PanicWatch, terminal: TerminalStream | undefined): Promise<Ending> {
  const port = options.serial.findIndex(({ kind }) => kind === 'stdio');
  if (port < 0 && terminal === undefined) return supervise(machine, options, watch);
  const interactive = process.stdin.isTTY;
  const send = (bytes: Uint8Array): void => {
    const room = terminal === undefined ? machine.write(bytes, port) : terminal.push(bytes);
    // What is piped in waits where it is. A terminal is read all the same: the escape key must be heard.
    if (!room && !interactive) process.stdin.pause();
  };
  const ahead = new TypeAhead(send);
  if (!interactive || !isPrepared(options.machine) || port !== 0) ahead.release();
  const saving = savingOf(machine, options.withDisks);
  const keys = new EscapeKeys({ send: (bytes) => ahead.type(bytes), quit: () => leave(machine), save: saving.ask, picture: () => void writePicture(machine).then((path) => note(`the screen is in ${path}.`), (error: Error) => note(error.message)), show: (text) => process.stderr.write(text) }, options.escape);
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
  const stopTelling = interactive ? tellSize(machine) : () => undefined;
  const stopWatching = machine.on('console', (bytes) => ahead.saw(bytes));
  const stopResuming = machine.on('drain', () => void process.stdin.resume());
  try {
    return await supervise(machine, options, watch, options.reboot, saving.onPause);
  } finally {
    stopTelling();
    stopWatching();
    stopResuming();
    ahead.release();
    giveBack();
    if (interactive) process.stdout.write('\n');
  }
}
