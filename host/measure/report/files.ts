/** The files of a report: what an author pastes, what a program reads, and what gives it again. */

import type { ExperimentResult, FigureResult } from '../result.js';
import { htmlPage } from './html.js';
import { oursText, paperText, ratioText } from './text.js';

const csvCell = (value: unknown): string => {
  const text = value === undefined ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A row a figure. */
export function csv({ experiment, figures }: ExperimentResult): string {
  const head = ['experiment', 'figure', 'variant', 'over', 'quantity', 'minimum', 'median', 'maximum', 'paper', 'tag', 'ratio', 'verdict'];
  const rows = figures.map((f) => [experiment.id, f.what, f.variant, f.over, f.quantity, f.minimum, f.median, f.maximum, f.paper?.value, f.paper?.tag, f.ratio, f.given]);
  return `${[head, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

const TEX: Readonly<Record<string, string>> = { '\\': '\\textbackslash{}', '~': '\\textasciitilde{}', '^': '\\textasciicircum{}' };
const texText = (text: string): string => text.replace(/[\\~^&%$#_{}]/g, (c) => TEX[c] ?? `\\${c}`);

/** One booktabs table. */
export function latex({ experiment, conditions, figures }: ExperimentResult): string {
  const row = (f: FigureResult): string => `  ${[f.what, oursText(f), paperText(f), ratioText(f), f.given].map(texText).join(' & ')} \\\\`;
  return [
    `% ${experiment.id}, by pintail measure; needs \\usepackage{booktabs}`, '\\begin{table}', '  \\centering', `  \\caption{${texText(experiment.title)}. ${texText(conditions)}.}`,
    `  \\label{tab:${experiment.id.toLowerCase()}}`, '  \\begin{tabular}{lrrrl}', '  \\toprule', '  & ours & paper & ratio & verdict \\\\', '  \\midrule', ...figures.map(row),
    '  \\bottomrule', '  \\end{tabular}', '\\end{table}', '',
  ].join('\n');
}

export interface Software {
  version: string;
  /** Of the checkout, where there is one. */
  commit?: string;
}

/** How the software is cited (citation-file-format 1.2.0). */
export function citation({ version, commit }: Software): string {
  return ['cff-version: 1.2.0', 'message: "If you use these figures, please cite the software that counted them."', 'type: software', 'title: Pintail', `version: ${version}`, ...(commit === undefined ? [] : [`commit: ${commit}`]), 'authors:', '  - name: The Pintail authors', 'license: MIT', ''].join('\n');
}

/** What stands beside the files: the one command, and what it must be run with. */
function readme({ experiment, origin, conditions }: ExperimentResult, { version, commit }: Software, command: string): string {
  const { guest, build } = origin;
  return [
    `# ${experiment.id}: ${experiment.title}`, '', `${conditions}. Source: ${experiment.source}.`, '', `    ${command}`, '', 'gives these files again; `pintail measure --verify DIR` does so and says what differs.', '',
    `- pintail ${version}${commit === undefined ? '' : `, commit ${commit}`}, module ${build}`, `- guest ${guest.name}, Linux ${guest.version}: kernel sha256 ${guest.kernel}, initrd sha256 ${guest.initrd}`, '',
    '`result.json` has every phase and variant; `result.csv` and `table.tex` a row a figure; `index.html` is one page without anything beside it.', '',
  ].join('\n');
}

/** By name. */
export function reportFiles(result: ExperimentResult, software: Software, command: string): Record<string, string> {
  return {
    'result.json': `${JSON.stringify(result, null, 2)}\n`, 'result.csv': csv(result), 'table.tex': latex(result), 'index.html': htmlPage(result),
    'CITATION.cff': citation(software), 'README.md': readme(result, software, command),
  };
}
