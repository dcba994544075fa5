/**
 * Wire: the frames that pass the machine's cards, with their virtual time, and what they say; what one has cost, from the machine's own counters; a worse wire; captures to
 * and from Wireshark; and a second machine on the same wire.
 */

import type { Machine, SeenFrame, Stats } from 'pintail';
import type { Bench } from '../bench.js';
import { download, element, say } from '../dom.js';
import { short } from '../figures.js';
import { linkTo } from '../link.js';
import type { Recipe } from '../store.js';
import { costRows } from './cost.js';
import { decode, type Decoded } from './decode.js';
import type { Panel } from './index.js';
import { fromPcapng, toPcapng } from './pcapng.js';

const EVERY_MS = 300;
/** Frames that are kept, and rows that are drawn of them. */
const MOST_FRAMES = 20_000, MOST_ROWS = 300;
const RATES: readonly [string, number][] = [['no limit', 0], ['100 Mb/s', 100e6], ['10 Mb/s', 10e6], ['1 Mb/s', 1e6], ['56 kb/s', 56e3]];

interface Row {
  frame: SeenFrame;
  said: Decoded;
  /** Lower case, for the filter. */
  text: string;
}

const rowOf = (frame: SeenFrame): Row => {
  const said = decode(frame.bytes);
  return { frame, said, text: `${said.protocol} ${said.from} ${said.to} ${said.about} ${frame.netdev} ${said.layers.join(' ')}`.toLowerCase() };
};

const seconds = (ns: bigint): string => (Number(ns / 1000n) / 1e6).toFixed(6);

function offloadText({ flags, gsoType, gsoSize, csumStart, csumOffset }: SeenFrame['offload']): string {
  const parts = [
    ...((flags & 1) === 0 ? [] : [`sum from byte ${csumStart} is still to be put at ${csumStart + csumOffset}`]), ...((flags & 2) === 0 ? [] : ['sums are known to be right']),
    ...(gsoType === 0 ? [] : [`to be cut into segments of ${gsoSize} bytes`]),
  ];
  return parts.length === 0 ? 'nothing left to the card' : parts.join('; ');
}

const PER_LINE = 8;

function hexText(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const row = bytes.subarray(at, at + PER_LINE);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(3 * PER_LINE - 1)}  ${Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')}`);
  }
  return lines.join('\n');
}

const cell = (text: string, kind = ''): HTMLTableCellElement => Object.assign(element('td', text), { className: kind });

/** A slider with its value in words. */
function slider(label: string, most: number, unit: string, changed: () => void): { part: HTMLLabelElement; value: () => number } {
  const input = Object.assign(element('input'), { type: 'range', min: '0', max: String(most), value: '0' });
  const shown = element('output', `0 ${unit}`);
  input.addEventListener('input', () => {
    shown.textContent = `${input.value} ${unit}`;
    changed();
  });
  return { part: element('label', label, input, shown), value: () => Number(input.value) };
}

/** Two machines on one channel of this browser, and their addresses. */
function pair(): Recipe[] {
  const channel = `wire-${crypto.randomUUID().slice(0, 8)}`;
  return [1, 2].map((n) => ({ guest: 'guest/', memoryMiB: 128, seed: n, append: `address=10.0.0.${n}`, netdevs: [`broadcast,id=n0,channel=${channel}`], devices: [{ model: 'virtio-net', netdev: 'n0', mac: `52:54:00:00:00:0${n}` }] }));
}

const ALONE: Recipe = { guest: 'guest/', memoryMiB: 128, netdevs: ['user,id=n0'], devices: [{ model: 'virtio-net', netdev: 'n0' }] };

