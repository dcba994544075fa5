/**
 * VNC authentication (RFC 6143, 7.2.2): the viewer answers a challenge of 16 bytes by encrypting it with DES (FIPS 46-3, electronic codebook), the password, cut to eight bytes, being the key with the bits of
 * each byte turned round. It keeps a passer-by out and no more: DES is weak, and what follows is not encrypted. Node's own DES is gone with OpenSSL 3.
 */

export const CHALLENGE_BYTES = 16;
const MOST_BYTES = 8;

/** The tables of FIPS 46-3; bits are counted from 1 at the left. */
const INITIAL = [58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7];
const FINAL = INITIAL.map((_, i) => INITIAL.indexOf(i + 1) + 1);
const SPREAD = Array.from({ length: 48 }, (_, i) => ((Math.floor(i / 6) * 4 + (i % 6) + 31) % 32) + 1);
const MIX = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25];
const KEY = [57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4];
const ROUND_KEY = [14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32];
const TURNS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** S1 to S8, row by row, a hexadecimal digit an entry. */
const BOXES = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9', 'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e', '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d', '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c', 'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];

type Bits = readonly number[];
const permute = (bits: Bits, table: readonly number[]): number[] => table.map((at) => bits[at - 1]!);
const toBits = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));
const toBytes = (bits: Bits): number[] => Array.from({ length: bits.length / 8 }, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
const differ = (a: Bits, b: Bits): number[] => a.map((bit, i) => bit ^ b[i]!);
const turn = (half: Bits, by: number): number[] => [...half.slice(by), ...half.slice(0, by)];

function roundKeys(key: Uint8Array): number[][] {
  let halves = [permute(toBits(key), KEY.slice(0, 28)), permute(toBits(key), KEY.slice(28))];
  return TURNS.map((by) => {
    halves = halves.map((half) => turn(half, by));
    return permute(halves.flat(), ROUND_KEY);
  });
}

/** Six bits to four: the outer two choose the row. */
function substitute(bits: Bits): number[] {
  return BOXES.flatMap((box, i) => {
    const six = bits.slice(6 * i, 6 * i + 6).reduce((value, bit) => (value << 1) | bit, 0), row = ((six >> 4) & 2) | (six & 1);
    const value = parseInt(box[16 * row + ((six >> 1) & 15)]!, 16);
    return [value >> 3, (value >> 2) & 1, (value >> 1) & 1, value & 1];
  });
}

/** One block of eight bytes, encrypted. */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const bits = permute(toBits(block), INITIAL);
  let [left, right] = [bits.slice(0, 32), bits.slice(32)];
  for (const one of roundKeys(key)) [left, right] = [right, differ(left, permute(substitute(differ(permute(right, SPREAD), one)), MIX))];
  return Uint8Array.from(toBytes(permute([...right, ...left], FINAL)));
}

const mirrored = (byte: number): number => Array.from({ length: 8 }, (_, i) => ((byte >> i) & 1) << (7 - i)).reduce((a, b) => a | b, 0);

/** What a viewer that knows the password answers. */
export function vncAnswer(password: string, challenge: Uint8Array): Uint8Array {
  const key = new Uint8Array(MOST_BYTES), bytes = new TextEncoder().encode(password).subarray(0, MOST_BYTES);
  key.set(bytes.map(mirrored));
  return Uint8Array.from([...desEncrypt(key, challenge.subarray(0, 8)), ...desEncrypt(key, challenge.subarray(8, 16))]);
}
