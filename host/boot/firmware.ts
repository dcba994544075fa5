/**
 * The fw_cfg items of every machine, which SeaBIOS and its kin, test kernels and option ROMs read, and the ROM image of one that starts with firmware.
 * Follows QEMU's docs/specs/fw_cfg (items, file directory) and the linker/loader format of its ACPI tables (hw/acpi's
 * bios-linker-loader interface, as SeaBIOS documents it).
 */
import { acpiTables, DEFAULT_BOARD, type AcpiBoard } from './acpi/index.js';
import { concat, little } from './bytes.js';
import { ImageError } from './errors.js';
import { E820_RAM, HIGH_RAM_BASE, ramLayout } from './ram-layout.js';
import { smbios } from './smbios.js';

export interface FirmwareItem {
  key: number;
  bytes: Uint8Array;
}

/** There is a screen, and the ROM that drives it where one was given. */
export interface ScreenRom {
  rom?: Uint8Array;
}

/** ROM images come in these, as QEMU wants them too. */
const ROM_UNIT = 0x1_0000;
/** The most that a board decodes below 4 GiB for its flash, and QEMU takes. */
const MAX_ROM_BYTES = 16 << 20;

const enum Key {
  UUID = 0x02, RAM_SIZE = 0x03, NO_GRAPHIC = 0x04, PROCESSORS = 0x05, NUMA = 0x0d, BOOT_MENU = 0x0e, MAX_PROCESSORS = 0x0f, DIRECTORY = 0x19,
  FIRST_FILE = 0x20,
  /** Of the x86 boards: the PIT's line goes to the IOAPIC's input 2. */
  IRQ0_OVERRIDE = 0x8002,
}
const NAME_BYTES = 56;
const COM1 = 0x3f8;

function name(text: string): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

// --- ACPI by linker/loader commands of 128 bytes ---

const TABLES = 'etc/acpi/tables';
const RSDP = 'etc/acpi/rsdp';
const COMMAND_BYTES = 128;
const enum Zone { HIGH = 1, BIOS = 2 }

function command(number: number, ...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES);
  bytes.set(concat(little(4, number), ...parts));
  return bytes;
}

const allocate = (file: string, align: number, zone: Zone): Uint8Array => command(1, name(file), little(4, align), little(1, zone));
/** Adds where TABLES was put to the number at `offset`. */
const addPointer = (file: string, offset: number, width: number): Uint8Array => command(2, name(file), name(TABLES), little(4, offset), little(1, width));
const addChecksum = (file: string, at: number, start: number, length: number): Uint8Array =>
  command(3, name(file), little(4, at), little(4, start), little(4, length));

const HEADER_BYTES = 36;
const CHECKSUM_AT = 9;
/** Offsets of the FADT's pointers: FIRMWARE_CTRL, DSDT, X_DSDT. */
const FADT_POINTERS: readonly [offset: number, width: number][] = [[36, 4], [40, 4], [140, 8]];

/** Where the pointers in a table are. */
function pointersIn(signature: string, length: number): [offset: number, width: number][] {
  if (signature === 'FACP') return [...FADT_POINTERS];
  const width = signature === 'RSDT' ? 4 : signature === 'XSDT' ? 8 : 0;
  if (width === 0) return [];
  return Array.from({ length: (length - HEADER_BYTES) / width }, (_, i) => [HEADER_BYTES + i * width, width]);
}

/** The tables of a direct boot, placed at 0: their pointers are then offsets, which the firmware adds its address to. */
function acpiFiles(board: Partial<AcpiBoard>): Map<string, Uint8Array> {
  const { segments } = acpiTables(board, 0);
  const [root, ...tables] = segments as [{ gpa: number; bytes: Uint8Array }, ...{ gpa: number; bytes: Uint8Array }[]];
  const blob = new Uint8Array(Math.max(...tables.map(({ gpa, bytes }) => gpa + bytes.length)));
  const commands = [allocate(RSDP, 16, Zone.BIOS), allocate(TABLES, 64, Zone.HIGH)];
  for (const { gpa, bytes } of tables) {
    blob.set(bytes, gpa);
    const pointers = pointersIn(String.fromCharCode(...bytes.subarray(0, 4)), bytes.length);
    for (const [offset, width] of pointers) commands.push(addPointer(TABLES, gpa + offset, width));
    if (pointers.length > 0) commands.push(addChecksum(TABLES, gpa + CHECKSUM_AT, gpa, bytes.length));
  }
  commands.push(addPointer(RSDP, 16, 4), addPointer(RSDP, 24, 8), addChecksum(RSDP, 8, 0, 20), addChecksum(RSDP, 32, 0, HEADER_BYTES));
  return new Map([[RSDP, root.bytes], [TABLES, blob], ['etc/table-loader', concat(...commands)]]);
}

