/** Starts a raw machine in a mode, by what host/machine/entry.ts knows of the boot protocols. */
import { CpuField } from '../../assembly/surface/fields.js';
import { writeRegisters } from '../../host/machine/cpu-layout.js';
import { entryRegisters } from '../../host/machine/entry.js';
import type { ModuleInstance } from '../../host/rings/instance.js';
import type { RegisterWrites } from '../../host/machine/cpu-layout.js';
import type { BareMode } from '../../host/machine/types.js';

const NO_TABLE = { base: 0n, limit: 0 };
/** What an operating system turns on besides what a boot protocol asks for: MP, NE, WP; PGE; NXE and SCE. */
const SYSTEM = { cr0: 0x8001_0033n, cr4: 0x6a0n, efer: 0xd01n };
/** The x87 control word after FNINIT. */
const FNINIT = 0x37f;

function registersOf(mode: BareMode, rip: number, cr3: number): RegisterWrites {
  const tables = { gdtr: NO_TABLE, idtr: NO_TABLE };
  if (mode === 'protected32') return { ...entryRegisters({ mode: 'pvh32', rip, rbx: 0 }), ...tables };
  if (mode === 'real16') return entryRegisters({ mode: 'real16', cs: rip >>> 4, rip: rip & 15, ds: 0, rsp: 0 });
  return { ...entryRegisters({ mode: 'long64', rip, rsi: 0, cr3, gdt: { base: 0, limit: 0 }, cs: 0x10, ds: 0x18 }), ...tables, ...SYSTEM };
}

/** After `create` or `reset`: `rip` is linear (below 1 MiB in real mode), `cr3` for long mode. Without firmware, so the board is set up but for real mode. */
export function enterMode(instance: ModuleInstance, mode: BareMode, rip: number, cr3 = 0): void {
  if (mode !== 'real16') {
    instance.exports.presetFirmware();
    instance.exports.presetCards();
  }
  writeRegisters(instance, registersOf(mode, rip, cr3));
  if (mode === 'long64') instance.view.setUint16(instance.exports.cpuField(CpuField.Fcw), FNINIT, true);
}
