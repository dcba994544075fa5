/**
 * ROM images that run from the reset vector. A program is a list of probes: reads of bytes anywhere below 4 GiB, which go to the
 * debug console (port 0xe9), stores of bytes, and bytes for the host bridge's registers. It is entered at 4 GiB - 16, goes over to the copy
 * below 1 MiB, makes DS reach 4 GiB and ends by debug exit.
 */
import { RealAssembler } from '../../guest/assembler/real.js';

export type Probe = { read: number } | { write: number; value: number } | { bridge: number; value: number };

/** The program's place in the last 64 KiB, and the reset vector's. */
const [PROGRAM, VECTOR] = [0xf000, 0xfff0];
const LOW_SEGMENT = 0xf000;

const bytes32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

function writeProbe(a: RealAssembler, probe: Probe): void {
  if ('read' in probe) {
    a.op('mov al, [address]', 0x67, 0xa0, ...bytes32(probe.read));
    a.op('out e9h, al', 0xe6, 0xe9);
  } else if ('write' in probe) {
    a.op('mov byte [address], value', 0x67, 0xc6, 0x05, ...bytes32(probe.write), probe.value);
  } else {
    a.op('mov eax, register of device 0; mov dx, cf8h; out dx, eax', 0x66, 0xb8, ...bytes32(0x8000_0000 | (probe.bridge & ~3)), 0xba, 0xf8, 0x0c, 0x66, 0xef);
    a.op('mov dx, its byte; mov al, value; out dx, al', 0xba, 0xfc + (probe.bridge & 3), 0x0c, 0xb0, probe.value, 0xee);
  }
}

function assemble(probes: readonly Probe[]): Uint8Array {
  const a = new RealAssembler(PROGRAM);
  // Still in the copy at 4 GiB, where CS:IP is ffff0000 + f000: a far jump goes below 1 MiB.
  a.op('cli; jmp far', 0xfa, 0xea);
  a.word('low');
  a.word(LOW_SEGMENT);
  a.label('low');
  a.op('lgdt cs:[gdtr]', 0x66, 0x2e, 0x0f, 0x01, 0x16);
  a.word('gdtr');
  a.op('protected mode on; mov ds, 8; off', 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, 0xbb, 8, 0, 0x8e, 0xdb, 0x24, 0xfe, 0x0f, 0x22, 0xc0);
  for (const probe of probes) writeProbe(a, probe);
  a.op('mov al, 0; mov dx, 501h; out dx, al; hlt', 0xb0, 0, 0xba, 0x01, 0x05, 0xee, 0xf4);
  a.label('gdtr');
  a.word(15);
  a.word('gdt');
  a.word(LOW_SEGMENT >> 12);
  a.label('gdt');
  a.op('nothing; flat data', 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0);
  return a.assemble();
}

/** An image of `bytes` bytes, a mark of its own in each of its pages: byte n of page p is 0x11 + p for n = 0. */
export function romImage(bytes: number, probes: readonly Probe[]): Uint8Array {
  const rom = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 4096) rom[at] = 0x11 + at / 4096;
  const code = assemble(probes);
  if (PROGRAM + code.length > VECTOR) throw new Error('the probes do not fit before the reset vector');
  rom.set(code, bytes - 0x1_0000 + PROGRAM);
  // jmp to the program, in the same segment
  rom.set([0xe9, (PROGRAM - VECTOR - 3) & 0xff, ((PROGRAM - VECTOR - 3) >> 8) & 0xff], bytes - 16);
  return rom;
}
