/**
 * The register state of a vector: one flat image (the native harness has the same struct) with typed views over it.
 *
 *   offset bytes
 *        0   128  rax rcx rdx rbx rsp rbp rsi rdi r8..r15
 *      128     8  rip
 *      136     4  rflags (TF and RF clear, IF and bit 1 set)
 *      140     4  mxcsr
 *      144     6  x87 control word, status word, abridged tag word (one bit a physical register, 1 = in use), 16 bits each
 *      150    12  es cs ss ds fs gs
 *      162    80  ST(0)..ST(7), 10 bytes each: stack order, as FXSAVE stores them
 *      248   256  xmm0..xmm15
 */

export const STATE_BYTES = 504;

export interface State {
  readonly bytes: Uint8Array;
  /** In the order of the instruction encoding: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
  readonly gpr: BigUint64Array;
  rip: bigint;
  rflags: number;
  mxcsr: number;
  fcw: number;
  fsw: number;
  /** Bit i: physical register i is in use. */
  ftw: number;
  /** es cs ss ds fs gs. */
  readonly segment: Uint16Array;
  readonly st: Uint8Array;
  readonly xmm: Uint8Array;
}

export interface Field {
  readonly name: string;
  readonly id: number;
  readonly offset: number;
  readonly bytes: number;
}

const GPR_NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

function rowOfFields(names: readonly string[], firstId: number, offset: number, bytes: number): Field[] {
  return names.map((name, i) => ({ name, id: firstId + i, offset: offset + i * bytes, bytes }));
}

/** Every comparable piece of the state; `id` is what the vector files use. */
export const FIELDS: readonly Field[] = [
  ...rowOfFields(GPR_NAMES, 0, 0, 8),
  { name: 'rip', id: 16, offset: 128, bytes: 8 },
  { name: 'rflags', id: 17, offset: 136, bytes: 4 },
  { name: 'mxcsr', id: 18, offset: 140, bytes: 4 },
  { name: 'fcw', id: 19, offset: 144, bytes: 2 },
  { name: 'fsw', id: 20, offset: 146, bytes: 2 },
  { name: 'ftw', id: 21, offset: 148, bytes: 2 },
  ...rowOfFields(SEGMENT_NAMES, 22, 150, 2),
  ...rowOfFields(Array.from({ length: 8 }, (_, i) => `st${i}`), 32, 162, 10),
  ...rowOfFields(Array.from({ length: 16 }, (_, i) => `xmm${i}`), 48, 248, 16),
];

const FIELD_BY_ID: ReadonlyMap<number, Field> = new Map(FIELDS.map((field) => [field.id, field]));

export function fieldById(id: number): Field {
  const field = FIELD_BY_ID.get(id);
  if (!field) throw new Error(`vector names state field ${id}, which does not exist: the file is damaged or of another version`);
  return field;
}

export const FIELD_RSP = 4;
export const FIELD_RIP = 16;
export const FIELD_RFLAGS = 17;
export const FIELD_MXCSR = 18;
export const FIELD_FCW = 19;
export const FIELD_FSW = 20;
export const FIELD_FTW = 21;
export const FIELD_ST0 = 32;
export const FIELD_XMM0 = 48;

/** Typed views over an image; a class, because hundreds of thousands are made. */
class Image implements State {
  readonly gpr: BigUint64Array;
  private readonly view: DataView;
  private words?: Uint16Array;

  constructor(readonly bytes: Uint8Array) {
    this.gpr = new BigUint64Array(bytes.buffer, bytes.byteOffset, 16);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, STATE_BYTES);
  }

  get segment(): Uint16Array { return (this.words ??= new Uint16Array(this.bytes.buffer, this.bytes.byteOffset + 150, 6)); }
  get st(): Uint8Array { return this.bytes.subarray(162, 242); }
  get xmm(): Uint8Array { return this.bytes.subarray(248, 504); }
  get rip(): bigint { return this.view.getBigUint64(128, true); }
  set rip(value) { this.view.setBigUint64(128, value, true); }
  get rflags(): number { return this.view.getUint32(136, true); }
  set rflags(value) { this.view.setUint32(136, value, true); }
  get mxcsr(): number { return this.view.getUint32(140, true); }
  set mxcsr(value) { this.view.setUint32(140, value, true); }
  get fcw(): number { return this.view.getUint16(144, true); }
  set fcw(value) { this.view.setUint16(144, value, true); }
  get fsw(): number { return this.view.getUint16(146, true); }
  set fsw(value) { this.view.setUint16(146, value, true); }
  get ftw(): number { return this.view.getUint16(148, true); }
  set ftw(value) { this.view.setUint16(148, value, true); }
}

/** A state over `bytes` (or over fresh zeros). */
export function createState(bytes: Uint8Array = new Uint8Array(STATE_BYTES)): State {
  return new Image(bytes);
}

export function copyState(state: State): State {
  return createState(state.bytes.slice());
}

/** The bytes of one field, as a view. */
export function fieldBytes(state: State, field: Field): Uint8Array {
  return state.bytes.subarray(field.offset, field.offset + field.bytes);
}
