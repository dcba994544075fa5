/**
 * An instance of the module, as the host sees it. Every export takes and gives 32-bit integers; 64-bit values cross as a low and a high
 * half. Everything else is read and written in the module's memory, at the addresses that `address` gives (assembly/surface/run.ts).
 */

import type { AttributionTable } from '../../assembly/surface/attribution.js';
import type { Address, ProbePoint } from '../../assembly/surface/run.js';

/** What assembly/run/exports.ts, inspect.ts, inspect-ir.ts, linking.ts, attribution.ts and probe.ts export; translate/helpers.ts is for what is translated. */
export interface ModuleExports {
  addCard(kind: number, slot: number): number;
  labAt(port: number): number;
  trafficAt(port: number): number;
  labFifo(port: number): number;
  changeLab(port: number, counts: number): void;
  placeReplays(at: number): void;
  placeCapture(at: number): void;
  captureBytes(): number;
  setLab(port: number, mode: number, size: number, rate: number, burst: number, kbits: number, count: number, fifo: number, start: number): void;
  presetCards(): void;
  diskTable(disk: number): number;
  stream(n: number): number;
  framePort(n: number): number;
  streamOfCard(card: number): number;
  portName(card: number, port: number): number;
  folderTag(card: number): number;
  orderBoot(now: number, later: number): void;
  serialOfDrive(card: number): number;
  changeMedium(card: number, sectorsLow: number, sectorsHigh: number, readOnly: number): void;
  /** 1: the guest has locked the tray of the drive that is this card, and is told that somebody wants it open. */
  pressEject(card: number): number;
  listedCards(): number;
  kindOfCard(card: number): number;
  slotOfCard(card: number): number;
  portOfCard(card: number): number;
  /** Four words about the remapping unit (UnitLook of assembly/surface/iommu.ts): their address, 0 for none. */
  lookAtUnit(what: number, index: number): number;
  cardOptionLo(card: number, option: number): number;
  cardOptionHi(card: number, option: number): number;
  setFirmware(romBytes: number): void;
  addFirmwareItem(key: number, offset: number, bytes: number): number;
  addTestdev(): void;
  paceSerial(port: number, on: number): void;
  placeDebug(exitPort: number, exitBytes: number, consolePort: number): void;
  ringAt(id: number, what: number): number;
  create(ramMiB: number, seedLow: number, seedHigh: number, rtcLow: number, rtcHigh: number): void;
  reset(): void;
  run(ticksLow: number, ticksHigh: number): number;
  passBoundary(): void;
  /** Units of work that the last run took. */
  turnUnits(): number;
  /** The RoiCommand that a run ended for, taken with that; its tag, and its name in memory. */
  takeRoi(): number;
  roiTag(): number;
  roiNameAt(): number;
  roiNameBytes(): number;
  /** Attribution (assembly/run/attribution.ts): bytes that it wants behind RAM, and where it has them. */
  attributionBytes(): number;
  placeAttribution(at: number): void;
  attributionTable(table: AttributionTable): number;
  setSymbols(symbols: number, marks: number): void;
  setAttribution(on: number): void;
  settleAttribution(): void;
  attributionNodes(): number;
  attributionLost(): number;
  takeMark(): number;
  setPrograms(programs: number): void;
  placeCode(): void;
  /** The trace (assembly/base/trace.ts): bytes that its ring wants behind RAM, and where it has them. */
  traceBytes(): number;
  placeTrace(at: number): void;
  exitCode(): number;
  idleNsLo(): number;
  idleNsHi(): number;
  skipIdle(nsLow: number, nsHigh: number): void;
  setTickShift(shift: number): void;
  setTickRate(rate: number): void;
  tickShift(): number;
  hostCounter(id: number): void;
  setCharges(accessNs: number, doorbellNs: number, interruptNs: number, byteRate: number): void;
  isCharged(): number;
  wallNowLo(): number;
  wallNowHi(): number;
  moveWall(nsLow: number, nsHigh: number, stopped: number): void;
  setVendor(vendor: number): void;
  hideFeatures(hidden: number): void;
  /** The module's functions: translated ones are put behind them. */
  readonly table: WebAssembly.Table;
  /** Ticks of a block after which it is translated, 0: none is; whether the host is asked for its turn then. */
  setTranslation(ticks: number, eager: number): void;
  codeWaiting(): number;
  takeBatch(): number;
  waitingModuleAt(): number;
  takenBatch(): number;
  oldestBatch(): number;
  functionsIn(batch: number): number;
  regionIn(batch: number, index: number): number;
  firstFunction(): number;
  mostRegions(): number;
  regionRipLo(region: number): number;
  regionRipHi(region: number): number;
  linkBatch(batch: number, base: number): number;
  refuseBatch(batch: number): void;
  dropBatch(): number;
  translationCounts(): number;
  /** A key by its number goes down (1) or up; whether the guest has read those before; the mouse was moved. */
  pressKey(key: number, down: number): void;
  keyRoom(): number;
  mouseRoom(): number;
  moveMouse(dx: number, dy: number, dz: number, buttons: number): void;
  poke(): void;
  address(what: Address): number;
  refreshCpu(): void;
  presetFirmware(): void;
  attach(): void;
  runThroughIr(on: number): void;
  regionCount(): number;
  regionBase(index: number): number;
  regionKind(index: number): number;
  regionName(index: number): number;
  /** The parts of the state, and what of it attach makes anew. */
  sectionCount(): number;
  sectionBase(index: number): number;
  sectionBytes(index: number): number;
  sectionName(index: number): number;
  sectionVersion(index: number): number;
  sectionStride(index: number): number;
  sectionMask(index: number): number;
  sectionAddressAt(index: number): number;
  anewCount(): number;
  anewAt(index: number): number;
  anewBytes(index: number): number;
  dropTlb(): void;
  freshen(seedLow: number, seedHigh: number): void;
  expectPage(page: number): void;
  absentPages(): number;
  bringPage(page: number): void;
  bringRam(gpaLow: number, gpaHigh: number, bytes: number): void;
  bringMapped(): void;
  counterIds(): number;
  counterName(index: number): number;
  counterUnit(index: number): number;
  counterCard(index: number): number;
  counterAbout(index: number): number;
  /** Counters and names that found no room in their tables. */
  countersMissing(): number;
  setCardOption(card: number, option: number, low: number, high: number): number;
  plug(framePort: number, up: number): void;
  announce(): void;
  histogramIds(): number;
  histogramAddress(index: number): number;
  histogramName(index: number): number;
  histogramUnit(index: number): number;

