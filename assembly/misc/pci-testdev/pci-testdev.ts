// QEMU's card for testing accesses: docs/specs/pci-testdev.rst of its documentation (version 7.2). BAR 0 is memory, BAR 1 ports, BAR 2 where it is asked for
// memory that nothing is behind. A write to byte 0 chooses a test; its header says where to write what, and counts the writes that were right.
//
// Tests 1 and 2 are about events that a host catches without asking the device, so that it does not count: a write of a byte, which is the event's width, to the
// place; in test 2 of the right value. Other accesses come as pieces at aligned places, and those count.

import { Card, cardState, optionOf } from "../../device/card";
import { makeHandler, Width } from "../../memory/bus";
import { addBar } from "../../pci/bars";
import { attachFunction } from "../../pci/config";
import { setSubsystem } from "../../pci/header";
import { placeOf } from "../../pci/place";
import { BarKind, Config } from "../../pci/spec";
import { CardOption } from "../../surface/cards";

const enum Id { VENDOR = 0x1b36, DEVICE = 0x0005, CLASS = 0x00_ff00, REVISION = 0, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100, MEMORY_BYTES = 0x1000, PORT_BYTES = 0x100 }
/** The header's bytes: test, width, two without use, then dwords: where to write, what, how many were right; then the test's name. */
const enum Header { TEST = 0, WIDTH = 1, PLACE = 4, DATA = 8, COUNT = 12, NAME = 16 }
const enum Test { PLAIN, ANY_EVENT, DATA_EVENT, COUNT }
@inline const DATA_MATCHES: u32 = 0xfa;
@inline const DATA_ANY: u32 = 0xce;

/** State: the test that was chosen, plus one (those of ports come after those of memory), and how many of its writes were right. */
@unmanaged class TestDev { chosen: u32; right: u32; }
@inline function devAt(i: u32): TestDev { return changetype<TestDev>(cardState(i)); }

/** A card of the machine's list. */
export function attachPciTestDev(c: Card): void {
  const dev = changetype<usize>(devAt(c.index)), room = optionOf(c, CardOption.MEMBAR);
  const f = attachFunction(placeOf(c), Id.VENDOR, Id.DEVICE, Id.CLASS, Id.REVISION, false, Config.BYTES);
  setSubsystem(f, Id.SUBSYSTEM_VENDOR, Id.SUBSYSTEM);
  addBar(f, 0, Id.MEMORY_BYTES, BarKind.MEMORY32, makeHandler(dev, readTest.index, writeMemory.index, "pci-testdev memory", Width.ALL));
  addBar(f, 1, Id.PORT_BYTES, BarKind.IO, makeHandler(dev, readTest.index, writePorts.index, "pci-testdev ports", Width.UP_TO_DWORD));
  if (room) addBar(f, 2, room, BarKind.MEMORY64 | BarKind.PREFETCH, makeHandler(dev, readNothing.index, writeNothing.index, "pci-testdev room", Width.ALL));
}

/** At the machine's reset: no test is chosen. */
export function resetPciTestDev(c: Card): void { devAt(c.index).chosen = 0; }

function readNothing(dev: usize, offset: u32, bytes: u32): u64 { return 0; }
function writeNothing(dev: usize, offset: u32, bytes: u32, value: u64): void {}

@inline function kindOf(test: u32): u32 { return test % Test.COUNT; }
/** Where the test's writes go: in the upper half of its BAR. */
@inline function placeIn(test: u32): u32 { return (test < <u32>Test.COUNT ? <u32>Id.MEMORY_BYTES : <u32>Id.PORT_BYTES) / 2 + test; }
@inline function dataOf(test: u32): u32 { return kindOf(test) == <u32>Test.ANY_EVENT ? DATA_ANY : DATA_MATCHES; }

function nameOf(test: u32): string {
  switch (test) {
    case 0: return "mmio-no-eventfd";
    case 1: return "mmio-wildcard-eventfd";
    case 2: return "mmio-datamatch-eventfd";
    case 3: return "portio-no-eventfd";
    case 4: return "portio-wildcard-eventfd";
    default: return "portio-datamatch-eventfd";
  }
}

function readTest(dev: usize, offset: u32, bytes: u32): u64 {
  const d = changetype<TestDev>(dev);
  let value: u64 = 0;
  if (d.chosen) for (let i = bytes; i; i--) value = value << 8 | headerByte(d, offset + i - 1);
  return value;
}

function headerByte(d: TestDev, at: u32): u32 {
  const test = d.chosen - 1;
  if (at >= <u32>Header.NAME) { const name = nameOf(test), i = at - Header.NAME; return i < <u32>name.length ? load<u8>(changetype<usize>(name) + (<usize>i << 1)) : 0; }
  const shift = (at & 3) << 3;
  switch (at & ~3) {
    case Header.TEST: return at == <u32>Header.TEST ? test : at == <u32>Header.WIDTH ? 1 : 0;
    case Header.PLACE: return placeIn(test) >> shift & 0xff;
    case Header.DATA: return dataOf(test) >> shift & 0xff;
    default: return d.right >> shift & 0xff;
  }
}

function writeMemory(dev: usize, offset: u32, bytes: u32, value: u64): void { writePieces(changetype<TestDev>(dev), 0, offset, bytes, value); }
function writePorts(dev: usize, offset: u32, bytes: u32, value: u64): void { writePieces(changetype<TestDev>(dev), Test.COUNT, offset, bytes, value); }

/** An access in pieces that are aligned to their sizes. `first`: the BAR's first test. */
function writePieces(d: TestDev, first: u32, offset: u32, bytes: u32, value: u64): void {
  for (let done: u32 = 0; done < bytes;) {
    const at = offset + done;
    let piece: u32 = 1;
    while (piece < 8 && !(at & ((piece << 1) - 1)) && (piece << 1) <= bytes - done) piece <<= 1;
    if (piece > 1 || !isCaught(d, at, <u32>(value >> (done << 3)) & 0xff)) for (let i: u32 = 0; i < piece; i++) writeByte(d, first, at + i, <u32>(value >> ((done + i) << 3)) & 0xff);
    done += piece;
  }
}

/** A write of a byte that is the chosen test's event. */
function isCaught(d: TestDev, at: u32, value: u32): bool {
  if (!d.chosen) return false;
  const test = d.chosen - 1, kind = kindOf(test);
  return kind != <u32>Test.PLAIN && at == placeIn(test) && (kind == <u32>Test.ANY_EVENT || value == dataOf(test));
}

function writeByte(d: TestDev, first: u32, at: u32, value: u32): void {
  if (at == <u32>Header.TEST) { d.chosen = value < <u32>Test.COUNT ? first + value + 1 : 0; d.right = 0; return; }
  if (!d.chosen) return;
  const test = d.chosen - 1;
  if (at == placeIn(test) && (kindOf(test) == <u32>Test.ANY_EVENT || value == dataOf(test))) d.right++;
}
