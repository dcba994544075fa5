/**
 * The package as tests see it with PINTAIL_IOMMU set: every machine of Debian's amd64 guest has a remapping unit, which its kernel uses strictly, and its virtio cards go through it. The
 * same tests then say whether everything works behind one: `npm run test:iommu`, or `PINTAIL_IOMMU=1 npx vitest run tests/guest/ext4.test.ts`. A machine that was refused a transfer or
 * an interrupt says so when it is closed: the unit counts each, whether the kernel writes of it or not.
 */
import { createMachine as create, SnapshotError, type DeviceOptions, type Machine, type MachineOptions } from '../../build/host/index.js';

export * from '../../build/host/index.js';

/** PINTAIL_IOMMU=scalable: in scalable mode. */
const SCALABLE = process.env['PINTAIL_IOMMU'] === 'scalable';
const UNIT: DeviceOptions = { model: 'intel-iommu', ...(SCALABLE ? { scalableMode: true } : {}) };
const STRICT = `intel_iommu=on${SCALABLE ? ',sm_on' : ''} iommu.strict=1`;
/** What a virtio card has that goes by the unit's addresses. */
const behind = (device: DeviceOptions): DeviceOptions =>
  device.model.startsWith('virtio') && !device.legacyOnly && device.modernOnly !== false ? { ...device, modernOnly: true, features: { ...device.features, iommu_platform: true } } : device;
/** The kernel's tables of the unit take memory that a small machine's program then has not. */
const LEAST_MIB = 128;
const allBehind = ({ devices = [], ...options }: MachineOptions): MachineOptions => ({ ...options, ...(options.memoryMiB === undefined ? {} : { memoryMiB: Math.max(options.memoryMiB, LEAST_MIB) }), devices: [UNIT, ...devices.map(behind)] });

/** Every fault the unit has counted, by reason. */
async function faultsOf(machine: Machine): Promise<string[]> {
  const { counters } = await machine.stats();
  return counters.filter(({ name, value }) => name.startsWith('iommu0 faults') && value > 0n).map(({ name, value }) => `${name}: ${value}`);
}

/** The machine, whose end is asked for faults; one that is gone already has nothing to say. */
function watched(machine: Machine): Machine {
  const close = machine.close.bind(machine);
  machine.close = async () => {
    const faults = await faultsOf(machine).catch(() => []);
    await close();
    if (faults.length > 0) throw new Error(`The remapping unit refused what a card asked for: ${faults.join(', ')}`);
  };
  return machine;
}

/** A snapshot says by itself what it is of: one of a machine behind a unit is gone on with behind one. */
async function goOn(options: MachineOptions): Promise<Machine> {
  try {
    return await create(options);
  } catch (error) {
    if (!(error instanceof SnapshotError) || !error.message.includes('with these cards: intel-iommu')) throw error;
    return watched(await create(allBehind(options)));
  }
}

/** Of a machine that has one already, or that others' code starts in, nothing is changed. */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  const { devices = [], guest, snapshot, append = '' } = options;
  if (devices.some(({ model }) => model === 'intel-iommu') || append.includes('iommu')) return create(options);
  if (guest !== 'amd64') return snapshot === undefined ? create(options) : goOn(options);
  return watched(await create(allBehind({ ...options, append: `${append} ${STRICT}` })));
}
