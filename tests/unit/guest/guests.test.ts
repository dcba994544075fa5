/** Guests in folders: built, imported, verified against their manifest. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, statSync, utimesSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appletNames } from '../../../host/guest/busybox.js';
import { readCpio, writeCpio } from '../../../host/guest/cpio.js';
import { file, type FileEntry } from '../../../host/guest/files.js';
import { GuestError, importGuest, loadGuest, NoPackageClient, prepareGuest } from '../../../host/guest/index.js';
import { writeGuestFile, writeManifest } from '../../../host/platform/node/guest/folder.js';
import { indexModules, moduleName, selectModules } from '../../../host/guest/modules.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pintail-guest-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function makeGuest(at: string): Promise<void> {
  const initrd = writeCpio([file('bin/busybox', 'the program', 0o755), file('lib/modules/6/modules.dep', '')]);
  const kernel = await writeGuestFile(at, 'kernel', new Uint8Array([1, 2, 3]), 'a kernel');
  await writeManifest(at, {
    name: 'made', version: '1', recipe: 'r', append: 'console=ttyS0', memory: 1 << 27, agent: true, packages: [],
    kernel, initrd: await writeGuestFile(at, 'initrd', initrd, 'an initrd'), others: [],
  });
}

describe('a guest folder', () => {
  it('opens when it is whole', async () => {
    await makeGuest(dir);
    expect(await loadGuest(dir)).toMatchObject({ kernel: join(dir, 'kernel'), initrd: join(dir, 'initrd'), append: 'console=ttyS0' });
  });

  it('is refused when a byte or a size differs, or a file is missing', async () => {
    await makeGuest(dir);
    writeFileSync(join(dir, 'kernel'), new Uint8Array([1, 2, 4]));
    await expect(loadGuest(dir)).rejects.toThrow(/kernel is not what its manifest says/);
    writeFileSync(join(dir, 'kernel'), new Uint8Array([1, 2]));
    await expect(loadGuest(dir, { remembered: true })).rejects.toThrow(/kernel has 2 bytes, its manifest says 3/);
    rmSync(join(dir, 'kernel'));
    await expect(loadGuest(dir)).rejects.toThrow(/kernel is missing/);
  });

  it('of the cache is checked once, and again after a file was touched, whatever its size and time say', async () => {
    await makeGuest(dir);
    await loadGuest(dir, { remembered: true });
    await loadGuest(dir, { remembered: true });
    const kernel = join(dir, 'kernel');
    const { atime, mtime } = statSync(kernel);
    writeFileSync(kernel, new Uint8Array([1, 2, 4]));
    utimesSync(kernel, atime, mtime);
    await expect(loadGuest(dir, { remembered: true })).rejects.toThrow(/kernel is not what its manifest says/);
    writeFileSync(kernel, new Uint8Array([1, 2, 3]));
    await expect(loadGuest(dir, { remembered: true })).resolves.toMatchObject({ kernel });
  });

  it('is refused when its manifest is none, or leads elsewhere', async () => {
    await expect(loadGuest(dir)).rejects.toThrow(GuestError);
    writeFileSync(join(dir, 'manifest.json'), '{');
    await expect(loadGuest(dir)).rejects.toThrow(/is not JSON/);
    await makeGuest(dir);
    const path = join(dir, 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"name": "kernel"', '"name": "../kernel"'));
    await expect(loadGuest(dir)).rejects.toThrow(/not a guest manifest/);
  });
});

/** An empty file, or a hard link. */
function tarHeader(path: string, link: string): Buffer {
  const header = Buffer.alloc(512);
  for (const [at, text] of [[0, path], [100, '0000644'], [108, '0000000'], [116, '0000000'], [124, '00000000000'], [136, '00000000000'], [148, '        '], [156, link === '' ? '0' : '1'], [157, link], [257, 'ustar\x0000']] as const) header.write(text, at);
  header.write(`${header.reduce((sum, byte) => sum + byte).toString(8).padStart(6, '0')}\0`, 148);
  return header;
}

