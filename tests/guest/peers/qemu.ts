/** The amd64 guest in QEMU, as the far end of a network. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { prepareGuest, writeCpio } from '../../../host/guest/index.js';

const QEMU = 'qemu-system-x86_64';

/** Why tests with QEMU skip themselves; undefined where they run. */
export const noQemu = spawnSync(QEMU, ['--version']).status === 0 ? undefined : `no ${QEMU} here`;

/** Runs the amd64 guest with an e1000 on `netdev` (whose id is n0) and a script as its init, until the test has finished. */
export async function startQemu(netdev: string, init: string): Promise<{ output: () => string; until: (text: string) => Promise<void> }> {
  const guest = await prepareGuest('amd64', {});
  const folder = mkdtempSync(join(tmpdir(), 'net-qemu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const initrd = join(folder, 'initrd');
  const addition = writeCpio([{ path: 'netinit', kind: 'file', mode: 0o755, data: Buffer.from(init) }]);
  writeFileSync(initrd, Buffer.concat([readFileSync(guest.initrd), addition]));
  const kernel = join(guest.dir, 'vmlinuz');
  const args = ['-accel', 'tcg', '-m', '256', '-display', 'none', '-nodefaults', '-no-reboot', '-serial', 'stdio', '-kernel', kernel, '-initrd', initrd];
  const qemu: ChildProcess = spawn(QEMU, [...args, '-append', 'console=ttyS0 quiet panic=-1 rdinit=/netinit', '-netdev', netdev, '-device', 'e1000,netdev=n0']);
  onTestFinished(() => void qemu.kill());
  let output = '';
  for (const stream of [qemu.stdout!, qemu.stderr!]) stream.on('data', (bytes: Uint8Array) => (output += Buffer.from(bytes).toString('latin1')));
  const until = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (qemu.exitCode !== null) throw new Error(`QEMU ended:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { output: () => output, until };
}
