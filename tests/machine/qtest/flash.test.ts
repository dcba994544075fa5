/** Flash chips driven over qtest, ours and QEMU's own, with the same answers: status, identity, the query's table, programming, erasing, buffers, what makes no sense. That what was programmed lasts, tests/guest-long/ovmf.test.ts holds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasQemu, start, type Emulator } from './client.js';

const CODE_BYTES = 0x20000, VARS_BYTES = 0x10000;
const CODE = 0x1_0000_0000 - CODE_BYTES, VARS = CODE - VARS_BYTES;
let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'pintail-qtest-flash-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function image(name: string, bytes: number): string {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4) content.writeUInt32LE(at * 0x01010101 >>> 0, at);
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function drive(emulator: Emulator): Promise<unknown[]> {
  const [code, vars] = [image(`${emulator}-code`, CODE_BYTES), image(`${emulator}-vars`, VARS_BYTES)], seen: unknown[] = [];
  const client = await start(emulator, { args: ['-drive', `if=pflash,format=raw,readonly=on,file=${code}`, '-drive', `if=pflash,format=raw,file=${vars}`] });
  const get = async (at: number, bytes: 1 | 2 | 4 = 1): Promise<void> => void seen.push(await client.load(at, bytes));
  const put = (at: number, ...bytes: number[]): Promise<void> => bytes.reduce((before, byte) => before.then(() => client.store(at, byte, 1)), Promise.resolve());
  await get(CODE, 4); await get(VARS, 4); await get(0xfffffff0, 4); await get(0xe0000, 4);
  for (const chip of [VARS, CODE]) {
    // As firmware finds out whether it is flash: cleared status, status, the array again.
    await put(chip, 0x50); await get(chip);
    await put(chip, 0x70); await get(chip); await get(chip, 4);
    await put(chip, 0xff); await get(chip, 4);
    await put(chip, 0x90); for (let i = 0; i < 4; i++) await get(chip + i);
    await put(chip, 0xff);
    await put(chip, 0x98); for (const at of [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x27, 0x2c, 0x2f, 0x30]) await get(chip + at);
    await put(chip, 0xff); await get(chip, 4);
    // A byte, and two in a row.
    await put(chip + 0x123, 0x10, 0xab); await get(chip); await put(chip + 0x124, 0x40, 0xcd);
    await put(chip, 0xff); await get(chip + 0x120, 4); await get(chip + 0x124, 4);
    await put(chip + 0x2345, 0x20, 0xd0); await get(chip + 0x2000); await put(chip, 0xff);
    await get(chip + 0x1ffc, 4); await get(chip + 0x2000, 4); await get(chip + 0x2ffc, 4); await get(chip + 0x3000, 4);
    // Five bytes by the buffer.
    await put(chip + 0x2100, 0xe8, 4, 1); for (let i = 1; i < 5; i++) await put(chip + 0x2100 + i, i + 1);
    await put(chip + 0x2100, 0xd0); await get(chip); await put(chip, 0xff); await get(chip + 0x2100, 4); await get(chip + 0x2104, 4);
    // An erasure that is not confirmed, a lock, nonsense.
    await put(chip + 0x4000, 0x20, 0xff); await get(chip + 0x4000, 4);
    await put(chip, 0x60, 0x01); await get(chip); await put(chip, 0x60, 0xd0); await get(chip); await put(chip, 0xff);
    await put(chip, 0x33); await get(chip, 4);
    await put(chip, 0xf0); await get(chip, 4);
    await put(chip, 0x50); await put(chip, 0x70); await get(chip); await put(chip, 0xff);
  }
  return seen;
}

it.skipIf(!hasQemu)("flash chips: ours and QEMU's answer the same", async () => {
  const ours = await drive('pintail');
  expect(ours.length).toBeGreaterThan(70);
  expect(ours).toEqual(await drive('qemu'));
}, 120_000);
