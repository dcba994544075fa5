/** The unpackers against the real packers, where these are installed, and against damaged streams. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { undoBcjX86 } from '../../../host/boot/unpack/bcj-x86.js';
import { crc32 } from '../../../host/boot/unpack/crc32.js';
import { detectPacking, StreamError, unpack, type Packing } from '../../../host/boot/unpack/index.js';

/** Text, code-like bytes with many calls, and runs: something for every part of a packer. */
function sample(): Uint8Array {
  const bytes = new Uint8Array(200_000);
  let seed = 99;
  for (let i = 0; i < bytes.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const region = i >> 14;
    if (region % 3 === 0) bytes[i] = 'the quick brown fox '.charCodeAt(i % 20);
    else if (region % 3 === 1) bytes[i] = seed >>> 29 === 0 ? 0xe8 : seed >>> 28 === 3 ? 0xff : seed & 0x100 ? 0 : seed >>> 24;
    else bytes[i] = i >> 9;
  }
  return bytes;
}

/** base64 of `printf 'hello hello hello hello\n' | xz --check=crc32`, of lzma, lz4 -l and zstd. */
const HELLO = 'hello hello hello hello\n';
const SMALL: Record<string, string> = {
  xz: '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AAXAAxdADQZSe6N6VYKwSGwAAAAiFkLAAEkGNvMAsKQQpkNAQAAAAABWVo=',
  lzma: 'XQAAgAD//////////wA0GUnujelWCsG2ILf//7o0AAA=',
  lz4: 'AiFMGA8AAABpaGVsbG8gBgBQZWxsbwo=',
  zstd: 'KLUv/QRYbQAAOGhlbGxvIAoBAJlLEah8Lqg=',
};

describe('small streams', () => {
  it.each(Object.keys(SMALL))('%s', (name) => {
    const packed = Buffer.from(SMALL[name]!, 'base64');
    expect(detectPacking(packed)).toBe(name);
    expect(new TextDecoder().decode(unpack(packed, name as Packing))).toBe(HELLO);
  });

  it.each(Object.keys(SMALL))('%s cut off anywhere is an error, or as much as is there', (name) => {
    const packed = Buffer.from(SMALL[name]!, 'base64');
    for (let size = 0; size < packed.length - 4; size++) {
      try {
        expect(HELLO.startsWith(new TextDecoder().decode(unpack(packed.subarray(0, size), name as Packing)))).toBe(true);
      } catch (cause) {
        expect(cause).toBeInstanceOf(StreamError);
      }
    }
  });
});

/** The tools that kernels are packed with, where they are installed. */
const PACKERS: [name: Packing, command: string, args: string[]][] = [
  ['xz', 'xz', ['--check=crc32', '--x86', '--lzma2=dict=1MiB', '-c']],
  ['xz', 'xz', ['--check=crc64', '--block-size=50000', '-9', '-c']],
  ['xz', 'xz', ['--check=crc32', '--lzma2=preset=6,lc=0,lp=2,pb=0', '-c']],
  ['lzma', 'lzma', ['-9', '-c']],
  ['lz4', 'lz4', ['-l', '-9', '-c']],
  ['zstd', 'zstd', ['-19', '-c']],
  ['gzip', 'gzip', ['-9', '-c']],
];

describe('streams of the real packers', () => {
  for (const [name, command, args] of PACKERS) {
    const there = spawnSync(command, ['--version']).status === 0;
    it.skipIf(!there)(`${command} ${args.join(' ')}${there ? '' : ' (skipped: not installed)'}`, () => {
      const plain = sample();
      const { stdout } = spawnSync(command, args, { input: plain, maxBuffer: 1 << 24 });
      expect(detectPacking(stdout)).toBe(name);
      expect(Buffer.compare(unpack(stdout, name), plain)).toBe(0);
    });
  }

  const xz = spawnSync('xz', ['--version']).status === 0;
  it.skipIf(!xz)('a changed byte is noticed', () => {
    const { stdout } = spawnSync('xz', ['--check=crc32', '-c'], { input: sample(), maxBuffer: 1 << 24 });
    for (let at = 12; at < stdout.length - 40; at += Math.ceil(stdout.length / 16)) {
      const bytes = Uint8Array.from(stdout);
      bytes[at]! ^= 1;
      expect(() => unpack(bytes, 'xz')).toThrow(StreamError);
    }
  });
});

describe('pieces', () => {
  it('CRC-32 has its check value', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  it('the branch filter makes a call relative again', () => {
    // At offset 16 a call whose operand was made absolute: 0x00000115 = 0x100 + 16 + 5.
    const bytes = new Uint8Array(32);
    bytes.set([0xe8, 0x15, 0x01, 0x00, 0x00], 16);
    undoBcjX86(bytes);
    expect([...bytes.subarray(16, 21)]).toEqual([0xe8, 0x00, 0x01, 0x00, 0x00]);
  });
});
