// What of the machine is state, part by part: the one list that snapshot and hash read. A section has a name, a version of what lies in it, and a place in
// linear memory that is the build's own business: nothing in a section is an address (base/anew.ts has what attach writes there), but for what row() says of
// the TLB. So another build, which has other things elsewhere, reads the same (docs/snapshots.md).
//
// A section may be state in part: then of every `stride` bytes the first counts under a mask, as the others do whole; and a word of every `stride` bytes may be
// an address of RAM, which is saved as its distance from where RAM starts.
// A section's version goes up by one whenever what was saved of it before is to be read otherwise, with a step in host/snapshot/migrate.ts.

import {
  MACHINE, MACHINE_SIZE, VCPU, VCPU_WORDS_SIZE, CPU, CPU_SIZE, GPR_SCRATCH, XMM, XMM_SCRATCH, FPR, WALK, PDPTE, FIRMWARE, FIRMWARE_SIZE,
  PAGE_ATTR, PAGE_ATTR_SIZE, PLACES, PLACES_SIZE, RAM, TLB, TLB_LOGS, TLB_LOGS_SIZE, TLB_SIZE,
} from "../base/layout";
import { MACHINE_COUNTERS, MACHINE_COUNTERS_SIZE } from "../base/counters";
import { machine } from "../base/machine";
import {
  ACPI_BYTES, ACPI_STATE, CRTC_BYTES, CRTC_STATE, DEBUG_BYTES, DEBUG_STATE, FWCFG_BYTES, FWCFG_STATE, HPET_BYTES, HPET_STATE, I8042_BYTES, I8042_STATE, IOAPIC_BYTES,
  IOAPIC_STATE, LAPIC_BYTES, LAPIC_STATE, PIC_BYTES, PIC_STATE, PIT_BYTES, PIT_STATE, ROI_BYTES, ROI_STATE, RTC_BYTES, RTC_STATE, TESTDEV_BYTES, TESTDEV_STATE,
  UART_BYTES, UART_STATE,
} from "../chipset/layout";
import {
  ALLOWANCE, ALLOWANCE_SIZE, ARMED, ARMED_SIZE, BYTE_DATA, BYTE_DATA_SIZE, CARD_DATA, CARD_DATA_SIZE, CARD_LIST, CARD_LIST_SIZE, CLOCK_WORDS, CLOCK_WORDS_SIZE,
  DEADLINES, DEADLINES_SIZE, DISK_TABLES, DISK_TABLES_SIZE, FRAME_DATA, FRAME_DATA_SIZE, LAB_TRAFFIC, LAB_TRAFFIC_SIZE, LAB_WORDS, LAB_WORDS_SIZE, LINE_SOURCES, LINE_SOURCES_SIZE, LINE_WORDS,
  LINE_WORDS_SIZE, PORT_WORDS, PORT_WORDS_SIZE, RING_TABLE, RING_TABLE_SIZE, STREAM_DATA, STREAM_DATA_SIZE, STREAM_WORDS, STREAM_WORDS_SIZE,
} from "../device/layout";
import { SCREEN_BYTES, SCREEN_STATE } from "../display/layout";
import { DESCRIPTORS, DESCRIPTORS_SIZE, LOOP_FRAME, LOOP_FRAME_SIZE, NIC_STATE, NIC_STATE_SIZE, RECEIVE_DESCRIPTORS, RECEIVE_DESCRIPTORS_SIZE, RECEIVE_FRAME, RECEIVE_FRAME_SIZE } from "../nic/layout";
import { CONFIG_SPACES, CONFIG_SPACES_SIZE, MSIX_TABLES, MSIX_TABLES_SIZE, ROOT_WORDS, ROOT_WORDS_SIZE } from "../pci/layout";
import { CHAINS, CHAINS_SIZE, DESCRIPTOR, DESCRIPTOR_SIZE, PACKED_STATE, PACKED_STATE_SIZE, SCRATCH, SCRATCH_SIZE, VIRTIO_STATE, VIRTIO_STATE_SIZE } from "../virtio/layout";
import {
  CONTEXT_CACHE, CONTEXT_CACHE_SIZE, IOTLB_CACHE, IOTLB_CACHE_SIZE, IRTE_CACHE, IRTE_CACHE_SIZE, REQUESTER_ROWS, REQUESTER_ROWS_SIZE, TABLE_CACHE, TABLE_CACHE_SIZE,
  UNIT_VALUES, UNIT_VALUES_SIZE, UNIT_WORDS, UNIT_WORDS_SIZE,
} from "../vtd/layout";

