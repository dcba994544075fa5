/** Loading: from kernel files to bytes in guest memory and a state to start in. */
export { firmwareItems, planFirmware, type FirmwareItem, type FirmwarePlan } from './firmware.js';
export { ImageError } from './errors.js';
export { ENTRY_NAMES, loadKernel, type EntryName, type LoadOptions, type ModuleFile } from './load.js';
export type { BootPlan, Entry, Linux32Entry, LinuxSegments, Long64Entry, MultibootEntry, Pvh32Entry, Real16Entry, Segment } from './plan.js';
export { acpiTables, DEFAULT_BOARD, type AcpiBoard, type AcpiImage } from './acpi/index.js';
export * from './ram-layout.js';
export { Budget, type BudgetOptions, type Limits } from './unpack/index.js';
