// All that the host may call. Numbers at the boundary are 32 bits wide (a BigInt costs three times as much to pass); a
// 64-bit value goes as two halves. Nothing here is called while the machine runs, except from the thread that runs it.

import { control, Event } from "../base/control";
import { links, machine } from "../base/machine";
import { addCount, Counter } from "../base/counters";
import { COUNTERS, FIRMWARE, FIRMWARE_SIZE, HIGH_RAM, RAM, RINGS, VCPU, CPU } from "../base/layout";
import { bring, protect, ramAt, videoMemory } from "../memory/ram";
import { setDebugConsolePort, setDebugExitPort } from "../chipset/debug/debug";
import { addFwItem } from "../chipset/fwcfg/fwcfg";
import { placeTestdev } from "../chipset/testdev/testdev";
import { setPacing } from "../chipset/uart/uart";
import { raiseGpe } from "../chipset/acpi/pm";
import { GENERATION_EVENT } from "../chipset/acpi/spec";
import { presetChipset } from "../chipset/firmware";
import { SCREEN_STATE } from "../display/layout";
import { presetScreen } from "../display/vga/preset";
import { hasCard } from "../device/card";
import { CardKind } from "../surface/cards";
import { setBootOrder, shiftRtc } from "../chipset/rtc/rtc";
import { presetPci } from "../pci/firmware";
import { cpu, GPR, XMM, FPR, SEGMENTS } from "../cpu/state";
import { noteStopped } from "../cpu/kvm";
import { updateMode } from "../cpu/mode";
import { resetMsrs } from "../cpu/msr";
import { presetMtrrs } from "../cpu/mtrr";
import { attachTlb, flushAll } from "../cpu/tlb";
import { clock, jumpTo, nowNs, RATE_SHIFT, setRate, wallNow } from "../device/clock";
import { serviceRings } from "../device/ring";
import { dropAllBlocks } from "../decode/cache";
import { defineOpcodes } from "../decode/opcodes";
import { attachMachine, createMachine, resetMachine } from "./machine";
import { idleNs, leaveBoundary, runFor } from "./loop";
import { addToList, announceCards, askCard, changeCard, giveOption, optionOfCard, setLink } from "./cards";
import { Address } from "../surface/run";

export { anewAt, anewBytes, anewCount } from "../base/anew";
export { regionCount, regionBase, regionKind, regionName } from "../base/regions";
export { sectionAddressAt, sectionBase, sectionBytes, sectionCount, sectionMask, sectionName, sectionStride, sectionVersion } from "./sections";
export { counterAbout, counterCard, counterIds, counterName, counterUnit, countersMissing, histogramAddress, histogramIds, histogramName, histogramUnit } from "../base/counters";
export { expectPage } from "../memory/ram";
export { bringMapped } from "../cpu/tlb";
export { ringAt } from "../device/ring";
export { roiNameAt, roiNameBytes, roiTag, takeRoi } from "../chipset/roi/roi";
export { captureBytes, placeCapture } from "../lab/capture";
export { changeLab, labAt, labFifo, setLab, trafficAt } from "../lab/lab";
export { placeReplays } from "../lab/traffic";
export { setCharges } from "../device/charges";
export { hostCounter } from "../base/hosted";
export { lookAtUnit } from "../vtd/look";
export { diskTable } from "../device/blocks";
export { keyRoom, mouseRoom, moveMouse, pressKey } from "../chipset/i8042/i8042";
export { stepUndelivered } from "./step";
export { listedCards, kindOfCard, folderTag, portName, portOfCard, serialOfDrive, slotOfCard, streamOfCard } from "./cards";
export { stream } from "../device/bytes";
export { framePort } from "../device/frames";

@inline function wide(lo: u32, hi: u32): u64 { return <u64>lo | <u64>hi << 32; }

