/**
 * Machine: the board, drawn from what its machine counts. A part opens to its registers by name with the guest's reads and writes of them, to what it counted and its
 * histograms; the processor to its registers where the machine stands.
 */

import type { Counter, Histogram, Machine, Stats } from 'pintail';
import type { Bench } from '../bench.js';
import { element } from '../dom.js';
import { short } from '../figures.js';
import { registerText } from '../look.js';
import type { Panel } from './index.js';

const EVERY_MS = 500;
const PROCESSOR = 'processor';
/** A card's counts and registers begin with its model and number. */
const CARD = /^((?:virtio-[a-z0-9]+?|e1000-|pcnet|edu|ahci|ide|fdc|vga|iommu)\d+)(?: |$)/;

interface Part {
  name: string;
  /** Reads and writes by register, or of the whole device under an empty name. */
  registers: Map<string, { reads: number; writes: number }>;
  counters: Counter[];
  histograms: Histogram[];
}

const cardOf = (name: string): string | undefined => CARD.exec(name)?.[1];

/** The parts that the guest or the host has touched, by name. */
export function partsOf(stats: Stats): { board: Part[]; cards: Part[]; processor: Part } {
  const parts = new Map<string, Part>();
  const part = (name: string): Part => {
    const known = parts.get(name) ?? { name, registers: new Map(), counters: [], histograms: [] };
    parts.set(name, known);
    return known;
  };
  for (const [name, { reads, writes }] of Object.entries(stats.devices)) {
    const card = cardOf(name), count = { reads: Number(reads), writes: Number(writes) };
    if (count.reads + count.writes > 0) part(card ?? name).registers.set(card === undefined ? '' : name.slice(card.length).trim(), count);
  }
  for (const counter of stats.counters) if (counter.value > 0n) part(cardOf(counter.name) ?? PROCESSOR).counters.push(counter);
  for (const histogram of stats.histograms) part(cardOf(histogram.name) ?? PROCESSOR).histograms.push(histogram);
  const processor = part(PROCESSOR), others = [...parts.values()].filter(({ name }) => name !== PROCESSOR);
  return { board: others.filter(({ name }) => cardOf(name) === undefined), cards: others.filter(({ name }) => cardOf(name) !== undefined), processor };
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): HTMLTableElement {
  const line = (cells: readonly string[]): HTMLTableRowElement => {
    const head = element('th', cells[0]);
    head.scope = 'row';
    return element('tr', '', head, ...cells.slice(1).map((text) => element('td', text)));
  };
  const head = element('thead', '', element('tr', '', ...heads.map((name, i) => element(i === 0 ? 'th' : 'td', name))));
  head.className = 'quiet';
  return element('table', '', head, element('tbody', '', ...rows.map(line)));
}

const shortName = (name: string, part: Part): string => (name.startsWith(part.name) ? name.slice(part.name.length).trim() : name);

function histogramTable(histogram: Histogram, part: Part): HTMLElement[] {
  const most = histogram.buckets.reduce((high, { times }) => (times > high ? times : high), 1n);
  const rows = histogram.buckets.map(({ from, times }) => [String(from), `${'▇'.repeat(Math.max(1, Math.round((Number(times) * 12) / Number(most))))} ${short(Number(times))}`]);
  return [element('h3', shortName(histogram.name, part)), table([`${histogram.unit}, from`, 'times'], rows)];
}

function detailOf(part: Part): Node[] {
  const registers = [...part.registers].map(([name, { reads, writes }]) => [name === '' ? 'all of it' : name, short(reads), short(writes)]);
  const counters = part.counters.map(({ name, value, unit }) => [shortName(name, part), `${short(Number(value))} ${unit}`]);
  return [
    ...(registers.length === 0 ? [] : [element('h3', 'Registers'), table(['by the guest', 'reads', 'writes'], registers)]),
    ...(counters.length === 0 ? [] : [element('h3', 'Counted'), table(['what', 'count'], counters)]),
    ...part.histograms.flatMap((histogram) => histogramTable(histogram, part)),
  ];
}

export function openBoard(bench: Bench): Panel {
  let chosen = PROCESSOR, timer: ReturnType<typeof setInterval> | undefined, drawn = '';
  const board = Object.assign(element('div'), { className: 'board' }), detail = element('div');
  detail.tabIndex = 0;
  detail.setAttribute('role', 'region');
  detail.setAttribute('aria-label', 'The chosen part');

  function box(part: Part, about: string): HTMLButtonElement {
    const made = element('button', part.name, Object.assign(element('span', about), { className: 'quiet' }));
    made.dataset.part = part.name;
    made.setAttribute('aria-pressed', String(part.name === chosen));
    made.addEventListener('click', () => {
      chosen = part.name;
      void look();
    });
    return made;
  }

  const touched = ({ registers }: Part): string => `${short([...registers.values()].reduce((sum, { reads, writes }) => sum + reads + writes, 0))} accesses`;
  const bus = (name: string): HTMLElement => Object.assign(element('div', name), { className: 'bus' });

  async function processorDetail(machine: Machine, part: Part): Promise<Node[]> {
    if (machine.running) return [Object.assign(element('p', 'Its registers are seen where it is paused.'), { className: 'quiet' }), ...detailOf(part)];
    return [Object.assign(element('pre', registerText(await machine.getRegisters())), { tabIndex: 0 }), ...detailOf(part)];
  }

  async function look(): Promise<void> {
    const machine = bench.machine;
    if (machine === undefined || machine.closed) return;
    const { board: chipset, cards, processor } = partsOf(await machine.stats());
    const all = [processor, ...chipset, ...cards];
    // The boxes stay as they are while the same parts are there: whoever is at one with the keyboard stays at it.
    const names = `${chosen} ${all.map(({ name }) => name).join()}`;
    if (names !== drawn) {
      const focused = (document.activeElement as HTMLElement | null)?.dataset.part;
      board.replaceChildren(bus('Board'), box(processor, `with ${machine.memoryMiB} MiB`), ...chipset.map((part) => box(part, touched(part))), ...(cards.length === 0 ? [] : [bus('PCI')]), ...cards.map((part) => box(part, touched(part))));
      board.querySelector<HTMLElement>(`[data-part="${focused}"]`)?.focus();
      drawn = names;
    } else for (const part of [...chipset, ...cards]) board.querySelector(`[data-part="${part.name}"] span`)!.textContent = touched(part);
    const part = all.find(({ name }) => name === chosen) ?? processor;
    const scrolled = detail.scrollTop;
    detail.replaceChildren(element('h2', part.name), ...(part === processor ? await processorDetail(machine, part) : detailOf(part)));
    detail.scrollTop = scrolled;
  }

  return {
    box: element('div', '', Object.assign(element('div', '', board, detail), { className: 'split' })),
    show(seen) {
      clearInterval(timer);
      if (!seen) return;
      const again = (): void => void look().catch(() => undefined);
      again();
      timer = setInterval(again, EVERY_MS);
    },
  };
}
