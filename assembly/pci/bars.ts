// BARs: bus handlers that answer where the guest has put them. PCI 3.0, 6.2.5.

import { placeMmio, placePorts, unplace } from "../memory/bus";
import { placeVideo } from "../memory/ram";
import { Access, hook } from "../device/registers";
import { passes } from "./downstream";
import { BARS } from "./layout";
import { BarKind, Config, PciCommand } from "./spec";
import { commandOf, functionAt, isAwake, valuesOf } from "./functions";
import { defineConfig } from "./header";

@unmanaged class Bar { handler: u32; kind: u32; size: u64; }
/** The BAR's size in bytes, 0 where there is none; and its BarKind. */
export function barBytes(f: u32, index: u32): u64 { return bar(f, index).handler ? bar(f, index).size : 0; }
export function barKind(f: u32, index: u32): u32 { return bar(f, index).kind; }
@inline function bar(f: u32, index: u32): Bar { return changetype<Bar>(BARS + (<usize>f << 7) + (<usize>index << 4)); }

/** Adds a BAR of `bytes` (a power of two, at least 16) answered by a bus handler. A 64-bit one takes two indices. */
export function addBar(f: u32, index: u32, bytes: u64, kind: u32, handler: u32): void {
  const it = bar(f, index), wide = (kind & BarKind.MEMORY64) != 0, mask = ~(bytes - 1);
  it.handler = handler; it.kind = kind; it.size = bytes;
  hook(defineConfig(f, "BAR", Config.BAR0 + 4 * index, wide ? 8 : 4, Access.RW, kind, wide ? mask : mask & 0xffff_ffff), 0, writeBar.index);
}

/** In the place of a handler: the BAR shows the screen's memory. */
@inline const VIDEO: u32 = ~0;

/** Adds a BAR behind which there is no device but the screen's memory, `bytes` of it (memory/ram.ts). */
export function addVideoBar(f: u32, index: u32, bytes: u64): void { addBar(f, index, bytes, BarKind.MEMORY32 | BarKind.PREFETCH, VIDEO); }

/** Puts a BAR's handler where the guest wants it, if it may answer at all. */
function placeBar(f: u32, index: u32): void {
  const it = bar(f, index);
  if (!it.handler) return;
  const at = valuesOf(f) + Config.BAR0 + 4 * index, isIo = (it.kind & BarKind.IO) != 0;
  const base = (it.kind & BarKind.MEMORY64 ? load<u64>(at) : <u64>load<u32>(at)) & ~(it.size - 1);
  const parent = functionAt(f).parent;
  const on = base != 0 && isAwake(f) && (commandOf(f) & (isIo ? PciCommand.IO : PciCommand.MEMORY)) != 0 && (parent == 0 || passes(parent - 1, isIo, base, it.size));
  if (it.handler == VIDEO) { placeVideo(on ? base : 0); return; }
  if (!on || base + it.size < base || (isIo && base + it.size > 0x1_0000)) unplace(it.handler);
  else if (isIo) placePorts(it.handler, <u32>base, <u32>it.size);
  else placeMmio(it.handler, base, it.size);
}

export function placeBars(f: u32): void { for (let index: u32 = 0; index < 6; index++) placeBar(f, index); }

function writeBar(dev: usize, offset: u32, old: u64, written: u64): void { placeBar(<u32>dev, (offset - Config.BAR0) >> 2); }
