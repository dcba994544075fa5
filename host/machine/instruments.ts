/**
 * What looks on while a machine runs: regions of interest, whose their instructions were, and what happens to devices. Their tables lie behind RAM, in
 * machines whose options ask for them, and are made anew with each instance; the book of regions goes on.
 */

import { RoiCommand } from '../../assembly/surface/roi.js';
import type { Attributor } from './attribution.js';
import { videoBytesOf } from './cards.js';
import { guarded } from './emitter.js';
import { MachineError } from './errors.js';
import type { Settings } from './options.js';
import { RegionBook, type Reading } from './regions.js';
import type { ModuleInstance } from '../rings/instance.js';
import type { ProgramFile } from './programs.js';
import type { SymbolLine } from './symbols.js';
import { Tracer } from './trace.js';
import type { MachineOptions } from './types.js';
import { MIB } from './units.js';

let attribution: typeof import('./attribution.js') | undefined;

/** Before the Instruments of a machine that says whose its instructions are: other machines do not load what reads programs. */
export async function loadInstruments({ attribute }: Settings): Promise<void> {
  if (attribute) attribution ??= await import('./attribution.js');
}

export class Instruments {
  readonly book: RegionBook;
  private instance!: ModuleInstance;
  private attributor: Attributor | undefined;
  /** Of a machine that is reset, too. */
  private readonly programs: ProgramFile[] = [];
  private tracer: Tracer | undefined;

  /** `read`: all that regions keep the difference of. `failed`: what a listener threw. */
  constructor(
    private readonly options: Pick<MachineOptions, 'onTrace' | 'symbols' | 'roi'>,
    private readonly settings: Settings,
    read: () => Reading,
    private readonly failed: (error: unknown) => void,
  ) {
    this.book = new RegionBook(read, () => this.attributor);
  }

  /** To an instance that has not run yet. */
  attach(instance: ModuleInstance): void {
    this.instance = instance;
    // Where nothing is any more: behind RAM and a screen's memory.
    const at = instance.ram + this.settings.memoryMiB * MIB + videoBytesOf(this.settings.cards);
    const { onTrace, symbols } = this.options;
    if (this.settings.attribute) this.attributor = new attribution!.Attributor(instance, at);
    if (symbols !== undefined) this.attributor?.setSymbols(symbols, this.options.roi ?? []);
    this.attributor?.addPrograms(this.programs);
    if (!this.settings.trace || onTrace === undefined) return;
    this.tracer = new Tracer(instance, at + (instance.exports.attributionBytes() >>> 0), (bytes) => guarded(() => onTrace(bytes), this.failed));
  }

  /** Throws MachineError. */
  setSymbols(symbols: readonly SymbolLine[]): void {
    if (this.attributor === undefined) throw new MachineError('setSymbols(): the machine was made without attribute.');
    this.attributor.setSymbols(symbols, this.options.roi ?? []);
  }

  /** Throws MachineError, and OptionError or ImageError for a file. */
  addPrograms(files: readonly ProgramFile[]): void {
    if (this.attributor === undefined) throw new MachineError('addPrograms(): the machine was made without attribute.');
    this.attributor.addPrograms(files);
    this.programs.push(...files);
  }

  /** The guest has marked one, or come to a function that is one. */
  takeRegion(): void {
    const mark = this.attributor?.takeMark();
    if (mark === 'told') return;
    if (mark !== undefined) this.book.take({ command: mark.ends ? RoiCommand.END : RoiCommand.BEGIN, tag: 0, name: mark.name });
    const { takeRoi, roiTag, roiNameAt, roiNameBytes } = this.instance.exports;
    const name = this.instance.bytes.slice(roiNameAt() >>> 0, (roiNameAt() >>> 0) + roiNameBytes());
    const command = takeRoi();
    this.book.take({ command, tag: roiTag() >>> 0, name: new TextDecoder().decode(name) });
  }

  get isTracing(): boolean {
    return this.tracer !== undefined;
  }

  /** Events of the trace for which there was no room. */
  get traceMissed(): number {
    return this.tracer?.missed ?? 0;
  }

  /** Hands over what the trace has gathered; between runs of the module. */
  drain(): void {
    this.tracer?.drain();
  }
}
