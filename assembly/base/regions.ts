// The regions of linear memory by name: what a snapshot carries (state), what attach and use rebuild (cache).
// docs/memory-map.md is generated from this list. Guest RAM is the last entry; its size is the machine's.

import {
  CONTROL, CONTROL_SIZE, CPU, CPU_SIZE, FLOAT_ENV, FLOAT_ENV_SIZE, CLOCK, CLOCK_SIZE, INTERRUPT, INTERRUPT_SIZE,
  CHIPSET, CHIPSET_SIZE, PCI, PCI_SIZE, PCI_TABLES, PCI_TABLES_SIZE, BUS, BUS_SIZE, PLACES, PLACES_SIZE, SLOTS, SLOTS_SIZE, REGISTERS,
  REGISTERS_SIZE, COUNTERS, COUNTERS_SIZE, DEVICES, DEVICES_SIZE, RINGS, RINGS_SIZE, TLB, TLB_SIZE, OPCODES,
  OPCODES_SIZE, IR, IR_SIZE, PAGE_ATTR, PAGE_ATTR_SIZE, PAGE_BLOCKS, PAGE_BLOCKS_SIZE, BLOCK_HASH, BLOCK_HASH_SIZE,
  BLOCKS, BLOCKS_SIZE, FIRMWARE, FIRMWARE_SIZE, RAM, STATIC_END,
} from "./layout";
import { control } from "./control";

export const enum RegionKind { STATE, CACHE, STATIC }

@inline const COUNT: u32 = 25;
@inline const HALF: usize = COUNTERS_SIZE / 2;

/** Regions in the list, RAM included. */
export function regionCount(): u32 { return COUNT; }

/** Address of the first byte; 0 past the list. */
export function regionBase(i: u32): usize {
  switch (i) {
    case 0: return 0;
    case 1: return CONTROL;
    case 2: return CPU;
    case 3: return FLOAT_ENV;
    case 4: return CLOCK;
    case 5: return INTERRUPT;
    case 6: return CHIPSET;
    case 7: return PCI;
    case 8: return PCI_TABLES;
    case 9: return BUS;
    case 10: return PLACES;
    case 11: return SLOTS;
    case 12: return REGISTERS;
    case 13: return COUNTERS;
    case 14: return COUNTERS + HALF;
    case 15: return DEVICES;
    case 16: return RINGS;
    case 17: return TLB;
    case 18: return OPCODES;
    case 19: return IR;
    case 20: return PAGE_ATTR;
    case 21: return PAGE_BLOCKS;
    case 22: return BLOCK_HASH;
    case 23: return FIRMWARE;
    case 24: return RAM;
    default: return 0;
  }
}

/** Bytes in the region; RAM as the machine was made. */
export function regionSize(i: u32): u64 {
  switch (i) {
    case 0: return STATIC_END;
    case 1: return CONTROL_SIZE;
    case 2: return CPU_SIZE;
    case 3: return FLOAT_ENV_SIZE;
    case 4: return CLOCK_SIZE;
    case 5: return INTERRUPT_SIZE;
    case 6: return CHIPSET_SIZE;
    case 7: return PCI_SIZE;
    case 8: return PCI_TABLES_SIZE;
    case 9: return BUS_SIZE;
    case 10: return PLACES_SIZE;
    case 11: return SLOTS_SIZE;
    case 12: return REGISTERS_SIZE;
    case 13: return HALF;
    case 14: return HALF;
    case 15: return DEVICES_SIZE;
    case 16: return RINGS_SIZE;
    case 17: return TLB_SIZE;
    case 18: return OPCODES_SIZE;
    case 19: return IR_SIZE;
    case 20: return PAGE_ATTR_SIZE;
    case 21: return PAGE_BLOCKS_SIZE;
    case 22: return BLOCK_HASH_SIZE + BLOCKS_SIZE;
    case 23: return FIRMWARE_SIZE;
    case 24: return control.ramSize;
    default: return 0;
  }
}

/** A RegionKind. Page attributes are state for their DIRTY and ROM bits; CODE bits go when the decode cache is dropped. */
export function regionKind(i: u32): u32 {
  switch (i) {
    case 0: return RegionKind.STATIC;
    case 8: case 9: case 11: case 12: case 14: case 18: case 19: case 21: case 22: return RegionKind.CACHE;
    default: return RegionKind.STATE;
  }
}

/** Address of the static string naming the region; 0 past the list. */
export function regionName(i: u32): usize { return i < COUNT ? changetype<usize>(nameOf(i)) : 0; }

function nameOf(i: u32): string {
  switch (i) {
    case 0: return "static";
    case 1: return "control";
    case 2: return "cpu";
    case 3: return "float environment";
    case 4: return "clock";
    case 5: return "interrupt lines";
    case 6: return "chipset";
    case 7: return "pci";
    case 8: return "pci tables";
    case 9: return "bus maps";
    case 10: return "bus places";
    case 11: return "slots";
    case 12: return "register tables";
    case 13: return "counters";
    case 14: return "counter names";
    case 15: return "devices";
    case 16: return "rings";
    case 17: return "tlb";
    case 18: return "opcodes";
    case 19: return "ir";
    case 20: return "page attributes";
    case 21: return "page blocks";
    case 22: return "blocks";
    case 23: return "firmware";
    default: return "ram";
  }
}
