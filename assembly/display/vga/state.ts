// What the VGA keeps: registers by their places in surface/screen.ts, where the host reads them, and behind them what attach writes. There is one
// screen in a machine. Its memory is machine state of its own, behind guest RAM (memory/ram.ts).

import { ScreenAt, Vbe, VbeEnable } from "../../surface/screen";
import { SCREEN_STATE } from "../layout";
import { Clocking, MemoryMode, Sequencer } from "./spec";

@inline export function get8(at: u32): u32 { return load<u8>(SCREEN_STATE + at); }
@inline export function set8(at: u32, value: u32): void { store<u8>(SCREEN_STATE + at, <u8>value); }
@inline export function get32(at: u32): u32 { return load<u32>(SCREEN_STATE + at); }
@inline export function set32(at: u32, value: u32): void { store<u32>(SCREEN_STATE + at, value); }
@inline export function vbe(index: u32): u32 { return load<u16>(SCREEN_STATE + ScreenAt.VBE + (index << 1)); }
@inline export function setVbe(index: u32, value: u32): void { store<u16>(SCREEN_STATE + ScreenAt.VBE + (index << 1), <u16>value); }

@inline export function graphics(index: u32): u32 { return get8(ScreenAt.GRAPHICS + index); }
@inline export function crtc(index: u32): u32 { return get8(ScreenAt.CRTC + index); }
@inline export function setCrtc(index: u32, value: u32): void { set8(ScreenAt.CRTC + index, value); }
@inline export function vbeOn(): bool { return (vbe(Vbe.ENABLE) & VbeEnable.ENABLED) != 0; }

/** A sequencer register as it acts: a VBE mode of bytes and more has all planes, one after the other, whatever the register says. */
export function sequencer(index: u32): u32 {
  const value = get8(ScreenAt.SEQUENCER + index);
  if (!vbeOn()) return value;
  if (index == Sequencer.CLOCKING) return value & ~(<u32>Clocking.HALF);
  if (vbe(Vbe.BPP) == 4) return value;
  if (index == Sequencer.MEMORY) return value | MemoryMode.CHAIN4;
  return index == Sequencer.PLANE_WRITE ? 15 : value;
}
