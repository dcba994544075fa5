/** What a machine writes on its console, and stopping it at a text. */
import type { Machine, Stop } from 'pintail';

export interface Screen {
  /** Everything so far, escape sequences included. */
  readonly text: string;
}

/** Collects the console. */
export function watchConsole(machine: Machine): Screen {
  const decoder = new TextDecoder();
  const screen = { text: '' };
  machine.on('console', (bytes) => (screen.text += decoder.decode(bytes, { stream: true })));
  return screen;
}

/** Runs until the console has shown `wanted` (`stop.reason` is then `paused`), or something else ends the run. */
export async function runUntilText(machine: Machine, screen: Screen, wanted: string | RegExp): Promise<Stop> {
  const shown = (): boolean => (typeof wanted === 'string' ? screen.text.includes(wanted) : wanted.test(screen.text));
  const off = machine.on('console', () => {
    if (shown()) void machine.pause();
  });
  try {
    return await machine.run();
  } finally {
    off();
  }
}
