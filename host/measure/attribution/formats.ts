/** Attribution for other people's tools: folded stacks (flamegraph.pl), speedscope's JSON, pprof, the text of `perf script`. Values are exact counts, no samples. */

import { Function, Line, Location, Mapping, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import type { AttributedCall, Attribution } from '../../machine/types.js';
import { COSTS, functionCosts, nameOf, pathTo, type FunctionCost } from './functions.js';

/** A line a way of calls: "main;f;g 30", of instructions. */
export function foldedText({ calls }: Attribution): string {
  const sums = new Map<string, bigint>();
  calls.forEach(({ instructions }, n) => {
    if (instructions === 0n) return;
    const path = pathTo(calls, n).map((at) => nameOf(calls[at]!)).join(';');
    sums.set(path, (sums.get(path) ?? 0n) + instructions);
  });
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, n]) => `${path} ${n}\n`).join('');
}

/** https://www.speedscope.app/file-format-schema.json, a profile of kind "sampled" whose weights are instructions. */
export function speedscopeJson({ calls }: Attribution, name: string): string {
  const frames: { name: string }[] = [], places = new Map<string, number>();
  const frameOf = (n: number): number => {
    const called = nameOf(calls[n]!), known = places.get(called);
    if (known !== undefined) return known;
    places.set(called, frames.length);
    return frames.push({ name: called }) - 1;
  };
  const run = calls.map((_, n) => n).filter((n) => calls[n]!.instructions > 0n);
  const samples = run.map((n) => pathTo(calls, n).map(frameOf)), weights = run.map((n) => Number(calls[n]!.instructions));
  const endValue = weights.reduce((sum, weight) => sum + weight, 0);
  return `${JSON.stringify({ $schema: 'https://www.speedscope.app/file-format-schema.json', name, exporter: 'pintail', activeProfileIndex: 0, shared: { frames }, profiles: [{ type: 'sampled', name, unit: 'none', startValue: 0, endValue, samples, weights }] })}\n`;
}

/** profile.proto, not compressed: five values a way of calls. */
export function pprofBytes({ calls }: Attribution): Uint8Array {
  const stringTable = new StringTable(), text = (string: string): number => stringTable.dedup(string);
  const functions = new Map<string, Function>(), locations = new Map<string, Location>();
  const mappings = new Map<string, Mapping>();
  const mappingOf = (filename: string): Mapping => {
    const mapping = mappings.get(filename) ?? new Mapping({ id: mappings.size + 1, filename: text(filename), hasFunctions: true });
    mappings.set(filename, mapping);
    return mapping;
  };
  const locationOf = (n: number): Location => {
    const name = nameOf(calls[n]!), key = `${name} ${calls[n]!.address}`, known = locations.get(key);
    if (known !== undefined) return known;
    const called = functions.get(name) ?? new Function({ id: functions.size + 1, name: text(name), systemName: text(name) });
    functions.set(name, called);
    const location = new Location({ id: locations.size + 1, mappingId: mappingOf(imageOf(calls[n]!)).id, address: calls[n]!.address, line: [new Line({ functionId: called.id })] });
    locations.set(key, location);
    return location;
  };
  const run = calls.map((_, n) => n).filter((n) => COSTS.some((cost) => calls[n]![cost] > 0n));
  const sample = run.map((n) => new Sample({ locationId: pathTo(calls, n).reverse().map((at) => locationOf(at).id), value: COSTS.map((cost) => calls[n]![cost]) }));
  const sampleType = COSTS.map((cost) => new ValueType({ type: text(cost), unit: text('count') }));
  return new Profile({ sampleType, sample, mapping: [...mappings.values()], location: [...locations.values()], function: [...functions.values()], stringTable, defaultSampleType: text('instructions') }).encode();
}

/** What code is of, as perf names it: the program's or library's file, or the kernel. */
const imageOf = ({ file, privilege }: AttributedCall): string => file ?? (privilege === 0 ? '[kernel.kallsyms]' : '[user]');

/** As `perf script` prints samples, each with its instructions for a period: innermost first, an empty line behind each. */
export function perfScriptText({ calls }: Attribution): string {
  const line = (n: number): string => `\t${calls[n]!.address.toString(16).padStart(16)} ${calls[n]!.name ?? '[unknown]'} (${imageOf(calls[n]!)})\n`;
  const run = calls.map((_, n) => n).filter((n) => calls[n]!.instructions > 0n);
  return run.map((n) => `pintail     1 [000]     0.000000: ${calls[n]!.instructions} instructions: \n${pathTo(calls, n).reverse().map(line).join('')}\n`).join('');
}

const HEADS = ['instructions', 'inclusive', 'calls', 'loads', 'stores', 'accesses', 'crossings'] as const;

/** A table of functions; `packets`: counts are by so many; `always`: names that are in it however little they cost. */
export function functionTable(functions: readonly FunctionCost[], most: number, packets = 1, always: ReadonlySet<string> = new Set()): string {
  const isShown = ({ name }: FunctionCost, place: number): boolean => place < most || always.has(name);
  const shown = functions.filter(isShown), rest = functions.filter((cost, place) => !isShown(cost, place));
  const figure = (n: bigint): string => (packets === 1 ? String(n) : (Number(n) / packets).toFixed(2));
  const line = (name: string, of: (head: (typeof HEADS)[number]) => string): string => `${HEADS.map((head) => of(head).padStart(13)).join('')}  ${name}`;
  const sum = (head: (typeof HEADS)[number]): bigint => rest.reduce((total, cost) => total + cost[head], 0n);
  const lines = [line('function', (head) => head), ...shown.map((cost) => line(cost.name, (head) => figure(cost[head])))];
  if (rest.length > 0) lines.push(line(`${rest.length} others`, (head) => (head === 'inclusive' ? '' : figure(sum(head)))));
  return `${lines.join('\n')}\n`;
}

/** What a file is to hold, by how its name ends. */
export const FORMATS: readonly { ending: string; about: string; make: (attribution: Attribution, name: string) => string | Uint8Array }[] = [
  { ending: '.txt', about: 'a table of functions', make: (attribution) => functionTable(functionCosts(attribution), 1000) },
  { ending: '.folded', about: 'folded stacks, for flame graphs', make: foldedText },
  { ending: '.speedscope.json', about: 'speedscope', make: speedscopeJson },
  { ending: '.pb', about: 'pprof', make: pprofBytes },
  { ending: '.perf', about: 'perf script', make: perfScriptText },
];
