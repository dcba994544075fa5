// The linear-memory map: every region starts where the one before it ends.
// Regions marked `state` in regions.ts make a snapshot; `cache` regions can be rebuilt.
// docs/memory-map.md is generated from the list in regions.ts.

@inline export const KIB: usize = 1024;
@inline export const MIB: usize = 1024 * 1024;

/** asc's static data (memory.data tables) lies below this; asconfig's memoryBase is 1024. */
@inline export const STATIC_END: usize = 512 * 1024;

/** The machine's own words (base/machine.ts). */
@inline export const MACHINE: usize = STATIC_END;
@inline export const MACHINE_SIZE: usize = 256;
/** What its parts need of each other and of the caches (base/machine.ts). */
@inline export const LINKS: usize = MACHINE + MACHINE_SIZE;
@inline export const LINKS_SIZE: usize = 256;

/**
 * The processor: one block, which could be copied out and in where several take turns. First its ticks and events, then the run
 * loop's own words (base/control.ts), then its registers.
 */
@inline export const VCPU: usize = LINKS + LINKS_SIZE;
@inline export const VCPU_WORDS_SIZE: usize = 16;
@inline export const LOOP: usize = VCPU + VCPU_WORDS_SIZE;
@inline export const LOOP_SIZE: usize = 512 - VCPU_WORDS_SIZE;
/** Registers (cpu/state.ts). Those that are not architectural, and the walk's scratch, are no state. */
@inline export const CPU: usize = LOOP + LOOP_SIZE;
@inline export const CPU_SIZE: usize = 7 * KIB;
@inline export const GPR: usize = CPU + 0x400;
@inline export const GPR_SCRATCH: usize = GPR + 16 * 8;
@inline export const XMM: usize = CPU + 0x500;
@inline export const XMM_SCRATCH: usize = XMM + 16 * 16;
@inline export const FPR: usize = CPU + 0x700;
@inline export const SEGMENTS: usize = CPU + 0x800;
@inline export const WALK: usize = CPU + 0x940;
@inline export const WALK_SIZE: usize = 0x40;
@inline export const PDPTE: usize = WALK + WALK_SIZE;
/** The upper halves of the sixteen vectors, an array of their own as XSAVE has them (component 2). Zeros: AVX is planned, and nothing reaches them yet. */
@inline export const UPPERS: usize = CPU + 0xa00;
@inline export const UPPERS_SIZE: usize = 16 * 16;
/** Floating-point environment and wide-arithmetic scratch (float/env.ts). */
@inline export const FLOAT_ENV: usize = CPU + CPU_SIZE;
@inline export const FLOAT_ENV_SIZE: usize = 4 * KIB;
/** Virtual time and the timer table (device/clock.ts). */
@inline export const CLOCK: usize = FLOAT_ENV + FLOAT_ENV_SIZE;
@inline export const CLOCK_SIZE: usize = 4 * KIB;
/** Interrupt lines and slots (device/interrupt.ts). */
@inline export const INTERRUPT: usize = CLOCK + CLOCK_SIZE;
@inline export const INTERRUPT_SIZE: usize = 4 * KIB;
/** Chipset devices' state, one sub-region a device (chipset/layout.ts). */
@inline export const CHIPSET: usize = INTERRUPT + INTERRUPT_SIZE;
@inline export const CHIPSET_SIZE: usize = 192 * KIB;
/** PCI functions' configuration spaces (pci/). */
@inline export const PCI: usize = CHIPSET + CHIPSET_SIZE;
@inline export const PCI_SIZE: usize = 256 * KIB;
/** PCI functions' tables, devices and BAR handlers (pci/config.ts). */
@inline export const PCI_TABLES: usize = PCI + PCI_SIZE;
@inline export const PCI_TABLES_SIZE: usize = 16 * KIB;
/** Port and MMIO maps (memory/bus.ts): 65536 u16 port handlers, then MMIO ranges. */
@inline export const BUS: usize = PCI_TABLES + PCI_TABLES_SIZE;
@inline export const BUS_SIZE: usize = 192 * KIB;
/** Where each bus handler sits now (memory/bus.ts): state, because guests move BARs and PMBASE. */
@inline export const PLACES: usize = BUS + BUS_SIZE;
@inline export const PLACES_SIZE: usize = 16 * KIB;
/** What attach ties together: function-table indices that low floors call up through, timers, rings (device/layout.ts). */
@inline export const SLOTS: usize = PLACES + PLACES_SIZE;
@inline export const SLOTS_SIZE: usize = 32 * KIB;
/** Register tables: rows and maps (device/registers.ts). */
@inline export const REGISTERS: usize = SLOTS + SLOTS_SIZE;
@inline export const REGISTERS_SIZE: usize = 1 * MIB;
/** Counters and histograms: u64 values, named by base/counters.ts; the second half holds the names. */
@inline export const COUNTERS: usize = REGISTERS + REGISTERS_SIZE;
@inline export const COUNTERS_SIZE: usize = 512 * KIB;
/** Cards', virtio's and disks' state (nic/, virtio/, storage/). */
@inline export const DEVICES: usize = COUNTERS + COUNTERS_SIZE;
@inline export const DEVICES_SIZE: usize = 3 * MIB + 256 * KIB;
/** Rings and disks' requests shared with the host (device/layout.ts). */
@inline export const RINGS: usize = DEVICES + DEVICES_SIZE;
@inline export const RINGS_SIZE: usize = 9 * MIB;

