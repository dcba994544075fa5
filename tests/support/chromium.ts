/**
 * Debian's Chromium, driven over its DevTools pipe: no package, no port, gone with the test.
 *
 * Messages are JSON with a zero byte behind each, to the browser on its file 3 and from it on its file 4
 * (Chrome DevTools Protocol, `--remote-debugging-pipe`).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Where it is; undefined where it is not installed. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-extensions', '--mute-audio', '--hide-scrollbars', '--remote-debugging-pipe',
];

type Values = Record<string, unknown>;
interface Message {
  id?: number;
  method?: string;
  params?: Values;
  result?: Values;
  error?: { message: string };
  sessionId?: string;
}

export interface Page {
  send(method: string, params?: Values): Promise<Values>;
  goto(address: string): Promise<void>;
  /** The value of an expression, awaited, as JSON; what it throws is thrown here. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. The test's own time is its bound. */
  until(expression: string): Promise<void>;
  type(text: string): Promise<void>;
  press(key: string, modifiers?: number): Promise<void>;
  /** A PNG of what is seen. */
  screenshot(): Promise<Buffer>;
  /** Size in CSS pixels, and the colour scheme. */
  view(width: number, height: number, scheme?: 'light' | 'dark'): Promise<void>;
  /** What the page has written to its console as errors, and what it has thrown. */
  readonly problems: string[];
}

export interface Browser {
  open(): Promise<Page>;
  close(): Promise<void>;
}

class Connection {
  private readonly waiting = new Map<number, { resolve: (values: Values) => void; reject: (error: Error) => void }>();
  private nextId = 1;
  private rest = '';
  readonly listeners = new Set<(message: Message) => void>();

  constructor(private readonly to: Writable, from: Readable) {
    from.setEncoding('utf8');
    from.on('data', (text: string) => {
      const parts = (this.rest + text).split('\0');
      this.rest = parts.pop()!;
      for (const part of parts) this.receive(JSON.parse(part) as Message);
    });
    from.on('close', () => this.waiting.forEach(({ reject }) => reject(new Error('Chromium has ended'))));
    to.on('error', () => undefined);
  }

  private receive(message: Message): void {
    const pending = message.id === undefined ? undefined : this.waiting.get(message.id);
    if (pending === undefined) return this.listeners.forEach((listener) => listener(message));
    this.waiting.delete(message.id!);
    if (message.error === undefined) pending.resolve(message.result ?? {});
    else pending.reject(new Error(message.error.message));
  }

  send(method: string, params: Values = {}, sessionId?: string): Promise<Values> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      this.to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }
}

const KEYS: Record<string, { code: string; windowsVirtualKeyCode: number; text?: string }> = {
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' }, Tab: { code: 'Tab', windowsVirtualKeyCode: 9 }, Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
  ' ': { code: 'Space', windowsVirtualKeyCode: 32, text: ' ' }, ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
};

class Tab implements Page {
  readonly problems: string[] = [];
  private loaded = (): void => undefined;

  constructor(private readonly connection: Connection, private readonly session: string) {
    connection.listeners.add(({ method, params, sessionId }) => {
      if (sessionId !== session) return;
      if (method === 'Page.loadEventFired') this.loaded();
      const thrown = (params?.exceptionDetails as { exception?: { description?: string }; text: string } | undefined);
      if (method === 'Runtime.exceptionThrown') this.problems.push(thrown?.exception?.description ?? thrown?.text ?? 'an exception');
      if (method === 'Runtime.consoleAPICalled' && params?.type === 'error') this.problems.push(JSON.stringify(params.args));
      if (method === 'Log.entryAdded' && (params?.entry as Values).level === 'error') this.problems.push(`${String((params?.entry as Values).text)} ${String((params?.entry as Values).url ?? '')}`);
    });
  }

  send(method: string, params?: Values): Promise<Values> {
    return this.connection.send(method, params, this.session);
  }

  async goto(address: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.loaded = resolve));
    await this.send('Page.navigate', { url: address });
    await loaded;
  }

  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })) as {
      result: { value: T }; exceptionDetails?: { exception?: { description?: string }; text: string };
    };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => { const look = () => ((${expression}) ? resolve() : setTimeout(look, 20)); look(); })`);
  }

  async type(text: string): Promise<void> {
    for (const letter of text) await this.press(letter);
  }

  async press(key: string, modifiers = 0): Promise<void> {
    const known = { key, modifiers, ...(KEYS[key] ?? { text: key }) };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...known });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...known });
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.send('Page.captureScreenshot', { format: 'png' })).data as string, 'base64');
  }

  async view(width: number, height: number, scheme: 'light' | 'dark' = 'light'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }
}

async function openTab(connection: Connection): Promise<Page> {
  const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
  const tab = new Tab(connection, sessionId as string);
  for (const domain of ['Page', 'Runtime', 'Log']) await tab.send(`${domain}.enable`);
  return tab;
}

/** Starts it with a profile of its own, which goes with it. */
export async function startChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('Chromium is not installed: apt-get install chromium.');
  const profile = mkdtempSync(join(tmpdir(), 'pintail-chromium-'));
  const child: ChildProcess = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const connection = new Connection(child.stdio[3] as Writable, child.stdio[4] as Readable);
  return {
    open: () => openTab(connection),
    async close() {
      await connection.send('Browser.close').catch(() => undefined);
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
