// The module alone, driven from plain JavaScript: no host of ours, nothing to import but the file (docs/module.md).
// A ROM of 64 KiB writes a line to port 0xe9, byte by byte, and ends by the debug exit.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const ADDRESS_RAM = 6, DEBUG_RING = 8, [DATA, SIZE, HEAD, TAIL] = [0, 1, 2, 3];
const STOPS = ['BUDGET', 'IDLE', 'POWEROFF', 'RESET', 'DEBUG_EXIT', 'SHUTDOWN', 'HALT', 'BOUNDARY', 'YIELD', 'PANIC', 'REGION'];

const module = new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('pintail/pintail.wasm')));
const instantiate = (pages) => {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return { memory, ...new WebAssembly.Instance(module, { env: { memory, page: () => { throw new Error('no page is absent'); }, serve: () => { throw new Error('no register is hosted'); } } }).exports };
};

// Where RAM begins is what the module's own memory takes; behind it lie 16 MiB of the guest's.
const own = WebAssembly.Module.imports(module).some(({ name }) => name === 'memory') ? instantiate(1024).address(ADDRESS_RAM) >>> 0 : 0;
const machine = instantiate(own / 65536 + 16 * 16);
machine.create(16, 1, 0, 0, 0);

// F000:0000  mov dx,0xe9; mov si,0x40; next: cs lodsb; test al,al; jz done; out dx,al; jmp next; done: mov dx,0x501; mov ax,3; out dx,al; hlt
const rom = new Uint8Array(65536);
rom.set([0xba, 0xe9, 0, 0xbe, 0x40, 0, 0x2e, 0xac, 0x84, 0xc0, 0x74, 3, 0xee, 0xeb, 0xf7, 0xba, 1, 5, 0xb8, 3, 0, 0xee, 0xf4]);
rom.set(new TextEncoder().encode('Hello from the reset vector.\n\0'), 0x40);
rom.set([0xea, 0, 0, 0, 0xf0], 0xfff0);
new Uint8Array(machine.memory.buffer).set(rom, own - rom.length);
machine.setFirmware(rom.length);

/** What is in the debug console's ring, taken out. */
function drain() {
  const bytes = new Uint8Array(machine.memory.buffer), words = new Uint32Array(machine.memory.buffer);
  const [data, size, head, tail] = [DATA, SIZE, HEAD, TAIL].map((part) => machine.ringAt(DEBUG_RING, part) >>> 0);
  let text = '';
  for (; words[tail / 4] !== words[head / 4]; words[tail / 4]++) text += String.fromCharCode(bytes[data + (words[tail / 4] % size)]);
  return text;
}

let stop, shown = '';
do {
  stop = STOPS[machine.run(1_000_000, 0)];
  shown += drain();
  if (stop === 'BOUNDARY') machine.passBoundary();
} while (stop === 'BOUNDARY' || stop === 'YIELD');

process.stdout.write(`${shown}${stop} ${machine.exitCode()}, after ${machine.ticksLo()} instructions\n`);
