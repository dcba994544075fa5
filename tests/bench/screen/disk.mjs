// A disk whose 32-bit program never stops drawing: text scrolled over the whole screen, then pictures of 1024x768x32 copied to the linear framebuffer. After
// each round it says a letter on COM1: "t" for text, "g" for graphics.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { pathToFileURL } from "node:url";
import { root } from "../../support/build.mjs";

export const TEXT_FRAMES = 4000;
export const BLITS = 1000;
/** Rounds of text before graphics begin; graphics go on for ever. */
export const mostTextRounds = (runs) => runs + 2;

const SECTOR = 512;
const SECTORS = 8;
const PROGRAM = 0x8000;
const [WIDTH, HEIGHT] = [1024, 768];
const vbe = (index, value) => `mov dx, 0x1ce; mov ax, ${index}; out dx, ax; mov dx, 0x1cf; mov ax, ${value}; out dx, ax`;

const LOADER = `
  xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 0x7c00
  mov ah, 0x42; mov si, packet; int 0x13; jc failed
  mov ax, ${PROGRAM}; jmp ax
failed: hlt; jmp failed
packet: dw 16, ${SECTORS}, ${PROGRAM}, 0
  dd 1, 0`;

const ENTRY = `
  mov ax, 3; int 0x10
  in al, 0x92; or al, 2; out 0x92, al
  cli; lgdt [table]
  mov eax, cr0; or al, 1; mov cr0, eax
  jmp 8:flat
table: dw 23
  dd gdt
gdt: dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff`;

/** Lines move up by one, and the last is new; the letters go round. */
const scroll = (rounds) => `
flat: mov ax, 16; mov ds, ax; mov es, ax; mov ss, ax; mov esp, 0x7c00; cld
  mov ebp, ${rounds}
textRound: mov ebx, ${TEXT_FRAMES}
textFrame:
  mov esi, 0xb80a0; mov edi, 0xb8000; mov ecx, 960; rep movsd
  mov eax, ebx; and eax, 0x0f0f0f0f; or eax, 0x1e201e20; mov ecx, 40; rep stosd
  dec ebx; jnz textFrame
  mov dx, 0x3f8; mov al, 0x74; out dx, al
  dec ebp; jnz textRound`;

/** Where the framebuffer is, by the VGA's first BAR. */
const FIND = `
  mov ebx, 0x80000000
next: mov eax, ebx; mov dx, 0xcf8; out dx, eax
  mov dx, 0xcfc; in eax, dx; cmp eax, 0x11111234; je found
  add ebx, 0x800; jmp next
found: lea eax, [ebx + 16]; mov dx, 0xcf8; out dx, eax
  mov dx, 0xcfc; in eax, dx; and al, 0xf0; mov [0x7000], eax`;

/** From a pattern in memory that begins a line further each time. */
const BLIT = `
  ${vbe(4, 0)}; ${vbe(1, WIDTH)}; ${vbe(2, HEIGHT)}; ${vbe(3, 32)}; ${vbe(4, 0x41)}
  mov edi, 0x400000; mov ecx, ${WIDTH * (HEIGHT + 256)}; xor eax, eax
pattern: mov [edi], eax; add edi, 4; add eax, 0x010503; dec ecx; jnz pattern
graphicsRound: mov ebx, ${BLITS}
blit: inc ebp; mov esi, ebp; and esi, 255; shl esi, 12; add esi, 0x400000
  mov edi, [0x7000]; mov ecx, ${WIDTH * HEIGHT}; rep movsd
  dec ebx; jnz blit
  mov dx, 0x3f8; mov al, 0x67; out dx, al
  jmp graphicsRound`;

async function assembler() {
  const outfile = join(root, "build/bench/assembler.mjs");
  await build({ absWorkingDir: root, entryPoints: ["guest/assembler/text.ts"], outfile, bundle: true, format: "esm", platform: "node", logLevel: "warning" });
  return (await import(pathToFileURL(outfile).href)).TextAssembler;
}

/** Path of the image. */
export async function drawingDisk(textRounds) {
  mkdirSync(join(root, "build/bench"), { recursive: true });
  const TextAssembler = await assembler(), disk = new Uint8Array(1 << 20);
  const boot = new TextAssembler(0x7c00), program = new TextAssembler(PROGRAM);
  boot.bits = program.bits = 16;
  boot.text(LOADER);
  program.text(ENTRY);
  program.bits = 32;
  program.text(scroll(textRounds) + FIND + BLIT);
  const code = program.assemble();
  if (code.length > SECTORS * SECTOR) throw new Error(`the program has ${code.length} bytes`);
  disk.set(boot.assemble());
  disk.set([0x55, 0xaa], SECTOR - 2);
  disk.set(code, SECTOR);
  const path = join(root, "build/bench/drawing.img");
  writeFileSync(path, disk);
  return path;
}
