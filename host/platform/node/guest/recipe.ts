/** What the guests of Debian's packages are made of. Apart from their making (debian.ts), because every start asks whether the one in the cache is of today's recipe. */
import { driveFiles, preparedFiles } from '../../../guest/init.js';
import { sha256 } from './folder.js';

export type DebianGuestName = 'amd64' | 'i386';

export interface Recipe {
  arch: string;
  /** The package that depends on the current kernel. */
  kernelMeta: string;
  append: string;
  modules: readonly string[];
}

/**
 * What the command line is made of: the console; `quiet`, because each line printed at boot is work; no self-tests of ciphers
 * (0.87 G of 1.47 G instructions); no write protection of the kernel's own text, whose final check walks every page table
 * (0.14 G); a panic restarts at once, and the machine reports it. The TSC's rate and that timers need no trial the kernel learns
 * from KVM's leaves.
 */
export const DEFAULT_APPEND = 'console=ttyS0 quiet cryptomgr.notests rodata=off panic=-1';

export const BUSYBOX = 'busybox-static';

/** What a NIC or a disk needs, by module name; what these depend on comes along. */
const MODULES = [
  'virtio_pci', 'virtio_mmio', 'virtio_net', 'virtio_blk', 'virtio_rng', 'virtio_console', 'virtio_balloon', 'pvpanic-mmio',
  'e1000', 'pcnet32', 'pktgen', 'ext4', 'crc32c_generic', '9pnet_virtio', '9p',
] as const;

/** What drives on controllers need, and what is usually on CDs and floppies. */
const DRIVE_MODULES: readonly string[] = 'ahci nvme ata_piix sd_mod sr_mod floppy isofs vfat nls_cp437 nls_ascii'.split(' ');

/** What gives a card to a program, behind a remapping unit. */
const VFIO_MODULES = ['vfio_pci', 'vfio_iommu_type1'] as const;

/** In an archive of its own, which is unpacked where there is such a drive, or a unit. */
export const EXTRA_MODULES: readonly string[] = [...DRIVE_MODULES, ...VFIO_MODULES];

export const RECIPES: Record<DebianGuestName, Recipe> = {
  amd64: { arch: 'amd64', kernelMeta: 'linux-image-amd64', append: DEFAULT_APPEND, modules: MODULES },
  // The card that other emulators of 32-bit machines have, so that one guest can be measured on all.
  i386: { arch: 'i386', kernelMeta: 'linux-image-686', append: DEFAULT_APPEND, modules: [...MODULES, 'ne2k-pci'] },
};

/** Applets that stand aside in /sbin and /usr/bin for scripts that name them so. */
export const LINKS: readonly [path: string, target: string][] = [
  ['sbin/init', '../bin/busybox'],
  ['sbin/modprobe', '../bin/busybox'], // where the kernel looks for it
  ['usr/bin/env', '../../bin/busybox'],
];

/** In the command's bundle the build has put them here, since the sources alone decide them: no start need assemble the guest's programs to know. */
const BUILT = (globalThis as { pintailRecipes?: Readonly<Partial<Record<DebianGuestName, string>>> }).pintailRecipes;

/** Changes when anything we put into a guest changes. */
export function recipeOf(name: DebianGuestName): string {
  const known = BUILT?.[name];
  if (known !== undefined) return known;
  const parts = [RECIPES[name].append, ...RECIPES[name].modules, ...EXTRA_MODULES, ...LINKS.flat(), ...[...preparedFiles(), ...driveFiles()].map((entry) => `${entry.path} ${entry.mode} ${entry.target ?? sha256(entry.data ?? '')}`)];
  return sha256(parts.join('\n')).slice(0, 12);
}
