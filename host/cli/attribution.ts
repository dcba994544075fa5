/** `--attribute` and `--roi`: whose instructions a region's were, into files, and functions of the guest's kernel that are regions. */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { LocalMachine } from '../machine/local.js';
import type { Attribution, MachineOptions, Region } from '../machine/types.js';
import { FORMATS } from '../measure/attribution/formats.js';
import { SymbolFilter, withSymbols } from '../measure/attribution/symbols.js';
import type { ProgramFile } from '../machine/types.js';
import type { Given } from './arguments.js';
import { isElf } from '../boot/elf.js';
import { checkReadable, checkWritable } from './check.js';
import type { Faults } from './faults.js';
import type { Reading } from './reading.js';

export interface AttributionPlan {
  files: readonly Given[];
  roi: string[];
  /** Files of programs that the guest's own list does not have. */
  programs: readonly Given[];
}

const formatOf = (file: string): (typeof FORMATS)[number] | undefined => FORMATS.find(({ ending }) => file.endsWith(ending));

function checkProgram(given: Given, faults: Faults): void {
  checkReadable(given, given.value, faults);
  if (existsSync(given.value) && statSync(given.value).isFile() && !isElf(readFileSync(given.value))) faults.add(given.argument, `${given.value} is no ELF file: want a program or library.`);
}

/** What the options ask for is put into `machine`'s. */
export function readAttribution({ parsed, faults }: Reading, machine: MachineOptions): AttributionPlan {
  const files = parsed.all('attribute'), roi = parsed.all('roi'), programs = parsed.all('program');
  for (const { argument, value } of files) if (formatOf(value) === undefined) faults.add(argument, `want a file whose name ends in ${FORMATS.map(({ ending }) => ending).join(', ')}.`);
  for (const given of files) checkWritable(given, given.value, faults);
  for (const given of programs) checkProgram(given, faults);
  if (programs.length > 0 && files.length === 0) faults.add(programs[0]!.argument, 'is of --attribute FILE: it names functions.');
  const first = files[0] ?? roi[0];
  if (first !== undefined && machine.command === undefined) faults.add(first.argument, 'needs a command (-- COMMAND): the guest\'s names are read before it.');
  if (first !== undefined && machine.command !== undefined) Object.assign(machine, { attribute: true, roi: roi.map(({ value }) => value), command: withSymbols(machine.command) });
  return { files, programs, roi: roi.map(({ value }) => value) };
}

/** Between the command and who takes its output: the guest's names are taken out, once there is a machine to be given them. */
export function filterSymbols({ files, roi, programs }: AttributionPlan, machine: () => LocalMachine | undefined, note: (text: string) => void, take: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown): typeof take {
  if (files.length + roi.length === 0) return take;
  const own = programs.map(({ value }): ProgramFile => ({ path: value, elf: readFileSync(value) }));
  const add = (file: ProgramFile): void => {
    try {
      machine()?.takePrograms([file]);
    } catch (error) {
      note(`${file.path} of the guest: its functions are not told apart: ${(error as Error).message}`);
    }
  };
  const filter = new SymbolFilter({
    onSymbols: (symbols) => {
      machine()?.takeSymbols(symbols);
      own.splice(0).forEach(add);
    },
    onProgram: add,
    onOutput: (bytes) => take('stdout', bytes),
  });
  return (stream, bytes) => (stream === 'stdout' ? filter.push(bytes) : take(stream, bytes));
}

/** Those of several regions under their names. */
function together(regions: readonly Region[]): Attribution {
  const all: Attribution = { calls: [], lost: 0 }, none = { calls: 0n, instructions: 0n, loads: 0n, stores: 0n, accesses: 0n, crossings: 0n };
  for (const { name, attribution } of regions) {
    const at = all.calls.push({ caller: -1, address: 0n, name: `region ${name}`, privilege: 0, space: 0n, ...none });
    all.calls.push(...attribution!.calls.map((call) => ({ ...call, caller: call.caller < 0 ? at - 1 : call.caller + at })));
    all.lost += attribution!.lost;
  }
  return all;
}

/** At the end: the outermost regions, in their files. */
export async function writeAttribution({ files }: AttributionPlan, machine: LocalMachine, note: (text: string) => void): Promise<void> {
  if (files.length === 0) return;
  const regions = (await machine.regions()).finished.filter(({ within, attribution }) => within.length === 0 && attribution !== undefined);
  if (regions.length === 0) return note('no region ended, so nothing was attributed: mark one with "roi begin NAME -- COMMAND" in the guest, or with --roi FUNCTION.');
  const attribution = together(regions);
  for (const { value } of files) writeFileSync(value, formatOf(value)!.make(attribution, basename(value)));
  if (attribution.lost > 0) note(`${attribution.lost} calls found no room in the tables: their callers are not told.`);
}