describe('importing', () => {
  const tar = spawnSync('tar', ['--version']).status === 0;

  it.skipIf(!tar)('puts init, modules and busybox beside the files of the archive', async () => {
    await makeGuest(dir);
    const made = spawnSync('sh', ['-c', 'mkdir -p r/usr/bin r/dev && echo hi >r/usr/bin/a && ln r/usr/bin/a r/usr/bin/b && ln -s usr/bin r/bin && touch r/dev/x && tar -C r -c .'], { cwd: dir }).stdout;
    const archive = join(dir, 'root.tar.gz');
    writeFileSync(archive, gzipSync(made));
    const guest = await importGuest(archive, join(dir, 'out'), { base: await loadGuest(dir) });
    expect(guest.append).toBe('console=ttyS0 rdinit=/pintail/init');
    expect(guest.manifest.name).toBe('root');
    const entries = new Map(readCpio(await readFile(guest.initrd)).map((entry) => [entry.path, entry]));
    expect(new TextDecoder().decode(entries.get('usr/bin/b')!.data)).toBe('hi\n');
    expect(entries.get('bin')).toMatchObject({ kind: 'symlink', target: 'usr/bin' });
    expect(new TextDecoder().decode(entries.get('pintail/busybox')!.data)).toBe('the program');
    expect(entries.has('lib/modules/6/modules.dep')).toBe(true);
    expect(entries.has('pintail/init')).toBe(true);
    expect(entries.has('dev/x')).toBe(false);
  });

  it('says what is wrong with an archive', async () => {
    await makeGuest(dir);
    const base = await loadGuest(dir);
    const attempt = (bytes: Uint8Array): Promise<unknown> => {
      writeFileSync(join(dir, 'bad'), bytes);
      return importGuest(join(dir, 'bad'), join(dir, 'out'), { base });
    };
    await expect(attempt(new Uint8Array(0))).rejects.toThrow(/bad is empty\. Give a tar archive/);
    await expect(attempt(Buffer.alloc(2000, 'no tar'))).rejects.toThrow(/bad is not a tar archive/);
    await expect(attempt(Buffer.concat([gzipSync('x').subarray(0, 10), Buffer.alloc(50, 0xff)]))).rejects.toThrow(/bad cannot be unpacked/);
    await expect(importGuest(join(dir, 'none'), join(dir, 'out'), { base })).rejects.toThrow(/none does not exist/);
    expect(existsSync(join(dir, 'out'))).toBe(false);
  });

  it('follows hard links to hard links, once each, and refuses those that lead to nothing', async () => {
    await makeGuest(dir);
    const base = await loadGuest(dir);
    const attempt = async (entries: [string, string][]): Promise<Map<string, FileEntry>> => {
      writeFileSync(join(dir, 'links.tar'), Buffer.concat([...entries.map(([path, link]) => tarHeader(path, link)), Buffer.alloc(1024)]));
      const guest = await importGuest(join(dir, 'links.tar'), join(dir, 'out'), { base });
      return new Map(readCpio(await readFile(guest.initrd)).map((entry) => [entry.path, entry]));
    };
    const forwards = await attempt([['a', ''], ['b', 'a'], ['c', 'b']]), backwards = await attempt([['c', 'b'], ['b', 'a'], ['a', '']]);
    for (const entries of [forwards, backwards]) expect(entries.get('c')).toMatchObject({ kind: 'file', data: { length: 0 } });
    await expect(attempt([['a', 'b'], ['b', 'a']])).rejects.toThrow(/has a link a to b, which is not in it/);
    await expect(attempt([['a', 'none']])).rejects.toThrow(/has a link a to none, which is not in it/);
    // Twenty thousand in a chain, the wrong way round: each followed anew would be two hundred million steps.
    const long = Array.from({ length: 20_000 }, (_, k): [string, string] => [`l${k}`, k === 19_999 ? '' : `l${k + 1}`]);
    expect((await attempt(long)).has('l0')).toBe(true);
  });

  it.skipIf(!tar)('leaves nothing of a guest whose files cannot be written, and what was there', async () => {
    await makeGuest(dir);
    const base = await loadGuest(dir);
    const archive = join(dir, 'root.tar'), out = join(dir, 'new/out'), there = join(dir, 'there');
    writeFileSync(archive, spawnSync('tar', ['-C', dir, '-c', 'manifest.json']).stdout);
    const unwritable = { ...base, kernel: join(dir, 'gone') };
    await expect(importGuest(archive, out, { base: unwritable })).rejects.toThrow(/gone/);
    expect(existsSync(join(dir, 'new'))).toBe(false);
    mkdirSync(there);
    await expect(importGuest(archive, there, { base: unwritable })).rejects.toThrow(/gone/);
    expect(existsSync(there)).toBe(true);
  });
});

