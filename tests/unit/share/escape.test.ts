/** Forty ways out of a shared folder, tried by a guest that has it all to itself; none leads out. */
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostFolder } from '../../../host/platform/node/share.js';
import { Message } from '../../../host/share/wire.js';
import { Client, refused, ROOT } from './client.js';

let base: string, secret: string, inside: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pintail-escape-'));
  secret = join(base, 'secret');
  inside = join(base, 'inside');
  mkdirSync(join(inside, 'sub'), { recursive: true });
  mkdirSync(join(base, 'outside'));
  writeFileSync(secret, 'secret');
  writeFileSync(join(base, 'outside', 'f'), 'secret');
  symlinkSync('../secret', join(inside, 'up'));
  symlinkSync(secret, join(inside, 'absolute'));
  symlinkSync('../outside', join(inside, 'folder'));
  symlinkSync(join(base, 'outside'), join(inside, 'far-folder'));
  symlinkSync('up', join(inside, 'chain'));
  symlinkSync('/proc/self/root', join(inside, 'proc'));
  symlinkSync('.', join(inside, 'here'));
  symlinkSync('../../secret', join(inside, 'sub', 'up'));
  execFileSync('mkfifo', [join(inside, 'pipe')]);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const start = (): Promise<Client> => new Client(new HostFolder(inside)).start();
const LINKS = ['up', 'absolute', 'chain', 'folder', 'far-folder', 'proc'];
/** Names that are none. */
const NAMES = ['..', '.', '', '../secret', '/etc/passwd', 'sub/../../secret', 'a\0b', '/'];

/** What lies outside is as it was. */
function untouched(): void {
  expect(readFileSync(secret, 'utf8')).toBe('secret');
  expect(readFileSync(join(base, 'outside', 'f'), 'utf8')).toBe('secret');
  expect(readdirSync(base).sort()).toEqual(['inside', 'outside', 'secret']);
  expect(readdirSync(join(base, 'outside'))).toEqual(['f']);
}

describe('a guest in a shared folder', () => {
  it('does not get out by .. and names that are paths', async () => {
    const c = await start();
    const root = (await c.attributes(ROOT)).qid;
    expect((await c.attributes(await c.walk('..'))).qid).toEqual(root);
    expect((await c.attributes(await c.walk('sub', '..', '..', '..'))).qid).toEqual(root);
    expect(await refused(c.walk('..', 'secret'))).not.toBe(0);
    for (const name of NAMES) {
      if (!['..', '.'].includes(name)) expect(await refused(c.walk(name))).not.toBe(0);
      expect(await refused(c.create(await c.walk(), name))).not.toBe(0);
      expect(await refused(c.mkdir(ROOT, name))).not.toBe(0);
      expect(await refused(c.symlink(ROOT, name, 'x'))).not.toBe(0);
      expect(await refused(c.rename(ROOT, 'sub', ROOT, name))).not.toBe(0);
      expect(await refused(c.rename(ROOT, name, ROOT, 'got'))).not.toBe(0);
      expect(await refused(c.unlink(ROOT, name))).not.toBe(0);
    }
    untouched();
  });

  it('does not get out by links: the host follows none', async () => {
    const c = await start();
    for (const link of LINKS) {
      const fid = await c.walk(link);
      expect((await c.attributes(fid)).mode & 0o170000).toBe(0o120000);
      expect(await refused(c.open(fid))).not.toBe(0);
      expect(await refused(c.open(await c.walk(link), 0o1002))).not.toBe(0);
      expect(await refused(c.change(fid, 8, { size: 0n }))).not.toBe(0);
      await c.change(fid, 1, { mode: 0o777 });
      await c.change(fid, 32 | 256, { modified: 1n });
      expect(await refused(c.create(await c.walk(), link, 0o102))).not.toBe(0);
      expect(await refused(c.walk(link, 'f'))).not.toBe(0);
      expect(await refused(c.create(await c.walk(link), 'made'))).not.toBe(0);
      expect(await refused(c.mkdir(await c.walk(link), 'made'))).not.toBe(0);
      expect(await refused(c.unlink(await c.walk(link), 'f'))).not.toBe(0);
      expect(await refused(c.rename(ROOT, 'sub', await c.walk(link), 'moved'))).not.toBe(0);
      expect(await refused(c.ask(Message.READDIR, (w) => w.u32(fid).u64(0n).u32(4096)))).not.toBe(0);
    }
    expect(await refused(c.walk('here', 'up'))).not.toBe(0);
    await c.link(ROOT, await c.walk('up'), 'second');
    expect(await refused(c.open(await c.walk('second')))).not.toBe(0);
    untouched();
  });

  it('does not open what is no file', async () => {
    const c = await start();
    expect(await refused(c.open(await c.walk('pipe')))).not.toBe(0);
    for (const kind of [0o020000, 0o060000, 0o010000, 0o140000]) expect(await refused(c.ask(Message.MKNOD, (w) => w.u32(ROOT).text('node').u32(kind | 0o666).u32(1).u32(3).u32(0)))).not.toBe(0);
    expect(existsSync(join(inside, 'node'))).toBe(false);
  });

  it('does not get out while the host moves things about', async () => {
    const c = await start();
    writeFileSync(join(inside, 'sub', 'mine'), 'mine');
    const fid = await c.walk('sub', 'mine');
    // The folder becomes a link to the outside while the guest holds a file in it.
    renameSync(join(inside, 'sub'), join(inside, 'was-sub'));
    symlinkSync(join(base, 'outside'), join(inside, 'sub'));
    linkSync(secret, join(base, 'outside', 'mine'));
    expect(await refused(c.open(fid))).not.toBe(0);
    expect(await refused(c.attributes(fid))).not.toBe(0);
    expect(await refused(c.walk('sub', 'f'))).not.toBe(0);
    rmSync(join(base, 'outside', 'mine'));
    // And the guest makes its own: a folder in hand is taken away, and a link stands in its place.
    await c.mkdir(ROOT, 'trap');
    const trap = await c.walk('trap');
    await c.unlink(ROOT, 'trap', true);
    await c.symlink(ROOT, 'trap', '../outside');
    expect(await refused(c.create(await c.walk('trap'), 'made'))).not.toBe(0);
    expect(await refused(c.mkdir(trap, 'made'))).not.toBe(0);
    untouched();
  });
});
