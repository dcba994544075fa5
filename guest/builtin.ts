/**
 * The built-in guest: a small 32-bit program that shows a running machine where there is no Linux to boot. It is entered by
 * PVH, sets up a GDT, an IDT and the 8259s, and then lives on the serial port's receive interrupt: a line is edited, looked
 * up in a table of commands, and the processor halts until the next key.
 *
 *     1 MiB   code, tables, texts; then the line buffer and the stack
 */

import { Assembler, Cond, Reg } from './assembler/protected.js';
import { pvhElf } from './elf.js';

const BASE = 0x10_0000;
const LINE_BYTES = 80;
const STACK_BYTES = 4096;

const COM1 = 0x3f8;
const LINE_STATUS = COM1 + 5;
const DATA_READY = 1;
const ROOM = 0x20;
/** Where the PIC puts IRQ 0; IRQ 4 is COM1. */
const VECTOR_BASE = 0x20;
const COM1_VECTOR = VECTOR_BASE + 4;
const VECTORS = 0x30;

/** ACPI: SLP_EN with the type of soft off, which is 0 on this board. */
const PM1_CONTROL = 0x604;
const SLEEP_ENABLE = 0x2000;
/** A byte written here ends the machine with 2 * byte + 1, as QEMU's isa-debug-exit. */
const DEBUG_EXIT = 0x501;

const BANNER = `\r\nPintail: an x86-64 machine in one WebAssembly module.
This small guest is built in. Type help, and Ctrl-A x to leave.\r\n`.replace(/([^\r])\n/g, '$1\r\n');
const PROMPT = '> ';
const HELP = [
  'help      this list', 'mem       memory, as the boot loader tells it', 'cpuid     the processor',
  'ticks     the time-stamp counter', 'poweroff  switches the machine off', 'exit N    ends with status 2 N + 1', '',
].join('\r\n');

const COMMANDS = ['help', 'mem', 'cpuid', 'ticks', 'poweroff', 'exit'] as const;

/** Entry: EBX is the start info. */
function start(a: Assembler): void {
  a.label('start');
  a.cli();
  a.set(Reg.ESP, 'stackTop');
  a.save('startInfo', Reg.EBX);
  a.loadGdt('gdtPointer');
  a.jumpFar(0x08, 'flat');
  a.label('flat');
  a.set(Reg.EAX, 0x10);
  for (const segment of [0, 2, 3, 4, 5]) a.setSegment(segment);
  a.call('fillIdt');
  a.loadIdt('idtPointer');
  setUpPic(a);
  setUpSerial(a);
  print(a, 'banner');
  a.label('prompt');
  print(a, 'promptText');
  a.clear(Reg.EAX);
  a.save('length', Reg.EAX);
  a.label('wait');
  a.cli();
  a.call('poll');
  a.jumpIf(Cond.NE, 'key');
  // STI holds interrupts off for one more instruction, so none is lost between the test and HLT.
  a.sti();
  a.hlt();
  a.jump('wait');
}

function setUpPic(a: Assembler): void {
  // ICW1 to ICW4, then all lines masked but IRQ 4.
  const writes: [number, number][] = [
    [0x20, 0x11], [0xa0, 0x11], [0x21, VECTOR_BASE], [0xa1, VECTOR_BASE + 8], [0x21, 4], [0xa1, 2], [0x21, 1], [0xa1, 1],
    [0x21, 0xef], [0xa1, 0xff],
  ];
  for (const [port, value] of writes) a.outImm(port, value);
}

function setUpSerial(a: Assembler): void {
  const out = (port: number, value: number): void => {
    a.set(Reg.EDX, port);
    a.set(Reg.EAX, value);
    a.outAl();
  };
  out(COM1 + 3, 3); // 8 bits, no parity
  out(COM1 + 4, 0x0b); // DTR, RTS, OUT2: the interrupt reaches the PIC
  out(COM1 + 1, 1); // received data
}

