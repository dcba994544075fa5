/**
 * What is told on standard error while something is prepared. On a terminal the steps share one line, which is gone when the work is done;
 * elsewhere each is a line of its own, and what only moves (bytes of a download) is not told. NO_COLOR (no-color.org) leaves out the faintness,
 * and TERM=dumb the line that is written over.
 */

import { wantsJson } from './note.js';

export interface Progress {
  /** A step: kept as a line of its own where there is no terminal. */
  note(text: string): void;
  /** What moves within a step; told on a terminal only. */
  moving(text: string): void;
  /** How far a download is, in bytes. */
  transfer(done: number, total: number): void;
  /** Takes the line away. */
  done(): void;
}

const CLEAR = '\r\x1b[K';
const FAINT = '\x1b[2m';
const PLAIN = '\x1b[0m';

/** The part of a stream that this needs: standard error. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** `json`: a step is an object on a line of its own, and nothing moves. */
export function openProgress(stream: ProgressStream = process.stderr, env: NodeJS.ProcessEnv = process.env, json = wantsJson(process.argv)): Progress {
  const line = !json && stream.isTTY === true && env['TERM'] !== 'dumb';
  const color = !env['NO_COLOR'];
  let shown = false;
  const show = (text: string): void => {
    const cut = text.slice(0, Math.max(20, (stream.columns ?? 80) - 1));
    stream.write(`${CLEAR}${color ? FAINT : ''}${cut}${color ? PLAIN : ''}`);
    shown = true;
  };
  return {
    note(text) {
      if (line) show(`pintail: ${text}`);
      else stream.write(json ? `${JSON.stringify({ step: text })}\n` : `pintail: ${text}\n`);
    },
    moving: (text) => {
      if (line) show(`pintail: ${text}`);
    },
    transfer(done, total) {
      const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
      if (line && total > 0) show(`pintail: fetching ${mb(done)} of ${mb(total)} MB`);
    },
    done: () => {
      if (shown) stream.write(CLEAR);
      shown = false;
    },
  };
}
