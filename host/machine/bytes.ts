/**
 * The one reader of bytes that a program hands over: arrays of any realm, views of any kind, buffers (shared ones too), Blobs, URLs and paths.
 * What is none of them is refused in the name of the option or argument, as is a source that cannot be read.
 */

import { platform } from '#platform';
import { brandOf, viewOf } from '../bytes/view.js';
import { OptionError } from './errors.js';
import type { Bytes, FileSource } from './types.js';

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array (new Uint8Array(array) makes bytes of it)';
  return typeof value === 'object' ? `an object (${brandOf(value)})` : `a ${typeof value}`;
}

/** The bytes of an argument. Throws OptionError in its `name`. */
export function bytesOf(name: string, value: Bytes): Uint8Array {
  const view = viewOf(value);
  if (view === undefined) throw new OptionError(name, `is ${describe(value)}, and no ArrayBuffer or view of one.`);
  return view;
}

async function readPath(name: string, path: string | URL): Promise<Uint8Array> {
  try {
    return await platform.readFile(path);
  } catch (error) {
    throw new OptionError(name, `cannot read ${String(path)}: ${(error as Error).message}.`);
  }
}

async function readUrl(name: string, url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') return readPath(name, url);
  if (!['http:', 'https:', 'data:', 'blob:'].includes(url.protocol)) throw new OptionError(name, `${url.href} has the scheme ${url.protocol} which is none of file:, http:, https:, data:, blob:.`);
  let problem: string;
  try {
    const response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    problem = `the server answers ${response.status} ${response.statusText}`.trimEnd();
  } catch (error) {
    problem = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
  }
  throw new OptionError(name, `cannot read ${url.href.slice(0, 200)}: ${problem}.`);
}

/** Reads a source whole. Throws OptionError in the `name` of the option. */
export async function readSource(name: string, source: FileSource): Promise<Uint8Array> {
  if (typeof source === 'string') return readPath(name, source);
  const view = viewOf(source);
  if (view !== undefined) return view;
  const brand = brandOf(source);
  if (brand === 'URL') return readUrl(name, new URL((source as URL).href));
  if (brand === 'Blob' || brand === 'File') return new Uint8Array(await (source as Blob).arrayBuffer());
  throw new OptionError(name, `is ${describe(source)}, and none of a path, a URL, a Blob, an ArrayBuffer or a view of one.`);
}

/** What a source is called in messages: its path or address, or what it is for. */
export function sourceName(source: FileSource, otherwise: string): string {
  if (typeof source === 'string') return source;
  return brandOf(source) === 'URL' ? (source as URL).href : brandOf(source) === 'File' ? (source as File).name : otherwise;
}
