/**
 * A multiboot kernel that prints what it was given on COM1: the state of the processor, then every field of the information structure
 * that its flags announce, and the modules with their contents. It then asks to be switched off by debug exit.
 */
import { Assembler, Cond, Reg } from '../../guest/assembler/protected.js';
import { makeElf } from './elf.js';

const [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] = [Reg.EAX, Reg.ECX, Reg.EDX, Reg.EBX, Reg.ESP, Reg.EBP, Reg.ESI, Reg.EDI];
const [COM1, LINE_STATUS, DEBUG_EXIT] = [0x3f8, 0x3fd, 0x501];
const HEADER_MAGIC = 0x1badb002;
/** Modules aligned to pages, memory information. */
const DEMANDS = 3;
const FLAT = 0x10000;
const STACK_BYTES = 0x1000;
/** Bytes of the program that come before the header, so that a flat kernel does not start with it. */
const BEFORE_HEADER = 0x40;

/** Fields of the information structure. Multiboot 0.6.96, 3.3. */
const enum Info { FLAGS = 0, MEM_LOWER = 4, MEM_UPPER = 8, CMDLINE = 16, MODS_COUNT = 20, MODS_ADDR = 24, MMAP_LENGTH = 44, MMAP_ADDR = 48, LOADER = 64 }

function writeOutput(a: Assembler): void {
  a.label('putc'); // AL
  a.push(EDX);
  a.push(EAX);
  a.set(EDX, LINE_STATUS);
  a.label('busy');
  a.inAl();
  a.testAl(0x20);
  a.jumpIf(Cond.E, 'busy');
  a.pop(EAX);
  a.set(EDX, COM1);
  a.outAl();
  a.pop(EDX);
  a.ret();
  a.label('puts'); // ESI, up to a NUL
  a.loadByteStep();
  a.compareAl(0);
  a.jumpIf(Cond.E, 'putsEnd');
  a.call('putc');
  a.jump('puts');
  a.label('putsEnd');
  a.ret();
  a.label('hex'); // EAX in eight digits
  a.push(ECX);
  a.set(ECX, 8);
  a.label('digit');
  a.rotateLeft(EAX, 4);
  a.push(EAX);
  a.andImm(EAX, 15);
  a.addImm(EAX, 0x30);
  a.compareAl(0x3a);
  a.jumpIf(Cond.B, 'decimal');
  a.addImm(EAX, 0x27);
  a.label('decimal');
  a.call('putc');
  a.pop(EAX);
  a.decrement(ECX);
  a.jumpIf(Cond.NE, 'digit');
  a.pop(ECX);
  a.ret();
}

/** A line of words: texts, and (as functions) code that leaves a number in EAX or a string in ESI. */
function line(a: Assembler, strings: Map<string, string>, ...parts: (string | { number: () => void } | { string: () => void })[]): void {
  for (const part of [...parts, '\n']) {
    if (typeof part === 'string') {
      if (!strings.has(part)) strings.set(part, `text${strings.size}`);
      a.set(ESI, strings.get(part)!);
      a.call('puts');
    } else if ('number' in part) {
      part.number();
      a.call('hex');
    } else {
      part.string();
      a.call('puts');
    }
  }
}

function writeProgram(a: Assembler): Map<string, string> {
  const strings = new Map<string, string>();
  const field = (offset: number): { number: () => void } => ({ number: () => a.loadAt(EAX, EBP, offset) });
  a.label('entry');
  a.set(ESP, 'stackEnd');
  a.bytes(0x9c, 0x5f); // pushfd; pop edi
  a.copy(EBP, EBX);
  a.copy(EBX, EAX);
  line(a, strings, 'magic ', { number: () => a.copy(EAX, EBX) });
  line(a, strings, 'eflags ', { number: () => a.copy(EAX, EDI) }, ' cr0 ', { number: () => a.bytes(0x0f, 0x20, 0xc0) });
  line(a, strings, 'flags ', field(Info.FLAGS));
  line(a, strings, 'memory ', field(Info.MEM_LOWER), ' ', field(Info.MEM_UPPER));
  line(a, strings, 'cmdline ', { string: () => a.loadAt(ESI, EBP, Info.CMDLINE) });
  line(a, strings, 'loader ', { string: () => a.loadAt(ESI, EBP, Info.LOADER) });
  // Memory left zero behind the program: the sum of its words.
  a.set(ESI, 'bss');
  a.set(ECX, 64);
  a.clear(EDI);
  a.label('sum');
  a.loadAt(EAX, ESI, 0);
  a.bytes(0x09, 0xc7); // or edi, eax
  a.addImm(ESI, 4);
  a.decrement(ECX);
  a.jumpIf(Cond.NE, 'sum');
  line(a, strings, 'bss ', { number: () => a.copy(EAX, EDI) });
  writeModules(a, strings);
  writeMap(a, strings);
  a.set(EDX, DEBUG_EXIT);
  a.set(EAX, 0);
  a.outAl();
  a.hlt();
  return strings;
}

