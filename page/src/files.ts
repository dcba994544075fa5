/**
 * Files of the guest that runs, through its agent: put in by a drop or the button, out by a click or a drag. A file is fetched when the pointer comes near it, since a
 * drag has to have its bytes when it begins.
 */

import type { GuestFile, Machine } from 'pintail';
import { at, download, element, say } from './dom.js';
import { bytes } from './figures.js';

/** A guest whose agent does not answer for so long has none, or hangs. */
const ANSWER_MS = 20_000;
/** What is fetched because the pointer is near. */
const NEAR_BYTES = 16 << 20;
const MOST_ROWS = 500;

/** The folder in which the newest process on the console stands: where its shell is. */
const WHERE = 'd=/ n=0; for p in /proc/[0-9]*; do case $(readlink $p/fd/0) in /dev/console|/dev/tty[0-9]*|/dev/ttyS0) i=${p#/proc/}; [ $i -gt $n ] && n=$i d=$(readlink $p/cwd);; esac; done; echo "$d"';

export interface GuestFiles {
  /** Puts files where the guest's shell stands. */
  put(files: readonly File[]): Promise<void>;
}

const join = (folder: string, name: string): string => `${folder === '/' ? '' : folder}/${name}`;
const above = (folder: string): string => folder.slice(0, Math.max(1, folder.lastIndexOf('/')));

/** Where the shell is. Throws an Error where the guest has no agent. */
async function shellFolder(machine: Machine): Promise<string> {
  const { stdout } = await machine.exec(['sh', '-c', WHERE], { timeout: ANSWER_MS });
  return new TextDecoder().decode(stdout).trimEnd();
}

/** The panel, which is made when it is first needed. */
function makePanel(): { panel: HTMLDetailsElement; form: HTMLFormElement; path: HTMLInputElement; list: HTMLUListElement; put: HTMLInputElement } {
  const path = Object.assign(element('input'), { value: '', size: 18, placeholder: 'where its shell is', autocomplete: 'off', spellcheck: false });
  path.setAttribute('aria-label', 'Folder in the guest');
  const put = Object.assign(element('input'), { type: 'file', multiple: true });
  put.setAttribute('aria-label', 'Put files into the guest');
  const chooser = element('label', 'Put files…', put);
  chooser.className = 'file';
  const form = element('form', '', path, element('button', 'List'), chooser);
  form.className = 'row';
  const list = element('ul');
  list.id = 'files-list';
  const panel = element('details', '', element('summary', 'Files in the guest'), form, list, Object.assign(element('p', 'Drop files on the terminal to put them in; click or drag one here to take it out.'), { className: 'quiet' }));
  panel.id = 'files-panel';
  at('kept-panel').before(panel);
  return { panel, form, path, list, put };
}

/** A link that saves; dragged to the desktop it is the file. */
function fileLink(machine: Machine, folder: string, { name, bytes: size }: GuestFile): HTMLAnchorElement {
  const link = Object.assign(element('a', name), { href: '#', download: name, draggable: true });
  let content: Promise<Blob> | undefined;
  const fetchIt = (): Promise<Blob> => (content ??= machine.readFile(join(folder, name)).then((read) => new Blob([read as BlobPart])));
  const ready = async (): Promise<void> => {
    if (size > NEAR_BYTES || link.href.startsWith('blob:')) return;
    link.href = URL.createObjectURL(await fetchIt());
  };
  for (const near of ['pointerenter', 'focus']) link.addEventListener(near, () => void ready().catch(() => undefined));
  link.addEventListener('dragstart', (event) => {
    if (!link.href.startsWith('blob:')) return event.preventDefault();
    event.dataTransfer?.setData('DownloadURL', `application/octet-stream:${name}:${link.href}`);
  });
  link.addEventListener('click', (event) => {
    event.preventDefault();
    fetchIt().then((blob) => download(name, blob), (error: Error) => say(error.message));
  });
  return link;
}

export function openFiles(current: () => Machine | undefined): GuestFiles {
  const { panel, form, path, list, put: chosen } = makePanel();

  const mustRun = (): Machine => {
    const machine = current();
    if (machine === undefined || !machine.running) throw new Error('The machine does not run: files go in and out while it does.');
    return machine;
  };

  /** Of two that are under way, what was asked for last is shown. */
  let asked = 0;

  async function show(folder?: string): Promise<void> {
    const machine = mustRun(), mine = ++asked;
    const where = folder ?? (await shellFolder(machine));
    const found = (await machine.list(where)).sort((a, b) => Number(b.kind === 'directory') - Number(a.kind === 'directory') || (a.name < b.name ? -1 : 1));
    if (mine !== asked) return;
    path.value = where;
    const into = (label: string, to: string): HTMLButtonElement => {
      const button = Object.assign(element('button', label), { className: 'plain', type: 'button' });
      button.addEventListener('click', () => said(show(to)));
      return button;
    };
    const rows = found.slice(0, MOST_ROWS).map((entry) => {
      if (entry.kind === 'directory') return element('li', '', into(`${entry.name}/`, join(where, entry.name)));
      if (entry.kind !== 'file') return element('li', '', Object.assign(element('span', entry.name), { className: 'quiet' }));
      return element('li', '', fileLink(machine, where, entry), Object.assign(element('span', ` ${bytes(entry.bytes)}`), { className: 'quiet' }));
    });
    const more = found.length > MOST_ROWS ? [element('li', `and ${found.length - MOST_ROWS} more`)] : [];
    list.replaceChildren(...(where === '/' ? [] : [element('li', '', into('..', above(where)))]), ...rows, ...more);
  }

  async function put(files: readonly File[]): Promise<void> {
    const machine = mustRun();
    const folder = await shellFolder(machine);
    for (const file of files) await machine.writeFile(join(folder, file.name), new Uint8Array(await file.arrayBuffer()));
    say(`${files.map(({ name }) => name).join(', ')} ${files.length === 1 ? 'is' : 'are'} in ${folder} of the guest.`);
    if (panel.open) await show(folder);
  }

  const said = (work: Promise<void>): Promise<void> => work.catch((error: Error) => say(`The guest: ${error.message}`));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void said(show(path.value === '' ? undefined : path.value));
  });
  panel.addEventListener('toggle', () => panel.open && list.children.length === 0 && void said(show()));
  chosen.addEventListener('change', () => void said(put([...(chosen.files ?? [])])));
  return { put: (files) => said(put(files)) };
}
