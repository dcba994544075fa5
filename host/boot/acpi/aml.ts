/**
 * Writes AML, the byte code of ACPI's namespace: one function a term, each returning its bytes.
 * Follows ACPI 6.4, chapter 20 (grammar and encodings) and section 6.4 (resource descriptors); names are its own.
 */

export type Aml = number[];

function le(value: number, bytes: number): Aml {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

/** PkgLength counts itself: one byte up to 63, else a nibble and one to three bytes. */
function packageLength(body: number): Aml {
  if (body + 1 < 64) return [body + 1];
  const extra = body + 2 < 1 << 12 ? 1 : body + 3 < 1 << 20 ? 2 : 3;
  const total = body + 1 + extra;
  return [(extra << 6) | (total & 0xf), ...le(Math.floor(total / 16), extra)];
}

function packed(opcode: Aml, ...body: Aml[]): Aml {
  const bytes = body.flat();
  return [...opcode, ...packageLength(bytes.length), ...bytes];
}

/** A path such as `\\_SB.PCI0` or `LNKA`: segments are filled up with underscores. */
export function path(text: string): Aml {
  const root = text.startsWith('\\') ? [0x5c] : [];
  const segments = text.replace('\\', '').split('.').filter((part) => part !== '');
  const bytes = segments.flatMap((part) => [...part.padEnd(4, '_')].map((char) => char.charCodeAt(0)));
  if (segments.length === 0) return [...root, 0];
  if (segments.length === 1) return [...root, ...bytes];
  if (segments.length === 2) return [...root, 0x2e, ...bytes];
  return [...root, 0x2f, segments.length, ...bytes];
}

export function integer(value: number): Aml {
  if (value === 0 || value === 1) return [value];
  if (value < 0x100) return [0x0a, value];
  if (value < 0x10000) return [0x0b, ...le(value, 2)];
  if (value < 0x1_0000_0000) return [0x0c, ...le(value, 4)];
  return [0x0e, ...le(value, 8)];
}

export function string(text: string): Aml {
  return [0x0d, ...[...text].map((char) => char.charCodeAt(0)), 0];
}

/** A seven-character EISA id such as PNP0A08, compressed to a DWORD (section 19.6.36, EISAID). */
export function eisaId(id: string): Aml {
  const letter = (index: number): number => id.charCodeAt(index) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = parseInt(id.slice(3), 16);
  return [0x0c, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff];
}

/** A UUID in the mixed byte order of ToUUID (section 19.6.142). */
export function uuid(text: string): Aml {
  const hex = text.replaceAll('-', '');
  const bytes = Array.from({ length: 16 }, (_, index) => parseInt(hex.slice(index * 2, index * 2 + 2), 16));
  return buffer([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) => bytes[index]!));
}

export function buffer(bytes: Aml): Aml {
  return packed([0x11], integer(bytes.length), bytes);
}

export function packageOf(...elements: Aml[]): Aml {
  return packed([0x12], [elements.length], ...elements);
}

export function name(at: string, value: Aml): Aml {
  return [0x08, ...path(at), ...value];
}

export function scope(at: string, ...terms: Aml[]): Aml {
  return packed([0x10], path(at), ...terms);
}

export function device(at: string, ...terms: Aml[]): Aml {
  return packed([0x5b, 0x82], path(at), ...terms);
}

export function method(at: string, argumentCount: number, ...terms: Aml[]): Aml {
  const NOT_SERIALIZED = 0;
  return packed([0x14], path(at), [argumentCount | NOT_SERIALIZED], ...terms);
}

export function serializedMethod(at: string, argumentCount: number, ...terms: Aml[]): Aml {
  return packed([0x14], path(at), [argumentCount | 8], ...terms);
}

