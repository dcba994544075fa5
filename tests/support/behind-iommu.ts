/**
 * The package as tests see it with PINTAIL_IOMMU set: every machine of Debian's amd64 guest has a remapping unit, which its kernel uses strictly, and its virtio cards go through it. The
 * same tests then say whether everything works behind one: `PINTAIL_IOMMU=1 npx vitest run tests/guest/ext4.test.ts`.
 */
import { createMachine as create, type DeviceOptions, type MachineOptions } from '../../build/host/index.js';

export * from '../../build/host/index.js';

const STRICT = 'intel_iommu=on iommu.strict=1';
/** What a virtio card has that goes by the unit's addresses. */
const behind = (device: DeviceOptions): DeviceOptions =>
  device.model.startsWith('virtio') && !device.legacyOnly && device.modernOnly !== false ? { ...device, modernOnly: true, features: { ...device.features, iommu_platform: true } } : device;

/** Of a machine that has one already, or that others' code starts in, nothing is changed. */
export function createMachine(options: MachineOptions = {}): ReturnType<typeof create> {
  const { devices = [], guest, append = '' } = options;
  if (guest !== 'amd64' || devices.some(({ model }) => model === 'intel-iommu') || append.includes('iommu')) return create(options);
  return create({ ...options, append: `${append} ${STRICT}`, devices: [{ model: 'intel-iommu' }, ...devices.map(behind)] });
}
