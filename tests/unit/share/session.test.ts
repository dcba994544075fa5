/** A shared folder by a client of its protocol: one of the host's and one in memory, held to the same. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostFolder } from '../../../host/platform/node/share.js';
import { MemoryFolder } from '../../../host/share/memory.js';
import { Errno, Kind, type SharedTree } from '../../../host/share/tree.js';
import { Message } from '../../../host/share/wire.js';
import { seededRandom } from '../../../host/net/random.js';
import { Client, refused, ROOT, wire } from './client.js';

let base: string;
let made = 0;
beforeAll(() => void (base = mkdtempSync(join(tmpdir(), 'pintail-share-'))));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const trees: [string, () => SharedTree][] = [
  ['a folder of the host', () => new HostFolder(mkdtempSync(join(base, `t${made++}-`)))],
  ['a folder in memory', () => new MemoryFolder()],
];
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.each(trees)('%s', (_, make) => {
  const start = (readOnly = false): Promise<Client> => new Client(make(), readOnly).start();

  it('keeps files: made, written with a hole, read, cut, and gone', async () => {
    const c = await start(), fid = await c.walk();
    await c.create(fid, 'a.txt');
    expect(await c.write(fid, 0, Buffer.from('hello'))).toBe(5);
    expect(await c.write(fid, 10, Buffer.from('there'))).toBe(5);
    expect(text(await c.read(fid, 0, 100))).toBe('hello\0\0\0\0\0there');
    expect(text(await c.read(fid, 12, 2))).toBe('er');
    expect(await c.read(fid, 15, 10)).toHaveLength(0);
    expect((await c.attributes(fid)).size).toBe(15n);
    await c.change(fid, 8, { size: 3n });
    expect(text(await c.read(fid, 0, 100))).toBe('hel');
    await c.ask(Message.FSYNC, (w) => w.u32(fid).u32(0));
    await c.unlink(ROOT, 'a.txt');
    // It is open: its bytes live on.
    expect(text(await c.read(fid, 0, 100))).toBe('hel');
    await c.clunk(fid);
    expect(await refused(c.walk('a.txt'))).toBe(Errno.ENOENT);
    expect(await refused(c.attributes(fid))).toBe(Errno.EBADF);
  });

  it('keeps folders, links and other names, and moves them with what is in hand below', async () => {
    const c = await start();
    await c.mkdir(ROOT, 'd');
    const d = await c.walk('d'), inner = await c.walk('d');
    await c.create(inner, 'f');
    await c.write(inner, 0, Buffer.from('x'));
    await c.symlink(d, 'l', '../outside/of/all');
    expect(await c.readLink(await c.walk('d', 'l'))).toBe('../outside/of/all');
    await c.link(ROOT, await c.walk('d', 'f'), 'g');
    expect((await c.attributes(await c.walk('g'))).links).toBe(2n);
    await c.rename(ROOT, 'd', ROOT, 'e');
    expect([...(await c.list(await c.walk('e'))).entries()].sort()).toEqual([['.', 4], ['..', 4], ['f', 8], ['l', 10]]);
    // A fid of before the move leads to where its folder is now.
    expect((await c.attributes(d)).mode & Kind.MASK).toBe(Kind.FOLDER);
    expect(await refused(c.unlink(ROOT, 'e', true))).toBe(Errno.ENOTEMPTY);
    expect(await refused(c.unlink(ROOT, 'e'))).toBe(Errno.EISDIR);
    expect(await refused(c.unlink(ROOT, 'g', true))).toBe(Errno.ENOTDIR);
    expect(await refused(c.rename(ROOT, 'e', await c.walk('e'), 'into-itself'))).toBe(Errno.EINVAL);
    await c.unlink(d, 'f');
    await c.unlink(d, 'l');
    await c.unlink(ROOT, 'e', true);
    expect([...(await c.list(await c.walk())).keys()].sort()).toEqual(['.', '..', 'g']);
  });

  it('says what it cannot do', async () => {
    const c = await start(), fid = await c.walk();
    await c.create(fid, 'f');
    expect(await refused(c.ask(Message.XATTRWALK, (w) => w.u32(ROOT).u32(99).text('user.x')))).toBe(Errno.EOPNOTSUPP);
    expect(await refused(c.ask(Message.MKNOD, (w) => w.u32(ROOT).text('null').u32(Kind.CHARACTER | 0o666).u32(1).u32(3).u32(0)))).toBe(Errno.EPERM);
    expect(await refused(c.walk('f', 'below'))).toBe(Errno.ENOENT);
    expect(await refused(c.open(await c.walk('f'), 0o200001))).toBe(0);
    expect(await refused(c.open(await c.walk(), 1))).toBe(Errno.EISDIR);
    expect(await refused(c.create(await c.walk(), 'f', 0o302))).toBe(Errno.EEXIST);
    expect(await refused(c.walk('x'.repeat(256)))).toBe(Errno.ENAMETOOLONG);
    expect(await refused(c.ask(200, (w) => w.u32(1)))).toBe(Errno.EOPNOTSUPP);
    expect(await refused(c.ask(Message.GETATTR, (w) => w.u16(1)))).toBe(Errno.EPROTO);
    expect((await c.ask(Message.LOCK, (w) => w.u32(fid).u8(1).u32(0).u64(0n).u64(0n).u32(1).text('me'))).u8()).toBe(0);
  });

  it('is read-only when it is shared so', async () => {
    const tree = make(), writer = await new Client(tree).start(), fid = await writer.walk();
    await writer.create(fid, 'f');
    const c = await new Client(tree, true).start(), f = await c.walk('f');
    const tries = [
      async () => c.open(await c.walk('f'), 1), async () => c.open(await c.walk('f'), 0o1000), async () => c.create(await c.walk(), 'n'), () => c.mkdir(ROOT, 'n'),
      () => c.symlink(ROOT, 'n', 'f'), () => c.link(ROOT, f, 'n'), () => c.rename(ROOT, 'f', ROOT, 'n'), () => c.unlink(ROOT, 'f'), () => c.change(f, 1, { mode: 0 }),
      () => c.ask(Message.REMOVE, (w) => w.u32(f)),
    ];
    for (const one of tries) expect(await refused(one())).toBe(Errno.EROFS);
    await c.open(await c.walk('f'));
  });

  it('changes permissions and times, and names of any bytes', async () => {
    const c = await start(), fid = await c.walk(), odd = `${wire('größe')}\xff`;
    await c.create(fid, odd);
    await c.change(fid, 1 | 32 | 256, { mode: 0o600, modified: 1_000_000_007_000_000_000n });
    const { mode, modified } = await c.attributes(await c.walk(odd));
    expect([mode & 0o777, modified]).toEqual([0o600, 1_000_000_007_000_000_000n]);
    expect([...(await c.list(await c.walk())).keys()]).toContain(odd);
  });

  it('lists many names over many small messages, each once', async () => {
    const c = await start();
    for (let i = 0; i < 300; i++) await c.mkdir(ROOT, `name-${i}`);
    expect((await c.list(await c.walk(), 200)).size).toBe(302);
  });

  it('does as a model does, 400 steps', async () => {
    const c = await start(), random = seededRandom(9), model = new Map<string, Buffer>();
    const name = (): string => `n${Math.floor(random() * 6)}`;
    for (let step = 0; step < 400; step++) {
      const [one, other, what] = [name(), name(), Math.floor(random() * 5)];
      if (what === 0) {
        const fid = await c.walk();
        const code = await refused(c.create(fid, one, 0o302));
        expect(code).toBe(model.has(one) ? Errno.EEXIST : 0);
        if (code === 0) model.set(one, Buffer.alloc(0));
        await c.clunk(fid);
      } else if (what === 1) {
        expect(await refused(c.unlink(ROOT, one))).toBe(model.delete(one) ? 0 : Errno.ENOENT);
      } else if (what === 2) {
        const code = await refused(c.rename(ROOT, one, ROOT, other));
        expect(code).toBe(model.has(one) ? 0 : Errno.ENOENT);
        if (code === 0 && one !== other) { model.set(other, model.get(one)!); model.delete(one); }
      } else if (model.has(one)) {
        const fid = await c.walk(one), at = Math.floor(random() * 5000), data = Buffer.alloc(1 + Math.floor(random() * 3000), 65 + step % 26);
        await c.open(fid, 2);
        await c.write(fid, at, data);
        const old = model.get(one)!, now = Buffer.alloc(Math.max(old.length, at + data.length));
        old.copy(now); data.copy(now, at);
        model.set(one, now);
        expect(Buffer.from(await c.read(fid, 0, 20_000)).equals(now)).toBe(true);
        await c.clunk(fid);
      }
    }
    expect([...(await c.list(await c.walk())).keys()].filter((one) => !one.startsWith('.')).sort()).toEqual([...model.keys()].sort());
  });

  it('answers 10,000 messages of noise, each with a message, and none of them hurts it', async () => {
    const c = await start(), random = seededRandom(4), types = Object.values(Message), area = new Uint8Array(8192);
    for (let i = 0; i < 10_000; i++) {
      const bytes = 7 + Math.floor(random() ** 3 * 400);
      for (let k = 0; k < bytes; k++) area[k] = random() < 0.6 ? Math.floor(random() * 3) : Math.floor(random() * 256);
      const view = new DataView(area.buffer);
      view.setUint32(0, random() < 0.9 ? bytes : Math.floor(random() * 2 ** 32), true);
      // Not VERSION, which forgets what is in hand.
      area[4] = types[Math.floor(random() * types.length)]!;
      if (area[4] === Message.VERSION) area[4] = Message.WALK;
      const length = await c.session.answer(area, bytes);
      expect(length).toBeGreaterThanOrEqual(7);
      expect(view.getUint32(0, true)).toBe(length);
    }
    expect((await c.attributes(await c.walk())).mode & Kind.MASK).toBe(Kind.FOLDER);
  }, 60_000);
});

describe('a folder of the host', () => {
  it('is what the host sees', async () => {
    const folder = mkdtempSync(join(base, 'seen-'));
    writeFileSync(join(folder, 'from-host'), 'here');
    const c = await new Client(new HostFolder(folder)).start(), f = await c.walk('from-host');
    await c.open(f);
    expect(text(await c.read(f, 0, 10))).toBe('here');
    const fid = await c.walk();
    await c.create(fid, 'from-guest', 0o102, 0o640);
    await c.write(fid, 0, Buffer.from('there'));
    expect(readFileSync(join(folder, 'from-guest'), 'utf8')).toBe('there');
    expect((await c.attributes(fid)).qid.id & 0xffff_ffffn).toBe(BigInt(statSync(join(folder, 'from-guest')).ino) & 0xffff_ffffn);
    await c.session.close();
    expect(existsSync(join(folder, 'from-guest'))).toBe(true);
  });
});

describe('a folder in memory', () => {
  it('takes files of the program and gives them back, and is full at its bound', async () => {
    const tree = new MemoryFolder({ maxBytes: 10_000 });
    tree.put('/in/größe.txt', 'content');
    const c = await new Client(tree).start(), f = await c.walk('in', wire('größe.txt'));
    await c.open(f);
    expect(text(await c.read(f, 0, 100))).toBe('content');
    const fid = await c.walk();
    await c.create(fid, 'out');
    await c.write(fid, 0, new Uint8Array(9000).fill(1));
    expect(await refused(c.write(fid, 9000, new Uint8Array(2000)))).toBe(Errno.ENOSPC);
    expect(tree.get('/out')).toEqual(new Uint8Array(9000).fill(1));
    expect(tree.get('/not-there')).toBeUndefined();
    await c.unlink(ROOT, 'out');
    const again = await c.walk();
    await c.create(again, 'more');
    expect(await c.write(again, 0, new Uint8Array(9900))).toBe(9900);
  });
});
