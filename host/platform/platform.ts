/**
 * What the host needs from outside: the bytes of a source, digests, unpacking, a worker, streams, sockets, files and its turn in time.
 * There are two of it, `node/` and `browser/`; package.json's condition `browser` says which one `#platform` is. Nothing above this floor
 * imports `node:` or asks which platform it is on.
 *
 * What a platform does not have it refuses, with the error that the caller's room gives for things that cannot be opened, in words.
 */

import type { Link } from '../chardev/link.js';
import type { ChardevSpec } from '../chardev/parse.js';
import type { Disk } from '../disk/disk.js';
import type { FileEntry } from '../guest/files.js';
import type { OpenGuest } from '../guest/open.js';
import type { NetBackend } from '../net/backend.js';
import type { DgramOptions, StreamOptions } from '../net/link-options.js';
import type { PcapWriter } from '../net/pcap.js';
import type { SocketProvider } from '../net/provider.js';
import type { OpenWebSocket } from '../net/web-socket.js';
import type { SharedTree } from '../share/tree.js';
import type { ByteSource } from '../snapshot/source.js';

/** A worker that runs a machine (machine/worker.ts), seen from the thread that made it. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly MessagePort[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** It could not be started, or has failed. */
  onError(listener: (error: Error) => void): void;
  onExit(listener: () => void): void;
  terminate(): Promise<void>;
}

/** A thread that answers, one question at a time, while the one that asks stands still. */
export interface Answerer {
  /** Returns when the other thread has answered. */
  ask(what: number): void;
  close(): void;
}

/** The other side of it: what the worker hears and says. */
export interface WorkerPort {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

export interface FileDiskOptions {
  readOnly: boolean;
  /** Discarded ranges are given back to the file system: `discard=unmap`. */
  unmap: boolean;
  locking: boolean;
  /** Default raw. */
  format?: 'raw' | 'qcow2';
}

export interface GuestOptions {
  cacheDir?: string;
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
}

/** The video BIOS that a screen has unless another is given; or why there is none. */
export type VideoRom = { rom: Uint8Array; name: string } | { missing: string };

/** Files fetched before, by their digest. */
export interface FileCache {
  get(sha256: string): Promise<Uint8Array | undefined>;
  put(sha256: string, bytes: Uint8Array): Promise<void>;
}

export interface Platform {
  readonly name: 'node' | 'browser';

  /** A file by path; in a page by address, relative to the page. Rejected with an Error whose message says why it cannot be read. */
  readFile(path: string | URL): Promise<Uint8Array>;
  /** The same, read where it lies, a part at a time and at once; undefined where the platform has only whole files. */
  openFile(path: string): ByteSource | undefined;
  /** The same by http(s), by range requests; undefined where the server or this thread cannot do that. Rejected with an Error in words where there is nothing. */
  openAddress(address: URL): Promise<ByteSource | undefined>;
  /** The module that belongs to this package. Rejected with an Error whose message says what to pass instead. */
  readModule(): Promise<Uint8Array>;
  /** SHA-256 in hex of all parts, one after the other. */
  sha256(parts: readonly Uint8Array[]): Promise<string>;
  /** Unpacks gzip. Throws LimitError past `room` bytes, StreamError for what is none. */
  gunzip(bytes: Uint8Array, room: number): Uint8Array;
  /** Deflates (RFC 1951) faster than CompressionStream does; undefined where that is all there is. */
  readonly deflate: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined;

  /** A thread to wait for; undefined where this one may not wait. */
  startAnswerer(): Answerer | undefined;
  /** Starts a worker, from the program's own script where `script` names one. */
  startWorker(script?: string | URL): WorkerHandle;
  /** Resolves after whatever input and timers wait have been served. */
  yieldTurn(): Promise<void>;

  /** Sockets and names for user networks. */
  sockets(): SocketProvider | Promise<SocketProvider>;
  readonly openWebSocket: OpenWebSocket;
  openStream(name: string, options: StreamOptions): Promise<NetBackend>;
  openDgram(name: string, options: DgramOptions): Promise<NetBackend>;
  openCapture(path: string): Promise<PcapWriter>;
  openChardev(spec: ChardevSpec): Promise<Link>;

  isFolder(path: string): Promise<boolean>;
  openFileDisk(path: string, options: FileDiskOptions): Promise<Disk>;
  /** Writes over an image by path, kept in a file of their own. */
  openOverlay(path: string, backing: string, locking: boolean): Promise<Disk>;

  /** A folder of this machine, shared with a guest. Throws what the system says where there is none. */
  openFolder(path: string): Promise<SharedTree>;

  /** Tells `listener` which locks of images this thread holds, whenever that changes. */
  watchLocks(listener: (held: string[]) => void): void;
  /** Unlocks what a thread of this process held that has been ended. */
  breakLocks(held: readonly string[]): void;

  /** For a screen of QEMU's std kind. */
  videoRom(options: GuestOptions): Promise<VideoRom>;
  /** A prepared guest by name or folder. */
  openGuest(name: string, options: GuestOptions): Promise<OpenGuest>;
  /** Where a file of this machine, as HOST or HOST:GUEST names it, goes in a guest; and it and what is in it, at that place. Both throw GuestError. */
  parseAddition(hostAndGuest: string): { host: string; guest: string };
  readAddition(addition: { host: string; guest: string }): Promise<FileEntry[]>;
  readonly cache: FileCache | undefined;
}
