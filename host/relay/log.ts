/** The relay's log: one JSON object a line. So many lines a second at most, because a stranger decides how many there would be. */

import { RELAY_EVENTS, type RelayEvent } from './events.js';

const LINES_A_SECOND = 200;

export type Fields = Record<string, string | number | boolean>;
export type Log = (event: RelayEvent, fields?: Fields) => void;

export function openLog(write: (line: string) => void, now: () => number = Date.now): Log {
  let second = 0;
  let lines = 0;
  let left = 0;
  const put = (at: number, event: RelayEvent, fields: Fields): void => write(`${JSON.stringify({ time: new Date(at).toISOString(), event, ...fields })}\n`);
  return (event, fields = {}) => {
    const at = now();
    if (Math.floor(at / 1000) !== second) {
      second = Math.floor(at / 1000);
      lines = 0;
      if (left > 0) put(at, 'left out', { lines: left });
      left = 0;
    }
    if (++lines > LINES_A_SECOND && RELAY_EVENTS[event].often) left++;
    else put(at, event, fields);
  };
}
