/** A machine until it is down for good: resets, panics, and what status that comes to. */

import { appendFileSync } from 'node:fs';
import type { LocalMachine } from '../machine/local.js';
import type { Stop } from '../machine/types.js';
import { note } from './note.js';
import type { PanicWatch } from '../machine/panic-watch.js';
import { registerLines, registersJson } from './register-lines.js';
import type { RunOptions } from './run-options.js';

/** Exit statuses besides 0, 1 (errors), 2 (bad arguments) and those of the guest. README.md lists them. */
const STATUS = { limit: 124, quit: 130, 'triple-fault': 131, halt: 132, panic: 133 } as const;

/** How long a machine may take to end after Ctrl-A x. */
const LEAVE_MS = 2000;

/** Ctrl-A x: the machine pauses at its next yield. Where the host's own work does not come back (a disk far away), the process ends all the same. */
export function leave(machine: LocalMachine): void {
  void machine.pause();
  setTimeout(() => process.exit(STATUS.quit), LEAVE_MS).unref();
}

export interface Ending {
  stop: Stop;
  /** The guest's kernel panicked, and that ended it. */
  panicked: boolean;
}

/** What a PC's chipset answers with a reset: the guest's own asking, and a triple fault. */
const isReset = ({ reason }: Stop): boolean => reason === 'reset' || reason === 'triple-fault';

/** `-d cpu_reset`: the registers, to standard error or the file of `-D`. */
async function logRegisters(machine: LocalMachine, { logResets, logFile, json }: RunOptions, stop: Stop): Promise<void> {
  if (!logResets || !isReset(stop)) return;
  const registers = await machine.getRegisters();
  const text = json ? `${JSON.stringify({ reset: stop.reason, instructions: Number(stop.instructions), registers: registersJson(registers) })}\n` : registerLines(registers, stop);
  if (logFile === undefined) process.stderr.write(text);
  else appendFileSync(logFile.value, text);
}

/** What is said of a panic; undefined where there was none: a reset may follow from one that only the console tells of. */
function panicOf(stop: Stop, watch: PanicWatch): string | undefined {
  if (stop.reason !== 'panic' && stop.reason !== 'reset') return undefined;
  const line = watch.take();
  if (stop.reason === 'reset' && line === undefined) return undefined;
  return `the guest's kernel panicked${line === undefined ? '' : `: ${line.replace('Kernel panic - not syncing: ', '')}`}.`;
}

/** Runs until the machine is down for good; a reset starts it again where `reboot` says so. `onPause`: true where it is to go on. */
export async function supervise(machine: LocalMachine, options: RunOptions, watch: PanicWatch, reboot = options.reboot, onPause?: () => Promise<boolean>): Promise<Ending> {
  for (;;) {
    const stop = await machine.run();
    await logRegisters(machine, options, stop);
    const panic = panicOf(stop, watch);
    if (panic !== undefined) {
      note(panic);
      if (options.onPanic !== 'none') return { stop, panicked: true };
    }
    if (stop.reason === 'panic' || (stop.reason === 'paused' && (await onPause?.()))) continue;
    if (!isReset(stop) || !reboot) return { stop, panicked: false };
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

export async function statusOf({ stop, panicked }: Ending, machine: LocalMachine, { onPanic }: RunOptions): Promise<number> {
  if (panicked) return onPanic === 'shutdown' ? 0 : STATUS.panic;
  switch (stop.reason) {
    case 'poweroff':
    case 'reset':
      return 0;
    case 'panic':
      return STATUS.panic;
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
