// Four 16550A UARTs: PC16550D data sheet (TL/C/8652).
//
// A byte written to THR goes to the transmit FIFO and from there at once to the host's ring; service time is zero. If
// the ring is full the FIFO keeps its bytes, THRE stays clear, the slice ends for the host to drain it, and it is tried again a character's time
// later: back-pressure, never loss. A level below the trigger counts as timed out at once. THRE interrupts follow the data sheet: pending
// when THR empties or IER enables them while it is empty, gone when IIR reports them or THR is written. Loopback turns the FIFO end to end.
// The interrupt does not need OUT2: the boards that gate it expect drivers to set it, and drivers that do not (xv6) expect a board that does
// not gate it, as QEMU's.
//
// What comes from the host's ring comes at the rate of the line: guests with small buffers behind an interrupt handler that empties the FIFO would lose
// what is typed ahead. A line that was idle may bring a FIFO full at once; after that a character takes its bits' time. Where more
// wait than the trigger level, they come by as many at once, with one interrupt for them, as the chip would have raised it.
// `lineFree` is when the line will have carried all that was taken (a virtual schedule, ITU-T I.371 annex A).
//
// One liberty with time: after a byte that an interrupt driver sends (THRE enabled), the next THRE interrupt waits
// REFILL_NS, although LSR shows room at once. With no time between bytes such a driver would be interrupted for each,
// and never find two to send together; polling drivers lose nothing.

import { mapPorts, Width } from "../../memory/bus";
import { bindTimer, cancelTimer, NEVER, nowNs, setTimer, Timer, timerArmed } from "../../device/clock";
import { driveLine, Source } from "../../device/interrupt";
import { bindRing, ringFill, ringHasRoom, ringPut, ringTake } from "../../device/ring";
import { UART_BYTES, UART_STATE } from "../layout";
import { FCR, FIFO_BYTES, IER, IIR, LCR, LSR, MCR, MSR, UartRegister } from "./spec";

@unmanaged class Uart {
  ier: u32; lcr: u32; mcr: u32; msr: u32; scratch: u32; divisor: u32;
  /** FCR as last written with the FIFOs on. */
  fcr: u32;
  /** Error bits that reading LSR clears. */
  errors: u32;
  /** A THRE interrupt has not been seen yet. */
  threPending: u32;
  rxHead: u32; rxCount: u32; txHead: u32; txCount: u32;
  gsi: u32; source: u32;
  /** Ring to send on; its receive ring is the next. */
  ring: u32;
  /** No THRE interrupt before this. */
  refillAt: u64;
  /** When the line has carried every character taken so far. */
  lineFree: u64;
  /** The host does not want its line paced; it survives a reset. */
  unpaced: u32;
}
@inline const REFILL_NS: u64 = 20_000;
/** Of the divisor's clock, 16 to a bit. */
@inline const BITS_PER_SECOND: u64 = 115_200;
@inline const RX_FIFO: usize = 128;
@inline const TX_FIFO: usize = 144;

function uartAt(n: u32): Uart { return changetype<Uart>(UART_STATE + <usize>n * UART_BYTES); }

function portOf(n: u32): u32 {
  switch (n) {
    case 0: return 0x3f8;
    case 1: return 0x2f8;
    case 2: return 0x3e8;
    default: return 0x2e8;
  }
}

export function resetUarts(): void {
  for (let n: u32 = 0; n < 4; n++) {
    const u = uartAt(n), unpaced = u.unpaced;
    memory.fill(changetype<usize>(u), 0, UART_BYTES);
    u.unpaced = unpaced;
    u.gsi = n & 1 ? 3 : 4;
    u.source = n & 2 ? Source.SECOND : Source.DEVICE;
    u.ring = 2 * n;
    u.divisor = 12;
    u.msr = MSR.CTS | MSR.DSR | MSR.DCD;
  }
}

/** Whether port `n` receives at its line's rate. */
export function setPacing(n: u32, on: bool): void { uartAt(n & 3).unpaced = on ? 0 : 1; }

export function attachUarts(): void {
  attachUart(0, "com1");
  attachUart(1, "com2");
  attachUart(2, "com3");
  attachUart(3, "com4");
}
function attachUart(n: u32, name: string): void {
  const u = changetype<usize>(uartAt(n));
  mapPorts(portOf(n), 8, u, readUart.index, writeUart.index, name, Width.BYTE);
  bindRing(2 * n, serviceUart.index, u);
  bindTimer(Timer.UART0 + n, wake.index, u);
}

// --- FIFOs ---