/** The list is gone through from its start for each question; the row that was asked for. Scratch. */
@unmanaged class Row { wanted: u32; at: u32; base: usize; bytes: u64; name: usize; version: u32; stride: u32; mask: u32; addressAt: u32; }
const ROW: usize = memory.data(48);
@inline function found(): Row { return changetype<Row>(ROW); }

@inline const NO_ADDRESS: u32 = ~0;

function row(name: string, base: usize, bytes: u64, version: u32 = 1, stride: u32 = 1, mask: u32 = 0xff, addressAt: u32 = NO_ADDRESS): void {
  const r = found();
  if (r.at++ != r.wanted) return;
  r.base = base; r.bytes = bytes; r.name = changetype<usize>(name); r.version = version; r.stride = stride; r.mask = mask; r.addressAt = addressAt;
}

/** Goes through all; RAM is the last but one, and behind it lies the screen's memory, of no bytes where there is no screen. */
function list(): void {
  row("machine", MACHINE, MACHINE_SIZE);
  row("ticks and events", VCPU, VCPU_WORDS_SIZE);
  row("registers", CPU, GPR_SCRATCH - CPU);
  row("xmm", XMM, XMM_SCRATCH - XMM);
  row("x87 and segments", FPR, WALK - FPR);
  row("pdptes and msrs", PDPTE, CPU + CPU_SIZE - PDPTE);
  // Of an entry: all but the mark in its tag (cpu/contexts.ts MARK); its addend leads to RAM.
  row("tlb", TLB, TLB_SIZE, 2, 16, 0xfe, 8);
  row("tlb logs", TLB_LOGS, TLB_LOGS_SIZE);
  listBoard();
  listChipset();
  listCards();
  listRings();
  // Of a page's attributes: Attr.ROM.
  row("page attributes", PAGE_ATTR, PAGE_ATTR_SIZE, 2, 1, 2);
  row("firmware", FIRMWARE, FIRMWARE_SIZE, 2);
  row("ram", RAM, machine.ramSize);
  row("video memory", RAM + <usize>machine.ramSize, machine.videoBytes);
}

function listBoard(): void {
  row("clock", CLOCK_WORDS, CLOCK_WORDS_SIZE);
  row("timers armed", ARMED, ARMED_SIZE);
  row("timers", DEADLINES, DEADLINES_SIZE);
  row("allowance", ALLOWANCE, ALLOWANCE_SIZE);
  row("interrupt lines", LINE_WORDS, LINE_WORDS_SIZE);
  row("interrupt sources", LINE_SOURCES, LINE_SOURCES_SIZE);
  row("bus places", PLACES, PLACES_SIZE);
  row("counters", MACHINE_COUNTERS, MACHINE_COUNTERS_SIZE);
  row("pci functions", CONFIG_SPACES, CONFIG_SPACES_SIZE);
  row("pci root", ROOT_WORDS, ROOT_WORDS_SIZE);
  row("msi-x tables", MSIX_TABLES, MSIX_TABLES_SIZE);
}

function listChipset(): void {
  row("pic", PIC_STATE, PIC_BYTES);
  row("pit", PIT_STATE, PIT_BYTES);
  row("rtc", RTC_STATE, RTC_BYTES);
  row("lapic", LAPIC_STATE, LAPIC_BYTES);
  row("ioapic", IOAPIC_STATE, IOAPIC_BYTES);
  row("hpet", HPET_STATE, HPET_BYTES);
  row("acpi pm", ACPI_STATE, ACPI_BYTES);
  row("uarts", UART_STATE, 4 * UART_BYTES);
  row("i8042", I8042_STATE, I8042_BYTES);
  row("debug ports", DEBUG_STATE, DEBUG_BYTES);
  row("fw_cfg", FWCFG_STATE, FWCFG_BYTES, 2);
  row("crtc", CRTC_STATE, CRTC_BYTES);
  row("regions of interest", ROI_STATE, ROI_BYTES);
  row("pc-testdev", TESTDEV_STATE, TESTDEV_BYTES);
}

