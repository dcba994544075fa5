/** The kernels, by name. */
import { absentStructures } from './absent-structures.js';
import { apic, x2apic } from './apic.js';
import { controlRegisters } from './control-registers.js';
import { debug, debugLong } from './debug.js';
import { fastCalls } from './fast-calls.js';
import { faults } from './faults.js';
import { longGates } from './long-gates.js';
import { modes } from './modes.js';
import { paging2Level, paging4Level, pagingPae } from './paging.js';
import { ports } from './ports.js';
import { privilege } from './privilege.js';
import { gates } from './gates.js';
import { inspection, limits, segments, segmentsLong } from './segments.js';
import { stackWraps } from './stack-wraps.js';
import { shutdown } from './shutdown.js';
import { supervisor } from './supervisor.js';
import { virtualInterrupts } from './virtual-interrupts.js';
import { taskPaging } from './task-paging.js';
import { tasks } from './tasks.js';
import { pcid, tlb } from './tlb.js';

export const KERNELS: Readonly<Record<string, () => Uint8Array>> = {
  modes,
  'control-registers': controlRegisters,
  faults,
  privilege,
  'paging-2-level': paging2Level,
  'paging-pae': pagingPae,
  'paging-4-level': paging4Level,
  'absent-structures': absentStructures,
  supervisor,
  'stack-wraps': stackWraps,
  segments,
  limits,
  'segments-long': segmentsLong,
  inspection,
  gates,
  'long-gates': longGates,
  tasks,
  'task-paging': taskPaging,
  apic,
  x2apic,
  shutdown,
  ports,
  'virtual-interrupts': virtualInterrupts,
  'fast-calls': fastCalls,
  debug,
  'debug-long': debugLong,
  tlb,
  pcid,
};
