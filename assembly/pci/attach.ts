// The PCI root: attach after the chipset, then the cards attach themselves; reset when everything is attached.

import { attachBridges, placeBridges } from "./bridges";
import { clearFunctions } from "./functions";
import { resetFunctions } from "./config";
import { attachPorts } from "./ports";

export function attachPci(): void {
  clearFunctions();
  attachPorts();
  attachBridges();
}

export function resetPci(): void {
  resetFunctions();
  placeBridges();
}
