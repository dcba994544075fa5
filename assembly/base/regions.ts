// The regions of linear memory by name, without a gap: those that hold state, of which run/sections.ts lists the parts, and those that attach and use rebuild
// (cache). docs/memory-map.md is generated from this list. Guest RAM is the last but one; its size is the machine's, and behind it lies
// the screen's memory, of no bytes where there is no screen.

import {
  MACHINE, MACHINE_SIZE, LINKS, LINKS_SIZE, VCPU, VCPU_WORDS_SIZE, LOOP, LOOP_SIZE, CPU, CPU_SIZE, GPR_SCRATCH, XMM, XMM_SCRATCH, FPR, WALK, PDPTE,
  FLOAT_ENV, FLOAT_ENV_SIZE, CLOCK, CLOCK_SIZE, INTERRUPT, INTERRUPT_SIZE,
  CHIPSET, CHIPSET_SIZE, PCI, PCI_SIZE, PCI_TABLES, PCI_TABLES_SIZE, BUS, BUS_SIZE, PLACES, PLACES_SIZE, SLOTS, SLOTS_SIZE, REGISTERS,
  REGISTERS_SIZE, COUNTERS, COUNTERS_SIZE, DEVICES, DEVICES_SIZE, RINGS, RINGS_SIZE, TLB, TLB_SIZE, TLB_LOGS, TLB_LOGS_SIZE, TLB_BLANK, TLB_TABLE_SIZE,
  OPCODES, OPCODES_SIZE, IR_SIZE, TRANSLATION_SIZE, CODE_CHANGES_SIZE, PAGE_ATTR, PAGE_ATTR_SIZE, PAGE_BLOCKS,
  FIRMWARE, RAM, STATIC_END,
} from "./layout";
import { OWN_COUNTERS_SIZE } from "./counters";
import { machine } from "./machine";
import { RegionKind } from "../surface/run";

/** The row that was asked for last: scratch. */
@unmanaged class Row { base: usize; kind: u32; size: u64; name: usize; }
const ROW: usize = memory.data(24);
@inline function row(): Row { return changetype<Row>(ROW); }

@inline const COUNT: u32 = 36;
@inline const HALF: usize = COUNTERS_SIZE / 2;

function put(kind: u32, base: usize, size: u64, name: string): void {
  const r = row();
  r.kind = kind; r.base = base; r.size = size; r.name = changetype<usize>(name);
}

function find(i: u32): Row {
  const S = RegionKind.STATE, C = RegionKind.CACHE;
  switch (i) {
    case 0: put(RegionKind.STATIC, 0, STATIC_END, "static"); break;
    case 1: put(S, MACHINE, MACHINE_SIZE, "machine"); break;
    case 2: put(C, LINKS, LINKS_SIZE, "links"); break;
    case 3: put(S, VCPU, VCPU_WORDS_SIZE, "ticks and events"); break;
    case 4: put(C, LOOP, LOOP_SIZE, "loop"); break;
    case 5: put(S, CPU, GPR_SCRATCH - CPU, "registers"); break;
    case 6: put(C, GPR_SCRATCH, XMM - GPR_SCRATCH, "register scratch"); break;
    case 7: put(S, XMM, XMM_SCRATCH - XMM, "xmm"); break;
    case 8: put(C, XMM_SCRATCH, FPR - XMM_SCRATCH, "xmm scratch"); break;
    case 9: put(S, FPR, WALK - FPR, "x87 and segments"); break;
    case 10: put(C, WALK, PDPTE - WALK, "page walk"); break;
    case 11: put(S, PDPTE, CPU + CPU_SIZE - PDPTE, "pdptes and msrs"); break;
    case 12: put(C, FLOAT_ENV, FLOAT_ENV_SIZE, "float environment"); break;
    case 13: put(S, CLOCK, CLOCK_SIZE, "clock"); break;
    case 14: put(S, INTERRUPT, INTERRUPT_SIZE, "interrupt lines"); break;
    case 15: put(S, CHIPSET, CHIPSET_SIZE, "chipset"); break;
    default: findBoard(i);
  }
  return row();
}

function findBoard(i: u32): void {
  const S = RegionKind.STATE, C = RegionKind.CACHE;
  switch (i) {
    case 16: put(S, PCI, PCI_SIZE, "pci"); break;
    case 17: put(C, PCI_TABLES, PCI_TABLES_SIZE, "pci tables"); break;
    case 18: put(C, BUS, BUS_SIZE, "bus maps"); break;
    case 19: put(S, PLACES, PLACES_SIZE, "bus places"); break;
    case 20: put(C, SLOTS, SLOTS_SIZE, "slots"); break;
    case 21: put(C, REGISTERS, REGISTERS_SIZE, "register tables"); break;
    case 22: put(C, COUNTERS, OWN_COUNTERS_SIZE, "emulator's counters"); break;
    case 23: put(S, COUNTERS + OWN_COUNTERS_SIZE, HALF - OWN_COUNTERS_SIZE, "counters"); break;
    case 24: put(C, COUNTERS + HALF, HALF, "counter names"); break;
    case 25: put(S, DEVICES, DEVICES_SIZE, "devices"); break;
    case 26: put(S, RINGS, RINGS_SIZE, "rings"); break;
    case 27: put(S, TLB, TLB_SIZE, "tlb"); break;
    case 28: put(S, TLB_LOGS, TLB_LOGS_SIZE, "tlb logs"); break;
    case 29: put(C, TLB_BLANK, TLB_TABLE_SIZE, "blank table"); break;
    case 30: put(C, OPCODES, OPCODES_SIZE + IR_SIZE + TRANSLATION_SIZE + CODE_CHANGES_SIZE, "opcodes, ir and translations"); break;
    case 31: put(S, PAGE_ATTR, PAGE_ATTR_SIZE, "page attributes"); break;
    // With what attach writes anew, and what rounds up to where firmware begins.
    case 32: put(C, PAGE_BLOCKS, FIRMWARE - PAGE_BLOCKS, "blocks"); break;
    case 33: put(S, FIRMWARE, RAM - FIRMWARE, "firmware"); break;
    case 34: put(S, RAM, machine.ramSize, "ram"); break;
    default: put(S, RAM + <usize>machine.ramSize, machine.videoBytes, "video memory");
  }
}

/** Regions in the list, RAM and the screen's memory included. */
export function regionCount(): u32 { return COUNT; }
/** Address of the first byte. Numbers past the list are the last's. */
export function regionBase(i: u32): usize { return find(i).base; }
/** Bytes in the region; RAM as the machine was made. */
export function regionSize(i: u32): u64 { return find(i).size; }
/** A RegionKind. */
export function regionKind(i: u32): u32 { return find(i).kind; }
/** Address of the static string naming the region. */
export function regionName(i: u32): usize { return find(i).name; }
