/**
 * The self-tests of Linux's drivers, by `ethtool -t` in the guest: e1000's writes patterns to every register it knows, checks the EEPROM,
 * forces every interrupt cause and sends frames through the PHY's loopback; pcnet32's goes through the chip's loopback. ethtool and its
 * libraries are the host's or Debian's packages'; without either the tests are skipped.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pintail } from './command.js';
import { additions, findEthtool } from './host-tools.js';

const ethtool = await findEthtool();

async function selfTest(model: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ethtool-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'test.sh'), 'ip link set eth0 up\n/lib-of-host/ld.so --library-path /lib-of-host /lib-of-host/ethtool -t eth0 offline\ndmesg | grep -i "eth0.*\\(fail\\|error\\)"\n');
  const args = ['run', ...(await additions(ethtool!)), '--add', `${join(dir, 'test.sh')}:/test.sh`, '-netdev', 'user,id=n0', '-device', `${model},netdev=n0`, '--', 'sh', '/test.sh'];
  return (await pintail(args)).stdout;
}

describe.skipIf(ethtool === undefined)('self-tests of drivers', () => {
  it('e1000: registers, EEPROM, interrupts, loopback, link', async () => {
    const said = await selfTest('e1000');
    expect(said).toMatch(/^The test result is PASS$/m);
    for (const name of ['Register', 'Eeprom', 'Interrupt', 'Loopback', 'Link']) expect(said).toMatch(new RegExp(`^${name} test .*\\s0$`, 'm'));
    expect(said).not.toMatch(/failed/);
  }, 300_000);
  it('pcnet: loopback', async () => {
    expect(await selfTest('pcnet')).toMatch(/^The test result is PASS$[\s\S]*^Loopback test .*\s0$/m);
  }, 300_000);
});
