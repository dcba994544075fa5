// virtio-console: attach, reset, the configuration, the doorbells. Virtio 1.2, 5.3: up to eight ports, each a stream of bytes to the host
// (device/bytes.ts). A driver that does not know MULTIPORT has port 0 alone, and no control queues.

import { count } from "../../base/counters";
import { Card, optionOf, wordOf } from "../../device/card";
import { CardOption } from "../../surface/cards";
import { openStream, putToHost, roomToHost, stream, toGuest } from "../../device/bytes";
import { bindRing } from "../../device/ring";
import { configOf, deviceAt, deviceOfCard, has, makeQueue, nameDevice, signalConfig, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { attachTransport, resetVirtio } from "../pci/transport";
import { DeviceId, FeatureBit } from "../spec";
import { notice, serveControl, tell } from "./control";
import { receive, transmit } from "./data";
import { ConsoleConfig, ConsoleFeature, ConsoleQueue } from "./spec";
import { CONSOLE_COUNTERS, ConsoleCount, consoleOf, forgetPorts, isThere, MAX_PORTS, nameAt, nameConsoleCounters, portAt, portOf, streamOf } from "./state";

@inline const TRANSITIONAL: u32 = 0x1003;
@inline const COMMUNICATION: u32 = 0x07_8000;
@inline const QUEUE_SIZE: u32 = 64;
@inline const CARD: string = "virtio-console";

/** Ports that a card has room for. */
export function portsOf(c: Card): u32 { return max(1, min(wordOf(c, CardOption.PORTS), MAX_PORTS)); }

@inline function bit(n: u32): u64 { return <u64>1 << n; }

/** A card of the machine's list; its port 0 is its first stream. */
export function attachConsole(c: Card): void {
  const d = deviceOfCard(c, DeviceId.CONSOLE), s = consoleOf(d), first = c.first;
  s.there = wordOf(c, CardOption.PORTS_THERE) & 0xff; s.consoles = wordOf(c, CardOption.PORTS_CONSOLES) & 0xff; s.stream = first;
  s.ports = portsOf(c);
  d.offered = (bit(ConsoleFeature.SIZE) | bit(ConsoleFeature.MULTIPORT) | bit(ConsoleFeature.EMERG_WRITE) | bit(FeatureBit.INDIRECT_DESC) | bit(FeatureBit.EVENT_IDX)
    | bit(FeatureBit.VERSION_1) | bit(FeatureBit.RING_PACKED) | bit(FeatureBit.RING_RESET)) & ~optionOf(c, CardOption.MASKED);
  d.queueCount = d.offered & bit(ConsoleFeature.MULTIPORT) ? 2 + 2 * s.ports : 2;
  d.configBytes = ConsoleConfig.BYTES;
  d.onQueue = notified.index; d.onReset = resetConsole.index; d.onDriverOk = 0; d.onConfig = writeConsoleConfig.index; d.onTurn = takeTurnNow.index; d.onQueueReset = forgetQueue.index;
  nameDevice(d, CARD, CONSOLE_COUNTERS);
  nameConsoleCounters(d, CARD);
  for (let q: u32 = 0; q < d.queueCount; q++) makeQueue(d, q, QUEUE_SIZE, CARD);
  attachTransport(d, c, COMMUNICATION, TRANSITIONAL, CARD);
  for (let port: u32 = 0; port < s.ports; port++) openStream(first + port);
  bindRing(toGuest(first), service.index, changetype<usize>(d));
}

/** The configuration, and the device's reset. */
export function resetConsoleCard(c: Card): void {
  const d = deviceAt(c.index);
  store<u32>(configOf(d), consoleOf(d).ports, ConsoleConfig.MAX_NR_PORTS);
  showSize(d);
  resetVirtio(d);
}

/** Port 0's size where the driver finds it without messages; true when it has changed. */
function showSize(d: VirtioDevice): bool {
  const at = configOf(d), s = stream(streamOf(d, 0)), before = load<u32>(at, ConsoleConfig.COLS);
  store<u16>(at, s.columns, ConsoleConfig.COLS);
  store<u16>(at, s.rows, ConsoleConfig.ROWS);
  return load<u32>(at, ConsoleConfig.COLS) != before;
}

function resetConsole(dev: usize): void {
  const d = changetype<VirtioDevice>(dev);
  forgetPorts(d);
  for (let i: u32 = 0; i < consoleOf(d).ports; i++) stream(streamOf(d, i)).guestListens = 0;
}

function forgetQueue(dev: usize, queue: u32): void { portAt(changetype<VirtioDevice>(dev), portOf(queue)).sent = 0; }

function notified(dev: usize, queue: u32): void {
  const d = changetype<VirtioDevice>(dev), multiport = has(d, ConsoleFeature.MULTIPORT);
  if (queue == ConsoleQueue.CONTROL_RECEIVE) { if (multiport) tell(d); }
  else if (queue == ConsoleQueue.CONTROL_TRANSMIT) { if (multiport) serveControl(d); }
  else if (!multiport && queue > <u32>ConsoleQueue.TRANSMIT) return;
  else if (queue & 1) transmit(d, portOf(queue));
  else receive(d, portOf(queue));
}

/** The host has drained or filled the rings, or its side of a port has changed. */
function service(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), multiport = has(d, ConsoleFeature.MULTIPORT), n: u32 = multiport ? consoleOf(d).ports : 1;
  if (showSize(d) && has(d, ConsoleFeature.SIZE)) signalConfig(d);
  for (let i: u32 = 0; i < n; i++) {
    if (!isThere(d, i)) continue;
    if (multiport) notice(d, i);
    transmit(d, i);
    receive(d, i);
  }
  tell(d);
}

/** There is allowance again: every queue is looked at, those of another port first each time. */
function takeTurnNow(dev: usize): void {
  const d = changetype<VirtioDevice>(dev), multiport = has(d, ConsoleFeature.MULTIPORT), n: u32 = multiport ? consoleOf(d).ports + 1 : 1;
  for (let i: u32 = 0; i < n; i++) {
    const which = (d.turns + i) % n;
    if (which == n - 1 && multiport) { serveControl(d); continue; }
    if (d.turns & 1) receive(d, which);
    transmit(d, which);
    if (!(d.turns & 1)) receive(d, which);
  }
}

/** emerg_wr (5.3.4): a byte for port 0 at any time, before the driver has set anything up; dropped when there is no room. */
function writeConsoleConfig(dev: usize, at: u32, bytes: u32, value: u64): void {
  const d = changetype<VirtioDevice>(dev);
  if (at != ConsoleConfig.EMERG_WR || !(d.offered & bit(ConsoleFeature.EMERG_WRITE)) || !isThere(d, 0)) return;
  if (!roomToHost(streamOf(d, 0))) return;
  store<u8>(SCRATCH, <u8>value);
  putToHost(streamOf(d, 0), SCRATCH, 1);
  count(d.counters + ConsoleCount.EMERGENCY);
}

/** For the host, before the machine is made: where a port's name goes, a length and up to 63 bytes. */
export function consoleName(i: u32, port: u32): u32 { return <u32>nameAt(deviceAt(i), port); }
