/** What a file is, by its first bytes: so that a dropped one goes where it belongs. */

export type Kind = 'kernel' | 'snapshot' | 'initrd' | 'rom' | 'disk' | 'root';

export const WORDS: Readonly<Record<Kind, string>> = {
  kernel: 'a kernel', snapshot: 'a saved machine', initrd: 'an initial file system', rom: 'a ROM', disk: 'a disk image', root: 'a root file system',
};

const HEAD = 1024;

function begins(bytes: Uint8Array, text: string, at = 0): boolean {
  return [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
}

/** A ROM fills whole 64 KiB up to 16 MiB, and its last 16 bytes begin with a far jump. */
async function isRom(file: Blob): Promise<boolean> {
  if (file.size === 0 || file.size % 65536 !== 0 || file.size > 16 << 20) return false;
  return new Uint8Array(await file.slice(file.size - 16, file.size - 15).arrayBuffer())[0] === 0xea;
}

const isTar = (bytes: Uint8Array): boolean => begins(bytes, 'ustar', 257);

/** The first bytes of what a gzip file holds; none where it is damaged. */
async function insideGzip(file: Blob): Promise<Uint8Array> {
  const reader = file.slice(0, 64 << 10).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const { value } = await reader.read().catch(() => ({ value: undefined }));
  void reader.cancel().catch(() => undefined);
  return value ?? new Uint8Array();
}

/** Undefined: nothing that a machine could use. */
export async function recognise(file: File): Promise<Kind | undefined> {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (begins(head, 'PINTSNAP')) return 'snapshot';
  if (begins(head, '\x7fELF') || begins(head, 'HdrS', 0x202)) return 'kernel';
  if (begins(head, '070701')) return 'initrd';
  if (isTar(head)) return 'root';
  if (head[0] === 0x1f && head[1] === 0x8b && isTar(await insideGzip(file))) return 'root';
  if ([[0x1f, 0x8b], [0x28, 0xb5], [0xfd, 0x37]].some(([a, b]) => head[0] === a && head[1] === b)) return 'initrd';
  if (await isRom(file)) return 'rom';
  return file.size > 0 && file.size % 512 === 0 ? 'disk' : undefined;
}