/** All gates lead to `ignore`, that of COM1 to `received`. */
function fillIdt(a: Assembler): void {
  a.label('fillIdt');
  a.set(Reg.EDI, 'idt');
  a.set(Reg.ECX, VECTORS);
  a.label('nextGate');
  a.set(Reg.EAX, 'ignore');
  a.compareImm(Reg.ECX, VECTORS - COM1_VECTOR);
  a.jumpIf(Cond.NE, 'gate');
  a.set(Reg.EAX, 'received');
  a.label('gate');
  // Low half: selector 8 and the offset's low 16 bits; high half: its high bits, present, 32-bit interrupt gate.
  a.copy(Reg.EDX, Reg.EAX);
  a.andImm(Reg.EAX, 0xffff);
  a.orImm(Reg.EAX, 0x0008_0000);
  a.saveDwordStep();
  a.copy(Reg.EAX, Reg.EDX);
  a.andImm(Reg.EAX, 0xffff_0000 | 0);
  a.orImm(Reg.EAX, 0x8e00);
  a.saveDwordStep();
  a.decrement(Reg.ECX);
  a.jumpIf(Cond.NE, 'nextGate');
  a.ret();
  // An exception here is a defect of ours: report it by a status of its own.
  a.label('ignore');
  a.set(Reg.EDX, DEBUG_EXIT);
  a.set(Reg.EAX, 0x7f);
  a.outAl();
  a.interruptReturn();
  // The byte stays in the UART; the main loop reads it with interrupts off.
  a.label('received');
  a.push(Reg.EAX);
  a.outImm(0x20, 0x20);
  a.pop(Reg.EAX);
  a.interruptReturn();
}

/** `poll`: not equal when a byte waits. `send`: AL to the serial port; EDX is lost. `print`: text at ESI. */
function serialRoutines(a: Assembler): void {
  a.label('poll');
  a.set(Reg.EDX, LINE_STATUS);
  a.inAl();
  a.testAl(DATA_READY);
  a.ret();

  a.label('send');
  a.push(Reg.EAX);
  a.set(Reg.EDX, LINE_STATUS);
  a.label('sendWait');
  a.inAl();
  a.testAl(ROOM);
  a.jumpIf(Cond.E, 'sendWait');
  a.pop(Reg.EAX);
  a.set(Reg.EDX, COM1);
  a.outAl();
  a.ret();

  a.label('print');
  a.loadByteStep();
  a.compareAl(0);
  a.jumpIf(Cond.E, 'printed');
  a.call('send');
  a.jump('print');
  a.label('printed');
  a.ret();
}

function print(a: Assembler, label: string): void {
  a.set(Reg.ESI, label);
  a.call('print');
}

/** EAX in decimal and in hexadecimal. */
function numberRoutines(a: Assembler): void {
  a.label('printDecimal');
  a.set(Reg.ECX, 10);
  a.clear(Reg.EBX);
  a.label('divideOn');
  a.clear(Reg.EDX);
  a.divide(Reg.ECX);
  a.push(Reg.EDX);
  a.increment(Reg.EBX);
  a.test(Reg.EAX);
  a.jumpIf(Cond.NE, 'divideOn');
  a.label('digitsOn');
  a.pop(Reg.EAX);
  a.addImm(Reg.EAX, 0x30);
  a.call('send');
  a.decrement(Reg.EBX);
  a.jumpIf(Cond.NE, 'digitsOn');
  a.ret();

  a.label('printHex');
  a.copy(Reg.EBX, Reg.EAX);
  a.set(Reg.ECX, 8);
  a.label('hexOn');
  a.rotateLeft(Reg.EBX, 4);
  a.copy(Reg.ESI, Reg.EBX);
  a.andImm(Reg.ESI, 15);
  a.addImm(Reg.ESI, 'hexDigits');
  a.loadByteStep();
  a.call('send');
  a.decrement(Reg.ECX);
  a.jumpIf(Cond.NE, 'hexOn');
  a.ret();
}