@inline function depth(u: Uart): u32 { return u.fcr & FCR.ENABLE ? FIFO_BYTES : 1; }
@inline function slot(u: Uart, fifo: usize, index: u32): usize { return changetype<usize>(u) + fifo + (index & (FIFO_BYTES - 1)); }

function pushReceive(u: Uart, byte: u32): void {
  if (u.rxCount >= depth(u)) { u.errors |= LSR.OE; return; }
  store<u8>(slot(u, RX_FIFO, u.rxHead + u.rxCount++), <u8>byte);
}

function popReceive(u: Uart): u32 {
  if (!u.rxCount) return 0;
  const byte = load<u8>(slot(u, RX_FIFO, u.rxHead++));
  u.rxCount--;
  return byte;
}

/** ns that a character is on the line: start bit, data, parity, stop bits. A divisor of 0 stands for no rate at all. */
function characterNs(u: Uart): u64 {
  const bits: u32 = 7 + (u.lcr & LCR.LENGTH) + (u.lcr & LCR.PARITY ? 1 : 0) + (u.lcr & LCR.STOP ? 1 : 0);
  return <u64>bits * u.divisor * 1_000_000_000 / BITS_PER_SECOND;
}

/** When the line brings what is to come next: as many characters as raise an interrupt, or all that wait. */
function arrivalNs(u: Uart): u64 {
  const next = min(min(ringFill(u.ring + 1), trigger(u)), depth(u) - u.rxCount);
  const head = <u64>(depth(u) - next) * characterNs(u);
  return u.unpaced || u.lineFree < head ? 0 : u.lineFree - head;
}

/** Fills the receive FIFO from the host, as far as the line has brought it. In loopback the wire is cut. */
function receive(u: Uart): void {
  if (u.mcr & MCR.LOOP || !ringFill(u.ring + 1) || u.rxCount >= depth(u) || nowNs() < arrivalNs(u)) return;
  const now = nowNs(), each = characterNs(u), ahead = <u64>depth(u) * each;
  while (u.rxCount < depth(u)) {
    const free = max(u.lineFree, now);
    if (!u.unpaced && free + each - now > ahead) return;
    const byte = ringTake(u.ring + 1);
    if (byte < 0) return;
    u.lineFree = free + each;
    pushReceive(u, <u32>byte);
  }
}

/** Empties the transmit FIFO to the host, or round to the receiver, as far as there is room. */
function transmit(u: Uart): void {
  if (!u.txCount) return;
  while (u.txCount) {
    const byte = load<u8>(slot(u, TX_FIFO, u.txHead));
    if (u.mcr & MCR.LOOP) pushReceive(u, byte);
    else if (!ringPut(u.ring, byte)) return;
    u.txHead++;
    u.txCount--;
  }
  u.threPending = 1;
}

/** The start of a slice, when the host has filled the ring; and a time that was waited for. */
function serviceUart(dev: usize): void {
  const u = changetype<Uart>(dev);
  if (u.txCount && (u.mcr & MCR.LOOP || ringHasRoom(u.ring))) transmit(u);
  receive(u);
  updateLine(u);
}
function wake(dev: usize): void { serviceUart(dev); }

/** When something is due that no access brings: characters on the line, a full ring to be tried again, the next THRE interrupt. */
function dueNs(u: Uart): u64 {
  const now = nowNs();
  let due: u64 = NEVER;
  if (ringFill(u.ring + 1) && u.rxCount < depth(u) && !(u.mcr & MCR.LOOP)) due = max(arrivalNs(u), now + 1);
  if (u.txCount) due = min(due, now + max(characterNs(u), REFILL_NS));
  if (u.ier & IER.THRE && u.threPending && now < u.refillAt) due = min(due, u.refillAt);
  return due;
}

// --- Interrupts ---

@inline function trigger(u: Uart): u32 {
  if (!(u.fcr & FCR.ENABLE)) return 1;
  switch (u.fcr >> FCR.TRIGGER_SHIFT) {
    case 0: return 1;
    case 1: return 4;
    case 2: return 8;
    default: return 14;
  }
}

/** The highest-priority cause, as IIR shows it. */
function cause(u: Uart): u32 {
  if (u.ier & IER.RLS && u.errors) return IIR.RLS;
  if (u.ier & IER.RDA && u.rxCount) return u.rxCount >= trigger(u) ? IIR.RDA : IIR.TIMEOUT;
  if (u.ier & IER.THRE && u.threPending && nowNs() >= u.refillAt) return IIR.THRE;
  if (u.ier & IER.MS && u.msr & 15) return IIR.MS;
  return IIR.NONE;
}

function updateLine(u: Uart): void {
  driveLine(u.gsi, cause(u) != IIR.NONE, u.source);
  const timer = Timer.UART0 + (u.ring >> 1), due = dueNs(u);
  if (due != NEVER) setTimer(timer, due);
  else if (timerArmed(timer)) cancelTimer(timer);
}

