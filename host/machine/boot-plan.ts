/** From options to what is written into a fresh machine: bytes at addresses, and registers. Files are read here. */

import { acpiTables } from '../boot/acpi/index.js';
import { isBzImage } from '../boot/bzimage.js';
import { Budget, checkRom, loadKernel, takesModules, type ModuleFile } from '../boot/index.js';
import { boardWith } from './iommu-plan.js';
import { isDriveModel } from './drive-buses.js';
import { hasFlash } from './flash.js';
import { MIB } from './units.js';
import { readSource, sourceName } from './bytes.js';
import { entryRegisters, planBare } from './entry.js';
import { hasScreen, readVideoRom } from './video-rom.js';
import { NO_PLAN, type MachinePlan } from './plan.js';
import type { PlainOptions, ReadOptions } from './sources.js';
import type { FileSource } from './types.js';

interface Image {
  kernel: Uint8Array;
  kernelName: string;
  initrd?: Uint8Array;
  initrdName?: string;
  modules?: ModuleFile[];
  append: string;
  agent: boolean;
}

/** QEMU's list of modules for a multiboot kernel: `FILE WORDS,FILE WORDS`, a comma in one written twice. The words go to the kernel with the file's name. */
function initrdModules(list: string): Promise<ModuleFile[]> {
  const texts = list.split(/(?<!,),(?!,)/).map((text) => text.replaceAll(',,', ','));
  return Promise.all(texts.map(async (text) => ({ bytes: await readSource('initrd', text.trimStart().split(' ', 1)[0]!), text })));
}

async function givenImage(options: PlainOptions, kernel: FileSource): Promise<Image> {
  const image: Image = {
    kernel: await readSource('kernel', kernel),
    kernelName: sourceName(kernel, 'kernel'),
    append: options.append ?? '',
    agent: false,
  };
  const modules: ModuleFile[] = [];
  if (typeof options.initrd === 'string' && takesModules({ kernel: image.kernel, kernelName: image.kernelName, entry: options.entry })) {
    modules.push(...await initrdModules(options.initrd));
  } else if (options.initrd !== undefined) {
    image.initrd = await readSource('initrd', options.initrd);
    image.initrdName = sourceName(options.initrd, 'initrd');
  }
  for (const { file, text } of options.modules ?? []) {
    modules.push({ bytes: await readSource('modules', file), text: text ?? sourceName(file, 'module') });
  }
  if (modules.length > 0) image.modules = modules;
  return image;
}

async function imageOf(options: ReadOptions, memoryMiB: number): Promise<Image | undefined> {
  if (options.kernel !== undefined) return givenImage(options, options.kernel);
  if (options.guest === undefined) return undefined;
  const { guestImage } = await import('./guest-image.js');
  return guestImage(options, options.guest, memoryMiB, options.openedGuest);
}

/** Without a screen a Linux that is told of no serial console boots unseen. */
function warnOfSilence({ kernel, append }: Image, { onProgress: say, devices }: PlainOptions): void {
  if (hasScreen(devices)) return;
  if (isBzImage(kernel) && !/(^| )console=/.test(append)) say?.('the kernel command line names no console; with console=ttyS0 (-append) Linux shows itself on the first serial port.');
}

/** Loading ends with the program's signal, and within the time that a run may take. */
function loadingBudget({ signal, limits }: PlainOptions): Budget {
  const wallMs = limits?.wallMs;
  return new Budget({ signal, ...(wallMs === undefined ? {} : { deadline: performance.now() + wallMs, deadlineName: 'limits.wallMs' }) });
}

/** The order that was asked for, or QEMU's where a drive is on a controller: without any, firmware is told nothing. */
function bootOf({ boot, devices = [] }: ReadOptions): Pick<MachinePlan, 'boot'> {
  if (boot !== undefined) return { boot };
  return devices.some(({ model }) => isDriveModel(model)) ? { boot: {} } : {};
}

/** The plan for a machine with so much memory; an empty one where the options name nothing to start. */
export async function planMachine(options: ReadOptions, memoryMiB: number): Promise<MachinePlan> {
  const plan = await planStart(options, memoryMiB);
  if (!hasScreen(options.devices) || plan === NO_PLAN) return plan;
  const { rom, note } = await readVideoRom(options);
  return { ...plan, notes: [...plan.notes, note], ...(rom === undefined ? {} : { videoRom: rom }) };
}

async function planStart(options: ReadOptions, memoryMiB: number): Promise<MachinePlan> {
  const budget = loadingBudget(options);
  if (options.bare !== undefined) return { ...planBare(options.bare), notes: [], firmware: false, agent: false };
  if (options.bios !== undefined) {
    const name = sourceName(options.bios, 'bios');
    const rom = checkRom(await readSource('bios', options.bios), name);
    return { segments: [], registers: {}, notes: [`${name}: a ROM of ${rom.length} bytes below 4 GiB and 1 MiB`], firmware: false, agent: false, rom, ...bootOf(options) };
  }
  if (hasFlash(options.devices)) return { segments: [], registers: {}, notes: ['firmware in flash memory that ends at 4 GiB'], firmware: false, agent: false, ...bootOf(options) };
  const image = await imageOf(options, memoryMiB);
  if (image === undefined) return NO_PLAN;
  if (options.kernel !== undefined) warnOfSilence(image, options);
  const plan = loadKernel({
    budget,
    kernel: image.kernel,
    kernelName: image.kernelName,
    cmdline: image.append,
    memory: memoryMiB * MIB,
    screen: hasScreen(options.devices),
    acpi: acpiTables(boardWith(options.devices)),
    ...(options.entry === undefined ? {} : { entry: options.entry }),
    ...(image.modules === undefined ? {} : { modules: image.modules }),
    ...(image.initrd === undefined ? {} : { initrd: image.initrd, initrdName: image.initrdName ?? 'initrd' }),
  });
  return { segments: plan.segments, registers: entryRegisters(plan.entry), notes: plan.notes, firmware: true, agent: image.agent };
}
