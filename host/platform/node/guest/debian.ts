/**
 * The guests made of Debian's packages: its kernel, its static busybox, the modules a NIC or a disk needs, and our init.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBzImage, readBzImage, unpackBzImage } from '../../../boot/bzimage.js';
import { slimElf } from '../../../boot/elf.js';
import { detectPacking, unpack } from '../../../boot/unpack/index.js';
import { appletNames } from '../../../guest/busybox.js';
import { writeCpio } from '../../../guest/cpio.js';
import { GuestError, NoPackageClient } from '../../../guest/errors.js';
import { file, symlink, type FileEntry } from '../../../guest/files.js';
import { driveFiles, preparedFiles } from '../../../guest/init.js';
import { DRIVES_FILE, type Manifest } from '../../../guest/manifest.js';
import { writeGuestFile, writeManifest } from './folder.js';
import { indexModules, selectModules, type ModuleFile } from '../../../guest/modules.js';
import { extractPackage, openPackages, type PackageClient, type PackageInfo } from './packages.js';
import { BUSYBOX, EXTRA_MODULES, LINKS, RECIPES, recipeOf, type DebianGuestName, type Recipe } from './recipe.js';

interface Ingredients {
  vmlinuz: Uint8Array;
  version: string;
  modules: ModuleFile[];
  busybox: Uint8Array;
}

const MODULE_PATH = /^(?:usr\/)?lib\/modules\/[^/]+\/(kernel\/.*\.ko(?:\.xz|\.zst|\.gz)?)$/;

async function readKernelPackage(path: string, signal?: AbortSignal): Promise<Omit<Ingredients, 'busybox'>> {
  const entries = await extractPackage(
    path,
    (name) => name.startsWith('boot/vmlinuz-') || (MODULE_PATH.test(name) && worthReading(name)),
    signal,
  );
  const image = entries.find((entry) => entry.path.startsWith('boot/vmlinuz-'));
  if (image?.data === undefined) throw new GuestError(`${path} holds no kernel`, 'Report this; until then pass -kernel and -initrd.');
  const modules = entries.flatMap((entry) => {
    const match = MODULE_PATH.exec(entry.path);
    return match && entry.data ? [plainModule(match[1]!, entry.data)] : [];
  });
  return { vmlinuz: image.data, version: image.path.slice('boot/vmlinuz-'.length), modules };
}

/** Folders whose modules never matter to a NIC or a disk of ours, left out to save memory (they are nine tenths of the package). */
function worthReading(path: string): boolean {
  return /\/kernel\/(drivers\/misc\/pvpanic\/|block|crypto|fs\/(ext4|jbd2|mbcache|9p|fscache|netfs|isofs|fat|nls)|lib|arch|net\/(9p|core|packet)|virt\/lib|drivers\/(vfio|virtio|block|nvme\/host\/|ata|scsi\/(scsi_mod|scsi_common|s[dr]_mod)|cdrom|char|net\/(mii|net_failover|virtio_net|ethernet\/(8390|amd|intel\/e1000\/)|mdio|phy\/)))/.test(path);
}

/** Newer distributions pack each module; modprobe of busybox would unpack it at every boot, so it is done here. */
function plainModule(path: string, data: Uint8Array): ModuleFile {
  const packing = detectPacking(data);
  return { path: path.replace(/\.ko\..*$/, '.ko'), data: unpack(data, packing) };
}

function initrdOf(parts: Ingredients, names: readonly string[]): FileEntry[] {
  const home = `lib/modules/${parts.version}`;
  const modules = selectModules(parts.modules, names);
  const index = indexModules(modules);
  const applets = appletNames(parts.busybox);
  if (!applets.includes('sh') || !applets.includes('init')) {
    throw new GuestError('The busybox of the package has no shell or no init', 'Report this; until then pass -kernel and -initrd.');
  }
  return [
    ...preparedFiles(),
    file('bin/busybox', parts.busybox, 0o755),
    ...applets.filter((name) => name !== 'busybox').map((name) => symlink(`bin/${name}`, 'busybox')),
    ...LINKS.map(([path, target]) => symlink(path, target)),
    ...modules.map((module) => file(`${home}/${module.path}`, module.data)),
    file(`${home}/modules.dep`, index.dep),
    file(`${home}/modules.alias`, index.alias),
  ];
}

