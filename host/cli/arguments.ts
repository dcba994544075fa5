/**
 * Command lines. Options may be written as QEMU writes them, with one dash (`-kernel FILE`), or with two; everything after
 * `--` belongs to the guest. What is wrong is reported with the argument as it was typed.
 */

import { parseArgs } from 'node:util';

/** A command line that cannot be used; the process ends with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    /** The argument, as it was typed. */
    readonly argument: string,
    problem: string,
  ) {
    super(`${argument}: ${problem}`);
  }
}

export interface OptionSpec {
  /** `flag` stands alone, `value` takes the next word, `list` does so several times; a `switch` takes it only when it is NAME=VALUE. */
  kind: 'flag' | 'value' | 'list' | 'switch';
  /** One letter. */
  short?: string;
}

export interface Parsed {
  flags: Set<string>;
  /** The last of each. */
  values: Map<string, string>;
  lists: Map<string, string[]>;
  /** Words that belong to no option. */
  words: string[];
  /** What stands after `--`; undefined when there is no `--`. */
  rest: string[] | undefined;
}

/** `-kernel` as `--kernel`, where that is an option; short ones and values stay. */
function doubleDash(argument: string, specs: Record<string, OptionSpec>): string {
  const name = /^-([a-z][a-z-]+)(=.*)?$/i.exec(argument)?.[1];
  return name !== undefined && Object.hasOwn(specs, name) ? `-${argument}` : argument;
}

function addToken(parsed: Parsed, specs: Record<string, OptionSpec>, name: string, raw: string, value: string | undefined): void {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) throw new UsageError(raw, 'there is no such option. "pintail help" lists them.');
  if (spec.kind === 'flag' || (spec.kind === 'switch' && value === undefined)) {
    if (value !== undefined) throw new UsageError(raw, 'takes no value.');
    parsed.flags.add(name);
    return;
  }
  if (value === undefined) throw new UsageError(raw, 'needs a value after it.');
  parsed.values.set(name, value);
  parsed.lists.set(name, [...(parsed.lists.get(name) ?? []), value]);
}

/** A switch and the NAME=VALUE behind it as one word, for parseArgs. */
function joinSwitches(args: readonly string[], specs: Record<string, OptionSpec>): string[] {
  return args.flatMap((argument, i) => {
    const isSwitch = (word: string | undefined): boolean => word !== undefined && specs[word.replace(/^--?/, '')]?.kind === 'switch' && word.startsWith('-');
    const isSetting = (word: string | undefined): boolean => /^[a-z]+=/.test(word ?? '');
    if (isSetting(argument) && isSwitch(args[i - 1])) return [];
    return [isSwitch(argument) && isSetting(args[i + 1]) ? `${argument}=${args[i + 1]}` : argument];
  });
}

/** Reads a command line by its options. */
export function parseCommandLine(args: readonly string[], specs: Record<string, OptionSpec>): Parsed {
  const end = args.indexOf('--');
  const own = joinSwitches(end < 0 ? args : args.slice(0, end), specs);
  const typed = own.map((argument) => doubleDash(argument, specs));
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { kind, short }]) => {
      const type = kind === 'flag' || kind === 'switch' ? ('boolean' as const) : ('string' as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const { tokens } = parseArgs({ args: typed, options, strict: false, allowPositionals: true, tokens: true });
  const parsed: Parsed = { flags: new Set(), values: new Map(), lists: new Map(), words: [], rest: end < 0 ? undefined : args.slice(end + 1) };
  for (const token of tokens) {
    if (token.kind === 'positional') parsed.words.push(token.value);
    else if (token.kind === 'option') addToken(parsed, specs, token.name, own[token.index] ?? token.rawName, token.value);
  }
  return parsed;
}

const SUFFIX_BYTES: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** QEMU's sizes: a number with K, M, G or T; without a suffix it is MiB. Returns MiB, from 1 to `most`. */
export function parseMemory(argument: string, value: string, most: number): number {
  const match = /^(?:size=)?(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(value);
  if (match === null) throw new UsageError(argument, `"${value}" is not a size such as 512M or 1G.`);
  const mib = (Number(match[1]) * (SUFFIX_BYTES[match[2]!.toUpperCase()] ?? 2 ** 20)) / 2 ** 20;
  if (!Number.isInteger(mib) || mib < 1) throw new UsageError(argument, `"${value}" is not a whole number of MiB.`);
  if (mib > most) throw new UsageError(argument, `"${value}" is more than the ${most} MiB that a machine can have.`);
  return mib;
}

/** A whole number, decimal or 0x; underscores may part its digits. */
export function parseCount(argument: string, value: string): bigint {
  const digits = value.replaceAll('_', '');
  if (!/^(?:\d+|0x[0-9a-f]+)$/i.test(digits)) throw new UsageError(argument, `"${value}" is not a whole number.`);
  return BigInt(digits);
}
