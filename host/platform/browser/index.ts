/** The platform as a page or its worker has it (platform.ts says what each of these is). */

import { ChardevError } from '../../chardev/link.js';
import { DiskError } from '../../disk/errors.js';
import { GuestError } from '../../guest/errors.js';
import { NetworkError } from '../../net/errors.js';
import type { Platform } from '../platform.js';
import { openAddress } from './address-source.js';
import { gunzip } from './gunzip.js';
import { fetchBytes, readModule } from './files.js';
import { fileCache } from './file-cache.js';
import { sha256 } from './sha256.js';
import { openWebSocket, pageSockets } from './sockets.js';
import { startWorker } from './start-worker.js';
import { yieldTurn } from './turn.js';

const refuse = async (error: Error): Promise<never> => {
  throw error;
};

const noFolder = (what: string): GuestError => new GuestError(`${what}: a page has no files by path`, 'Give its content instead: add: [{ content, guest }].');

export const platform: Platform = {
  name: 'browser',
  readFile: fetchBytes,
  openFile: () => undefined,
  openAddress,
  deflate: undefined,
  readModule,
  sha256,
  gunzip,
  // A page's own thread may not wait, and its worker only where the server's headers allow shared memory.
  startAnswerer: () => undefined,
  startWorker,
  yieldTurn,
  sockets: pageSockets,
  openWebSocket,
  openStream: (name) => refuse(new NetworkError(`-netdev stream,id=${name}: a page has no sockets; write websocket,url=ws://HOST:PORT/switch/NAME for a port of a relay's switch`)),
  openDgram: (name) => refuse(new NetworkError(`-netdev dgram,id=${name}: a page has no sockets; write websocket or broadcast`)),
  openCapture: (path) => refuse(new NetworkError(`pcap=${path}: a page has no files by path`)),
  openChardev: ({ type, id }) => refuse(new ChardevError(`-chardev ${type},id=${id}: a page has neither files nor sockets; give a stream of your own, or null.`)),
  isFolder: async () => false,
  openFileDisk: (path) => refuse(new DiskError(`${path}: a page has no files by path. Give the disk's bytes.`)),
  openOverlay: (path) => refuse(new DiskError(`${path}: a page has no files by path to keep what is written in.`)),
  openFolder: (path) => refuse(new DiskError(`the folder ${path}: a page has no files by path. Give a MemoryFolder or a tree of your own.`)),
  watchLocks: () => undefined,
  breakLocks: () => undefined,
  openGuest: (name) => refuse(new GuestError(`A page cannot build the guest "${name}"`, 'Give the address of a folder that `pintail guest build --out DIR` wrote: guest: new URL("guest/", location.href).')),
  videoRom: async () => ({ missing: 'a page brings none; give one as romfile (vgabios-stdvga.bin of SeaBIOS)' }),
  parseAddition: (text) => {
    throw noFolder(text);
  },
  readAddition: ({ host }) => refuse(noFolder(host)),
  cache: fileCache(),
};
