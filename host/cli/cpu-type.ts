/** `-cpu max,FEATURE=off`: the one processor there is, less what the guest is not to see. */

import type { CpuOptions } from '../machine/types.js';
import { UsageError } from './arguments.js';

/** What may be hidden, by QEMU's names. */
export const CPU_SWITCHES = ['kvm', 'kvmclock', 'x2apic'] as const;

/** `kvm=off`, or `kvm=on`, which it is anyway; in QEMU's older spelling `-kvm` and `+kvm`. */
function readSwitch(argument: string, part: string): CpuOptions {
  const [, sign, name, value] = /^([+-]?)([a-z0-9-]+)(?:=(on|off))?$/.exec(part) ?? [];
  const feature = CPU_SWITCHES.find((one) => one === name);
  const isSigned = sign !== undefined && sign !== '';
  if (feature === undefined || isSigned === (value !== undefined)) {
    throw new UsageError(argument, `only max is there, with ${CPU_SWITCHES.map((one) => `${one}=off`).join(', ')} after it.`);
  }
  return { [feature]: isSigned ? sign === '+' : value === 'on' };
}

/** What `-cpu` asks for; the last of several counts. */
export function readCpuType(value: string | undefined): CpuOptions {
  if (value === undefined) return {};
  const argument = `-cpu ${value}`;
  const [model, ...parts] = value.split(',');
  if (model !== 'max') throw new UsageError(argument, 'only max is there.');
  return Object.assign({}, ...parts.map((part) => readSwitch(argument, part))) as CpuOptions;
}
