/** What a file is, by its first bytes: so that a dropped one goes where it belongs. */

export type Kind = 'kernel' | 'snapshot' | 'initrd' | 'rom' | 'disk';

export const WORDS: Readonly<Record<Kind, string>> = {
  kernel: 'a kernel', snapshot: 'a saved machine', initrd: 'an initial file system', rom: 'a ROM', disk: 'a disk image',
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

/** Undefined: nothing that a machine could use. */
export async function recognise(file: File): Promise<Kind | undefined> {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (begins(head, 'PINTSNAP')) return 'snapshot';
  if (begins(head, '\x7fELF') || begins(head, 'HdrS', 0x202)) return 'kernel';
  if (begins(head, '070701')) return 'initrd';
  if ([[0x1f, 0x8b], [0x28, 0xb5], [0xfd, 0x37]].some(([a, b]) => head[0] === a && head[1] === b)) return 'initrd';
  if (await isRom(file)) return 'rom';
  return file.size > 0 && file.size % 512 === 0 ? 'disk' : undefined;
}