describe('preparing', () => {
  it('without a package client says what to pass instead, and leaves nothing behind', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = dir;
    try {
      const attempt = prepareGuest('amd64', { cacheDir: join(dir, 'cache') });
      await expect(attempt).rejects.toThrow(NoPackageClient);
      await expect(attempt).rejects.toThrow(/-kernel FILE -initrd FILE -append .*--guest DIR/);
    } finally {
      process.env['PATH'] = PATH;
    }
    expect(spawnSync('ls', ['-A', join(dir, 'cache/guests')], { encoding: 'utf8' }).stdout).toBe('');
  });
});

/** A module file: an ELF object with nothing but a .modinfo section. */
function makeModule(path: string, info: string): { path: string; data: Uint8Array } {
  const text = new TextEncoder().encode(info.replaceAll('|', '\0'));
  const names = new TextEncoder().encode('\0.modinfo\0.names\0');
  const data = new Uint8Array(64 + 3 * 64 + text.length + names.length);
  const view = new DataView(data.buffer);
  data.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(40, 64n, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 3, true);
  view.setUint16(62, 2, true);
  const section = (index: number, nameAt: number, at: number, bytes: Uint8Array): void => {
    const row = 64 + index * 64;
    view.setUint32(row, nameAt, true);
    view.setUint32(row + 4, 1, true);
    view.setBigUint64(row + 24, BigInt(at), true);
    view.setBigUint64(row + 32, BigInt(bytes.length), true);
    data.set(bytes, at);
  };
  section(1, 1, 256, text);
  section(2, 10, 256 + text.length, names);
  return { path, data };
}

describe('modules', () => {
  const all = [
    makeModule('kernel/net/card.ko', 'depends=bus-one,mid|alias=pci:v00001AF4d*|license=GPL|'),
    makeModule('kernel/bus/bus-one.ko', 'depends=low|'),
    makeModule('kernel/bus/mid.ko', 'depends=low|'),
    makeModule('kernel/bus/low.ko', 'depends=|'),
    makeModule('kernel/other.ko', 'depends=|'),
  ];

  it('come with what they need and nothing else', () => {
    expect(selectModules(all, ['card', 'absent']).map((it) => moduleName(it.path)).sort()).toEqual(['bus_one', 'card', 'low', 'mid']);
  });

  it('are listed with what is needed deepest last', () => {
    const { dep, alias } = indexModules(all);
    expect(dep).toContain('kernel/net/card.ko: kernel/bus/bus-one.ko kernel/bus/mid.ko kernel/bus/low.ko\n');
    expect(alias).toBe('alias pci:v00001AF4d* card\n');
  });
});

it('applet names are read from the binary', () => {
  const binary = new TextEncoder().encode('junk\0[\0[[\0ash\0cat\0sh\0\0more');
  expect(appletNames(binary)).toEqual(['[', '[[', 'ash', 'cat', 'sh']);
  expect(appletNames(new Uint8Array(100))).toEqual([]);
});
