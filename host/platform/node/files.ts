/** Files by path, and the module of this package. */

import { readFile } from 'node:fs/promises';
import type { ByteSource } from '../../snapshot/source.js';
import { findOwn } from './own-files.js';
import { fileSource } from './snapshot-file.js';

/** Why a file cannot be read, in words. */
const UNREADABLE: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'permission denied', ENOTDIR: 'part of its path is no folder' };

/** A file, or an Error that says in words why not. */
export async function readWords(path: string | URL): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw inWords(error);
  }
}

/** A file that is read where it lies, or an Error that says in words why not. */
export function openWords(path: string): ByteSource {
  try {
    return fileSource(path);
  } catch (error) {
    throw inWords(error);
  }
}

function inWords(error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  return new Error((code && UNREADABLE[code]) ?? code ?? String(error));
}

/** The module: build/pintail.wasm. */
export async function readModule(): Promise<Uint8Array> {
  const url = findOwn('pintail/pintail.wasm', '../../../pintail.wasm');
  try {
    return await readFile(url!);
  } catch {
    const where = url === undefined ? 'The module pintail.wasm' : url.pathname;
    throw new Error(`${where} is not there. In a clone, run "npm run build"; in a bundle, pass its path or bytes: module: createRequire(import.meta.url).resolve('pintail/pintail.wasm').`);
  }
}
