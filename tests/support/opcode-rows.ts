/** The opcode rows as the decoder has them (assembly/decode/rows.ts), read from a machine: what an opcode is, and the bytes of instructions that it decodes. */
import { Form, Map as OpcodeMap } from '../../assembly/decode/forms.js';
import { createRawMachine, type RawMachine } from './raw-machine.js';

export interface OpcodeRow {
  /** `0F`, `66 0F38` and the like, then the opcode; for a row of a group also the ModRM byte's mod (m memory, r register), reg and rm. */
  name: string;
  handler: number;
  form: number;
  /** The prefix, the escape and the opcode. */
  bytes: number[];
  /** ModRM bytes that lead to this row; none where it has no ModRM byte. */
  modrm: number[];
}

/** A map's mandatory prefix and escape. */
const MAPS: readonly [OpcodeMap, string, number[]][] = [
  [OpcodeMap.ONE, '', []],
  [OpcodeMap.OF, '0F', [0x0f]], [OpcodeMap.OF_66, '66 0F', [0x66, 0x0f]], [OpcodeMap.OF_F3, 'F3 0F', [0xf3, 0x0f]], [OpcodeMap.OF_F2, 'F2 0F', [0xf2, 0x0f]],
  [OpcodeMap.OF38, '0F38', [0x0f, 0x38]], [OpcodeMap.OF38_66, '66 0F38', [0x66, 0x0f, 0x38]], [OpcodeMap.OF38_F3, 'F3 0F38', [0xf3, 0x0f, 0x38]], [OpcodeMap.OF38_F2, 'F2 0F38', [0xf2, 0x0f, 0x38]],
  [OpcodeMap.OF3A, '0F3A', [0x0f, 0x3a]], [OpcodeMap.OF3A_66, '66 0F3A', [0x66, 0x0f, 0x3a]], [OpcodeMap.OF3A_F3, 'F3 0F3A', [0xf3, 0x0f, 0x3a]], [OpcodeMap.OF3A_F2, 'F2 0F3A', [0xf2, 0x0f, 0x3a]],
];
/** Bytes of map one that are no opcodes: prefixes, escapes, and REX in 64-bit code is read before the rows. */
const PREFIXES: ReadonlySet<number> = new Set([0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);
const ALL_MODRM = Array.from({ length: 256 }, (_, i) => i);

/** decode/rows.ts. */
const ROW_BYTES = 16;

interface Raw { handler: number; kind: number; form: number }

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** The table in a machine's memory. */
function tableOf({ instance, view, call }: RawMachine): (row: number) => Raw {
  const name = (index: number): string => {
    const at = call('regionName', index);
    return new TextDecoder('utf-16le').decode(instance.bytes.subarray(at, at + view.getUint32(at - 4, true)));
  };
  const index = Array.from({ length: call('regionCount') }, (_, i) => i).find((i) => name(i).startsWith('opcodes'))!;
  const base = call('regionBase', index);
  return (row) => ({ handler: view.getUint16(base + row * ROW_BYTES, true), kind: view.getUint16(base + row * ROW_BYTES + 2, true), form: view.getInt32(base + row * ROW_BYTES + 4, true) });
}

/** Rows of one opcode: itself, or those of its group. */
function expand(table: (row: number) => Raw, name: string, bytes: number[], raw: Raw, modrm: number[]): OpcodeRow[] {
  const { handler, form, kind } = raw;
  if ((form & Form.GROUP) === 0) return [{ name, handler, form, bytes, modrm: (form & Form.MODRM) !== 0 || modrm !== ALL_MODRM ? modrm : [] }];
  const byRm = modrm !== ALL_MODRM;
  const slots = new Map<number, number[]>();
  for (const byte of modrm) {
    const slot = byRm ? byte & 7 : (byte >> 3 & 7) + ((form & Form.GROUP_PLACE) !== 0 && byte >= 0xc0 ? 8 : 0);
    slots.set(slot, [...(slots.get(slot) ?? []), byte]);
  }
  return [...slots].flatMap(([slot, those]) => {
    const place = byRm ? `.${slot}` : (form & Form.GROUP_PLACE) === 0 ? ` /${slot}` : ` /${slot & 7}${slot < 8 ? 'm' : 'r'}`;
    return expand(table, name + place, bytes, table((OpcodeMap.GROUPS << 8) + (kind << 4) + slot), those);
  });
}

/** Every row of every map, those that are empty too; x87's by its own tables. */
export function readOpcodeRows(): OpcodeRow[] {
  const table = tableOf(createRawMachine(1));
  const rows = MAPS.flatMap(([map, prefix, bytes]) =>
    ALL_MODRM.filter((opcode) => map !== OpcodeMap.ONE || (!PREFIXES.has(opcode) && (opcode & 0xf8) !== 0xd8)).flatMap((opcode) =>
      expand(table, `${prefix} ${hex(opcode)}`.trim(), [...bytes, opcode], table((map << 8) + opcode), ALL_MODRM)));
  const x87 = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => [
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((reg) => ({ name: `${hex(0xd8 + n)} /${reg}m`, at: reg, modrm: ALL_MODRM.filter((byte) => byte < 0xc0 && (byte >> 3 & 7) === reg) })),
    ...ALL_MODRM.filter((byte) => byte >= 0xc0).map((byte) => ({ name: `${hex(0xd8 + n)} ${hex(byte)}`, at: byte, modrm: [byte] })),
  ].map(({ name, at, modrm }) => ({ ...table(((OpcodeMap.X87 + n) << 8) + at), name, bytes: [0xd8 + n], modrm })));
  return [...rows, ...x87];
}

/** Immediate bytes that follow, at most: 66 and REX make some shorter. */
export function immediateBytes(form: number): number {
  switch (form & Form.IMM_MASK) {
    case Form.IMM8: case Form.IMM8S: return 1;
    case Form.IMM16: return 2;
    case Form.IMMZ: return (form & Form.BYTE) !== 0 ? 1 : 4;
    case Form.IMMV: case Form.MOFFS: return 8;
    case Form.FARPTR: return 6;
    case Form.ENTER: return 3;
    default: return 0;
  }
}