// --- Items ---

function e820(memory: number): Uint8Array {
  const { lowBytes, highBytes } = ramLayout(memory);
  const row = (base: number, bytes: number): Uint8Array => concat(little(8, base), little(8, bytes), little(4, E820_RAM));
  return highBytes === 0 ? row(0, lowBytes) : concat(row(0, lowBytes), row(HIGH_RAM_BASE, highBytes));
}

function directory(files: readonly [string, Uint8Array][]): Uint8Array {
  const out = new Uint8Array(4 + files.length * 64);
  const view = new DataView(out.buffer); // big-endian, unlike everything else
  view.setUint32(0, files.length);
  files.forEach(([file, bytes], i) => {
    view.setUint32(4 + i * 64, bytes.length);
    view.setUint16(8 + i * 64, Key.FIRST_FILE + i);
    out.set(name(file), 12 + i * 64);
  });
  return out;
}

/** Where SeaBIOS looks for the ROM of a card: the screen's, by its ids. */
const SCREEN_ROM = 'pci1234,1111.rom';

/** How the firmware shows itself: on the screen, which its ROM drives, or on the serial console. */
const consoleFiles = (screen: ScreenRom | undefined): [string, Uint8Array][] =>
  screen === undefined ? [['etc/sercon-port', little(2, COM1)]] : screen.rom === undefined ? [] : [[SCREEN_ROM, screen.rom]];

/** What is told of a machine with so many bytes of RAM; `menu`: firmware offers what there is to boot from. */
export function firmwareItems(memory: number, board: Partial<AcpiBoard> = {}, screen?: ScreenRom, menu = false): FirmwareItem[] {
  const { entry, structures } = smbios(0, memory, DEFAULT_BOARD.processors);
  const files: [string, Uint8Array][] = [
    ...acpiFiles(board),
    // Firmware places the structures and writes their address and the checksums itself.
    ['etc/smbios/smbios-anchor', entry],
    ['etc/smbios/smbios-tables', structures],
    ['etc/e820', e820(memory)],
    ...consoleFiles(screen),
  ];
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    { key: Key.UUID, bytes: new Uint8Array(16) },
    { key: Key.RAM_SIZE, bytes: little(8, memory) },
    { key: Key.NO_GRAPHIC, bytes: little(2, screen === undefined ? 1 : 0) },
    { key: Key.PROCESSORS, bytes: little(2, 1) },
    // Nodes, and the node of each processor.
    { key: Key.NUMA, bytes: new Uint8Array(16) },
    { key: Key.BOOT_MENU, bytes: little(2, menu ? 1 : 0) },
    { key: Key.MAX_PROCESSORS, bytes: little(2, 1) },
    { key: Key.IRQ0_OVERRIDE, bytes: little(4, 1) },
    { key: Key.DIRECTORY, bytes: directory(files) },
    ...files.map(([, bytes], i) => ({ key: Key.FIRST_FILE + i, bytes })),
  ];
}

/** A ROM image: whole units of 64 KiB, the reset vector 16 bytes before its end. Throws ImageError. */
export function checkRom(rom: Uint8Array, imageName: string): Uint8Array {
  if (rom.length === 0 || rom.length % ROM_UNIT !== 0 || rom.length > MAX_ROM_BYTES) {
    throw new ImageError(imageName, `has ${rom.length} bytes; a ROM has a multiple of 64 KiB, at most 16 MiB`, 'Give a ROM image, such as bios-256k.bin of SeaBIOS; a kernel goes with -kernel.');
  }
  return rom;
}