function writeModules(a: Assembler, strings: Map<string, string>): void {
  a.loadAt(EBX, EBP, Info.MODS_COUNT);
  a.loadAt(EDI, EBP, Info.MODS_ADDR);
  a.label('module');
  a.test(EBX);
  a.jumpIf(Cond.E, 'modulesEnd');
  a.loadAt(EAX, EDI, 0);
  a.bytes(0x89, 0xc1, 0x81, 0xe1, 0xff, 0x0f, 0, 0); // mov ecx, eax; and ecx, 0xfff
  line(a, strings, 'module at page + ', { number: () => a.copy(EAX, ECX) }, ', bytes ', {
    number: () => { a.loadAt(EAX, EDI, 4); a.bytes(0x2b, 0x07); }, // sub eax, [edi]
  }, ', named ', { string: () => a.loadAt(ESI, EDI, 8) });
  // Its bytes, as they are.
  a.loadAt(ESI, EDI, 0);
  a.label('moduleByte');
  a.bytes(0x3b, 0x77, 0x04); // cmp esi, [edi + 4]
  a.jumpIf(Cond.AE, 'moduleEnd');
  a.loadByteStep();
  a.call('putc');
  a.jump('moduleByte');
  a.label('moduleEnd');
  a.addImm(EDI, 16);
  a.decrement(EBX);
  a.jump('module');
  a.label('modulesEnd');
}

function writeMap(a: Assembler, strings: Map<string, string>): void {
  a.loadAt(EDI, EBP, Info.MMAP_ADDR);
  a.loadAt(EBX, EBP, Info.MMAP_LENGTH);
  a.add(EBX, EDI);
  a.label('region');
  a.bytes(0x39, 0xdf); // cmp edi, ebx
  a.jumpIf(Cond.AE, 'mapEnd');
  const word = (offset: number): { number: () => void } => ({ number: () => a.loadAt(EAX, EDI, offset) });
  line(a, strings, 'region ', word(8), word(4), ' ', word(16), word(12), ' type ', word(20));
  a.bytes(0x03, 0x3f); // add edi, [edi]: the size counts what follows it
  a.addImm(EDI, 4);
  a.jump('region');
  a.label('mapEnd');
}

function assemble(base: number, flat: boolean): { code: Uint8Array; entry: number; bytes: number } {
  const a = new Assembler(base);
  a.reserve(BEFORE_HEADER);
  const flags = DEMANDS | (flat ? FLAT : 0);
  a.label('header');
  a.dword(HEADER_MAGIC);
  a.dword(flags);
  a.dword(-(HEADER_MAGIC + flags));
  if (flat) for (const place of ['header', 'start', 'dataEnd', 'stackEnd', 'entry']) a.dword(place === 'start' ? base : place);
  writeOutput(a);
  const strings = writeProgram(a);
  for (const [text, name] of strings) {
    a.label(name);
    a.text(text);
  }
  a.align(16);
  a.label('dataEnd');
  a.label('bss');
  const end = a.here - base;
  a.reserve(STACK_BYTES);
  a.label('stackEnd');
  return { code: a.assemble().subarray(0, end), entry: a.addressOf('entry'), bytes: a.here - base };
}

/** As an ELF file that is loaded at `base`. */
export function elfMultibootKernel(base = 0x10_0000): Uint8Array {
  const { code, entry, bytes } = assemble(base, false);
  return makeElf({ wide: false, entry, segments: [{ physical: base, data: code, memoryBytes: bytes }] });
}

/** As a flat file with the addresses in its header, and `after` behind what is to be loaded. */
export function flatMultibootKernel(base = 0x20_0000, after = new Uint8Array(256).fill(0xee)): Uint8Array {
  const { code } = assemble(base, true);
  return Buffer.concat([code, after]);
}