// --- Registers ---

function readUart(dev: usize, offset: u32, bytes: u32): u64 {
  const u = changetype<Uart>(dev);
  switch (offset) {
    case UartRegister.RBR: return u.lcr & LCR.DLAB ? u.divisor & 0xff : readData(u);
    case UartRegister.IER: return u.lcr & LCR.DLAB ? u.divisor >> 8 : u.ier;
    case UartRegister.IIR: return readIir(u);
    case UartRegister.LCR: return u.lcr;
    case UartRegister.MCR: return u.mcr;
    case UartRegister.LSR: return readLsr(u);
    case UartRegister.MSR: return readMsr(u);
    default: return u.scratch;
  }
}

function readData(u: Uart): u32 {
  const byte = popReceive(u);
  receive(u);
  updateLine(u);
  return byte;
}

function readIir(u: Uart): u32 {
  const now = cause(u);
  if (now == IIR.THRE) { u.threPending = 0; updateLine(u); }
  return now | (u.fcr & FCR.ENABLE ? IIR.FIFOS : 0);
}

function readLsr(u: Uart): u32 {
  let value = u.errors | (u.rxCount ? LSR.DR : 0);
  if (!u.txCount) value |= LSR.THRE | LSR.TEMT;
  u.errors = 0;
  updateLine(u);
  return value;
}

/** Modem inputs: CTS, DSR and DCD up on the wire; in loopback the outputs come back. */
function modemInputs(u: Uart): u32 {
  if (!(u.mcr & MCR.LOOP)) return MSR.CTS | MSR.DSR | MSR.DCD;
  return (u.mcr & MCR.RTS ? MSR.CTS : 0) | (u.mcr & MCR.DTR ? MSR.DSR : 0) | (u.mcr & MCR.OUT1 ? MSR.RI : 0) | (u.mcr & MCR.OUT2 ? MSR.DCD : 0);
}

function refreshModem(u: Uart): void {
  const now = modemInputs(u), was = u.msr & 0xf0, changed = (now ^ was) >> 4;
  // TERI reports only the trailing edge of RI.
  const deltas = (changed & ~MSR.TERI) | (was & ~now & MSR.RI ? MSR.TERI : 0);
  u.msr = now | (u.msr & 15) | deltas;
}

function readMsr(u: Uart): u32 {
  const value = u.msr;
  u.msr &= 0xf0;
  updateLine(u);
  return value;
}

function writeUart(dev: usize, offset: u32, bytes: u32, value: u64): void {
  const u = changetype<Uart>(dev), v = <u32>value & 0xff;
  switch (offset) {
    case UartRegister.THR:
      if (u.lcr & LCR.DLAB) u.divisor = (u.divisor & 0xff00) | v;
      else writeData(u, v);
      break;
    case UartRegister.IER:
      if (u.lcr & LCR.DLAB) u.divisor = (u.divisor & 0xff) | v << 8;
      else writeIer(u, v);
      break;
    case UartRegister.FCR: writeFcr(u, v); break;
    case UartRegister.LCR: u.lcr = v; break;
    case UartRegister.MCR: writeMcr(u, v); break;
    case UartRegister.SCR: u.scratch = v; break;
  }
  updateLine(u);
}

function writeData(u: Uart, byte: u32): void {
  u.threPending = 0;
  if (u.ier & IER.THRE) u.refillAt = nowNs() + REFILL_NS;
  // A guest that ignores THRE overwrites the last byte it put in, as on the chip.
  if (u.txCount == depth(u)) u.txCount--;
  store<u8>(slot(u, TX_FIFO, u.txHead + u.txCount++), <u8>byte);
  transmit(u);
}

function writeIer(u: Uart, v: u32): void {
  const rising = v & ~u.ier;
  u.ier = v & 15;
  if (rising & IER.THRE && !u.txCount) u.threPending = 1;
}

function writeFcr(u: Uart, v: u32): void {
  // Turning the FIFOs on or off empties both.
  const toggled = (v ^ u.fcr) & FCR.ENABLE;
  if (toggled || v & FCR.CLEAR_RX) { u.rxCount = 0; u.errors = 0; }
  if (toggled || v & FCR.CLEAR_TX) { if (u.txCount) u.threPending = 1; u.txCount = 0; }
  u.fcr = v & FCR.ENABLE ? v & 0xc9 : 0;
  receive(u);
}

function writeMcr(u: Uart, v: u32): void {
  u.mcr = v & 0x1f;
  refreshModem(u);
  transmit(u);
  receive(u);
}
