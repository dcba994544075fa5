/**
 * Writes a kernel: a program that goes from home to home (real mode, 32-bit protected mode, 64-bit mode) and runs tests from each.
 * The image is a ROM for the reset vector, the same for every emulator.
 */
import type { Bits } from '../assembler/operands.js';
import { TextAssembler } from '../assembler/text.js';
import { DONE, IMAGE, IMAGE_BYTES, IMAGE_SEGMENT, OWN_SELECTORS, RING0_STACK, SELECTOR, USER_STACK } from './layout.js';
import {
  ARRIVE_LONG, ARRIVE_PROTECTED, ARRIVE_REAL, FINISH, LEAVE_LONG, LONG_TO_PROTECTED, native, PROTECTED_TO_LONG, PROTECTED_TO_REAL, REAL_TO_PROTECTED,
  ROUTINES, START, VARIABLES,
} from './runtime.js';
import { tables } from './tables.js';

/** How a test's code is entered; without any of these at CPL 0 in its home's own mode. */
export interface TestOptions {
  /** Privilege of flat code. */
  ring?: 0 | 1 | 2 | 3;
  /** Of the code: 16 is 16-bit protected mode, 32 from 64-bit mode compatibility mode. */
  bits?: Bits;
  /** Virtual-8086 mode. */
  v86?: boolean;
  /** Flags beyond bit 1. */
  flags?: number;
  /** Instead of what follows from the above. */
  cs?: number;
  ss?: number;
  sp?: number;
  ds?: number;
  /** Label of what saved instruction pointers are shown relative to, instead of `.ip`. */
  ip?: string;
  /** Added to the addresses of the code and of the stack: where another mapping of the image is. */
  alias?: number;
  /** What the line shows beside: SHOW_EAX, SHOW_HANDLER_FLAGS. */
  show?: number;
}

const VM = 0x2_0000;
const CODE: Readonly<Record<Bits, readonly number[]>> = {
  16: [SELECTOR.code16, 0, 0, SELECTOR.user16],
  32: [SELECTOR.code32, SELECTOR.ring1, SELECTOR.ring2, SELECTOR.user32],
  64: [SELECTOR.code64, 0, 0, SELECTOR.user64],
};
const DATA: readonly number[] = [SELECTOR.data32, SELECTOR.ring1Data, SELECTOR.ring2Data, SELECTOR.userData];

export class Kernel {
  private readonly code = new TextAssembler(IMAGE);
  /** Written behind the program: tests and data. */
  private readonly behind: (() => void)[] = [];
  private readonly own: string[] = [];
  private readonly names = new Set<string>();
  private home: Bits = 16;
  private count = 0;
  private scope = 0;

  constructor() {
    this.code.text(START);
  }

  /** A descriptor of this kernel; its selector with RPL 0. 16-byte descriptors take two. */
  descriptor(text: string, slots = 1): number {
    const selector = OWN_SELECTORS + this.own.length * 8;
    this.own.push(text);
    for (let n = 1; n < slots; n++) this.own.push('');
    return selector;
  }

  /** Goes to real mode. */
  real(): void {
    if (this.home === 64) this.protected();
    if (this.home === 32) this.go(16, PROTECTED_TO_REAL, ARRIVE_REAL);
  }

  /** Goes to 32-bit protected mode without paging. */
  protected(): void {
    if (this.home === 16) this.go(32, REAL_TO_PROTECTED, ARRIVE_PROTECTED);
    if (this.home === 64) this.go(32, LONG_TO_PROTECTED, (n) => LEAVE_LONG(n) + ARRIVE_PROTECTED(n));
  }

  /** Goes to 64-bit mode. */
  long(): void {
    this.protected();
    this.go(64, PROTECTED_TO_LONG, ARRIVE_LONG);
  }

  /** What follows is where the program goes on after a reset, at `label`, in real mode. */
  restarted(label: string): void {
    this.home = 16;
    this.run(`${label}:`);
  }

  private go(to: Bits, leave: (n: number) => string, arrive: (n: number) => string): void {
    const n = this.count++;
    this.run(leave(n));
    this.home = to;
    this.run(arrive(n));
  }

  /** Code of the program itself, at CPL 0 at home. Labels that start with a dot belong to this text. */
  run(text: string): void {
    this.code.bits = this.home;
    this.code.text(this.localize(native(this.home, text)));
  }

