// The control queues of a card with several ports. Virtio 1.2, 5.3.6.2. The driver says what it is ready for; the device tells, in an order
// that does not change, what it has to say of each port as soon as there is a buffer for it.

import { count } from "../../base/counters";
import { stream } from "../../device/bytes";
import { has, isLive, mayServe, queueOf, VirtioDevice } from "../device";
import { SCRATCH } from "../layout";
import { chain, gather, scatter } from "../queue/chain";
import { hush, listen, publish, putUsed, Take, takeChain } from "../queue/queue";
import { receive } from "./data";
import { ConsoleFeature, ConsoleQueue, Control, ControlEvent } from "./spec";
import { consoleOf, ConsoleCount, isThere, MAX_PORTS, NAME_BYTES, nameAt, portAt, streamOf, Tell } from "./state";

// --- From the driver ---

export function serveControl(d: VirtioDevice): void {
  const q = queueOf(d, ConsoleQueue.CONTROL_TRANSMIT), c = chain(0);
  if (!isLive(d, ConsoleQueue.CONTROL_TRANSMIT)) return;
  for (;;) {
    if (!mayServe(d)) { hush(q); break; }
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const whole = c.readBytes >= <u32>Control.BYTES;
    if (whole && !gather(q, c, 0, SCRATCH, Control.BYTES)) return;
    const obeyed = whole && obey(d, load<u32>(SCRATCH, Control.ID), load<u16>(SCRATCH, Control.EVENT), load<u16>(SCRATCH, Control.VALUE));
    count(d.counters + (obeyed ? ConsoleCount.MESSAGES_RECEIVED : ConsoleCount.MESSAGES_REFUSED));
    putUsed(q, c.head, 0);
  }
  publish(q);
  tell(d);
}

function obey(d: VirtioDevice, id: u32, event: u32, value: u32): bool {
  if (event == ControlEvent.DEVICE_READY) {
    if (value) for (let i: u32 = 0; i < MAX_PORTS; i++) if (isThere(d, i)) portAt(d, i).tell |= Tell.ADD;
    return true;
  }
  if (!isThere(d, id)) return false;
  const p = portAt(d, id);
  switch (event) {
    case ControlEvent.PORT_READY:
      p.ready = value ? 1 : 0;
      if (value) introduce(d, id);
      return true;
    case ControlEvent.PORT_OPEN:
      p.guestOpen = value ? 1 : 0;
      stream(streamOf(d, id)).guestListens = p.guestOpen;
      if (value) receive(d, id);
      return true;
    default: return false;
  }
}

/** All there is to say of a port that the driver is ready for. */
function introduce(d: VirtioDevice, i: u32): void {
  const p = portAt(d, i);
  if (consoleOf(d).consoles >> i & 1) p.tell |= Tell.CONSOLE;
  if (load<u8>(nameAt(d, i))) p.tell |= Tell.NAME;
  p.hostOpen = 0; p.size = 0;
  notice(d, i);
}

// --- To the driver ---

/** Compares what the host says of its side with what the driver knows. */
export function notice(d: VirtioDevice, i: u32): void {
  const p = portAt(d, i), s = stream(streamOf(d, i)), size = <u32>s.columns | <u32>s.rows << 16, open: u32 = s.hostListens ? 1 : 0;
  if (!p.ready) return;
  if (open != p.hostOpen) { p.hostOpen = open; p.tell |= Tell.OPEN; }
  if (size != p.size && consoleOf(d).consoles >> i & 1) { p.size = size; p.tell |= Tell.RESIZE; }
}

/** Sends what waits, as far as there are buffers. */
export function tell(d: VirtioDevice): void {
  const q = queueOf(d, ConsoleQueue.CONTROL_RECEIVE), c = chain(0);
  if (!has(d, ConsoleFeature.MULTIPORT) || !isLive(d, ConsoleQueue.CONTROL_RECEIVE)) return;
  for (let i: u32 = 0; i < MAX_PORTS; ) {
    const p = portAt(d, i);
    if (!p.tell) { i++; continue; }
    if (!mayServe(d)) break;
    const got = takeChain(q, c);
    if (got == Take.NONE && listen(q)) continue;
    if (got != Take.CHAIN) break;
    const bytes = min(compose(d, i, p.tell & (0 - p.tell)), c.writeBytes);
    if (!scatter(q, c, 0, SCRATCH, bytes)) return;
    p.tell &= p.tell - 1;
    count(d.counters + ConsoleCount.MESSAGES_SENT);
    putUsed(q, c.head, bytes);
  }
  publish(q);
}

/** Writes a message into the scratch; its bytes. */
function compose(d: VirtioDevice, i: u32, what: u32): u32 {
  const p = portAt(d, i);
  switch (what) {
    case Tell.ADD: return message(i, ControlEvent.DEVICE_ADD, 1);
    case Tell.CONSOLE: return message(i, ControlEvent.CONSOLE_PORT, 1);
    case Tell.OPEN: return message(i, ControlEvent.PORT_OPEN, p.hostOpen);
    case Tell.RESIZE:
      store<u32>(SCRATCH + Control.BYTES, p.size);
      return message(i, ControlEvent.RESIZE, 0) + 4;
    default: {
      const bytes = min(<u32>load<u8>(nameAt(d, i)), NAME_BYTES - 1);
      memory.copy(SCRATCH + Control.BYTES, nameAt(d, i) + 1, bytes);
      return message(i, ControlEvent.PORT_NAME, 1) + bytes;
    }
  }
}

function message(id: u32, event: u32, value: u32): u32 {
  store<u32>(SCRATCH, id, Control.ID);
  store<u16>(SCRATCH, <u16>event, Control.EVENT);
  store<u16>(SCRATCH, <u16>value, Control.VALUE);
  return Control.BYTES;
}