export function openWire(bench: Bench): Panel {
  let rows: Row[] = [], missed = 0, followed: Machine | undefined, first: Stats | undefined, chosen: Row | undefined, timer: ReturnType<typeof setInterval> | undefined;
  const filter = Object.assign(element('input'), { placeholder: 'filter: icmp, 10.0.0.2, syn', size: 20, spellcheck: false, autocomplete: 'off' });
  filter.setAttribute('aria-label', 'Show only packets with these words');
  const body = element('tbody'), detail = element('div'), count = Object.assign(element('span'), { className: 'quiet' });
  const table = element('table', '', element('thead', '', element('tr', '', ...['s, virtual', 'way', 'from', 'to', 'bytes', 'what'].map((name) => element('th', name)))), body);
  table.className = 'packets';
  const list = Object.assign(element('div', '', table), { tabIndex: 0, role: 'region' });
  list.setAttribute('aria-label', 'Packets');
  Object.assign(detail, { tabIndex: 0, role: 'region' });
  detail.setAttribute('aria-label', 'The chosen packet, or what a packet costs');

  const loss = slider('Loss', 100, '%', () => void setWire()), delay = slider('Delay', 500, 'ms', () => void setWire());
  const rate = element('select', '', ...RATES.map(([name, bits]) => Object.assign(element('option', name), { value: String(bits) })));
  rate.addEventListener('change', () => void setWire());

  async function setWire(): Promise<void> {
    const wire = { loss: loss.value() / 100, delayNs: delay.value() * 1e6, bitsPerSecond: Number(rate.value) };
    try {
      for (const { netdev } of bench.cards) await bench.machine?.setWire(netdev, wire);
    } catch (error) {
      say((error as Error).message);
    }
  }

  function drawDetail(): void {
    if (chosen === undefined) return detail.replaceChildren(element('h2', 'What a packet costs'), ...costRows(first, last));
    const { frame, said } = chosen;
    detail.replaceChildren(
      Object.assign(element('ul', '', ...said.layers.map((layer) => element('li', layer)), element('li', `Offload: ${offloadText(frame.offload)}`)), { className: 'layers' }),
      Object.assign(element('pre', hexText(frame.bytes.subarray(0, 2048))), { tabIndex: 0 }),
    );
  }

  function choose(row: Row | undefined): void {
    chosen = row === chosen ? undefined : row;
    draw();
  }

  function lineOf(row: Row): HTMLTableRowElement {
    const { frame, said } = row;
    const line = element('tr', '', cell(seconds(frame.virtualNs), 'number'), cell(frame.toGuest ? '→ guest' : 'guest →'), cell(said.from), cell(said.to), cell(String(frame.bytes.length), 'number'), cell(`${said.protocol} ${said.about}`));
    line.tabIndex = 0;
    line.setAttribute('aria-selected', String(row === chosen));
    line.addEventListener('click', () => choose(row));
    line.addEventListener('keydown', ({ key }) => key === 'Enter' && choose(row));
    return line;
  }

  function draw(): void {
    const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const shown = words.length === 0 ? rows : rows.filter(({ text }) => words.every((word) => text.includes(word)));
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
    body.replaceChildren(...shown.slice(-MOST_ROWS).map(lineOf));
    count.textContent = `${shown.length === rows.length ? '' : `${shown.length} of `}${short(rows.length)} packets${missed === 0 ? '' : `, ${short(missed)} missed`}`;
    if (atEnd) list.scrollTop = list.scrollHeight;
    drawDetail();
  }

  let last: Stats | undefined;

  /** One look; a machine of before is forgotten. */
  async function look(): Promise<void> {
    const machine = bench.machine;
    if (machine === undefined || machine.closed || bench.cards.length === 0) return drawBlank();
    const { frames, missed: more } = await machine.frames();
    last = await machine.stats();
    if (machine !== followed) {
      [followed, rows, missed, chosen, first] = [machine, [], 0, undefined, last];
      box.replaceChildren(tools, split);
      await setWire();
      draw();
    }
    missed += more;
    if (frames.length === 0) return chosen === undefined ? drawDetail() : undefined;
    rows = [...rows, ...frames.map(rowOf)].slice(-MOST_FRAMES);
    draw();
  }

  function drawBlank(): void {
    if (box.querySelector('.blank') !== null) return;
    followed = undefined;
    const start = (label: string, act: () => void): HTMLButtonElement => {
      const button = element('button', label);
      button.addEventListener('click', act);
      return button;
    };
    const two = (): void => {
      const [one, other] = pair() as [Recipe, Recipe];
      // Opened at once: later a browser would not let the page.
      open(linkTo({ recipe: other }));
      void bench.boot(one);
    };
    box.replaceChildren(Object.assign(element('div', '',
      element('p', 'This machine has no network card.'),
      element('p', '', start('Debian with a network', () => void bench.boot(ALONE)), document.createTextNode(' '), start('Two machines on one wire', two)),
      Object.assign(element('p', 'Of two, the other opens in a tab of its own: 10.0.0.1 is here and 10.0.0.2 there.'), { className: 'quiet' })), { className: 'blank' }));
  }

  const file = Object.assign(element('input'), { type: 'file', accept: '.pcapng,.pcap' });
  file.setAttribute('aria-label', 'Open a capture');
  file.addEventListener('change', () => void (async () => {
    const given = file.files?.[0];
    if (given === undefined) return;
    try {
      rows = fromPcapng(new Uint8Array(await given.arrayBuffer()), given.name).slice(-MOST_FRAMES).map(rowOf);
      [missed, chosen] = [0, undefined];
      draw();
    } catch (error) {
      say((error as Error).message);
    }
    file.value = '';
  })());
  const button = (label: string, act: () => void): HTMLButtonElement => {
    const made = element('button', label);
    made.addEventListener('click', act);
    return made;
  };
  const chooser = Object.assign(element('label', 'Open…', file), { className: 'file' });
  const tools = Object.assign(element('div', '', filter, loss.part, delay.part, element('label', 'Rate', rate), Object.assign(element('span'), { className: 'gap' }), count,
    button('Save pcapng', () => download('wire.pcapng', toPcapng(rows.map(({ frame }) => frame)))), chooser, button('Clear', () => {
      [rows, missed, chosen, first] = [[], 0, undefined, last];
      draw();
    })), { className: 'tools' });
  const split = Object.assign(element('div', '', list, detail), { className: 'split' });
  const box = element('div', '', tools, split);
  filter.addEventListener('input', draw);
  return {
    box,
    show(seen) {
      clearInterval(timer);
      if (!seen) return;
      const again = (): void => void look().catch(() => undefined);
      again();
      timer = setInterval(again, EVERY_MS);
    },
  };
}
