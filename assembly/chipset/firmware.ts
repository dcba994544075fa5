// What firmware would have done to the chipset before it starts a system, for boots that go without firmware.

import { enterAcpiMode } from "./acpi/pm";
import { enterVirtualWire } from "./lapic/reset";
import { presetPic } from "./pic/pic";

/** After reset and before entering a kernel: PIC vectors and masks, virtual wire, ACPI mode. */
export function presetChipset(): void {
  presetPic();
  enterVirtualWire();
  enterAcpiMode();
}
