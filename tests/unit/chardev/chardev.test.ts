/** Chardevs: their words, and links over streams, files and sockets. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from './pair.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Link } from '../../../host/chardev/link.js';
import { linkOf } from '../../../host/platform/node/duplex-link.js';
import { openChardev } from '../../../host/platform/node/chardev.js';
import { parseChardev } from '../../../host/chardev/parse.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'pintail-chardev-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the words of -chardev', () => {
  it('are read', () => {
    expect(parseChardev('stdio,id=c,signal=off')).toEqual({ id: 'c', type: 'stdio' });
    expect(parseChardev('file,id=c,path=a,,b,append=on')).toEqual({ id: 'c', type: 'file', path: 'a,b', append: true });
    expect(parseChardev('socket,id=c,path=/s,server=on,wait=off')).toEqual({ id: 'c', type: 'socket', to: { path: '/s' }, server: true, wait: false });
    expect(parseChardev('socket,id=c,port=5')).toEqual({ id: 'c', type: 'socket', to: { host: '127.0.0.1', port: 5 }, server: false, wait: false });
  });

  it.each([
    ['pty,id=c', /there is no "pty"/], ['null', /needs id=ID/], ['file,id=c', /needs path=/], ['null,id=c,path=x', /null has no "path"/],
    ['socket,id=c', /needs port=/], ['socket,id=c,port=99999', /"99999" is no port/], ['socket,id=c,path=x,server=perhaps', /server is on or off/],
  ])('are refused: %s', (text, message) => {
    expect(() => parseChardev(text)).toThrow(message);
  });
});

/** What comes through a link, and when it changes. */
function watch(link: Link): { text: () => string; until: (what: () => boolean) => Promise<void> } {
  let text = '';
  let look = (): void => undefined;
  link.listen({ data: (bytes) => { text += Buffer.from(bytes).toString(); look(); }, changed: () => look(), room: () => look() });
  return {
    text: () => text,
    until: (what) => new Promise((resolve) => { look = () => { if (what()) resolve(); }; look(); }),
  };
}

describe('links', () => {
  it('over a stream: both ways, with what came before anybody listened, and the end of it', async () => {
    const [ours, theirs] = duplexPair();
    const link = linkOf(ours);
    theirs.write('early ');
    await new Promise((resolve) => setImmediate(resolve));
    const { text, until } = watch(link);
    theirs.write('late');
    await until(() => text() === 'early late');
    link.write(Buffer.from('back'));
    await new Promise<void>((resolve) => theirs.once('data', (data: Buffer) => { expect(data.toString()).toBe('back'); resolve(); }));
    ours.destroy();
    await until(() => !link.connected);
  });

  it('to a file', async () => {
    const path = join(folder, 'out');
    const link = await openChardev(parseChardev(`file,id=c,path=${path}`));
    link.write(Buffer.from('one '));
    link.write(Buffer.from('two'));
    await link.close();
    const more = await openChardev(parseChardev(`file,id=c,path=${path},append=on`));
    more.write(Buffer.from(' three'));
    await more.close();
    expect(readFileSync(path, 'utf8')).toBe('one two three');
  });

  it('of a server: one client at a time, one after the other', async () => {
    const path = join(folder, 'socket');
    const link = await openChardev(parseChardev(`socket,id=c,path=${path},server=on,wait=off`));
    const { text, until } = watch(link);
    for (const word of ['first', 'second']) {
      const client = connect(path);
      await until(() => link.connected);
      const refused = connect(path);
      await new Promise((resolve) => refused.once('close', resolve).on('error', () => undefined).resume());
      client.write(word);
      await until(() => text().endsWith(word));
      client.destroy();
      await until(() => !link.connected);
    }
    await link.close();
    expect(() => readFileSync(path)).toThrow();
  });

  it('to a server that is there, and to one that is not', async () => {
    const server = createServer((socket) => void socket.end('welcome'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const link = await openChardev(parseChardev(`socket,id=c,port=${port}`));
    const { text, until } = watch(link);
    await until(() => text() === 'welcome');
    await link.close();
    await new Promise((resolve) => server.close(resolve));
    await expect(openChardev(parseChardev(`socket,id=c,port=${port}`))).rejects.toThrow(/cannot be connected to: ECONNREFUSED/);
  });
});
