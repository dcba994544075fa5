/** A triple fault resets the machine as a PC's chipset does, and ends it where the command's -no-reboot says so. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachine } from 'pintail';

const COMMAND = fileURLToPath(new URL('../../bin/pintail.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pintail-reboot-'));
const image = join(folder, 'reboot.rom');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** mov dx, 3f8; mov al, 'B'; out dx, al; lidt cs:[20]; int3: no table to deliver it or the double fault by. */
const ROM = new Uint8Array(0x1_0000);
ROM.set(Buffer.from('baf803b042ee2e0f011e2000cc', 'hex'));
ROM.set(Buffer.from('ea000000f0', 'hex'), 0xfff0);
writeFileSync(image, ROM);

function run(...options: string[]): Promise<{ status: number; output: string }> {
  const args = [COMMAND, 'run', '--icount', '-m', '16M', '-nic', 'none', '-bios', image, '--limit-instructions', '100', ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 100_000 }, (error, stdout) => resolve({ status: error ? Number(error.code) : 0, output: stdout }));
  });
}

describe('a triple fault', { timeout: 120_000 }, () => {
  it('resets the machine again and again', async () => {
    const { status, output } = await run();
    expect(output).toMatch(/^B{10,}$/);
    expect(status).toBe(124); // the limit
  });

  it('ends the process with -no-reboot', async () => {
    expect(await run('-no-reboot')).toEqual({ status: 131, output: 'B' });
  });

  it('is what run() says to an embedder, who may reset the machine and go on', async () => {
    const machine = await createMachine({ memoryMiB: 16, bios: ROM });
    try {
      const first = await machine.run();
      expect(first.reason).toBe('triple-fault');
      await machine.reset();
      const second = await machine.run();
      expect([second.reason, second.instructions]).toEqual(['triple-fault', first.instructions]);
    } finally {
      await machine.close();
    }
  });
});
