/**
 * Media changed from outside: a disc or diskette is taken out of its drive, or another put in. A running machine has it done at a boundary, as all input, when the drive
 * asks nothing of the host, so that no request is half done on each of two images.
 */

import { CardKind } from '../../assembly/surface/cards.js';
import { DiskError } from '../disk/errors.js';
import type { Drive } from '../disk/open.js';
import type { DiskPort } from '../disk/port.js';
import { SECTOR_BYTES } from '../disk/sector.js';
import { high, low, type ModuleInstance } from '../rings/instance.js';
import type { HostPort } from '../rings/port.js';
import { didYouMean } from '../words/near.js';
import type { CardPlan } from './card-plan.js';
import { isRemovable } from './drive-buses.js';
import { MachineError, OptionError } from './errors.js';
import type { DriveOptions, EjectOptions, MediumOptions } from './types.js';

/** A drive whose medium can be changed. */
interface Tray {
  id: string;
  /** Its number among the cards. */
  card: number;
  port: DiskPort;
  isCd: boolean;
}

/** A drive, and how much is in it; undefined: nothing. */
export interface DriveContent {
  id: string;
  holds: string | undefined;
  removable: boolean;
}

interface Change {
  tray: Tray;
  /** Undefined: the drive is to be empty. */
  drive: Drive | undefined;
  done: (closed: Promise<void> | undefined) => void;
}

/** What is in an empty drive: the module asks nothing of it. */
export const emptyDrive = (): Drive => {
  const refuse = (): never => {
    throw new DiskError('the drive is empty.');
  };
  return { disk: { bytes: 0, readOnly: true, read: refuse, write: refuse, zero: refuse, discard: refuse, flush: () => undefined, close: async () => undefined }, writethrough: false, unsafe: false };
};

async function openMedium(isCd: boolean, source: DriveOptions['source'], { force: _force, ...options }: MediumOptions): Promise<Drive> {
  const { openDrive } = await import('../disk/open.js');
  try {
    return await openDrive({ ...options, id: '', source, ...(isCd ? { readOnly: true } : {}) });
  } catch (error) {
    throw error instanceof DiskError ? new OptionError('source', error.message) : error;
  }
}

export class Trays implements HostPort {
  private readonly trays: readonly Tray[];
  private waiting: Change[] = [];

  /** `drives`: what is in each drive, by its id; `portOf`: the way to the host of card number `i`. */
  constructor(
    private readonly instance: ModuleInstance,
    private readonly cards: readonly CardPlan[],
    private readonly drives: Map<string, Drive>,
    portOf: (card: number) => DiskPort | undefined,
    private readonly wake: () => void,
  ) {
    this.trays = cards.flatMap(({ model, drive: id }, card) => {
      const port = portOf(card);
      return port !== undefined && id !== undefined && isRemovable(model.kind) ? [{ id, card, port, isCd: model.kind === CardKind.IDE_CD }] : [];
    });
  }

  /** Done when the new medium is in and the old one closed. */
  async change(id: string, source: DriveOptions['source'], options: MediumOptions, running: boolean): Promise<void> {
    const tray = this.trayOf(id);
    const drive = await openMedium(tray.isCd, source, options);
    try {
      this.mustOpen(tray, options);
    } catch (error) {
      await drive.disk.close();
      throw error;
    }
    await this.ask(tray, drive, running);
  }

  async eject(id: string, options: EjectOptions, running: boolean): Promise<void> {
    const tray = this.trayOf(id);
    this.mustOpen(tray, options);
    await this.ask(tray, undefined, running);
  }

  /** Every drive in the order of the cards. */
  list(): DriveContent[] {
    return this.cards.flatMap(({ drive: id, model }) => {
      const removable = isRemovable(model.kind);
      if (id === undefined && !removable) return [];
      const bytes = this.drives.get(id ?? '')?.disk.bytes;
      return [{ id: id ?? `(${model.names[0]} without an id)`, holds: bytes === undefined ? undefined : `${bytes} bytes`, removable }];
    });
  }

  private trayOf(id: string): Tray {
    const tray = this.trays.find((one) => one.id === id);
    if (tray !== undefined) return tray;
    if (this.cards.some(({ drive }) => drive === id)) throw new OptionError('drive', `"${id}" is a disk that stays where it is; CDs and diskettes are changed.`);
    const ids = this.trays.map((one) => one.id);
    throw new OptionError('drive', `no drive for CDs or diskettes is called "${id}".${didYouMean(id, ids) || (ids.length === 0 ? '' : ` There are ${ids.join(', ')}.`)}`);
  }

  /** Throws where the guest has locked the tray; it is told that somebody has pressed the button. */
  private mustOpen({ id, card }: Tray, { force = false }: EjectOptions): void {
    if (force || this.instance.exports.pressEject(card) === 0) return;
    throw new MachineError(`the guest has locked the drive "${id}", as systems do while a disc is mounted, and has been asked to give it out. Try again when it has, or force it.`);
  }

  private async ask(tray: Tray, drive: Drive | undefined, running: boolean): Promise<void> {
    if (!running && tray.port.busy) {
      await drive?.disk.close();
      throw new MachineError(`the drive "${tray.id}" is in the midst of a request; run on first.`);
    }
    const closed = new Promise<void>((resolve) => this.waiting.push({ tray, drive, done: resolve }));
    if (running) this.wake();
    else this.beforeSlice();
    await closed;
  }

  get busy(): boolean {
    return this.waiting.some(({ tray }) => !tray.port.busy);
  }

  beforeSlice(): boolean {
    return this.put(this.waiting.filter(({ tray }) => !tray.port.busy));
  }

  afterSlice(): void {
    // The guest sends nothing.
  }

  /** The machine ends or begins anew: whatever waits is in. */
  finish(): void {
    this.put(this.waiting);
  }

  private put(changes: readonly Change[]): boolean {
    this.waiting = this.waiting.filter((one) => !changes.includes(one));
    for (const change of changes) this.putOne(change);
    return changes.length > 0;
  }

  private putOne({ tray: { id, card, port }, drive, done }: Change): void {
    const before = this.drives.get(id), now = drive ?? emptyDrive(), sectors = BigInt(now.disk.bytes / SECTOR_BYTES);
    if (drive === undefined) this.drives.delete(id);
    else this.drives.set(id, drive);
    port.put(now);
    this.instance.exports.changeMedium(card, low(sectors), high(sectors), now.disk.readOnly ? 1 : 0);
    done(before?.disk.close());
  }
}