  cpuField(field: number): number;
  readRflags(): number;
  writeRflags(flags: number): void;
  ticksLo(): number;
  ticksHi(): number;
  nowNsLo(): number;
  nowNsHi(): number;
  peekLo(linearLow: number, linearHigh: number): number;
  peekHi(linearLow: number, linearHigh: number): number;
  /** The IR of so many instructions at a linear address: bytes of its text, which is at irText(). */
  printIr(linearLow: number, linearHigh: number, instructions: number): number;
  irText(): number;
  dropCode(gpaLow: number, gpaHigh: number, bytes: number): void;

  physicalRead(gpaLow: number, gpaHigh: number, bytes: number): number;
  physicalHigh(): number;
  physicalWrite(gpaLow: number, gpaHigh: number, bytes: number, valueLow: number, valueHigh: number): void;
  portRead(port: number, bytes: number): number;
  portWrite(port: number, bytes: number, value: number): void;
  fireTimers(): void;
  takeStop(): number;
  intercept(point: ProbePoint): number;
  takeEdges(): number;
  edgesAt(): number;
  driveInput(point: ProbePoint, pin: number, level: number): void;
}

/** Puts page `page` of RAM where it belongs; what it throws ends the run. */
export interface PageSupply {
  page(page: number): void;
}

/** Answers for an event of a counter that `hostCounter` named; the processor waits for it. */
export interface RegisterServer {
  serve(counter: number): void;
}

/** One instance of the module with its own memory: one machine. */
export interface ModuleInstance {
  exports: ModuleExports;
  memory: WebAssembly.Memory;
  /** Views of the whole memory. It never grows, so they stay valid. */
  bytes: Uint8Array;
  view: DataView;
  /** First 16 hex digits of the SHA-256 of the module. */
  build: string;
  /** Address of guest RAM. */
  ram: number;
  /** Where there is room for what labs replay and what is captured of them. */
  labsAt?: number;
  /** Where pages of RAM come from that were said to come later (expectPage). */
  supply?: PageSupply;
  /** Who answers for hosted registers (machine/placement.ts). */
  server?: RegisterServer;
}

/** A string literal of the module: UTF-16, its length in bytes in the word before it. */
export function readString(instance: ModuleInstance, address: number): string {
  const at = address >>> 0;
  if (at < 4) return '';
  const bytes = instance.view.getUint32(at - 4, true);
  return new TextDecoder('utf-16le').decode(instance.bytes.subarray(at, at + bytes));
}

/** Address `what` as an unsigned number. */
export function addressOf(instance: ModuleInstance, what: Address): number {
  return instance.exports.address(what) >>> 0;
}

export const low = (value: bigint): number => Number(value & 0xffff_ffffn) | 0;
export const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn) | 0;
export const join = (lowHalf: number, highHalf: number): bigint => BigInt(lowHalf >>> 0) | (BigInt(highHalf >>> 0) << 32n);
