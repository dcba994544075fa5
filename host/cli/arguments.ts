/**
 * Command lines, by the table of options (table.ts). Options may be written as QEMU writes them, with one dash (`-kernel FILE`), or with
 * two; a value is the next word or stands after `=`; everything after `--` belongs to the guest. What is wrong is kept in `faults`.
 */

import { didYouMean } from '../words/near.js';
import { Faults, UsageError } from './faults.js';
import { ELSEWHERE, spell, type OptionRow } from './table.js';

export { UsageError } from './faults.js';

/** An option as it was given. */
export interface Given {
  /** The whole of it, as typed: `-m 1G`, `--guest=i386`. */
  argument: string;
  /** '' where none was given. */
  value: string;
}

/** What a command line says. */
export class Parsed {
  private readonly options = new Map<string, Given[]>();
  /** Words that belong to no option. */
  readonly words: string[] = [];

  constructor(
    /** What stands after `--`; undefined when there is no `--`. */
    readonly rest: string[] | undefined,
    readonly faults: Faults,
  ) {}

  add(name: string, given: Given): void {
    this.options.set(name, [...this.all(name), given]);
  }

  has(name: string): boolean {
    return this.options.has(name);
  }

  /** In their order. */
  all(name: string): readonly Given[] {
    return this.options.get(name) ?? [];
  }

  /** The last of them. */
  given(name: string): Given | undefined {
    return this.all(name).at(-1);
  }

  value(name: string): string | undefined {
    return this.given(name)?.value;
  }
}

/** The names an option has on a command line, without dashes. */
export function namesOf(row: OptionRow): string[] {
  return [row.name, ...(row.also ?? [])];
}

interface Word {
  typed: string;
  name: string;
  /** What stands after `=`. */
  attached: string | undefined;
}

function readWord(typed: string): Word | undefined {
  const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(typed);
  return match === null ? undefined : { typed, name: match[1]!, attached: match[2] };
}

/** `-icount shift=7`: a switch takes a word behind it only when it is a setting. */
const isSetting = (word: string | undefined): boolean => /^[a-z]+=/.test(word ?? '');

class Reader {
  private at = 0;

  constructor(
    private readonly args: readonly string[],
    private readonly rows: readonly OptionRow[],
    private readonly parsed: Parsed,
  ) {}

  read(): void {
    while (this.at < this.args.length) {
      const typed = this.args[this.at++]!;
      const word = readWord(typed);
      if (word === undefined) this.parsed.words.push(typed);
      else this.option(word);
    }
  }

  private option(word: Word): void {
    const row = this.rowOf(word);
    if (row === undefined) return this.unknown(word);
    const wants = row.takes === 'value' || (row.takes === 'setting' && isSetting(this.args[this.at]));
    if (row.takes === 'nothing' && word.attached !== undefined) return this.parsed.faults.add(word.typed, 'takes no value.');
    if (!wants || word.attached !== undefined) {
      if (row.takes === 'value' && word.attached === '') this.parsed.faults.add(word.typed, `needs ${row.value ?? 'a value'} after the "=".`);
      return this.parsed.add(row.key ?? row.name, { argument: word.typed, value: word.attached ?? '' });
    }
    this.withNext(word, row);
  }

  /** Two options of one name: the project's own is written with two dashes and has a value, QEMU's is neither. */
  private rowOf({ typed, name, attached }: Word): OptionRow | undefined {
    const rows = this.rows.filter((one) => namesOf(one).includes(name));
    if (rows.length < 2) return rows[0];
    const next = this.args[this.at];
    const isOwn = typed.startsWith('--') && (attached !== undefined || (next !== undefined && !next.startsWith('-')));
    return rows.find(({ own }) => (own ?? false) === isOwn);
  }

  private withNext(word: Word, row: OptionRow): void {
    const next = this.args[this.at];
    if (next === undefined || (row.name !== 'append' && this.isOption(next))) {
      return this.parsed.faults.add(word.typed, `needs a value after it: ${row.value ?? 'VALUE'}.`);
    }
    this.at++;
    this.parsed.add(row.key ?? row.name, { argument: `${word.typed} ${next}`, value: next });
  }

  /** An option of this command, spelled whole: no value that somebody means. */
  private isOption(typed: string): boolean {
    const word = readWord(typed);
    return word !== undefined && word.name.length > 1 && this.rows.some((row) => namesOf(row).includes(word.name));
  }

  private unknown(word: Word): void {
    const elsewhere = ELSEWHERE.find(({ names }) => names.includes(word.name));
    const takes = elsewhere?.takes ?? (this.args[this.at] !== undefined && !this.args[this.at]!.startsWith('-'));
    const value = word.attached === undefined && takes ? this.args[this.at++] : undefined;
    const typed = value === undefined ? word.typed : `${word.typed} ${value}`;
    if (elsewhere !== undefined) return this.parsed.faults.add(elsewhere.takes ? typed : word.typed, elsewhere.instead);
    this.parsed.faults.add(word.typed, `there is no such option.${this.near(word.name)}`);
  }

  private near(name: string): string {
    const known = new Map(this.rows.flatMap((row) => namesOf(row).map((one) => [one, spell(row, one)] as const)));
    return didYouMean(name, known.keys(), (one) => known.get(one) ?? one);
  }
}

/** Reads a command line by the rows of its command. Faults are kept in the answer. */
export function parseCommandLine(args: readonly string[], rows: readonly OptionRow[], faults = new Faults()): Parsed {
  const end = args.indexOf('--');
  const parsed = new Parsed(end < 0 ? undefined : args.slice(end + 1), faults);
  new Reader(end < 0 ? args : args.slice(0, end), rows, parsed).read();
  return parsed;
}

const SUFFIX_BYTES: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** QEMU's sizes: a number with K, M, G or T; without a suffix it is MiB. Returns MiB, from 1 to `most`. */
export function parseMemory(argument: string, value: string, most: number): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(value);
  if (match === null) throw new UsageError(argument, `"${value}" is not a size such as 512M or 1G.`);
  const mib = (Number(match[1]) * (SUFFIX_BYTES[match[2]!.toUpperCase()] ?? 2 ** 20)) / 2 ** 20;
  if (!Number.isInteger(mib) || mib < 1) throw new UsageError(argument, `"${value}" is not a whole number of MiB.`);
  if (mib > most) throw new UsageError(argument, `a machine has at most ${most} MiB; write -m ${most}.`);
  return mib;
}

/** A whole number, decimal or 0x; underscores may part its digits. */
export function parseCount(argument: string, value: string): bigint {
  const digits = value.replaceAll('_', '');
  if (!/^(?:\d+|0x[0-9a-f]+)$/i.test(digits)) throw new UsageError(argument, `"${value}" is not a whole number.`);
  return BigInt(digits);
}

/** What is fetched by http or https instead of being a file. */
export const isAddress = (value: string): boolean => /^https?:\/\/./i.test(value) && URL.canParse(value);
