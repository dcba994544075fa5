/** What comes from a socket for a serial port that has enough waits in the socket, and is all there in the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Outputs } from '../../../../host/cli/output.js';
import { openSerial, readTarget } from '../../../../host/cli/serial.js';

const TOTAL = 8 << 20;
/** What a port that says no may have been given: pieces that were on their way, by far not all. */
const SOME = 1 << 20;

it('a port that has enough is not sent more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-serial-'));
  const path = join(folder, 's');
  let taken = 0, told = 0, full = true;
  const target = readTarget({ argument: '-serial', value: `unix:${path},server=on,wait=off` }, new Map());
  const serial = await openSerial([target], {} as Outputs, (port, bytes) => {
    expect(port).toBe(0);
    taken += bytes.length;
    told++;
    return !full;
  });
  const client = connect(path);
  onTestFinished(async () => {
    client.destroy();
    await serial.close();
    rmSync(folder, { recursive: true, force: true });
  });
  client.write(Buffer.alloc(TOTAL, 7));
  while (told === 0) await new Promise((resolve) => setImmediate(resolve));
  // Many turns in which more could come.
  for (let i = 0; i < 20_000; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeLessThan(SOME);
  full = false;
  serial.resume(0);
  while (taken < TOTAL) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBe(TOTAL);
}, 30_000);
