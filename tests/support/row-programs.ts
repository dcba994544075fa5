/** Instructions drawn from the decoder's own rows, so that what is added is drawn, too: mostly those of the system chapter, some of all others, a few that are absent. */
import { Form } from '../../assembly/decode/forms.js';
import { H } from '../../assembly/decode/handlers.js';
import { immediateBytes, readOpcodeRows, type OpcodeRow } from './opcode-rows.js';

type Random = () => number;

const ROWS = readOpcodeRows();
const isSystem = ({ handler }: OpcodeRow): boolean => handler >= H.SYSTEM && handler < H.SYSTEM_END;
const isVector = ({ form }: OpcodeRow): boolean => (form & (Form.FPU | Form.SSE | Form.MMX)) !== 0;
const there = ROWS.filter(({ handler }) => handler !== 0);

const SYSTEM = there.filter(isSystem);
const PLAIN = there.filter((row) => !isSystem(row) && !isVector(row));
const VECTOR = there.filter((row) => !isSystem(row) && isVector(row));
const ABSENT = ROWS.filter(({ handler }) => handler === 0);
/** Of sixteen draws. */
const DRAWS: readonly (readonly OpcodeRow[])[] = [...Array.from({ length: 10 }, () => SYSTEM), ...Array.from({ length: 4 }, () => PLAIN), VECTOR, ABSENT];

const pick = <T>(random: Random, from: readonly T[]): T => from[random() % from.length]!;

/** Prefixes that change what an instruction does, where they may stand: a mandatory one stays in front of REX. */
function prefixed(random: Random, { bytes, form }: OpcodeRow): number[] {
  const mandatory = bytes.length > 1 && bytes[0] !== 0x0f ? 1 : 0;
  const own: number[] = [];
  if (random() % 16 === 0) own.push(pick(random, [0x66, 0x67, 0xf0, 0x2e, 0x64, 0x65]));
  if ((form & Form.IMM_MASK) === Form.STRING && random() % 2 === 0) own.push(pick(random, [0xf3, 0xf2]));
  const rex = random() % 8 === 0 ? [0x48] : [];
  return [...own, ...bytes.slice(0, mandatory), ...rex, ...bytes.slice(mandatory)];
}

/** One instruction; `address` makes ModRM and what follows it of a ModRM byte of a memory form. */
export function drawInstruction(random: Random, address: (modrm: number) => number[]): number[] {
  const row = pick(random, DRAWS[random() % 16]!);
  const modrm = row.modrm.length === 0 ? [] : [pick(random, row.modrm)];
  const operands = modrm.flatMap((byte) => (byte < 0xc0 ? address(byte) : [byte]));
  return [...prefixed(random, row), ...operands, ...Array.from({ length: immediateBytes(row.form) }, () => random() & 0xff)];
}
