/**
 * QEMU's qtest protocol: a command a line, an answer a line, and lines "IRQ raise N" and "IRQ lower N" in between. Words and answers
 * are QEMU's (docs/qtest.md lists them); where QEMU ends in an assertion, a malformed command gets "ERR" and the reason.
 */

import { ProbePoint } from '../../assembly/surface/run.js';
import type { Board, Edge, Width } from '../machine/board.js';

/** What a command could not be carried out with; the answer starts with ERR. */
class Malformed extends Error {}

/** Bytes that one command may move. */
const MAX_BYTES = 64 << 20;
/** Timers that one command may fire. */
const MOST_TIMERS = 1_000_000;
const MAX_NS = 0x7fff_ffff_ffff_ffffn;
const U64 = 0xffff_ffff_ffff_ffffn;

/** Names of devices whose lines can be listened to, as QEMU's partial paths have them. */
const INPUTS: Readonly<Record<string, ProbePoint>> = { ioapic: ProbePoint.IOAPIC_IN, pic: ProbePoint.PIC_IN, i8259: ProbePoint.PIC_IN };
const OUTPUTS: Readonly<Record<string, ProbePoint>> = { pic: ProbePoint.PIC_OUT, i8259: ProbePoint.PIC_OUT, ioapic: ProbePoint.NONE };

/** Numbers as strtoull takes them: decimal, 0x, or octal behind a 0. */
function parseNumber(word: string | undefined): bigint {
  if (word === undefined) throw new Malformed('a number is missing');
  const match = /^(-?)(?:(0x[0-9a-f]+)|(0[0-7]*)|([1-9]\d*))$/i.exec(word);
  if (match === null) throw new Malformed(`"${word}" is not a number`);
  const value = match[2] !== undefined ? BigInt(match[2]) : match[3] !== undefined ? BigInt(`0o${match[3]}`) : BigInt(match[4]!);
  if (value > U64) throw new Malformed(`"${word}" does not fit in 64 bits`);
  return match[1] === '-' ? BigInt.asUintN(64, -value) : value;
}

/** Nanoseconds as QEMU has them, signed and 63 bits wide; time does not go back. */
function parseTime(word: string | undefined): bigint {
  const ns = parseNumber(word);
  if (word?.startsWith('-') || ns > MAX_NS) throw new Malformed(`"${word}" is no time: 0 to ${MAX_NS} ns`);
  return ns;
}

function parseBytes(word: string | undefined): number {
  const bytes = parseNumber(word);
  if (bytes > BigInt(MAX_BYTES)) throw new Malformed(`more than ${MAX_BYTES} bytes`);
  return Number(bytes);
}

/** What QEMU does with a range that ends past 2^64 is nothing we would want to follow. */
function parseRange(words: readonly string[]): { at: bigint; bytes: number } {
  const at = parseNumber(words[1]);
  const bytes = parseBytes(words[2]);
  if (at + BigInt(bytes) > U64 + 1n) throw new Malformed('the range ends past 2^64');
  return { at, bytes };
}

/** Bytes of a string such as 0xdeadbeef; what is missing at its end is zero. */
function parseHex(word: string | undefined, bytes: number): Uint8Array {
  const digits = /^0x([0-9a-f]*)$/i.exec(word ?? '')?.[1];
  if (digits === undefined) throw new Malformed('invalid argument size');
  const data = new Uint8Array(bytes);
  data.set(Buffer.from(digits.slice(0, 2 * bytes), 'hex'));
  return data;
}

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;

const WIDTH: Readonly<Record<string, Width>> = { b: 1, w: 2, l: 4, q: 8 };
const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** The conversation about a board, with one client after another: what is listened to, and the levels that were told. */
export class QtestSession {
  private intercepted: string | undefined;
  private readonly levels = new Map<number, boolean>();
  private send: (line: string) => void = () => undefined;
  /** Low bits of what was last written to CONFIG_ADDRESS. */
  private configLow = 0;

  constructor(private readonly board: Board) {
    board.onEdges = (edges) => this.tell(edges);
  }

  /** A client has come: answers go to it, and every line counts as low. What is listened to stays so. */
  attach(send: (line: string) => void): void {
    this.send = send;
    this.levels.clear();
  }

  /** Carries a line out and answers it. */
  execute(line: string): void {
    const words = line.split(' ').filter((word) => word !== '');
    if (words.length === 0) return;
    let answer: string;
    try {
      answer = this.answer(words);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      answer = `ERR ${error.message}`;
    }
    this.tell(this.board.takeEdges());
    this.send(answer);
  }

  /** Says which lines have changed, each once. */
  tell(edges: readonly Edge[]): void {
    for (const { pin, up } of edges) {
      // Pin 2 of the IOAPIC is interrupt 0; QEMU counts it there.
      const line = this.intercepted === 'ioapic' && pin === 2 ? 0 : pin;
      if ((this.levels.get(line) ?? false) === up) continue;
      this.levels.set(line, up);
      this.send(`IRQ ${up ? 'raise' : 'lower'} ${line}`);
    }
  }

