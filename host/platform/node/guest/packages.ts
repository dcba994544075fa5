/**
 * Debian packages through the ordinary client, as an ordinary user: nothing is installed, nothing outside the folder
 * given is written.
 *
 * The system's package lists are used where they are there and still good; otherwise (a fresh container, another
 * architecture, a version that is gone from the archive) lists of our own are fetched
 * into that folder with the system's own sources and keys.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';
import { sha256OfFile } from './folder.js';
import { lastLine, runTool, streamTool } from './run-tool.js';
import { readTar, type TarEntry } from '../../../guest/tar.js';

export interface PackageClientOptions {
  /** Debian's name of the processor: `amd64`, `i386`. */
  arch: string;
  /** A folder for lists of our own. */
  stateDir: string;
  onProgress?: (line: string) => void;
  /** Told how far a download is, in bytes. */
  onTransfer?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface PackageInfo {
  name: string;
  version: string;
  depends: string[];
  sha256: string;
  /** Of the package's file. */
  bytes: number;
}

/** A package's file, as fetched. */
export interface FetchedPackage {
  name: string;
  version: string;
  sha256: string;
  bytes: number;
  path: string;
}

export interface PackageClient {
  /** What the lists say about a package. */
  show(name: string): Promise<PackageInfo>;
  /** Fetches packages into a folder; the client checks their digests. Returns their paths, in the order asked for. */
  download(names: readonly string[], folder: string): Promise<string[]>;
  /** Fetches what an empty system needs for these packages to work, the essential ones too, into an empty folder; in the order apt names them. */
  closure(names: readonly string[], folder: string): Promise<FetchedPackage[]>;
  /** Changes over to lists fetched now, since the system's may be older than the archive; false when they are that already. */
  refresh(): Promise<boolean>;
}

function parseShow(text: string): PackageInfo | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n\n')[0]!.split('\n')) {
    const match = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
    if (match) fields.set(match[1]!, match[2]!);
  }
  const name = fields.get('Package');
  const version = fields.get('Version');
  if (name === undefined || version === undefined) return undefined;
  const depends = (fields.get('Depends') ?? '').split(',').map((row) => row.trim().split(/[ :(]/)[0]!);
  return { name, version, depends, sha256: fields.get('SHA256') ?? '', bytes: Number(fields.get('Size') ?? 0) };
}

/** A line of `--print-uris`: 'URI' NAME_VERSION_ARCH.deb BYTES SHA256:DIGEST, with the version's colon as %3a. */
function parseUri(line: string, folder: string): FetchedPackage | undefined {
  const match = /^'.*' (([^_ ]+)_([^_ ]+)_[^_ ]+\.deb) (\d+) SHA256:([0-9a-f]{64})$/.exec(line);
  if (match === null) return undefined;
  return { name: match[2]!, version: match[3]!.replaceAll('%3a', ':'), bytes: Number(match[4]), sha256: match[5]!, path: join(folder, match[1]!) };
}

