/** The kernels, by name. */
import { controlRegisters } from './control-registers.js';
import { modes } from './modes.js';

export const KERNELS: Readonly<Record<string, () => Uint8Array>> = { modes, 'control-registers': controlRegisters };
