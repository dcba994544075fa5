/** OVMF from Debian's package in flash chips: to its UEFI shell on the serial line and on the screen, and a variable that lasts over two runs. docs/images.md has its SHA-256. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMachine, type DeviceOptions, type Machine } from 'pintail';
import { runUntilText, watchConsole, type Screen } from '../support/console.js';
import { image } from '../support/images.js';
import { noPackages } from '../support/package-files.js';

const MINUTES = 60_000;
const FILES = ['usr/share/OVMF/OVMF_CODE_4M.fd', 'usr/share/OVMF/OVMF_VARS_4M.fd'];
const LIMITS = { instructions: 30_000_000_000n };

/** A machine with the firmware and a file of variables. */
async function firmware(vars: string, devices: readonly DeviceOptions[] = []): Promise<Machine> {
  const code = await image('ovmf', FILES[0]!, FILES);
  return createMachine({
    memoryMiB: 256, limits: LIMITS, drives: [{ id: 'code', source: code, readOnly: true }, { id: 'vars', source: vars }],
    devices: [{ model: 'pflash', drive: 'code', unit: 0 }, { model: 'pflash', drive: 'vars', unit: 1 }, ...devices],
  });
}

async function variables(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pintail-ovmf-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(await image('ovmf', FILES[1]!, FILES), join(folder, 'vars.fd'));
  return join(folder, 'vars.fd');
}

/** What it writes, without colours and moves of the cursor, which stand between the letters of an echo, too. */
function plainConsole(machine: Machine): Screen {
  const screen = watchConsole(machine);
  return { get text() { return screen.text.replace(/\x1b\[[\d;=?]*[A-Za-z]/g, ''); } };
}

/** Types at the shell, and waits for what it is to say. */
async function say(machine: Machine, screen: Screen, line: string, wanted: RegExp): Promise<void> {
  machine.write(`${line}\r`);
  expect((await runUntilText(machine, screen, wanted)).reason).toBe('paused');
}

describe.skipIf(noPackages !== undefined)(`OVMF${noPackages ? ` (skipped: ${noPackages})` : ''}`, () => {
  it('comes to its shell on the serial line, and keeps a variable over two runs', async () => {
    const vars = await variables();
    for (const run of [1, 2]) {
      await using machine = await firmware(vars);
      const screen = plainConsole(machine);
      machine.attachInput(true);
      expect((await runUntilText(machine, screen, /any other key to continue/)).reason).toBe('paused');
      machine.write('\x1b');
      expect((await runUntilText(machine, screen, 'Shell> ')).reason).toBe('paused');
      if (run === 1) await say(machine, screen, 'set greeting lasting', /set greeting lasting\s+Shell> /);
      else await say(machine, screen, 'set greeting', /greeting = lasting/);
      machine.write('reset -s\r');
      expect((await machine.run()).reason).toBe('poweroff');
    }
  }, 20 * MINUTES);

  it('comes to its shell on the screen', async () => {
    await using machine = await firmware(await variables(), [{ model: 'VGA', romfile: '' }]);
    const screen = plainConsole(machine);
    machine.attachInput(true);
    expect((await runUntilText(machine, screen, /any other key to continue/)).reason).toBe('paused');
    const { width, height, pixels } = (await machine.screenFrame(true))!;
    // Its picture is graphics: letters in yellow and grey on black.
    expect([width >= 640, height >= 480, new Set(new Uint32Array(pixels.buffer)).size > 3]).toEqual([true, true, true]);
  }, 20 * MINUTES);
});