/** Takes a key: edits the line; Enter runs it. */
function keys(a: Assembler): void {
  a.label('key');
  a.set(Reg.EDX, COM1);
  a.inAl();
  a.load(Reg.ECX, 'length');
  a.compareAl(0x0d);
  a.jumpIf(Cond.E, 'enter');
  a.compareAl(0x0a);
  a.jumpIf(Cond.E, 'enter');
  a.compareAl(0x7f);
  a.jumpIf(Cond.E, 'rubOut');
  a.compareAl(0x08);
  a.jumpIf(Cond.E, 'rubOut');
  a.compareAl(0x20);
  a.jumpIf(Cond.B, 'wait');
  a.compareImm(Reg.ECX, LINE_BYTES);
  a.jumpIf(Cond.AE, 'wait');
  a.copy(Reg.EDI, Reg.ECX);
  a.addImm(Reg.EDI, 'line');
  a.saveByteStep();
  a.increment(Reg.ECX);
  a.save('length', Reg.ECX);
  a.call('send');
  a.jump('wait');
  a.label('rubOut');
  a.test(Reg.ECX);
  a.jumpIf(Cond.E, 'wait');
  a.decrement(Reg.ECX);
  a.save('length', Reg.ECX);
  print(a, 'rubOutText');
  a.jump('wait');
}

/** Ends the line and looks its first word up in the table. */
function dispatch(a: Assembler): void {
  a.label('enter');
  a.copy(Reg.EDI, Reg.ECX);
  a.addImm(Reg.EDI, 'line');
  a.clear(Reg.EAX);
  a.saveByteStep();
  print(a, 'newLine');
  a.load(Reg.EAX, 'length');
  a.test(Reg.EAX);
  a.jumpIf(Cond.E, 'prompt');
  a.set(Reg.EBP, 'commands');
  a.label('tryCommand');
  a.loadAt(Reg.ESI, Reg.EBP, 0);
  a.test(Reg.ESI);
  a.jumpIf(Cond.E, 'unknown');
  a.set(Reg.EDI, 'line');
  a.label('compareOn');
  a.loadByteStep();
  a.loadByte(Reg.ECX, Reg.EDI);
  a.increment(Reg.EDI);
  a.compareAl(0);
  a.jumpIf(Cond.E, 'nameEnds');
  a.compareAlCl();
  a.jumpIf(Cond.E, 'compareOn');
  a.label('nextCommand');
  a.addImm(Reg.EBP, 8);
  a.jump('tryCommand');
  // The name is all there: the line must end, or have a space.
  a.label('nameEnds');
  a.andImm(Reg.ECX, 0xff);
  a.jumpIf(Cond.E, 'found');
  a.compareImm(Reg.ECX, 0x20);
  a.jumpIf(Cond.NE, 'nextCommand');
  a.label('found');
  a.loadAt(Reg.EAX, Reg.EBP, 4);
  a.callRegister(Reg.EAX);
  a.jump('prompt');
  a.label('unknown');
  print(a, 'unknownText');
  a.jump('prompt');
}

/** Sums the RAM entries of the start info's memory map (offsets 40 and 48; entries of 24 bytes: base, size, type). */
function memCommand(a: Assembler): void {
  a.label('mem');
  a.load(Reg.EBX, 'startInfo');
  a.loadAt(Reg.ESI, Reg.EBX, 40);
  a.loadAt(Reg.ECX, Reg.EBX, 48);
  a.clear(Reg.EAX);
  a.clear(Reg.EDX);
  a.label('memOn');
  a.test(Reg.ECX);
  a.jumpIf(Cond.E, 'memSummed');
  a.loadAt(Reg.EBX, Reg.ESI, 16);
  a.compareImm(Reg.EBX, 1);
  a.jumpIf(Cond.NE, 'memNext');
  a.loadAt(Reg.EBX, Reg.ESI, 8);
  a.loadAt(Reg.EDI, Reg.ESI, 12);
  a.add(Reg.EAX, Reg.EBX);
  a.addCarry(Reg.EDX, Reg.EDI);
  a.label('memNext');
  a.addImm(Reg.ESI, 24);
  a.decrement(Reg.ECX);
  a.jump('memOn');
  a.label('memSummed');
  a.shiftRightDouble(Reg.EAX, Reg.EDX, 10);
  a.call('printDecimal');
  print(a, 'memText');
  a.ret();
}

