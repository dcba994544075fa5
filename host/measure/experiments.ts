/** Runs experiments and writes their reports. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { meaningOf } from '../words/errno.js';
import { MeasureError } from './errors.js';
import type { Experiment } from './experiment.js';
import { conditions } from './packet.js';
import { reportFiles, type Software } from './report/files.js';
import { compileModule } from '../machine/module.js';
import { runAttacks } from './isolation/run.js';
import { judge, type ExperimentResult } from './result.js';
import { ROOT } from './root.js';
import { measureVariants, type MeasureOptions, type Origin } from './run.js';

const BOARD_ALONE = 'a board whose processor does not run';
const boardAlone = (build: string): Origin => ({ guest: { name: 'none', version: 'none', kernel: 'none', initrd: 'none' }, build, tickNs: 1 });

export async function runExperiment(experiment: Experiment, options: Omit<MeasureOptions, 'phases'>): Promise<ExperimentResult> {
  const { variants, phases } = experiment, attacked = await runAttacks(experiment, options.onProgress, options.signal);
  if (variants.length === 0) return judge(experiment, [], boardAlone((await compileModule()).build), BOARD_ALONE, attacked);
  const { measured, origin } = await measureVariants(variants, { ...options, phases });
  return judge(experiment, measured, origin, conditions(variants, origin), attacked);
}

/** What counted: the package's version, and its commit where this is a checkout. */
export function software(): Software {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  try {
    return { version, commit: execFileSync('git', ['-C', ROOT, 'rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() };
  } catch {
    return { version };
  }
}

/** Each file is whole or as it was. */
export function writeReport(dir: string, result: ExperimentResult, command: string): void {
  try {
    mkdirSync(dir, { recursive: true });
    for (const [name, text] of Object.entries(reportFiles(result, software(), command))) {
      const path = join(dir, name);
      writeFileSync(`${path}.part`, text);
      renameSync(`${path}.part`, path);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new MeasureError(dir, `cannot be written to: ${meaningOf(code)}.`);
  }
}
