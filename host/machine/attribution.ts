/**
 * Whose instructions a region's were: what the module's instrumented loop (assembly/profile) has counted, read at both ends of a region. On while a
 * region is open, or always where functions are regions themselves; off, nothing of it is reached.
 */

import { AttributionLimit, AttributionTable, FunctionBit, MarkBit, NodeAt } from '../../assembly/surface/attribution.js';
import type { ModuleInstance } from '../rings/instance.js';
import { OptionError } from './errors.js';
import { Programs, type ProgramFile } from './programs.js';
import { codeSymbols, namesByAddress, type SymbolLine } from './symbols.js';
import type { AttributedCall, Attribution } from './types.js';

const COUNTS = ['calls', 'instructions', 'loads', 'stores', 'accesses', 'crossings'] as const;
type Count = (typeof COUNTS)[number];
const OFFSETS: Readonly<Record<Count, number>> = {
  calls: NodeAt.CALLS, instructions: NodeAt.INSTRUCTIONS, loads: NodeAt.LOADS, stores: NodeAt.STORES, accesses: NodeAt.ACCESSES, crossings: NodeAt.CROSSINGS,
};

/** The nodes as they were. */
export interface AttributionMoment {
  nodes: DataView;
  lost: number;
}

/** The name of a region that a function is, and whether it ends. */
export interface Mark {
  name: string;
  ends: boolean;
}

export class Attributor {
  private open = 0;
  private marks: readonly string[] = [];
  private names: (address: bigint) => string | undefined = () => undefined;
  private readonly programs: Programs;

  /** `at`: zeroed memory of the module's behind RAM. */
  constructor(private readonly instance: ModuleInstance, at: number) {
    instance.exports.placeAttribution(at);
    this.programs = new Programs(instance);
  }

  /** Files whose code is told by function from here on. */
  addPrograms(files: readonly ProgramFile[]): void {
    for (const file of files) this.programs.add(file);
  }

  /** The kernel's symbols from here on; each function of `regions` is a region from its entry to its return. */
  setSymbols(symbols: readonly SymbolLine[], regions: readonly string[]): void {
    const code = codeSymbols(symbols), { exports } = this.instance;
    if (code.length > AttributionLimit.SYMBOLS) throw new OptionError('symbols', `${code.length} are more than ${AttributionLimit.SYMBOLS}.`);
    this.write(AttributionTable.SYMBOLS, code.map(({ address }) => address));
    this.write(AttributionTable.MARKS, regions.map((name) => addressOf(symbols, name)));
    exports.setSymbols(code.length, regions.length);
    this.names = namesByAddress(code);
    if (regions.length > 0 && this.marks.length === 0 && this.open++ === 0) exports.setAttribution(1);
    this.marks = regions;
  }

  private write(table: AttributionTable, values: readonly bigint[]): void {
    const at = this.instance.exports.attributionTable(table) >>> 0;
    values.forEach((value, i) => this.instance.view.setBigUint64(at + 8 * i, value, true));
  }

  /** What a run has stopped for, if it was for this: a function that is a region; code of which the module asks whose it is is told at once. */
  takeMark(): Mark | 'told' | undefined {
    const asked = this.instance.exports.takeMark();
    if (asked === MarkBit.CODE) {
      this.programs.place();
      return 'told';
    }
    const name = this.marks[(asked & ~MarkBit.END) - 1];
    return name === undefined ? undefined : { name, ends: (asked & MarkBit.END) !== 0 };
  }

  begin(): AttributionMoment {
    if (this.open++ === 0) this.instance.exports.setAttribution(1);
    return this.read();
  }

  end(begin: AttributionMoment): Attribution {
    const now = this.read();
    this.stop();
    return this.difference(begin, now);
  }

  /** A region has no end. */
  stop(): void {
    if (--this.open === 0) this.instance.exports.setAttribution(0);
  }

  private read(): AttributionMoment {
    const { exports, bytes } = this.instance;
    exports.settleAttribution();
    const at = exports.attributionTable(AttributionTable.NODES) >>> 0;
    return { nodes: new DataView(bytes.slice(at, at + exports.attributionNodes() * NodeAt.BYTES).buffer), lost: exports.attributionLost() };
  }

  /** What a region has counted: nodes that have counted something, and their callers, callers first. The root is left out. */
  private difference(begin: AttributionMoment, { nodes, lost }: AttributionMoment): Attribution {
    const count = nodes.byteLength / NodeAt.BYTES, places = new Map<number, number>([[0, -1]]), calls: AttributedCall[] = [];
    const changed = Array.from({ length: count }, (_, n) => COUNTS.some((name) => difference(begin.nodes, nodes, n, name) !== 0n));
    for (let n = count - 1; n > 0; n--) if (changed[n]) changed[nodes.getUint32(n * NodeAt.BYTES + NodeAt.PARENT, true)] = true;
    for (let n = 1; n < count; n++) {
      if (!changed[n]) continue;
      const at = n * NodeAt.BYTES;
      places.set(n, calls.length);
      calls.push({
        caller: places.get(nodes.getUint32(at + NodeAt.PARENT, true))!, ...this.functionAt(nodes.getBigUint64(at + NodeAt.ADDRESS, true)),
        privilege: nodes.getUint32(at + NodeAt.CPL, true), space: nodes.getBigUint64(at + NodeAt.SPACE, true),
        ...(Object.fromEntries(COUNTS.map((count_) => [count_, difference(begin.nodes, nodes, n, count_)])) as Record<Count, bigint>),
      });
    }
    return { calls, lost: lost - begin.lost };
  }

  private functionAt(address: bigint): Pick<AttributedCall, 'address' | 'name' | 'file'> {
    const ofFile = address >> 63n === 0n && address >> BigInt(FunctionBit.PROGRAM) > 0n ? this.programs.nameOf(address) : undefined, name = this.names(address);
    return ofFile ?? { address, ...(name === undefined ? {} : { name }) };
  }
}

function difference(before: DataView, after: DataView, node: number, name: Count): bigint {
  const at = node * NodeAt.BYTES + OFFSETS[name];
  return after.getBigUint64(at, true) - (at < before.byteLength ? before.getBigUint64(at, true) : 0n);
}

function addressOf(symbols: readonly SymbolLine[], name: string): bigint {
  const found = symbols.find((symbol) => symbol.name === name);
  if (found === undefined) throw new OptionError('roi', `the kernel has no function "${name}". One of a module is there once the module is loaded.`);
  return found.address;
}