/** Makes the machine: RAM in MiB, the random seed, and the wall clock (s since 1970, UTC) at virtual time 0. */
export function create(ramMiB: u32, seedLo: u32, seedHi: u32, bootLo: u32, bootHi: u32): void {
  createMachine(<u64>ramMiB << 20, wide(seedLo, seedHi), wide(bootLo, bootHi));
}
/** After `create`, before anything has run: whose processor it is (Vendor of base/vendor-spec.ts). */
export function setVendor(vendor: u32): void {
  machine.vendor = vendor;
  defineOpcodes();
  dropAllBlocks();
  resetMsrs();
}
/** Adds a card (CardKind) to the machine about to be made, before `create`. `slot` 0: the next free one. Its number, or -1: refused. */
export function addCard(kind: u32, slot: u32): i32 { return addToList(kind, slot); }
/** Gives the card that addCard gave this number a CardOption, before `create`. 0: there is no room for what it asks. */
export function setCardOption(card: u32, option: u32, lo: u32, hi: u32): u32 { return giveOption(card, option, wide(lo, hi)) ? 1 : 0; }
/** Between slices: puts the cable of a network card's frame port in (1), or takes it out. */
export function plug(framePort: u32, up: u32): void { setLink(framePort, up != 0); }
/** Between slices: another medium in the drive that is card `i`, of so many 512-byte sectors; with none it is empty. */
export function changeMedium(i: u32, sectorsLo: u32, sectorsHi: u32, readOnly: u32): void { changeCard(i, wide(sectorsLo, sectorsHi), readOnly != 0); }
/** Between slices: the button of a drive is pressed. 1: the guest has locked it, and is told. */
export function pressEject(i: u32): u32 { return askCard(i) ? 1 : 0; }
/** After `create`: what SeaBIOS boots from (chipset/rtc), at first and after the next reset. */
export function orderBoot(now: u32, later: u32): void { setBootOrder(now, later); }
/** A CardOption of a card of the list. */
export function cardOptionLo(i: u32, option: u32): u32 { return <u32>optionOfCard(i, option); }
export function cardOptionHi(i: u32, option: u32): u32 { return <u32>(optionOfCard(i, option) >> 32); }
/** Between slices, after a snapshot was restored: asks drivers to announce their stations to the network. */
export function announce(): void { announceCards(); }
/** After `create` and before a kernel is entered without firmware: what firmware does for cards. Changes nothing where there are none. */
export function presetCards(): void {
  presetPci();
  if (hasCard(CardKind.VGA)) presetScreen();
}
/** After `create`: where the debug exit and the debug console answer. */
export function placeDebug(exitPort: u32, exitBytes: u32, consolePort: u32): void {
  setDebugExitPort(exitPort, exitBytes);
  setDebugConsolePort(consolePort);
}
/** After `create`: puts pc-testdev on the bus. */
export function addTestdev(): void { placeTestdev(true); }
/** After `create`: whether what a serial port receives comes at its line's rate (1, as it starts) or as fast as the guest takes it. */
export function paceSerial(port: u32, on: u32): void { setPacing(port, on != 0); }
/**
 * After `create`: the machine starts with firmware, `romBytes` of it, which the host has put at the end of the firmware region. Its end
 * shows below 1 MiB too, read-only until PAM says otherwise, as everything from C0000 up.
 */
export function setFirmware(romBytes: u32): void {
  const size = min(romBytes, <u32>FIRMWARE_SIZE), low = min(size, 0x2_0000);
  machine.romSize = size;
  protect(HIGH_RAM - size, size, true);
  const shadow = ramAt(0x10_0000 - low, low);
  if (shadow) memory.copy(shadow, RAM - low, low);
  protect(0xc_0000, 0x4_0000, true);
  flushAll();
}
/** After `create`: lists bytes of the firmware region as a fw_cfg item. 0: the list is full or the bytes are not there. */
export function addFirmwareItem(key: u32, offset: u32, bytes: u32): u32 {
  if (offset > <u32>FIRMWARE_SIZE || bytes > <u32>FIRMWARE_SIZE - offset) return 0;
  return addFwItem(key, offset, bytes) ? 1 : 0;
}
/** Power-up state; RAM is kept. */
export function reset(): void { resetMachine(); }
/** After a snapshot's sections were written, instead of `create`: makes every cache, and what of the state is made anew. */
export function attach(): void { attachMachine(); }

/** Between slices: the TLB is emptied, whatever lies where it does. */
export function dropTlb(): void { attachTlb(true); flushAll(); }
/** RAM at a guest-physical address is there: the host is about to read or write it itself. */
export function bringRam(gpaLo: u32, gpaHi: u32, bytes: u32): void {
  const gpa = wide(gpaLo, gpaHi);
  for (let done: u32 = 0; links.absent && done < bytes; done += 4096) ramAt(gpa + done, 1);
  if (bytes) ramAt(gpa + bytes - 1, 1);
}
/** Pages of RAM that have not come yet. */
export function absentPages(): u32 { return links.absent; }
/** Page `page` of RAM is there. */
export function bringPage(page: u32): void { bring(RAM + (<usize>page << 12), 1); }

/**
 * Between slices: the machine is another one from here on. Its random source starts at a seed, and the guest is told by the event that the DSDT's
 * VM generation device listens to; the host has written its new generation id.
 */