/** Software TLB: see cpu/tlb.ts and cpu/contexts.ts. Machine state: it decides when A and D bits are set. */
@inline export const TLB: usize = RINGS + RINGS_SIZE;
/** Entries of a table, a power of two. */
@inline export const TLB_ENTRIES: usize = 1024;
@inline export const TLB_TABLE_SIZE: usize = 16 * TLB_ENTRIES;
/** Three tables that all PCIDs share, and six for each of eight. */
@inline export const TLB_SIZE: usize = 51 * TLB_TABLE_SIZE;
/** What was filled, and whose the banks are. */
@inline export const TLB_LOGS: usize = TLB + TLB_SIZE;
@inline export const TLB_LOGS_SIZE: usize = 324 * TLB_ENTRIES + 8 * KIB;
/** A table of nothing, for who must not hit. */
@inline export const TLB_BLANK: usize = TLB_LOGS + TLB_LOGS_SIZE;

/** Opcode rows by map, filled at start from the tables in decode/. */
@inline export const OPCODES: usize = TLB_BLANK + TLB_TABLE_SIZE;
@inline export const OPCODES_SIZE: usize = 256 * KIB;
/** The block of IR being built, its values and scratch (ir/). */
@inline export const IR: usize = OPCODES + OPCODES_SIZE;
@inline export const IR_SIZE: usize = 512 * KIB;
/** What the translator works on, and the records of what it has translated (translate/places.ts). */
@inline export const TRANSLATION: usize = IR + IR_SIZE;
@inline export const TRANSLATION_SIZE: usize = 14 * MIB;
/** How often decoded code of a page was dropped (base/changes.ts). */
@inline export const CODE_CHANGES: usize = TRANSLATION + TRANSLATION_SIZE;
@inline export const CODE_CHANGES_SIZE: usize = 16 * KIB;
/** One byte of attributes for each RAM page (memory/ram.ts). */
@inline export const PAGE_ATTR: usize = CODE_CHANGES + CODE_CHANGES_SIZE;
@inline export const PAGE_ATTR_SIZE: usize = 1 * MIB;
/** First decoded block of each RAM page, u32 each (decode/cache.ts). */
@inline export const PAGE_BLOCKS: usize = PAGE_ATTR + PAGE_ATTR_SIZE;
@inline export const PAGE_BLOCKS_SIZE: usize = 4 * MIB;
/** Hash of block entries by physical address and mode. */
@inline export const BLOCK_HASH: usize = PAGE_BLOCKS + PAGE_BLOCKS_SIZE;
@inline export const BLOCK_HASH_SIZE: usize = 1 * MIB;
/** Decoded blocks: headers and 32-byte instruction records. */
@inline export const BLOCKS: usize = BLOCK_HASH + BLOCK_HASH_SIZE;
@inline export const BLOCKS_SIZE: usize = 24 * MIB;
/** What of the state attach writes anew (base/anew.ts). */
@inline export const ANEW: usize = BLOCKS + BLOCKS_SIZE;
@inline export const ANEW_SIZE: usize = 8 * KIB;

/** Firmware, 64 KiB aligned: fw_cfg items from its start, the ROM image, of up to 16 MiB, at its end. It counts as pages of memory, before those of RAM. */
@inline export const FIRMWARE: usize = (ANEW + ANEW_SIZE + 0xffff) & ~0xffff;
@inline export const FIRMWARE_SIZE: usize = 18 * MIB;
/** Guest RAM, 64 KiB aligned; its size is set when the machine is made. */
@inline export const RAM: usize = FIRMWARE + FIRMWARE_SIZE;
/** RAM below the PCI hole ends here; what is left continues at 4 GiB. */
@inline export const LOW_RAM_END: u64 = 0xb000_0000;
@inline export const HIGH_RAM: u64 = 0x1_0000_0000;
@inline export const PAGE: usize = 4096;
