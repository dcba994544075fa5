/** What a packet has cost: the machine's own counts since a look, by packet of its network cards. Counts, and no times: they are the same on every host. */

import type { Counter, Stats } from 'pintail';
import { element } from '../dom.js';
import { short } from '../figures.js';

const PACKETS = /^(virtio-net|e1000-|pcnet)\d+.* packets (sent|received)$/;
/** What is asked for by name: sums over the cards and queues that count it. */
const ROWS: readonly [label: string, unit: string, counted: RegExp][] = [
  ['Instructions', '', /^instructions$/], ['Accesses to devices', '', /^(port|MMIO) (reads|writes)$/], ['Doorbells', '', / doorbells$/], ['Doorbells spared', '', / doorbells suppressed$/],
  ['Descriptors read', '', / descriptors read$/], ['DMA transfers', '', /^DMA (reads|writes)$/], ['DMA', 'bytes', /^DMA bytes (read|written)$/],
  ['Interrupts taken', '', /^interrupts taken$/], ['Interrupts moderated', '', / interrupts moderated$/], ['Ends of interrupts', '', /^EOIs$/], ['Page walks', '', /^page walks$/], ['Turns of the host', '', /^boundaries$/],
];

const sum = (counters: readonly Counter[], wanted: RegExp): number => counters.reduce((all, { name, value }) => (wanted.test(name) ? all + Number(value) : all), 0);
const each = (value: number): string => (value === 0 ? '0' : value >= 1000 ? short(value) : value.toFixed(value < 10 ? 2 : 1));

export function costRows(first: Stats | undefined, last: Stats | undefined): Node[] {
  const told = (text: string): HTMLParagraphElement => Object.assign(element('p', text), { className: 'quiet' });
  if (first === undefined || last === undefined) return [told('No packet yet.')];
  const since = (wanted: RegExp): number => sum(last.counters, wanted) - sum(first.counters, wanted);
  const packets = since(PACKETS);
  if (packets <= 0) return [told('No packet since this was opened or cleared.')];
  const body = element('tbody', '', ...ROWS.map(([label, unit, counted]) => ({ label, unit, count: since(counted) })).filter(({ count }) => count > 0).map(({ label, unit, count }) => {
    const head = element('th', label);
    head.scope = 'row';
    return element('tr', '', head, element('td', `${each(count / packets)}${unit === '' ? '' : ` ${unit}`}`));
  }));
  return [element('table', '', body), told(`Everything the machine did, over ${short(packets)} packets sent and received. Counts, the same on every host; a click on a packet shows it.`)];
}
