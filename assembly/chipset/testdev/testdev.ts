// QEMU's pc-testdev, as the test kernels that need it describe it (kvm-unit-tests, x86/README and lib/x86; QEMU 2.0 changelog): ports and a
// piece of memory that do nothing but be there, and lines that the guest itself drives. On the bus only when asked for.
//
//   e0h, 4   one DWORD, read and written in any width      e8h, 4   one byte, the same at each of the four (E9h is the debug console's where that is)
//   e4h, 4   written: forget cached translations of a page of ours; nothing is kept between the guest's memory and its page tables here
//   2000h+n  written: drives interrupt line n, 0 to 23, up (not 0) or down        ff000000h, 64 KiB   memory behind a device

import { anew } from "../../base/anew";
import { makeHandler, placeMmio, placePorts, unplace, Width } from "../../memory/bus";
import { driveLine, LINES, Source } from "../../device/interrupt";
import { TESTDEV_BYTES, TESTDEV_STATE } from "../layout";

@unmanaged class Testdev { data: u32; byte: u32; /** Caches, set at attach. */ word: u32; bytePort: u32; flush: u32; lines: u32; memory: u32; }
@inline const testdev = changetype<Testdev>(TESTDEV_STATE);
@inline const MEMORY_AT: usize = TESTDEV_STATE + 64;
@inline const MEMORY_BYTES: u32 = 0x1_0000;
@inline const MEMORY_GPA: u64 = 0xff00_0000;

export function resetTestdev(): void { testdev.data = 0; testdev.byte = 0; memory.fill(MEMORY_AT, 0, TESTDEV_BYTES - 64); }

export function attachTestdev(): void {
  anew(changetype<usize>(testdev) + offsetof<Testdev>("word"), offsetof<Testdev>() - offsetof<Testdev>("word"));
  testdev.word = makeHandler(0, readWord.index, writeWord.index, "testdev port", Width.UP_TO_DWORD);
  testdev.flush = makeHandler(0, readNothing.index, writeNothing.index, "testdev flush", Width.UP_TO_DWORD);
  testdev.bytePort = makeHandler(0, readByte.index, writeByte.index, "testdev byte port", Width.BYTE);
  testdev.lines = makeHandler(0, readNothing.index, writeLine.index, "testdev lines", Width.BYTE);
  testdev.memory = makeHandler(0, readMemory.index, writeMemory.index, "testdev memory", Width.ALL);
}

/** Puts it on the bus, or takes it off. */
export function placeTestdev(on: bool): void {
  if (!on) { unplace(testdev.word); unplace(testdev.flush); unplace(testdev.bytePort); unplace(testdev.lines); unplace(testdev.memory); return; }
  placePorts(testdev.word, 0xe0, 4);
  placePorts(testdev.flush, 0xe4, 4);
  placePorts(testdev.bytePort, 0xe8, 4);
  placePorts(testdev.lines, 0x2000, LINES);
  placeMmio(testdev.memory, MEMORY_GPA, MEMORY_BYTES);
}

function readNothing(dev: usize, offset: u32, bytes: u32): u64 { return 0; }
function writeNothing(dev: usize, offset: u32, bytes: u32, value: u64): void {}

function readWord(dev: usize, offset: u32, bytes: u32): u64 { return testdev.data >> (offset << 3); }
function writeWord(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const mask = <u32>0xffff_ffff >> (32 - (bytes << 3)) << (offset << 3);
  testdev.data = (testdev.data & ~mask) | (<u32>value << (offset << 3) & mask);
}

function readByte(dev: usize, offset: u32, bytes: u32): u64 { return testdev.byte; }
function writeByte(dev: usize, offset: u32, bytes: u32, value: u64): void { testdev.byte = <u32>value & 0xff; }

function writeLine(dev: usize, offset: u32, bytes: u32, value: u64): void { driveLine(offset, (value & 0xff) != 0, Source.TESTDEV); }

function readMemory(dev: usize, offset: u32, bytes: u32): u64 { return load<u64>(MEMORY_AT + offset); }
function writeMemory(dev: usize, offset: u32, bytes: u32, value: u64): void {
  switch (bytes) {
    case 1: store<u8>(MEMORY_AT + offset, <u8>value); break;
    case 2: store<u16>(MEMORY_AT + offset, <u16>value); break;
    case 4: store<u32>(MEMORY_AT + offset, <u32>value); break;
    default: store<u64>(MEMORY_AT + offset, value);
  }
}
