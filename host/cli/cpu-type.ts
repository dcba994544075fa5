/** `-cpu MODEL,vendor=intel,FEATURE=off`: the one processor there is, whose it is, less what the guest is not to see. QEMU's other models run on it. */

import type { CpuOptions, CpuVendor } from '../machine/types.js';
import { didYouMean, nearWords } from '../words/near.js';
import type { Given } from './arguments.js';
import { UsageError } from './faults.js';
import { readOption, type Reading } from './reading.js';
import { readProperties, splitWords, type Pair, type Property } from './words.js';

/** By our names and by the words of CPUID leaf 0, which are QEMU's. */
const VENDORS: Readonly<Record<string, CpuVendor>> = { amd: 'amd', intel: 'intel', AuthenticAMD: 'amd', GenuineIntel: 'intel' };

/** What may be hidden or chosen, by QEMU's names, which are the API's. */
export const CPU_PROPERTIES: readonly Property[] = [
  { name: 'vendor', kind: { is: 'word', of: Object.keys(VENDORS) }, about: 'whose processor it is: amd (default) or intel, in CPUID, registers and behaviour' },
  { name: 'kvm', kind: { is: 'switch' }, about: 'off hides KVM\'s leaves and its clock from the guest' },
  { name: 'kvmclock', kind: { is: 'switch' }, about: 'off hides KVM\'s clock alone' },
  { name: 'x2apic', kind: { is: 'switch' }, about: 'off hides the x2APIC' },
  { name: 'adx', kind: { is: 'switch' }, about: 'on adds ADCX and ADOX (off by default)' },
];

/** QEMU 7.2's models, without their versions. */
export const CPU_NAMES: readonly string[] = [
  'max', 'host', 'base', 'qemu64', 'qemu32', 'kvm64', 'kvm32', '486', 'pentium', 'pentium2', 'pentium3', 'athlon', 'coreduo', 'core2duo', 'n270', 'phenom', 'Conroe', 'Penryn', 'Nehalem',
  'Westmere', 'SandyBridge', 'IvyBridge', 'Haswell', 'Broadwell', 'Skylake-Client', 'Skylake-Server', 'Cascadelake-Server', 'Cooperlake', 'Icelake-Server', 'SapphireRapids', 'Snowridge',
  'Denverton', 'KnightsMill', 'Opteron_G1', 'Opteron_G2', 'Opteron_G3', 'Opteron_G4', 'Opteron_G5', 'EPYC', 'EPYC-Rome', 'EPYC-Milan', 'EPYC-Genoa', 'Dhyana',
];

const plainModel = (name: string): string => name.replace(/-v\d+$/, '').replace(/-(noTSX|IBRS|IBPB)(?=-|$)/g, '');

/** QEMU's older spelling: `+kvm` and `-kvm`. */
function plainPair({ name, value }: Pair): Pair {
  return /^[+-]/.test(name) && value === 'on' ? { name: name.slice(1), value: name.startsWith('+') ? 'on' : 'off' } : { name, value };
}

function readType(given: Given, { notes, faults }: Reading): CpuOptions {
  const { argument, head, pairs } = splitWords(given);
  if (!CPU_NAMES.includes(plainModel(head))) throw new UsageError(argument, `there is no "${head}"; write max.${didYouMean(head, CPU_NAMES)}`);
  if (plainModel(head) !== 'max') notes.push(`${argument}: the one processor there is runs in its place; -cpu max is its name.`);
  const names = CPU_PROPERTIES.map(({ name }) => name);
  const plain = pairs.map(plainPair);
  // What is nearly one of ours is a slip; another feature of a processor is what somebody means.
  const isOurs = ({ name }: Pair): boolean => names.includes(name) || (name.length > 3 && nearWords(name, names).length > 0);
  const others = plain.filter((pair) => !isOurs(pair)).map(({ name }) => name);
  if (others.length > 0) notes.push(`${argument}: what the processor has is fixed; ${others.join(', ')} ${others.length === 1 ? 'changes' : 'change'} nothing.`);
  const chosen = Object.fromEntries(readProperties({ argument, head, pairs: plain.filter(isOurs) }, '-cpu', CPU_PROPERTIES, faults)) as CpuOptions;
  return chosen.vendor === undefined ? chosen : { ...chosen, vendor: VENDORS[chosen.vendor]! };
}

/** What `-cpu` asks for; undefined where it is not given. */
export function readCpuType(reading: Reading): CpuOptions | undefined {
  return readOption(reading, 'cpu', (given) => readType(given, reading));
}
