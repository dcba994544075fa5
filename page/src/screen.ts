/** The terminal: what the guest's first serial port says, and where it is typed at. */

import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { at } from './dom.js';

const THEME = { background: '#0f1716', foreground: '#e6efec', cursor: '#3cc7bd', selectionBackground: '#2f5f5a' };
/** What is kept of it for a machine that is kept. */
const KEPT = 64 << 10;

export interface Screen {
  write(bytes: Uint8Array): Promise<void>;
  clear(): void;
  focus(): void;
  /** The end of all that was shown. */
  readonly shown: string;
  onType(listener: (text: string) => void): void;
}

/** Its lines as a live region, which screen readers want and phones' keyboards do not: asked for once, and remembered. */
function readAloud(set: (on: boolean) => void): void {
  const box = at<HTMLInputElement>('aloud');
  box.checked = localStorage.getItem('aloud') === 'yes';
  set(box.checked);
  box.addEventListener('change', () => {
    localStorage.setItem('aloud', box.checked ? 'yes' : 'no');
    set(box.checked);
  });
}

export function openScreen(): Screen {
  const terminal = new Terminal({ cursorBlink: true, fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, monospace', fontSize: innerWidth < 480 ? 12 : 14, lineHeight: 1.15, scrollback: 5000, theme: THEME });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(at('terminal'));
  new ResizeObserver(() => fit.fit()).observe(at('terminal'));
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key !== 'Escape' || !event.shiftKey) return true;
    if (event.type === 'keydown') at<HTMLButtonElement>('run').focus();
    return false;
  });
  readAloud((on) => (terminal.options.screenReaderMode = on));
  const decoder = new TextDecoder();
  let shown = '';
  return {
    write(bytes) {
      shown = (shown + decoder.decode(bytes, { stream: true })).slice(-KEPT);
      return new Promise((resolve) => terminal.write(bytes, resolve));
    },
    clear() {
      shown = '';
      terminal.reset();
    },
    focus: () => terminal.focus(),
    get shown() {
      return shown;
    },
    onType: (listener) => void terminal.onData(listener),
  };
}
