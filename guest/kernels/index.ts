/** The kernels, by name. */
import { controlRegisters } from './control-registers.js';
import { faults } from './faults.js';
import { modes } from './modes.js';
import { privilege } from './privilege.js';

export const KERNELS: Readonly<Record<string, () => Uint8Array>> = {
  modes,
  'control-registers': controlRegisters,
  faults,
  privilege,
};