/** Options that keep lists, caches and locks inside `stateDir` and make `arch` the only architecture. */
function privateOptions(arch: string, stateDir: string): string[] {
  const settings = [
    `Dir::State=${join(stateDir, 'state')}`,
    `Dir::State::status=/dev/null`,
    `Dir::Cache=${join(stateDir, 'cache')}`,
    `APT::Architecture=${arch}`,
    `APT::Architectures=${arch}`,
    'Acquire::Languages=none',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

/** For any lists: the binary caches made of them are ours, and no attempt is made to become another user. */
function commonOptions(stateDir: string): string[] {
  const settings = [`Dir::Cache::pkgcache=${join(stateDir, 'packages.bin')}`, `Dir::Cache::srcpkgcache=${join(stateDir, 'sources.bin')}`];
  if (process.getuid?.() === 0) settings.push('APT::Sandbox::User=root');
  return settings.flatMap((setting) => ['-o', setting]);
}

/** What apt-get says where an archive cannot be reached. */
const UNREACHABLE = /Temporary failure resolving '[^']*'|Could not resolve '[^']*'|Could not connect to \S+|Unable to connect to \S+|Network is unreachable|Connection timed out/;

/** Why nothing can be fetched, when it is the network. */
function missingNetwork(stderr: string): string | undefined {
  const said = UNREACHABLE.exec(stderr)?.[0];
  return said === undefined ? undefined : `their archive cannot be reached: the network is missing (${said})`;
}

/** `dlstatus:1:42.5:Retrieving file 1 of 2`: per cent of all. */
const TRANSFER = /^dlstatus:\d+:([\d.]+):/;

async function nativeArch(signal: AbortSignal | undefined): Promise<string> {
  return (await runTool('dpkg', ['--print-architecture'], { signal })).stdout.trim();
}

/** A file's name says its package: NAME_VERSION_ARCH.deb. */
function findDownloaded(files: string[], name: string): string | undefined {
  return files.find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
}

export async function openPackages(options: PackageClientOptions): Promise<PackageClient> {
  const { arch, stateDir, signal } = options;
  const say = options.onProgress ?? (() => {});
  if (process.platform !== 'linux') throw new NoPackageClient('there is no apt-get here');
  let own = (await nativeArch(signal)) !== arch;
  let fetched = false;
  let complaint = '';
  let offline: string | undefined;
  const bytesOf = new Map<string, number>();
  await runTool('apt-get', ['--version'], { signal });
  await mkdir(stateDir, { recursive: true });

  const settings = (): string[] => [...commonOptions(stateDir), ...(own ? privateOptions(arch, stateDir) : [])];

  /** Changes over to lists of our own, fetching them once. */
  async function fetchLists(): Promise<void> {
    own = true;
    if (fetched) return;
    fetched = true;
    await mkdir(join(stateDir, 'state/lists/partial'), { recursive: true });
    await mkdir(join(stateDir, 'cache/archives/partial'), { recursive: true });
    say(`fetching the package lists (${arch})`);
    // A source that fails need not be one we want: whether the packages are found decides.
    const result = await runTool('apt-get', [...settings(), '-q', 'update'], { signal });
    if (result.code !== 0) complaint = lastLine(result.stderr);
    offline = missingNetwork(result.stderr);
  }

  async function lookUp(name: string): Promise<PackageInfo | undefined> {
    const result = await runTool('apt-cache', [...settings(), 'show', '--no-all-versions', name], { signal });
    return result.code === 0 ? parseShow(result.stdout) : undefined;
  }

  async function show(name: string): Promise<PackageInfo> {
    if (own) await fetchLists();
    let info = await lookUp(name);
    if (info === undefined && !fetched) {
      await fetchLists();
      info = await lookUp(name);
    }
    if (info === undefined && offline !== undefined) throw new NoPackageClient(offline);
    if (info === undefined) {
      const why = complaint && ` (apt-get update: ${complaint})`;
      throw new NoPackageClient(`this system's package sources have no ${name} for ${arch}${why}`);
    }
    bytesOf.set(name, info.bytes);
    return info;
  }

  /** Reports what apt-get says on its status descriptor, which is standard output here. */
  function transferOf(names: readonly string[]): (line: string) => void {
    const total = names.reduce((sum, name) => sum + (bytesOf.get(name) ?? 0), 0);
    return (line) => {
      const percent = TRANSFER.exec(line)?.[1];
      if (percent !== undefined) options.onTransfer?.(Math.round((total * Number(percent)) / 100), total);
    };
  }

  async function download(names: readonly string[], folder: string): Promise<string[]> {
    await mkdir(folder, { recursive: true });
    const result = await runTool('apt-get', [...settings(), '-q', '-o', 'APT::Status-Fd=1', 'download', ...names], { cwd: folder, signal, onLine: transferOf(names) });
    const files = await readdir(folder);
    return names.map((name) => {
      const found = result.code === 0 ? findDownloaded(files, name) : undefined;
      if (found === undefined) throw new NoPackageClient(missingNetwork(result.stderr) ?? `${names.join(' and ')} cannot be fetched (${lastLine(result.stderr)})`);
      return join(folder, found);
    });
  }

  /** What apt says is wrong with the names that were asked for, or with the network. */
  function refusal(names: readonly string[], stderr: string): Error {
    const unknown = [...stderr.matchAll(/Unable to locate package (\S+)/g)].map(([, name]) => name!);
    if (unknown.length > 0) return new GuestError(`This system's package sources have no ${unknown.join(' and no ')} for ${arch}`, 'Look at the names of --packages.');
    return new NoPackageClient(missingNetwork(stderr) ?? `${names.join(', ')} cannot be fetched (${lastLine(stderr)})`);
  }

  async function closure(names: readonly string[], into: string): Promise<FetchedPackage[]> {
    const folder = resolve(into); // apt's settings would take it as below its own
    await show(names[0]!); // lists are there
    await mkdir(join(folder, 'partial'), { recursive: true });
    const alone = ['Dir::State::status=/dev/null', `Dir::Cache::archives=${folder}`, 'Debug::NoLocking=1', 'Acquire::ForceHash=SHA256', 'APT::Install-Recommends=false', 'APT::Status-Fd=1'];
    const install = (extra: readonly string[]): string[] => [...settings(), ...alone.flatMap((setting) => ['-o', setting]), '-q', '-y', ...extra, 'install', '?essential', ...names];
    const listed = await runTool('apt-get', install(['-q', '--print-uris']), { signal });
    const packages = listed.stdout.split('\n').flatMap((line) => parseUri(line, folder) ?? []);
    if (listed.code !== 0 || packages.length === 0) throw refusal(names, listed.stderr);
    for (const { name, bytes } of packages) bytesOf.set(name, bytes);
    const { code, stderr } = await runTool('apt-get', install(['--download-only']), { signal, onLine: transferOf(packages.map(({ name }) => name)) });
    if (code !== 0) throw refusal(names, stderr);
    for (const it of packages) if ((await sha256OfFile(it.path, signal)) !== it.sha256) throw new GuestError(`The package ${it.name} is not what the lists say (the SHA-256 digest differs)`, 'Start again.');
    return packages;
  }

  async function refresh(): Promise<boolean> {
    if (fetched) return false;
    await fetchLists();
    return true;
  }

  return { show, download, closure, refresh };
}

/** The files of a package that `wanted` picks by path. */
export async function extractPackage(path: string, wanted: (path: string) => boolean, signal?: AbortSignal): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(streamTool('dpkg-deb', ['--fsys-tarfile', path], { signal }), wanted)) entries.push(entry);
  return entries;
}
