/** A result as one page that needs nothing beside it: the figures, and a chart of what each variant's packet costs. Light, dark and on paper. */

import type { Figures } from '../figures.js';
import { figureText } from '../packet.js';
import type { ExperimentResult } from '../result.js';
import { oursText, paperText, ratioText } from './text.js';

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #6b7280; --line: #d6d9de; --bar: #3b6ea8; --bad: #a33a2c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --paper: #16181c; --faint: #9aa1ab; --line: #343840; --bar: #7fb0e6; --bad: #ef8a7d; } }
@media print { :root { --ink: #000; --paper: #fff; --faint: #444; --line: #999; --bar: #555; --bad: #000; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper); }
p.faint, td.faint { color: var(--faint); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.bad { color: var(--bad); }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg rect { fill: var(--bar); }`;

const LABEL = 190, BAR = 480, ROW = 24;

/** Bars of one quantity over the variants. */
function chart(title: string, rows: readonly { name: string; value: number }[]): string {
  const most = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE);
  const bars = rows.map(({ name, value }, i) => {
    const y = i * ROW, width = Math.max(1, (value / most) * BAR);
    return `<text x="${LABEL - 8}" y="${y + 16}" text-anchor="end">${escape(name)}</text><rect x="${LABEL}" y="${y + 4}" width="${width.toFixed(1)}" height="16"/><text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 16}">${figureText(value)}</text>`;
  });
  return `<figure><figcaption>${escape(title)}</figcaption><svg viewBox="0 0 ${LABEL + BAR + 80} ${rows.length * ROW}" role="img" aria-label="${escape(title)}">${bars.join('')}</svg></figure>`;
}

const CHARTS: readonly [title: string, of: (figures: Figures) => number][] = [
  ['Instructions a packet', ({ instructions }) => instructions], ['Accesses to registers a packet', ({ accesses }) => accesses], ['Interrupts a packet', ({ interrupts }) => interrupts],
];

function figureRows({ figures }: ExperimentResult): string {
  return figures.map((f) => {
    const cells = [oursText(f), paperText(f), ratioText(f)].map((text) => `<td class="number">${escape(text)}</td>`).join('');
    return `<tr><td>${escape(f.what)}${f.note === undefined ? '' : `<br><span class="faint">${escape(f.note)}</span>`}</td>${cells}<td${f.given === 'not reproduced' ? ' class="bad"' : ''}>${f.given}</td></tr>`;
  }).join('\n');
}

export function htmlPage(result: ExperimentResult): string {
  const { experiment, conditions, measured } = result;
  const charts = CHARTS.map(([title, of]) => chart(title, measured.map(({ variant, phases }) => ({ name: variant, value: of(phases[0]!) }))));
  const absent = experiment.absent.map(({ what, why }) => `<li>${escape(what)}: ${escape(why)}</li>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(experiment.id)}: ${escape(experiment.title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>${escape(experiment.id)}: ${escape(experiment.title)}</h1>
<p class="faint">${escape(conditions)}.<br>Source: ${escape(experiment.source)}.</p>
<div class="scroll"><table><thead><tr><th></th><th class="number">ours</th><th class="number">paper</th><th class="number">ratio</th><th>verdict</th></tr></thead><tbody>
${figureRows(result)}
</tbody></table></div>
${absent === '' ? '' : `<h2>Not measured</h2><ul>${absent}</ul>`}
<h2>By variant</h2>
${charts.join('\n')}
</body></html>
`;
}