/** What goes over the initrd where a drive is on a controller or there is a remapping unit: modules of both, and indexes of all. */
function drivesOf({ version, modules: all }: Ingredients, names: readonly string[]): FileEntry[] {
  const home = `lib/modules/${version}`;
  const usual = new Set(selectModules(all, names).map(({ path }) => path));
  const modules = selectModules(all, [...names, ...EXTRA_MODULES]);
  const index = indexModules(modules);
  return [
    ...driveFiles(),
    ...modules.filter(({ path }) => !usual.has(path)).map((module) => file(`${home}/${module.path}`, module.data)),
    file(`${home}/modules.dep`, index.dep),
    file(`${home}/modules.alias`, index.alias),
  ];
}

export interface BuildOptions {
  onProgress?: (line: string) => void;
  /** Told how far a download is, in bytes. */
  onTransfer?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** The concrete kernel package that the meta package stands for. */
function kernelPackageOf(meta: PackageInfo): string {
  const name = meta.depends.find((depends) => /^linux-image-\d/.test(depends));
  if (name === undefined) throw new GuestError(`The package ${meta.name} names no kernel`, 'Report this; until then pass -kernel and -initrd.');
  return name;
}

interface Fetched {
  /** The kernel, then busybox. */
  packages: [PackageInfo, PackageInfo];
  paths: string[];
}

async function fetchOnce(client: PackageClient, recipe: Recipe, folder: string, say: (line: string) => void): Promise<Fetched> {
  const kernelName = kernelPackageOf(await client.show(recipe.kernelMeta));
  const packages: [PackageInfo, PackageInfo] = [await client.show(kernelName), await client.show(BUSYBOX)];
  for (const info of packages) say(`fetching ${info.name} ${info.version}`);
  return { packages, paths: await client.download([kernelName, BUSYBOX], folder) };
}

/** Old lists name kernels that the archive has no more: then the lists are fetched, and all is looked up again. */
async function fetchPackages(client: PackageClient, recipe: Recipe, folder: string, say: (line: string) => void): Promise<Fetched> {
  try {
    return await fetchOnce(client, recipe, folder, say);
  } catch (cause) {
    if (!(cause instanceof NoPackageClient) || !(await client.refresh())) throw cause;
    return fetchOnce(client, recipe, folder, say);
  }
}

/** Builds a guest into an empty folder. The same packages make the same bytes. */
export async function buildDebianGuest(name: DebianGuestName, dir: string, options: BuildOptions): Promise<Manifest> {
  const recipe = RECIPES[name];
  const { signal } = options;
  const say = options.onProgress ?? (() => {});
  const work = join(dir, '.packages');
  await mkdir(work, { recursive: true });
  const client = await openPackages({ ...options, arch: recipe.arch, stateDir: join(work, 'apt') });
  const { packages, paths } = await fetchPackages(client, recipe, work, say);
  const [kernelDeb, busyboxDeb] = paths;
  say('unpacking');
  const busybox = (await extractPackage(busyboxDeb!, (path) => /^(usr\/)?bin\/busybox$/.test(path), signal))[0]?.data;
  if (busybox === undefined) throw new GuestError(`${busyboxDeb} holds no busybox`, 'Report this; until then pass -kernel and -initrd.');
  const kernel = await readKernelPackage(kernelDeb!, signal);
  await rm(work, { recursive: true });

  say(`building kernel and initrd (Linux ${kernel.version})`);
  const label = `${packages[0].name} ${packages[0].version}`;
  if (!isBzImage(kernel.vmlinuz)) throw new GuestError(`${label} holds no bzImage`, 'Report this; until then pass -kernel and -initrd.');
  const vmlinux = slimElf(unpackBzImage(readBzImage(kernel.vmlinuz, label), label), label);
  signal?.throwIfAborted();
  const initrd = writeCpio(initrdOf({ ...kernel, busybox }, recipe.modules));
  const rows = [
    await writeGuestFile(dir, 'kernel', vmlinux, `${label}, unpacked`),
    await writeGuestFile(dir, 'initrd', initrd, `${BUSYBOX} ${packages[1].version}, modules, init`),
    await writeGuestFile(dir, 'vmlinuz', kernel.vmlinuz, `${label}, as packaged`),
    await writeGuestFile(dir, DRIVES_FILE, writeCpio(drivesOf({ ...kernel, busybox }, recipe.modules)), `${label}, modules of drives on controllers, and of vfio`),
  ] as const;
  return writeManifest(dir, {
    name,
    version: packages[0].version,
    recipe: recipeOf(name),
    append: recipe.append,
    memory: 128 * 2 ** 20,
    agent: true,
    packages: packages.map((info) => ({ name: info.name, version: info.version, sha256: info.sha256 })),
    kernel: rows[0],
    initrd: rows[1],
    others: [rows[2], rows[3]],
  });
}
