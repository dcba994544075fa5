/**
 * One boot of Debian's kernel in all executions: Run, block by block through Build and the IR interpreter, and with what is hot translated.
 * The same number of ticks must leave the same registers and the same RAM.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { acpiTables, loadKernel, type BootPlan } from '../../build/host/boot/index.js';
import { DEFAULT_APPEND, prepareGuest } from '../../build/host/guest/index.js';
import { Address } from '../../assembly/surface/run.js';
import { writeRegisters } from '../../host/machine/cpu-layout.js';
import { entryRegisters } from '../../host/machine/entry.js';
import { createTranslator } from '../../host/machine/translator.js';
import { createRawMachine, runTicks } from '../support/raw-machine.js';

/** Far below the default, so that much of the boot runs translated. */
const THRESHOLD = 20_000;

const MEMORY_MIB = 128;
const SLICE_TICKS = 1_000_000, SLICES = 400;

/** A hash of the general registers, rip, flags and RAM after each quarter. */
function bootFor(plan: BootPlan, execution: 'run' | 'ir' | 'translated'): string[] {
  const { instance, call, bytes, ram, ramBytes } = createRawMachine(MEMORY_MIB);
  for (const { gpa, bytes: data } of plan.segments) bytes.set(data, ram + gpa);
  instance.exports.presetFirmware();
  instance.exports.presetCards();
  writeRegisters(instance, entryRegisters(plan.entry));
  call('runThroughIr', execution === 'ir' ? 1 : 0);
  const translator = execution === 'translated' ? createTranslator(instance, { mode: 'sync', threshold: THRESHOLD }) : undefined;
  const hashes: string[] = [];
  for (let n = 1; n <= SLICES; n++) {
    expect(runTicks({ call }, SLICE_TICKS, translator === undefined ? undefined : () => translator.serve())).toBe(0);
    if (n % (SLICES / 4) !== 0) continue;
    const cpu = call('address', Address.Gpr);
    hashes.push(createHash('sha256')
      .update(bytes.subarray(cpu, cpu + 16 * 8)).update(`${call('readRflags')} ${call('ticksLo')} ${call('ticksHi')}`)
      .update(bytes.subarray(ram, ram + ramBytes)).digest('hex'));
  }
  return hashes;
}

test('a boot is the same in Run, translated and through the IR', { timeout: 600_000 }, async () => {
  const guest = await prepareGuest('amd64', { onProgress: () => undefined });
  const plan = loadKernel({
    kernel: readFileSync(guest.kernel), kernelName: guest.kernel, initrd: readFileSync(guest.initrd), initrdName: guest.initrd,
    cmdline: DEFAULT_APPEND, memory: MEMORY_MIB << 20, acpi: acpiTables(),
  });
  const run = bootFor(plan, 'run');
  expect(new Set(run).size).toBe(4);
  expect(bootFor(plan, 'translated')).toEqual(run);
  expect(bootFor(plan, 'ir')).toEqual(run);
});
