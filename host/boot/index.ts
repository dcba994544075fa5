/** Loading: from kernel files to bytes in guest memory and a state to start in. */
export { checkRom, firmwareItems, type FirmwareItem, type ScreenRom } from './firmware.js';
export { ImageError } from './errors.js';
export { loadKernel, takesModules } from './load.js';
export { ENTRY_NAMES, type EntryName, type LoadOptions, type ModuleFile } from './load-options.js';
export type { BootPlan, Entry, Linux32Entry, LinuxSegments, Long64Entry, MultibootEntry, Pvh32Entry, Real16Entry, Segment } from './plan.js';
export { acpiTables, DEFAULT_BOARD, type AcpiBoard, type AcpiImage } from './acpi/index.js';
export * from './ram-layout.js';
export { Budget, type BudgetOptions, type Limits } from './unpack/index.js';
