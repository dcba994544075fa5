/** What the machine is doing, twice a second: time, instructions and their rate, and the guest's accesses by device. */

import type { Machine, Stats } from 'pintail';
import { at, element } from './dom.js';
import { seconds, short } from './figures.js';

const EVERY_MS = 500;
const POINTS = 120;
const MOST_DEVICES = 8;

/** The library comes when there is something to draw. */
async function openPlot(): Promise<(rate: number) => void> {
  const [{ default: uPlot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  const rates: number[] = Array.from({ length: POINTS }, () => 0);
  const times = rates.map((_, i) => i);
  const host = at('plot');
  const colour = (): string => getComputedStyle(document.documentElement).getPropertyValue('--accent').trim();
  const plot = new uPlot({
    width: host.clientWidth || 300, height: 64, legend: { show: false }, cursor: { show: false }, axes: [{ show: false }, { show: false }],
    scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(high, 1e6)] } },
    series: [{}, { stroke: colour, width: 1.5, fill: () => `${colour()}22`, points: { show: false } }],
  }, [times, rates], host);
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: 64 })).observe(host);
  return (rate) => {
    rates.shift();
    rates.push(rate);
    plot.setData([times, rates]);
  };
}

function showDevices({ devices }: Stats): void {
  const rows = Object.entries(devices).map(([name, { reads, writes }]) => ({ name, count: Number(reads + writes) })).filter(({ count }) => count > 0);
  rows.sort((a, b) => b.count - a.count);
  at('devices').querySelector('tbody')!.replaceChildren(...rows.slice(0, MOST_DEVICES).map(({ name, count }) => {
    const head = element('th', name);
    head.scope = 'row';
    return element('tr', '', head, element('td', short(count)));
  }));
}

export interface Live {
  follow(machine: Machine): void;
}

export function openLive(): Live {
  let plot: ((rate: number) => void) | undefined;
  let machine: Machine | undefined;
  let before: { at: number; instructions: bigint } | undefined;
  const look = async (): Promise<void> => {
    const target = machine;
    if (target === undefined || target.closed || document.hidden) return;
    const stats = await target.stats().catch(() => undefined);
    if (stats === undefined || target !== machine) return;
    const now = performance.now();
    const rate = before === undefined ? 0 : (Number(stats.instructions - before.instructions) * 1000) / (now - before.at);
    before = { at: now, instructions: stats.instructions };
    at('now-time').textContent = seconds(stats.virtualNs);
    at('now-instructions').textContent = stats.instructions.toLocaleString('en');
    at('now-rate').textContent = short(Math.max(0, rate));
    plot?.(Math.max(0, rate));
    showDevices(stats);
  };
  setInterval(() => void look(), EVERY_MS);
  return {
    follow(next) {
      if (machine === undefined) void openPlot().then((opened) => (plot = opened));
      machine = next;
      before = undefined;
      void look();
    },
  };
}
