/** A trace for people and for other tools: lines, JSON lines, one packet's life as text, trace events for Perfetto. */

import type { TraceEvent } from './events.js';
import type { Life } from './life.js';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** "4711 ffffffff81234567 4 e1000-0:TDT w 0x76": tick, rip, width, name, value. */
export function eventLine({ tick, rip, kind, device, what, value, bytes }: TraceEvent): string {
  const mark = kind === 'read' ? ' r' : kind === 'write' ? ' w' : '';
  return `${tick} ${rip.toString(16).padStart(16, '0')} ${bytes} ${device}:${what}${mark} ${kind === 'count' ? `+${value}` : hex(value)}`;
}

export function eventJson(event: TraceEvent): string {
  return JSON.stringify({ ...event, tick: Number(event.tick), rip: hex(event.rip), value: hex(event.value) });
}

/** What an event is called in a packet's life; undefined for one that says nothing beside another. */
function told({ kind, device, what, value, bytes }: TraceEvent): string | undefined {
  switch (kind) {
    case 'read': return `reads ${what}: ${hex(value)}`;
    case 'write': return `writes ${what}: ${hex(value)}`;
    case 'dma read': return `transfer of ${bytes} bytes from ${hex(value)}`;
    case 'dma write': return `transfer of ${bytes} bytes to ${hex(value)}`;
    case 'translated': return `  leads to ${hex(value)}: ${bytes === 0 ? 'kept in the IOTLB' : `a walk of ${bytes} ${bytes === 1 ? 'entry' : 'entries'}`}`;
    case 'refused': return `  refused at ${hex(value)}: reason ${bytes.toString(16)}`;
    case 'message': return `interrupt message ${hex(value)}`;
    case 'line': return `interrupt ${what}`;
    case 'taken': return `the processor takes interrupt ${what.slice('taken '.length)}: handler at ${hex(value)}`;
    default: return `${device.startsWith('lab') ? 'the peer: ' : ''}${what}${value === 1n ? '' : ` ${value}`}`;
  }
}

/** A picture of it: ticks since its first event, ticks since the one before, what happened. */
export function lifeText({ card, direction, packet, events }: Life): string {
  const start = events[0]?.tick ?? 0n;
  let last = start;
  const lines = events.map((event) => {
    const since = event.tick - last;
    last = event.tick;
    const who = event.kind === 'read' || event.kind === 'write' || event.kind === 'taken' ? 'driver' : event.device.startsWith('lab') ? '  line' : '  card';
    return `${String(event.tick - start).padStart(9)} ${since === 0n ? '         |' : `+${since}`.padStart(9) + ' o'}  ${who}  ${told(event)!}`;
  });
  return [`Packet ${packet} that ${card} has ${direction === 'tx' ? 'sent' : 'received'}, from tick ${start}; an instruction is a tick.`, '    ticks  since', ...lines, ''].join('\n');
}

/** https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: instants, a process a device; ts is in microseconds, a tick 1 ns. */
export function* perfettoLines(events: Iterable<TraceEvent>): Generator<string> {
  const processes = new Map<string, number>();
  yield '{"displayTimeUnit":"ns","traceEvents":[\n';
  let comma = '';
  for (const { tick, rip, kind, device, what, value, bytes } of events) {
    const pid = processes.get(device) ?? processes.size + 1;
    if (!processes.has(device)) {
      processes.set(device, pid);
      yield `${comma}${JSON.stringify({ name: 'process_name', ph: 'M', pid, args: { name: device } })}\n`;
      comma = ',';
    }
    yield `${comma}${JSON.stringify({ name: what, cat: kind, ph: 'i', s: 't', ts: Number(tick) / 1000, pid, tid: 1, args: { tick: String(tick), rip: hex(rip), value: hex(value), bytes } })}\n`;
  }
  yield ']}\n';
}
