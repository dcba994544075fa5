/**
 * The catalogue of encodings: one row an opcode (or a group's member), as data in catalogue/*.txt.
 *
 *   map M            rows below are of map 1, 0f, 38, 3a or x87
 *   profile P        what the registers hold (expand.ts) for the rows below
 *   OPCODE PP NAME OPERANDS [attributes]
 *
 * OPCODE  two hex digits; `/n` when the ModRM reg field extends it; `+` when its low three bits are a register; four digits when the
 *         ModRM byte is fixed too (then `+` is about its low three bits).
 * PP      the prefix the encoding needs: np none (and 66 F2 F3 would be other encodings), 66, f3, f2; `-` none, and 66 is the
 *         operand size; `ud` as `-`, expected to raise #UD.
 * OPERANDS as in the opcode maps of the manuals: a letter for the place and a size.
 *         E G general register or memory by ModRM; M memory only; R register only; V W U vector (U register only); P Q N MMX; S segment;
 *         I immediate; J displacement; O absolute offset; Z register in the opcode; A far pointer; anything else is implied.
 *         Sizes b w d q y v z s as in the manuals; x ps pd dq 16 bytes; ss sd scalars; t 10 bytes; a p pairs; r a far pointer; e f the x87
 *         environment and state; a number: bytes.
 * Attributes  lock (LOCK allowed with a memory destination), d64 / f64 (64-bit operand by default / always in 64-bit mode), opsize,
 *         addrsize (the prefix matters although no operand shows it), only64, only32, no66, noW, nolock (never with that
 *         prefix), wide (always with REX.W), x:HOOK (hooks.ts), p:PROFILE, n:COUNT, k:SUFFIX
 *         (more for the key, where one opcode has two rows).
 */
import { readFileSync } from 'node:fs';
import { Profile, type Mode } from './expand.js';

export type OpcodeMap = '1' | '0f' | '38' | '3a' | 'x87';

export interface Operand {
  readonly place: string;
  readonly size: string;
}

export interface Row {
  /** Map, opcode, prefix if it has one, `/n` if it is a group's: `1.80/4`, `0f.58.66`, `x87.d9/0`. */
  readonly key: string;
  readonly name: string;
  readonly chapter: string;
  readonly map: OpcodeMap;
  readonly opcode: number;
  readonly extension: number | null;
  readonly modrm: number | null;
  readonly plus: boolean;
  readonly prefix: string;
  readonly operands: readonly Operand[];
  readonly profile: Profile;
  readonly attributes: ReadonlySet<string>;
  readonly hooks: ReadonlySet<string>;
  readonly count: number;
}

/** Chapters: one catalogue file and one vector file each. */
export const CHAPTERS = [
  'one-byte', 'two-byte', 'segments', 'x87', 'mmx', 'sse-float', 'sse-integer', 'three-byte', '16-one-byte', '16-two-byte', '16-segments', '16-x87', '16-mmx', '16-sse-float',
  '16-sse-integer', '16-three-byte',
] as const;

/** Chapters of 16-bit code, and 32-bit code with segments that are not flat: the rows of another chapter in the segments of ldt.ts. */
export function isSegmented(chapter: string): boolean {
  return chapter.startsWith('16-');
}

/** A quarter of them are 32-bit code. */
const SEGMENTED_COUNT = 136;

export const DEFAULT_COUNT = 192;

const PROFILES: Readonly<Record<string, Profile>> = {
  int: Profile.Int,
  vector: Profile.VectorInt,
  single: Profile.Single,
  double: Profile.Double,
  x87: Profile.X87,
  mmx: Profile.Mmx,
  'mmx-single': Profile.MmxSingle,
  'mmx-double': Profile.MmxDouble,
  text: Profile.Text,
};

function profileNamed(name: string, where: string): Profile {
  const profile = PROFILES[name];
  if (profile === undefined) throw new Error(`${where}: there is no profile '${name}'`);
  return profile;
}

function parseOperands(text: string): Operand[] {
  if (text === '-') return [];
  return text.split(',').map((word) => {
    const match = /^([EGMRVWUPQNSIJOZA])(b|w|d|q|y|v|z|s|x|ps|pd|dq|ss|sd|t|a|r|p|e|f|\d+|)$/.exec(word);
    const implied = /^(AL|AX|DX|CL|ES|CS|SS|DS|FS|GS|CR|DR|rAX|1|ST|XMM0)$/.test(word);
    if (implied) return { place: '', size: word };
    if (!match) throw new Error(`catalogue: operand '${word}' is not understood`);
    return { place: match[1]!, size: match[2]! };
  });
}

function valueOf(words: readonly string[], name: string): string | null {
  return words.find((word) => word.startsWith(`${name}:`))?.slice(name.length + 1) ?? null;
}

function parseRow(chapter: string, map: OpcodeMap, profile: Profile, line: string): Row {
  const [code = '', prefix = '', name = '', operands = '', ...words] = line.split(/\s+/);
  const match = /^([0-9a-f]{2})([0-9a-f]{2})?(?:\/([0-7]))?(\+)?$/.exec(code);
  if (!match || !operands) throw new Error(`catalogue ${chapter}: cannot read the row '${line}'`);
  const named = prefix === '-' || prefix === 'np' || prefix === 'ud' ? '' : `.${prefix}`;
  const own = valueOf(words, 'p');
  const suffix = valueOf(words, 'k');
  return {
    key: `${map}.${match[1]}${match[2] ?? ''}${named}${match[3] ? `/${match[3]}` : ''}${prefix === 'ud' ? '.ud' : ''}${suffix ? `.${suffix}` : ''}`,
    name,
    chapter,
    map,
    opcode: parseInt(match[1]!, 16),
    modrm: match[2] ? parseInt(match[2], 16) : null,
    extension: match[3] ? Number(match[3]) : null,
    plus: match[4] === '+',
    prefix,
    operands: parseOperands(operands),
    profile: own ? profileNamed(own, line) : profile,
    attributes: new Set(words.filter((word) => !word.includes(':'))),
    hooks: new Set(words.filter((word) => word.startsWith('x:')).map((word) => word.slice(2))),
    count: Number(valueOf(words, 'n') ?? DEFAULT_COUNT),
  };
}

/** The rows of one chapter, in file order. */
export function readCatalogue(chapter: string): Row[] {
  if (isSegmented(chapter)) {
    const rows = readCatalogue(chapter.slice(3)).filter(({ attributes }) => !attributes.has('only64') && !attributes.has('flat'));
    return rows.map((row) => ({ ...row, chapter, count: SEGMENTED_COUNT }));
  }
  const text = readFileSync(new URL(`./catalogue/${chapter}.txt`, import.meta.url), 'utf8');
  let map: OpcodeMap = '1';
  let profile = Profile.Int;
  const rows: Row[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    if (!line) continue;
    const [word, value = ''] = line.split(/\s+/);
    if (word === 'map') map = value as OpcodeMap;
    else if (word === 'profile') profile = profileNamed(value, line);
    else rows.push(parseRow(chapter, map, profile, line));
  }
  return rows;
}

/** Modes in which the encoding exists. */
export function modesOf(row: Row): Mode[] {
  if (isSegmented(row.chapter)) return [32, 16];
  if (row.attributes.has('only64')) return [64];
  if (row.attributes.has('only32')) return [32];
  return [64, 32];
}