/** The vendor is twelve letters in EBX, EDX, ECX. */
function cpuidCommand(a: Assembler): void {
  a.label('cpuid');
  a.clear(Reg.EAX);
  a.clear(Reg.ECX);
  a.cpuid();
  a.save('vendor', Reg.EBX);
  a.save('vendor4', Reg.EDX);
  a.save('vendor8', Reg.ECX);
  print(a, 'vendor');
  print(a, 'signatureText');
  a.set(Reg.EAX, 1);
  a.cpuid();
  a.call('printHex');
  print(a, 'newLine');
  a.ret();
}

function otherCommands(a: Assembler): void {
  a.label('help');
  print(a, 'helpText');
  a.ret();

  a.label('ticks');
  a.rdtsc();
  a.push(Reg.EAX);
  a.copy(Reg.EAX, Reg.EDX);
  a.call('printHex');
  a.pop(Reg.EAX);
  a.call('printHex');
  print(a, 'newLine');
  a.ret();

  a.label('poweroff');
  a.set(Reg.EDX, PM1_CONTROL);
  a.set(Reg.EAX, SLEEP_ENABLE);
  a.outAx();
  a.ret();

  // The digits after "exit ", modulo 256.
  a.label('exit');
  a.set(Reg.ESI, 'line');
  a.addImm(Reg.ESI, 5);
  a.clear(Reg.EBX);
  a.load(Reg.EAX, 'length');
  a.compareImm(Reg.EAX, 5);
  a.jumpIf(Cond.BE, 'exitNow');
  a.label('exitDigit');
  a.clear(Reg.EAX);
  a.loadByteStep();
  a.addImm(Reg.EAX, -0x30);
  a.compareImm(Reg.EAX, 9);
  a.jumpIf(Cond.A, 'exitNow');
  a.multiplyImm(Reg.EBX, 10);
  a.add(Reg.EBX, Reg.EAX);
  a.jump('exitDigit');
  a.label('exitNow');
  a.copy(Reg.EAX, Reg.EBX);
  a.set(Reg.EDX, DEBUG_EXIT);
  a.outAl();
  a.ret();
}

function tables(a: Assembler): void {
  const texts: [string, string][] = [
    ['banner', BANNER], ['promptText', PROMPT], ['helpText', HELP], ['newLine', '\r\n'], ['rubOutText', '\b \b'],
    ['unknownText', 'no such command; try help\r\n'], ['memText', ' KiB\r\n'], ['signatureText', ', signature '],
    ['hexDigits', '0123456789abcdef'],
  ];
  for (const [label, value] of texts) {
    a.label(label);
    a.text(value);
  }
  for (const name of COMMANDS) {
    a.label(`name ${name}`);
    a.text(name);
  }
  a.align(8);
  a.label('commands');
  for (const name of COMMANDS) {
    a.dword(`name ${name}`);
    a.dword(name);
  }
  a.dword(0);
  // Null, flat 32-bit code (8), flat data (16).
  a.align(8);
  a.label('gdt');
  a.bytes(0, 0, 0, 0, 0, 0, 0, 0);
  a.bytes(0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0);
  a.bytes(0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0);
  a.label('gdtPointer');
  a.bytes(23, 0);
  a.dword('gdt');
  a.label('idtPointer');
  a.bytes((VECTORS * 8 - 1) & 0xff, (VECTORS * 8 - 1) >> 8);
  a.dword('idt');
}

function variables(a: Assembler): void {
  a.align(16);
  for (const label of ['startInfo', 'length', 'vendor', 'vendor4', 'vendor8', 'vendorEnd']) {
    a.label(label);
    a.dword(0);
  }
  a.label('line');
  a.reserve(LINE_BYTES + 1);
  a.align(16);
  a.label('idt');
  a.reserve(VECTORS * 8);
  a.reserve(STACK_BYTES);
  a.label('stackTop');
}

/** The guest as a kernel image: 32-bit ELF with a PVH note. */
export function builtinGuest(): Uint8Array {
  const a = new Assembler(BASE);
  for (const part of [start, fillIdt, serialRoutines, numberRoutines, keys, dispatch, memCommand, cpuidCommand, otherCommands, tables, variables]) part(a);
  return pvhElf(a.assemble(), BASE, a.addressOf('start'), 0);
}
