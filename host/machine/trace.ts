/**
 * What happens to devices, as the module's ring has it (assembly/base/trace.ts), as the bytes of a trace file: a line of JSON that says what the numbers
 * mean, then events of 40 bytes as they are in memory.
 */

import { TraceAt } from '../../assembly/surface/trace.js';
import { readString, type ModuleInstance } from '../rings/instance.js';

export const TRACE_SCHEMA = 'pintail-trace/1';

export interface TraceHeader {
  schema: typeof TRACE_SCHEMA;
  build: string;
  /** Names of counters by their numbers: "e1000-0 TDT". */
  names: Record<string, string>;
}

const HEADER_BYTES = 64;

export class Tracer {
  private told = false;

  /** `at`: zeroed memory of the module's behind RAM. */
  constructor(private readonly instance: ModuleInstance, private readonly at: number, private readonly take: (bytes: Uint8Array) => unknown) {
    instance.exports.placeTrace(at);
  }

  /** Takes what has gathered; between runs of the module. */
  drain(): void {
    const { view, bytes } = this.instance, head = view.getUint32(this.at, true), tail = view.getUint32(this.at + 4, true);
    if (head === tail) return;
    if (!this.told) this.take(new TextEncoder().encode(`${JSON.stringify(this.header())}\n`));
    this.told = true;
    for (let from = tail; from !== head;) {
      const place = from % TraceAt.EVENTS, n = Math.min((head - from) >>> 0, TraceAt.EVENTS - place), at = this.at + HEADER_BYTES + place * TraceAt.EVENT_BYTES;
      this.take(bytes.slice(at, at + n * TraceAt.EVENT_BYTES));
      from = (from + n) >>> 0;
    }
    view.setUint32(this.at + 4, head, true);
  }

  /** Events for which there was no room. */
  get missed(): number {
    return this.instance.view.getUint32(this.at + 8, true);
  }

  private header(): TraceHeader {
    const { exports } = this.instance, ids = Array.from({ length: exports.counterIds() }, (_, id) => id);
    const named = ids.flatMap((id) => (exports.counterName(id) === 0 ? [] : [[String(id), readString(this.instance, exports.counterName(id))] as const]));
    return { schema: TRACE_SCHEMA, build: this.instance.build, names: Object.fromEntries(named) };
  }
}
