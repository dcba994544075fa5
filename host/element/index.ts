/** `pintail/element`: defines `<pintail-machine>` in the page that loads it (docs/element.md). */

import { PintailMachineElement } from './element.js';

export { AttributeError } from './attributes.js';
export { PintailMachineElement, type ElementTerminal } from './element.js';
export type { RunnerState } from './runner.js';
export type * from '../machine/types.js';

declare global {
  interface HTMLElementTagNameMap {
    'pintail-machine': PintailMachineElement;
  }
}

if (globalThis.customElements?.get('pintail-machine') === undefined) globalThis.customElements?.define('pintail-machine', PintailMachineElement);