  private answer(words: readonly string[]): string {
    const command = words[0]!;
    const port = /^(in|out)([bwl])$/.exec(command);
    if (port !== null) return this.port(port[1] === 'in', WIDTH[port[2]!] as 1 | 2 | 4, words);
    const memory = /^(read|write)([bwlq])$/.exec(command);
    if (memory !== null) return this.memory(memory[1] === 'read', WIDTH[memory[2]!]!, words);
    switch (command) {
      case 'read': return this.read(words);
      case 'b64read': return this.readBase64(words);
      case 'write': return this.write(words, parseHex(words[3], parseBytes(words[2])));
      case 'b64write': return this.writeBase64(words);
      case 'memset': return this.fill(words);
      case 'clock_step': return this.clock(words[1] === undefined ? this.board.nextTimerNs() : this.board.nowNs + parseTime(words[1]));
      case 'clock_set': return this.clock(parseTime(words[1]));
      case 'irq_intercept_in': return this.intercept(words[1], INPUTS);
      case 'irq_intercept_out': return this.intercept(words[1], OUTPUTS);
      case 'set_irq_in': return this.drive(words);
      case 'endianness': return 'OK little';
      default: return `FAIL Unknown command '${command}'`;
    }
  }

  private port(reads: boolean, bytes: 1 | 2 | 4, words: readonly string[]): string {
    const port = this.configData(Number(parseNumber(words[1]) & 0xffffn));
    if (reads) return `OK ${hex(this.board.in(port, bytes), 4)}`;
    const value = Number(parseNumber(words[2]) & 0xffff_ffffn);
    if (port === CONFIG_ADDRESS && bytes === 4) this.configLow = value & 3;
    this.board.out(port, bytes, value);
    return 'OK';
  }

  /**
   * QEMU's test library leaves a register's low bits in CONFIG_ADDRESS and goes to the first data port; QEMU adds them up. In PCI 3.0
   * (3.2.2.3.2) those bits are zeros, as on the board, so that they are added here.
   */
  private configData(port: number): number {
    return port === CONFIG_DATA ? port + this.configLow : port;
  }

  private memory(reads: boolean, bytes: Width, words: readonly string[]): string {
    const at = parseNumber(words[1]);
    if (reads) return `OK ${hex(this.board.load(at, bytes), 16)}`;
    this.board.store(at, bytes, BigInt.asUintN(8 * bytes, parseNumber(words[2])));
    return 'OK';
  }

  private read(words: readonly string[]): string {
    const { at, bytes } = parseRange(words);
    if (bytes === 0) throw new Malformed('invalid argument size');
    return `OK 0x${Buffer.from(this.board.read(at, bytes)).toString('hex')}`;
  }

  private readBase64(words: readonly string[]): string {
    const { at, bytes } = parseRange(words);
    return `OK ${Buffer.from(this.board.read(at, bytes)).toString('base64')}`;
  }

  private write(words: readonly string[], data: Uint8Array): string {
    this.board.write(parseRange(words).at, data);
    return 'OK';
  }

  /** Where the text has fewer bytes than it says, those are written; where it has more, the rest is not. */
  private writeBase64(words: readonly string[]): string {
    const { bytes } = parseRange(words);
    return this.write(words, Buffer.from(words[3] ?? '', 'base64').subarray(0, bytes));
  }

  private fill(words: readonly string[]): string {
    const { bytes } = parseRange(words);
    return this.write(words, new Uint8Array(bytes).fill(Number(parseNumber(words[3]) & 0xffn)));
  }

  /** Timers may be a microsecond apart and the target centuries away: a command fires so many, and then says how far it came. */
  private clock(target: bigint): string {
    let fired = 0;
    for (const edges of this.board.advanceTo(target)) {
      this.tell(edges);
      if (++fired === MOST_TIMERS) throw new Malformed(`${MOST_TIMERS} timers have fired and the clock is at ${this.board.nowNs}; ask again to go on`);
    }
    return `OK ${this.board.nowNs}`;
  }

  /** One device can be listened to, in one direction; asking for it again changes nothing. */
  private intercept(name: string | undefined, points: Readonly<Record<string, ProbePoint>>): string {
    const device = name?.split('/').at(-1) ?? '';
    if (!Object.hasOwn(points, device)) return 'FAIL Unknown device';
    if (this.intercepted !== undefined) return this.intercepted === device ? 'OK' : 'FAIL IRQ intercept already enabled';
    this.intercepted = device;
    this.board.intercept(points[device]!);
    return 'OK';
  }

  /** set_irq_in DEVICE NAME NUMBER LEVEL */
  private drive(words: readonly string[]): string {
    const device = words[1]?.split('/').at(-1) ?? '';
    if (!Object.hasOwn(INPUTS, device)) return 'FAIL Unknown device';
    if (words[2] !== 'unnamed-gpio-in') return 'FAIL Unknown device';
    this.board.drive(INPUTS[device]!, Number(parseNumber(words[3]) & 0xffffn), parseNumber(words[4]) === 0n ? 0 : 1);
    return 'OK';
  }
}