/** Tells whoever listens to a device. */
export const notify = (target: Aml, value: number): Aml => [0x86, ...target, ...integer(value)];
export const argument = (index: number): Aml => [0x68 + index];
export const local = (index: number): Aml => [0x60 + index];
export const store = (value: Aml, target: Aml): Aml => [0x70, ...value, ...target];
export const giveBack = (value: Aml): Aml => [0xa4, ...value];
export const and = (a: Aml, b: Aml, target: Aml = [0]): Aml => [0x7b, ...a, ...b, ...target];
export const or = (a: Aml, b: Aml, target: Aml = [0]): Aml => [0x7d, ...a, ...b, ...target];
export const equal = (a: Aml, b: Aml): Aml => [0x93, ...a, ...b];
export const not = (a: Aml): Aml => [0x92, ...a];
export const when = (condition: Aml, ...terms: Aml[]): Aml => packed([0xa0], condition, ...terms);
export const otherwise = (...terms: Aml[]): Aml => packed([0xa1], ...terms);
export const shiftLeft = (value: Aml, count: Aml, target: Aml = [0]): Aml => [0x79, ...value, ...count, ...target];
/** The number of the lowest set bit, counted from 1. */
export const findSetRightBit = (value: Aml, target: Aml = [0]): Aml => [0x82, ...value, ...target];
export const subtract = (a: Aml, b: Aml, target: Aml = [0]): Aml => [0x74, ...a, ...b, ...target];
/** A name for 32 or 16 bits inside a buffer. */
export const dwordField = (source: Aml, at: number, as: string): Aml => [0x8a, ...source, ...integer(at), ...path(as)];

export const RegionSpace = { SystemMemory: 0, SystemIO: 1, PCI_Config: 2 } as const;

export function operationRegion(at: string, space: number, offset: number, bytes: number): Aml {
  return [0x5b, 0x80, ...path(at), space, ...integer(offset), ...integer(bytes)];
}

/** Byte-wide fields one after the other, accessed a byte at a time. */
export function byteFields(region: string, ...names: string[]): Aml {
  const BYTE_ACCESS = 1;
  return packed([0x5b, 0x81], path(region), [BYTE_ACCESS], ...names.map((field) => [...path(field), 8]));
}

// ── resource descriptors ──

export function resources(...descriptors: Aml[]): Aml {
  return buffer([...descriptors.flat(), 0x79, 0]);
}

/** ISA interrupts as a mask, edge-triggered and active high, as the bus has them. */
export function isaIrq(line: number): Aml {
  return [0x22, ...le(1 << line, 2)];
}

/** A channel of the 8237s (ACPI 6.4, 6.4.2.2): compatibility timing, no bus master, 8-bit transfers. */
export function isaDma(channel: number): Aml {
  return [0x2a, 1 << channel, 0];
}

export function ioPorts(base: number, count: number): Aml {
  const DECODE_16 = 1;
  return [0x47, DECODE_16, ...le(base, 2), ...le(base, 2), 1, count];
}

/** A range that something else takes, as fixed memory. */
export function fixedMemory(base: number, bytes: number): Aml {
  const READ_WRITE = 1;
  return [0x86, 9, 0, READ_WRITE, ...le(base, 4), ...le(bytes, 4)];
}

/** Level-triggered, active high, shared interrupts to consume (the ISA side of a PCI link). */
export function levelInterrupts(...lines: number[]): Aml {
  const CONSUMER_LEVEL_HIGH_SHARED = 0b1001;
  return [0x89, ...le(2 + lines.length * 4, 2), CONSUMER_LEVEL_HIGH_SHARED, lines.length, ...lines.flatMap((line) => le(line, 4))];
}

const PRODUCED_FIXED = 0x0c; // minimum and maximum fixed, positive decode, produced by the bridge
const ENTIRE_RANGE = 3;
const READ_WRITE = 1;

export function busWindow(first: number, last: number): Aml {
  return [0x88, ...le(13, 2), 2, PRODUCED_FIXED, 0, ...[0, first, last, 0, last - first + 1].flatMap((value) => le(value, 2))];
}

export function ioWindow(first: number, last: number): Aml {
  return [0x88, ...le(13, 2), 1, PRODUCED_FIXED, ENTIRE_RANGE, ...[0, first, last, 0, last - first + 1].flatMap((value) => le(value, 2))];
}

export function memoryWindow(first: number, last: number): Aml {
  return [0x87, ...le(23, 2), 0, PRODUCED_FIXED, READ_WRITE, ...[0, first, last, 0, last - first + 1].flatMap((value) => le(value, 4))];
}