  /** Runs `text` as a test and prints what came of it. The tested instruction is the one at label `.ip`, else the first. */
  test(name: string, text: string, options: TestOptions = {}): void {
    this.claim(name);
    const n = this.count++, bits = options.v86 ? 16 : options.bits ?? this.home, ring = options.ring ?? 0;
    const isReal = this.home === 16 || options.v86 === true;
    const cs = options.cs ?? (isReal ? IMAGE_SEGMENT : CODE[bits][ring]!);
    const data = isReal ? 0 : bits === 16 && ring === 0 ? SELECTOR.data16 : bits === 16 ? SELECTOR.userData16 : DATA[ring]!;
    const ss = options.ss ?? data, sp = options.sp ?? (options.v86 || ring > 0 ? USER_STACK : RING0_STACK);
    const ds = options.ds ?? (isReal ? IMAGE_SEGMENT : bits === 16 ? (ring === 0 ? SELECTOR.imageData : SELECTOR.userImageData) : DATA[ring]!);
    const flags = 2 | (options.flags ?? 0) | (options.v86 ? VM : 0);
    const ip = options.ip ?? (/(^|[\s;])\.ip:/.test(text) ? `ip_${n}` : `test_${n}`);
    const offset = this.home === 16 || bits === 16 ? `-${IMAGE}` : `+${options.alias ?? 0}`;
    this.run(`mov %si, record_${n}; call run%b`);
    this.behind.push(() => {
      this.code.text(`record_${n}: dd name_${n}, ${ip}${offset}, test_${n}${offset}, ${cs}, ${sp + (options.alias ?? 0)}, ${ss}, ${flags}, ${ds}, ${options.show ?? 0}`);
      this.string(`name_${n}`, name);
      this.code.bits = bits;
      this.code.text(`test_${n}: ${this.localize(text.replace(/(^|[\s;])\.ip:/, `$1ip_${n}:`))}; int ${DONE}`);
    });
  }

  /** Prints NAME=EAX (RAX in 64-bit mode) after `text`. */
  show(name: string, text: string): void {
    this.claim(name);
    const n = this.count++;
    this.run(`${text}; mov [v_value], ${this.home === 64 ? 'rax' : 'eax'}; mov %si, name_${n}; call say%b`);
    this.behind.push(() => this.string(`name_${n}`, name));
  }

  /** A title over the lines that follow: what they are about and where the manuals say it. */
  title(line: string): void {
    const n = this.count++;
    this.run(`mov %si, line_${n}; call text%b`);
    this.behind.push(() => this.string(`line_${n}`, `-- ${line}\n`));
  }

  /** Code or data elsewhere in the image, for code of `bits`. */
  place(bits: Bits, text: string): void {
    this.behind.push(() => {
      this.code.bits = bits;
      this.code.text(text);
    });
  }

  /** A number for labels. */
  unique(): number {
    return this.count++;
  }

  /** Data at a multiple of 16. */
  data(text: string): void {
    this.behind.push(() => {
      this.code.align(16);
      this.code.text(text);
    });
  }

  private string(label: string, text: string): void {
    this.code.label(label);
    this.code.bytes(...new TextEncoder().encode(text), 0);
  }

  /** Lines are told apart by their names. */
  private claim(name: string): void {
    if (this.names.has(name)) throw new Error(`two lines are named ${name}`);
    this.names.add(name);
  }

  private localize(text: string): string {
    const scope = this.scope++;
    return text.replace(/(^|[\s;,\[:+])\.([a-z]\w*)/gi, `$1.${scope}.$2`);
  }

  /** The ROM: 64 KiB that end with the reset vector. */
  image(): Uint8Array {
    const vector = IMAGE + IMAGE_BYTES - 16;
    this.run(FINISH(this.home));
    for (const write of this.behind) write();
    for (const bits of [16, 32, 64] as const) {
      this.code.bits = bits;
      this.code.text(ROUTINES[bits]);
    }
    this.code.text(VARIABLES);
    this.code.align(8);
    this.code.text(tables(this.own));
    if (this.code.here > vector) throw new Error(`the kernel has ${this.code.here - IMAGE} bytes: too many for a ROM of 64 KiB`);
    this.code.reserve(vector - this.code.here);
    this.code.bits = 16;
    this.code.text('jmp 0xf000:start');
    this.code.reserve(IMAGE + IMAGE_BYTES - this.code.here);
    return this.code.assemble();
  }
}
