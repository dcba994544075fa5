/** The platform as Node has it (platform.ts says what each of these is). What is rarely wanted is loaded when it is. */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { LimitError } from '../../boot/unpack/budget.js';
import type { Platform } from '../platform.js';
import { breakLocks, watchLocks } from './disk/lock.js';
import { parseAddition, readAddition } from './guest/addition.js';
import { openWords, readModule, readWords } from './files.js';
import { nodeProvider } from './net/provider.js';
import { startAnswerer } from './answerer.js';
import { startWorker } from './start-worker.js';

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function gunzip(bytes: Uint8Array, room: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: room });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new LimitError(`unpacks to more than ${room} bytes`);
    throw cause;
  }
}

export const platform: Platform = {
  name: 'node',
  readFile: readWords,
  readModule,
  sha256: async (parts) => sha256(parts),
  gunzip,
  openFile: (path) => openWords(path),
  openAddress: async (address) => (await import('./address-source.js')).openAddress(address),
  deflate: async (bytes) => (await import('./deflate.js')).deflate(bytes),
  startAnswerer,
  startWorker,
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
  sockets: nodeProvider,
  openWebSocket: async (address, protocols) => (await import('./net/web-socket.js')).openWebSocket(address, protocols),
  openStream: async (name, options) => (await import('./net/stream.js')).createStream(name, options),
  openDgram: async (name, options) => (await import('./net/dgram.js')).createDgram(name, options),
  openCapture: async (path) => (await import('./net/pcap-file.js')).createCapture(path),
  openChardev: async (spec) => (await import('./chardev.js')).openChardev(spec),
  isFolder: (path) => stat(path).then((status) => status.isDirectory(), () => false),
  openFileDisk: async (path, options) => (options.format === 'qcow2' ? (await import('./disk/qcow2-open.js')).openQcow2(path, options) : (await import('./disk/file.js')).openFileDisk(path, options)),
  openOverlay: async (path, backing, locking) => (await import('./disk/overlay.js')).openOverlay(path, backing, locking),
  openFolder: async (path) => new (await import('./share.js')).HostFolder(path),
  watchLocks,
  breakLocks,
  openGuest: async (name, options) => (await import('./guest/open.js')).openGuest(name, options),
  videoRom: async (options) => (await import('./guest/firmware.js')).videoRom(options),
  parseAddition,
  readAddition,
  cache: undefined,
};
