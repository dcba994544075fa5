/** What `<pintail-machine>` draws: a bar with buttons, a console, and a curtain while there is no machine. Its parts have names for a page's own styles. */

import { Lines } from './lines.js';

const STYLE = `
:host { display: block; --pintail-ink: #e6efec; --pintail-glass: #0f1716; --pintail-accent: #3cc7bd; --pintail-quiet: #9db0aa; font: 15px/1.45 system-ui, sans-serif; color: var(--pintail-ink); }
:host([hidden]) { display: none; }
:host([bare]) .bar, :host([bare]) .console, :host([bare]) .curtain { display: none; }
.box { display: flex; flex-direction: column; height: 100%; border-radius: .6rem; overflow: hidden; background: var(--pintail-glass); }
:host([bare]) .box, :host([bare]) .glass { display: contents; }
.bar { display: flex; gap: .4rem; align-items: center; padding: .45rem .6rem; flex-wrap: wrap; }
.state { margin-left: auto; color: var(--pintail-quiet); font-size: .87rem; }
button { font: inherit; color: inherit; background: none; border: 1px solid #ffffff30; border-radius: .4rem; padding: .2rem .7rem; min-height: 2rem; cursor: pointer; }
button:hover:enabled { border-color: var(--pintail-accent); }
button:disabled { opacity: .45; cursor: default; }
button:focus-visible, .console:focus-visible { outline: 2px solid var(--pintail-accent); outline-offset: -2px; }
.run { background: var(--pintail-accent); border-color: var(--pintail-accent); color: #06201e; font-weight: 600; min-width: 4.4rem; }
.glass { position: relative; flex: 1; min-height: 14rem; }
.console { position: absolute; inset: 0; margin: 0; overflow: auto; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; font: .87rem/1.35 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
.curtain { position: absolute; inset: 0; display: grid; place-content: center; gap: .8rem; justify-items: center; text-align: center; padding: 1rem; background: var(--pintail-glass); }
.curtain[hidden] { display: none; }
.curtain p { margin: 0; max-width: 32rem; white-space: pre-line; }
progress { width: min(18rem, 70%); accent-color: var(--pintail-accent); }
`;

const MARKUP = `
<div class="box" part="box">
  <div class="bar" part="bar" role="toolbar" aria-label="Machine">
    <slot name="toolbar"></slot>
    <button class="run" part="run" type="button">Run</button>
    <button class="reset" part="reset" type="button" disabled>Reset</button>
    <span class="state" part="state" role="status"></span>
  </div>
  <div class="glass" part="glass">
    <slot name="terminal"><pre class="console" part="console" tabindex="0" role="textbox" aria-multiline="true" aria-label="Console"></pre></slot>
    <div class="curtain" part="curtain"><p><slot>A machine</slot></p><p class="said"></p><progress max="1" hidden aria-label="Loading"></progress></div>
  </div>
</div>`;

/** Keys that are more than a letter, as a terminal sends them. */
const KEYS: Readonly<Record<string, string>> = {
  Enter: '\r', Backspace: '\x7f', Tab: '\t', Escape: '\x1b', ArrowUp: '\x1b[A', ArrowDown: '\x1b[B', ArrowRight: '\x1b[C', ArrowLeft: '\x1b[D', Home: '\x1b[H', End: '\x1b[F', Delete: '\x1b[3~', PageUp: '\x1b[5~', PageDown: '\x1b[6~',
};

/** What a key types; undefined where it is the page's. Tab and Shift with it leave the console, as keyboards have to be able to. */
export function typedBy({ key, ctrlKey, altKey, metaKey, shiftKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey'>): string | undefined {
  if (metaKey || (shiftKey && (key === 'Tab' || key === 'Escape'))) return undefined;
  if (ctrlKey) return !altKey && !shiftKey && /^[a-z@[\\\]^_]$/i.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f) : undefined;
  const typed = KEYS[key] ?? (key.length === 1 ? key : undefined);
  return typed === undefined ? undefined : altKey ? `\x1b${typed}` : typed;
}

export interface View {
  readonly run: HTMLButtonElement;
  readonly reset: HTMLButtonElement;
  write(bytes: Uint8Array): void;
  clear(): void;
  showState(text: string): void;
  /** The curtain, with words; undefined: it goes away. */
  showCurtain(words: string | undefined, progress?: number): void;
  focus(): void;
  onType(listener: (text: string) => void): void;
}

export function openView(root: ShadowRoot): View {
  const sheet = document.createElement('style');
  sheet.textContent = STYLE;
  const template = document.createElement('template');
  template.innerHTML = MARKUP;
  root.append(sheet, template.content);
  const at = <T extends HTMLElement>(name: string): T => root.querySelector<T>(name)!;
  const screen = at('.console');
  const lines = new Lines();
  let drawing = false;
  /** Once a frame, however much has come. */
  const draw = (): void => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 40;
      screen.textContent = lines.text;
      if (atEnd) screen.scrollTop = screen.scrollHeight;
    });
  };
  return {
    run: at('.run'),
    reset: at('.reset'),
    write(bytes) {
      lines.write(bytes);
      draw();
    },
    clear() {
      lines.clear();
      draw();
    },
    showState: (text) => void (at('.state').textContent = text),
    showCurtain(words, progress) {
      at('.curtain').hidden = words === undefined;
      at('.said').textContent = words ?? '';
      const bar = at<HTMLProgressElement>('progress');
      bar.hidden = progress === undefined;
      bar.value = progress ?? 0;
    },
    focus: () => screen.focus(),
    onType(listener) {
      screen.addEventListener('keydown', (event) => {
        const typed = typedBy(event);
        if (typed === undefined) return;
        event.preventDefault();
        listener(typed);
      });
      screen.addEventListener('paste', (event) => {
        event.preventDefault();
        listener((event.clipboardData?.getData('text') ?? '').replaceAll(/\r?\n/g, '\r'));
      });
    },
  };
}
