/** The panels under the terminal: each is fetched when it is first opened, and one is open at a time. */

import './panels.css';
import type { Bench } from '../bench.js';
import { at } from '../dom.js';

export interface Panel {
  readonly box: HTMLElement;
  /** It is seen now, or no longer. */
  show(seen: boolean): void;
}

const OPENERS: Readonly<Record<string, (bench: Bench) => Promise<Panel>>> = {
  wire: async (bench) => (await import('./wire.js')).openWire(bench),
  machine: async (bench) => (await import('./board.js')).openBoard(bench),
};

const opened = new Map<string, Promise<Panel>>();
let current: string | undefined;

async function close(): Promise<void> {
  if (current === undefined) return;
  const panel = await opened.get(current)!;
  document.querySelector(`[data-panel=${current}]`)?.setAttribute('aria-expanded', 'false');
  current = undefined;
  panel.show(false);
  at('panel').hidden = true;
}

/** Opens it, or closes it where it is open. */
export async function toggle(name: string, bench: Bench): Promise<void> {
  const again = name === current;
  await close();
  if (again) return;
  const opening = opened.get(name) ?? OPENERS[name]!(bench);
  opened.set(name, opening);
  const panel = await opening;
  current = name;
  at('panel').replaceChildren(panel.box);
  at('panel').hidden = false;
  document.querySelector(`[data-panel=${name}]`)?.setAttribute('aria-expanded', 'true');
  panel.show(true);
}
