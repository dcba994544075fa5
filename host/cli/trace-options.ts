/** `-trace`: QEMU's words for what is traced and where it goes; a pattern is told line by line, a file has everything. */

import type { MachineOptions } from '../machine/types.js';
import { readEvents, readHeader } from '../measure/trace/events.js';
import { eventLine } from '../measure/trace/formats.js';
import type { Given } from './arguments.js';
import type { Outputs } from './output.js';
import type { Reading } from './reading.js';

export interface TracePlan {
  /** What an event's "device:what" must match. */
  patterns: RegExp[];
  file: string | undefined;
}

const KEYS = /^(enable|file)=(.*)$/s;

/** `*` stands for any letters, `?` for one, as in QEMU. */
function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`);
}

export function readTrace({ parsed, faults }: Reading, machine: MachineOptions): TracePlan {
  const plan: TracePlan = { patterns: [], file: undefined };
  for (const given of parsed.all('trace')) readOne(given, plan, faults);
  const [first] = parsed.all('trace');
  if (first !== undefined && typeof machine.jit === 'object' && machine.jit.mode !== 'off') faults.add(first.argument, 'is of interpreted code only; leave --jit out.');
  return plan;
}

function readOne({ argument, value }: Given, plan: TracePlan, faults: Reading['faults']): void {
  for (const word of value.split(',')) {
    const [, key, rest = ''] = KEYS.exec(word) ?? [undefined, word.includes('=') ? undefined : 'enable', word];
    if (key === undefined) faults.add(argument, `"${word}" is neither a pattern (DEVICE:WHAT) nor file=FILE.`);
    else if (rest === '') faults.add(argument, `${key}= needs a value.`);
    else if (key === 'file') plan.file = rest;
    else if (rest !== '*' && !rest.includes(':')) faults.add(argument, `"${rest}" is none of the events here, which are DEVICE:WHAT, such as "e1000-0:*"; name those or leave it out.`);
    else plan.patterns.push(patternOf(rest));
  }
}

/** Takes the bytes of a trace file as they come; a file that cannot take more ends the run, as other outputs do. */
export function openTrace({ patterns, file }: TracePlan, outputs: Outputs): { take: (bytes: Uint8Array) => void; close: () => void } | undefined {
  if (patterns.length === 0 && file === undefined) return undefined;
  const out = file === undefined ? undefined : outputs.file(file, `-trace file=${file}`);
  let header: ReturnType<typeof readHeader>['header'] | undefined;
  const tell = (bytes: Uint8Array): void => {
    if (header === undefined) return void ({ header } = readHeader(bytes));
    const lines = [...readEvents(bytes, header)].filter(({ device, what }) => patterns.some((pattern) => pattern.test(`${device}:${what}`))).map((event) => `${eventLine(event)}\n`);
    if (lines.length > 0) process.stderr.write(lines.join(''));
  };
  return {
    take: (bytes) => {
      out?.write(bytes);
      if (patterns.length > 0) tell(bytes);
    },
    close: () => out?.close(),
  };
}
