/**
 * A guest whose root file system is made of named Debian packages and all they depend on, on a disk. Packages are unpacked, not configured: no
 * script of theirs runs here. What the scripts of the essential ones would make (users, a few files and links) is made; dpkg knows all packages as
 * unpacked, so that `dpkg --configure -a` in the guest runs the scripts where they are wanted.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Budget } from '../../../boot/unpack/index.js';
import type { DebianGuestName } from './recipe.js';
import { directory, file, symlink, type FileEntry } from '../../../guest/files.js';
import { LIMITS, writeGuest } from './import.js';
import type { Guest } from './folder.js';
import { openPackages, type FetchedPackage } from './packages.js';
import { prepareGuest, type PrepareOptions } from './prepare.js';
import { streamTool } from './run-tool.js';
import { readTar, type TarEntry } from '../../../guest/tar.js';

/** Debian's own, since its release 12; the tools that install it make them first. */
const MERGED: readonly FileEntry[] = [
  ...['bin', 'sbin', 'lib'].flatMap((name) => [directory(`usr/${name}`), symlink(name, `usr/${name}`)]),
];
const MERGED_64: readonly FileEntry[] = [directory('usr/lib64'), symlink('lib64', 'usr/lib64')];

/** What the scripts of base-passwd and base-files copy where it is not there. */
const COPIES: ReadonlyMap<string, string> = new Map([
  ['usr/share/base-passwd/passwd.master', 'etc/passwd'], ['usr/share/base-passwd/group.master', 'etc/group'], ['usr/share/base-files/nsswitch.conf', 'etc/nsswitch.conf'],
  ['usr/share/base-files/profile', 'etc/profile'], ['usr/share/base-files/dot.profile', 'root/.profile'], ['usr/share/base-files/dot.bashrc', 'root/.bashrc'],
]);
/** Names that update-alternatives gives, by what has them first. */
const ALTERNATIVES: ReadonlyMap<string, string> = new Map([
  ['usr/bin/mawk', 'usr/bin/awk'], ['usr/bin/gawk', 'usr/bin/awk'], ['usr/bin/gcc', 'usr/bin/cc'], ['usr/bin/g++', 'usr/bin/c++'], ['usr/bin/which.debianutils', 'usr/bin/which'],
  ['usr/bin/less', 'usr/bin/pager'], ['usr/bin/nano', 'usr/bin/editor'], ['usr/bin/vim.tiny', 'usr/bin/vi'],
]);
const STATUS_PATH = 'var/lib/dpkg/status';
/** What dpkg keeps of a package beside its status. */
const CONTROL_FILES = /^(preinst|postinst|prerm|postrm|md5sums|conffiles|shlibs|symbols|triggers|templates|config)$/;

const decoder = new TextDecoder();

/** The name dpkg keeps a package's files under. */
function infoName(control: string, name: string): string {
  const same = /^Multi-Arch: same$/m.test(control);
  return same ? `${name}:${/^Architecture: (\S+)$/m.exec(control)?.[1] ?? ''}` : name;
}

/** A package's stanza in dpkg's list: unpacked, not configured. */
function stanza(control: string): string {
  return `${control.trim().replace(/^(Package: .*)$/m, '$1\nStatus: install ok unpacked')}\n\n`;
}

/** Files of dpkg's own about a package whose files are `paths`; its stanza goes to `status`. */
async function* bookKeeping({ path, name }: FetchedPackage, paths: readonly string[], status: string[], signal?: AbortSignal): AsyncGenerator<FileEntry> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(streamTool('dpkg-deb', ['--ctrl-tarfile', path], { signal }))) entries.push(entry);
  const control = decoder.decode(entries.find((entry) => entry.path === 'control')?.data);
  status.push(stanza(control));
  const at = `var/lib/dpkg/info/${infoName(control, name)}`;
  yield file(`${at}.list`, ['/.', ...paths.map((one) => `/${one}`)].join('\n') + '\n');
  for (const entry of entries) if (CONTROL_FILES.test(entry.path)) yield { ...entry, path: `${at}.${entry.path}` };
}

function* extras(entry: TarEntry, made: Set<string>): Generator<FileEntry> {
  const copy = COPIES.get(entry.path);
  if (copy !== undefined && entry.data !== undefined) yield file(copy, entry.data);
  const alternative = ALTERNATIVES.get(entry.path);
  if (alternative === undefined || made.has(alternative)) return;
  made.add(alternative);
  yield symlink(alternative, `/${entry.path}`);
}

async function* rootOf(packages: readonly FetchedPackage[], arch: string, budget: Budget, say: (line: string) => void, signal?: AbortSignal): AsyncGenerator<TarEntry> {
  yield* MERGED;
  if (arch === 'amd64') yield* MERGED_64;
  const status: string[] = [];
  const made = new Set<string>();
  for (const [i, one] of packages.entries()) {
    say(`unpacking ${one.name} (${i + 1} of ${packages.length})`);
    const paths: string[] = [];
    for await (const entry of readTar(streamTool('dpkg-deb', ['--fsys-tarfile', one.path], { signal }), undefined, budget)) {
      paths.push(entry.path);
      yield entry;
      yield* extras(entry, made);
    }
    yield* bookKeeping(one, paths, status, signal);
  }
  yield file(STATUS_PATH, status.join(''));
  yield file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n');
}

/** Makes a guest of these packages in a folder of its own. Throws NoPackageClient, GuestError. */
export async function buildRoot(name: DebianGuestName, names: readonly string[], outDir: string, options: PrepareOptions = {}): Promise<Guest> {
  const { signal } = options;
  const say = options.onProgress ?? (() => {});
  const base = await prepareGuest(name, options);
  const work = join(outDir, '.packages');
  await mkdir(work, { recursive: true });
  try {
    const client = await openPackages({ ...options, arch: name, stateDir: join(work, 'apt') });
    say(`fetching ${names.join(', ')} and what they need`);
    const packages = await client.closure(names, join(work, 'archives'));
    const budget = new Budget({ signal, limits: LIMITS });
    const rows = packages.map(({ name: one, version, sha256 }) => ({ name: one, version, sha256 }));
    const entries = rootOf(packages, name, budget, say, signal);
    return await writeGuest(entries, budget, outDir, { ...options, base, name: `${name} with ${names.join(', ')}`, source: `${packages.length} packages`, packages: [...base.manifest.packages, ...rows], mostInMemory: -1 });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
