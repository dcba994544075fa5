/** A result as one page that needs nothing beside it: the figures, and pictures of them (charts.ts). Light, dark and on paper. */

import type { Figures } from '../figures.js';
import type { ExperimentResult } from '../result.js';
import { bars, curves, escape, ratios } from './charts.js';
import { oursText, paperText, ratioText } from './text.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #6b7280; --line: #d6d9de; --bar: #3b6ea8; --bad: #a33a2c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --paper: #16181c; --faint: #9aa1ab; --line: #343840; --bar: #7fb0e6; --bad: #ef8a7d; } }
@media print { :root { --ink: #000; --paper: #fff; --faint: #444; --line: #999; --bar: #555; --bad: #000; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper); }
.faint { color: var(--faint); } .scroll { overflow-x: auto; } figure { margin: 1.2rem 0; break-inside: avoid; } figcaption { font-weight: 600; margin-bottom: .3rem; } tr { break-inside: avoid; } thead { display: table-header-group; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td:last-child { white-space: nowrap; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.bad { color: var(--bad); }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg rect { fill: var(--bar); } svg rect.wanted { fill: var(--line); opacity: .6; }
svg .good { stroke: var(--bar); fill: var(--bar); stroke-width: 2; } svg .bad { stroke: var(--bad); fill: var(--bad); stroke-width: 2; } svg .grid { stroke: var(--line); } svg .one { stroke: var(--faint); } svg polyline { fill: none; stroke: var(--bar); stroke-width: 1.5; }`;

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
  const charts = CHARTS.map(([title, of]) => bars(title, measured.map(({ variant, phases }) => ({ name: variant, value: of(phases[0]!) }))));
  const absent = experiment.absent.map(({ what, why }) => `<li>${escape(what)}: ${escape(why)}</li>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(experiment.id)}: ${escape(experiment.title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>${escape(experiment.id)}: ${escape(experiment.title)}</h1>
<p class="faint">${escape(conditions)}.<br>Source: ${escape(experiment.source)}.</p>
<div class="scroll"><table><thead><tr><th></th><th class="number">ours</th><th class="number">paper</th><th class="number">ratio</th><th>verdict</th></tr></thead><tbody>
${figureRows(result)}
</tbody></table></div>
${ratios(result)}
${curves(result).join('\n')}
${absent === '' ? '' : `<h2>Not measured</h2><ul>${absent}</ul>`}
<h2>By variant</h2>
${charts.join('\n')}
</body></html>
`;
}