function listCards(): void {
  row("cards", CARD_LIST, CARD_LIST_SIZE);
  row("virtio", VIRTIO_STATE, VIRTIO_STATE_SIZE);
  row("virtio chains", CHAINS, CHAINS_SIZE);
  row("virtio bytes", SCRATCH, SCRATCH_SIZE);
  row("virtio descriptor", DESCRIPTOR, DESCRIPTOR_SIZE);
  row("packed rings", PACKED_STATE, PACKED_STATE_SIZE);
  row("network cards", NIC_STATE, NIC_STATE_SIZE);
  row("network descriptors", DESCRIPTORS, DESCRIPTORS_SIZE);
  row("network receive descriptors", RECEIVE_DESCRIPTORS, RECEIVE_DESCRIPTORS_SIZE);
  row("network frame", RECEIVE_FRAME, RECEIVE_FRAME_SIZE);
  row("network loop frame", LOOP_FRAME, LOOP_FRAME_SIZE);
  row("other cards", CARD_DATA, CARD_DATA_SIZE);
  row("iommu", UNIT_WORDS, UNIT_WORDS_SIZE, 2);
  row("iommu registers", UNIT_VALUES, UNIT_VALUES_SIZE);
  row("iommu contexts", CONTEXT_CACHE, CONTEXT_CACHE_SIZE, 2);
  row("iommu interrupts", IRTE_CACHE, IRTE_CACHE_SIZE);
  row("iommu tables", TABLE_CACHE, TABLE_CACHE_SIZE);
  row("iotlb", IOTLB_CACHE, IOTLB_CACHE_SIZE);
  row("iommu requesters", REQUESTER_ROWS, REQUESTER_ROWS_SIZE);
  row("screen", SCREEN_STATE, SCREEN_BYTES);
}

function listRings(): void {
  row("ring table", RING_TABLE, RING_TABLE_SIZE);
  row("frame ports", PORT_WORDS, PORT_WORDS_SIZE);
  row("streams", STREAM_WORDS, STREAM_WORDS_SIZE);
  row("labs", LAB_WORDS, LAB_WORDS_SIZE);
  row("serial rings", BYTE_DATA, BYTE_DATA_SIZE, 2);
  row("lab traffic", LAB_TRAFFIC, LAB_TRAFFIC_SIZE);
  row("stream rings", STREAM_DATA, STREAM_DATA_SIZE);
  row("frame rings", FRAME_DATA, FRAME_DATA_SIZE);
  row("disk requests", DISK_TABLES, DISK_TABLES_SIZE, 2);
}

function find(i: u32): Row {
  const r = found();
  r.wanted = i; r.at = 0;
  list();
  return r;
}

/** Sections in the list, RAM and the screen's memory, which are the last two, included. */
export function sectionCount(): u32 { return find(0).at; }
/** Address of the first byte of section `i`. */
export function sectionBase(i: u32): usize { return find(i).base; }
/** Bytes in the section; RAM, at most 3 GiB, as the machine was made. */
export function sectionBytes(i: u32): u32 { return <u32>find(i).bytes; }
/** Address of the static string that names the section; no two have the same. */
export function sectionName(i: u32): usize { return find(i).name; }
/** Version of what lies in it. */
export function sectionVersion(i: u32): u32 { return find(i).version; }
/** Of every so many bytes, the first counts under sectionMask and the others whole. */
export function sectionStride(i: u32): u32 { return find(i).stride; }
export function sectionMask(i: u32): u32 { return find(i).mask; }
/** Where in every `stride` bytes a 32-bit address of RAM lies, all ones where there is none. */
export function sectionAddressAt(i: u32): u32 { return find(i).addressAt; }
