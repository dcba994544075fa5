/** A root file system in a tar archive, as `docker export` gives it: booted by the page's own kernel, with its modules, from memory. */

import type { MachineOptions } from 'pintail';
import { Budget, detectPacking, unpack } from '../../build/host/boot/unpack/index.js';
import { openGuestAt } from '../../build/host/guest/by-address.js';
import { readCpio } from '../../build/host/guest/cpio.js';
import { IMPORTED_INIT_ARGUMENT } from '../../build/host/guest/init-arguments.js';
import { memoryFor, resolveHardLinks, rootEntries, rootInMemory } from '../../build/host/guest/root.js';
import type { TarEntry } from '../../build/host/guest/tar.js';

/** What a page unpacks into its own memory, and the machine's behind it. */
const LIMITS = { bytes: 2 ** 29, entries: 200_000, pathCharacters: 2 ** 26 };

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

async function* opened(file: Blob, budget: Budget): AsyncGenerator<Uint8Array> {
  const packing = detectPacking(new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (packing === 'none') yield* pieces(file.stream());
  else if (packing === 'gzip') yield* pieces(file.stream().pipeThrough(new DecompressionStream('gzip') as unknown as TransformStream<Uint8Array, Uint8Array>));
  else yield unpack(new Uint8Array(await file.arrayBuffer()), packing, undefined, budget);
}

/** The machine that boots it. Rejected with an Error that says what is wrong with the archive. */
export async function machineOf(file: File, guestAt: URL, onTransfer: NonNullable<MachineOptions['onTransfer']>): Promise<MachineOptions> {
  const budget = new Budget({ limits: LIMITS });
  const entries: TarEntry[] = [];
  for await (const entry of rootEntries(opened(file, budget), budget)) {
    budget.spendBytes(entry.data?.length ?? 0, Infinity);
    entries.push(entry);
  }
  const { manifest, read } = await openGuestAt(guestAt, { onTransfer });
  const [kernel, base] = await Promise.all([read(manifest.kernel), read(manifest.initrd)]);
  const initrd = rootInMemory(resolveHardLinks(entries, file.name, budget), readCpio(base), guestAt.href, budget);
  const bytes = Math.max(manifest.memory, memoryFor(kernel.length, initrd.length));
  return { kernel, initrd, append: `${manifest.append} ${IMPORTED_INIT_ARGUMENT}`, memoryMiB: Math.ceil(bytes / 2 ** 20) };
}