export function freshen(seedLo: u32, seedHi: u32): void {
  machine.random = wide(seedLo, seedHi);
  raiseGpe(GENERATION_EVENT);
}

/** Runs up to so many ticks; a StopReason. */
export function run(ticksLo: u32, ticksHi: u32): u32 { return runFor(wide(ticksLo, ticksHi)); }
/** The host has served what waited at a boundary, or while the processor was idle: the guest goes on. */
export function passBoundary(): void { leaveBoundary(); }
/** The status of DEBUG_EXIT. */
export function exitCode(): u32 { return machine.exitCode; }

/** ns from now to the next timer, all ones when none is armed. */
export function idleNsLo(): u32 { return <u32>idleNs(); }
export function idleNsHi(): u32 { return <u32>(idleNs() >> 32); }
/** Lets virtual time jump forward by so many ns: idle time, or keeping up with the wall. */
export function skipIdle(nsLo: u32, nsHi: u32): void {
  if (control.events & Event.HALTED) addCount(Counter.IDLE_NS, wide(nsLo, nsHi));
  jumpTo(nowNs() + wide(nsLo, nsHi));
}
/** Between slices: 2^shift ns of virtual time to a tick from here on, at most 2^16. */
export function setTickShift(shift: u32): void { setRate(<u64>1 << (RATE_SHIFT + min(shift, <u32>16))); }
/** 1: the machine was made with charges. */
export function isCharged(): u32 { return machine.charged; }
/** The shift that a tick's time stands for, -1 where it is no whole power of two of ns. */
export function tickShift(): i32 { return clock.rate >> RATE_SHIFT && popcnt(clock.rate) == 1 ? <i32>ctz(clock.rate) - <i32>RATE_SHIFT : -1; }
/** At a boundary: a tick takes so many 2^-20 ns of virtual time from here on; 0 is ignored. */
export function setTickRate(rate: u32): void { setRate(rate); }
/** Wall time of the machine in ns since 1970, wrapping in 2554. */
export function wallNowLo(): u32 { return <u32>wallNow(); }
export function wallNowHi(): u32 { return <u32>(wallNow() >> 32); }
/**
 * At a boundary: moves wall time by so many ns (signed) against virtual time: the RTC shows it from here on. `stopped`: a paravirtual
 * clock tells the guest that it was stopped meanwhile.
 */
export function moveWall(nsLo: u32, nsHi: u32, stopped: u32): void {
  const ns = <i64>wide(nsLo, nsHi);
  clock.wallNs += ns;
  shiftRtc(ns);
  if (stopped) noteStopped();
}
/** After `create`: what guests are not shown of clock and processor, as Hidden bits of device/clock.ts. */
export function hideFeatures(hidden: u32): void { clock.hidden = hidden; }
/** The host has put bytes in an input ring, or taken some from an output ring. */
export function poke(): void { serviceRings(); }

/** 1: every instruction runs through Build and the IR interpreter. */
export function runThroughIr(on: u32): void { links.throughIr = on; }

/** A kernel is booted directly: board and MTRRs are as firmware leaves them. */
export function presetFirmware(): void {
  presetChipset();
  presetMtrrs();
}

/** The host wrote registers or RAM: derived state and caches are made anew. */
export function refreshCpu(): void {
  flushAll();
  dropAllBlocks();
  control.events &= ~(<u32>Event.HALTED);
  updateMode();
}

/** What stepUndelivered left raised: vector (all ones for nothing), error code, and the address of a page fault. */
export function raisedVector(): u32 { return cpu.raised ? cpu.vector : ~0; }
export function raisedCode(): u32 { return cpu.errorCode; }
export function raisedAddressLo(): u32 { return <u32>cpu.faultAddress; }
export function raisedAddressHi(): u32 { return <u32>(cpu.faultAddress >> 32); }

/** Address in linear memory of what `surface.ts` names. */
export function address(what: u32): u32 {
  switch (what) {
    case Address.Vcpu: return <u32>VCPU;
    case Address.Cpu: return <u32>CPU;
    case Address.Gpr: return <u32>GPR;
    case Address.Xmm: return <u32>XMM;
    case Address.Fpr: return <u32>FPR;
    case Address.Segments: return <u32>SEGMENTS;
    case Address.Ram: return <u32>RAM;
    case Address.Rings: return <u32>RINGS;
    case Address.Counters: return <u32>COUNTERS;
    case Address.Firmware: return <u32>FIRMWARE;
    case Address.Screen: return hasCard(CardKind.VGA) ? <u32>SCREEN_STATE : 0;
    case Address.Video: return <u32>videoMemory();
    default: return 0;
  }
}
