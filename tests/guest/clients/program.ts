/**
 * Small Linux programs for the guest, which has neither a compiler nor Python: static 32-bit ELF files (the kernel runs them in
 * compatibility mode) made by the project's assembler, with what they are to do written into them. System calls by int 0x80, their
 * numbers from Linux's arch/x86/entry/syscalls/syscall_32.tbl. Each prints one line and leaves with status 0, or 1 at a call that fails.
 */

import { Assembler, Cond, Reg } from '../../../guest/assembler/protected.js';

const BASE = 0x0804_8000;
const HEADERS = 52 + 32;
const BUFFER_BYTES = 64 << 10;
const Call = { EXIT: 1, READ: 3, WRITE: 4, IOCTL: 54, POLL: 168, SOCKET: 359, CONNECT: 362, SHUTDOWN: 373 } as const;
const [STREAM, DATAGRAM] = [1, 2];
const POLL_MS = 5000;

export interface Server {
  /** Dotted IPv4. */
  address: string;
  port: number;
}

/** What `pattern` fills a guest's buffer with: a linear congruential generator, in words. */
export function pattern(): Buffer {
  const out = Buffer.alloc(BUFFER_BYTES);
  for (let i = 0, word = 1; i < BUFFER_BYTES; i += 4) {
    out.writeUInt32LE(word, i);
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
  }
  return out;
}

/** Sends `count` datagrams of 4 to 1027 bytes, one after the other, and waits for the echo of each. Prints how many came back as they were sent. */
export function udpEchoes(server: Server, count: number): Uint8Array {
  return program(server, (a) => {
    openSocket(a, DATAGRAM);
    a.label('next');
    a.load(Reg.EAX, 'index');
    a.save('buffer', Reg.EAX);
    a.copy(Reg.EDX, Reg.EAX);
    a.andImm(Reg.EDX, 1023);
    a.addImm(Reg.EDX, 4);
    a.save('length', Reg.EDX);
    call(a, Call.WRITE, 'socket@', 'buffer', 'length@');
    call(a, Call.POLL, 'pollSet', 1, POLL_MS);
    a.compareImm(Reg.EAX, 1);
    a.jumpIf(Cond.NE, 'step');
    call(a, Call.READ, 'socket@', 'answer', BUFFER_BYTES);
    a.load(Reg.EDX, 'length');
    compare(a, Reg.EAX, Reg.EDX);
    a.jumpIf(Cond.NE, 'step');
    a.load(Reg.EAX, 'answer');
    a.load(Reg.EDX, 'index');
    compare(a, Reg.EAX, Reg.EDX);
    a.jumpIf(Cond.NE, 'step');
    countGood(a);
    a.label('step');
    step(a, count, 'next');
    printGood(a);
  });
}

/** Holds `count` connections at once, then sends a word over each, then reads each one's echo. Prints how many came back. */
export function manyConnections(server: Server, count: number): Uint8Array {
  return program(server, (a) => {
    a.label('open');
    openSocket(a, STREAM);
    descriptorSlot(a);
    a.bytes(0x89, 0x03); // mov [ebx], eax
    step(a, count, 'open');
    rewind(a);
    a.label('send');
    useDescriptor(a);
    call(a, Call.WRITE, 'socket@', 'index', 4);
    step(a, count, 'send');
    rewind(a);
    a.label('receive');
    useDescriptor(a);
    call(a, Call.READ, 'socket@', 'answer', 4);
    a.load(Reg.EAX, 'answer');
    a.load(Reg.EDX, 'index');
    compare(a, Reg.EAX, Reg.EDX);
    a.jumpIf(Cond.NE, 'skip');
    countGood(a);
    a.label('skip');
    step(a, count, 'receive');
    printGood(a);
  });
}

/** Reads until the server has ended its half, then sends `blocks` times the 64 KiB of `pattern` on the half that is left. Prints the bytes it read. */
export function serverEndsFirst(server: Server, blocks: number): Uint8Array {
  return program(server, (a) => {
    openSocket(a, STREAM);
    readToEnd(a);
    sendBlocks(a, blocks);
    printGood(a);
  });
}

/** Sends `blocks` times the 64 KiB of `pattern`, ends its half, and reads on until the server has ended the other. Prints the bytes it read. */
export function clientEndsFirst(server: Server, blocks: number): Uint8Array {
  return program(server, (a) => {
    openSocket(a, STREAM);
    sendBlocks(a, blocks);
    call(a, Call.SHUTDOWN, 'socket@', 1);
    readToEnd(a);
    printGood(a);
  });
}

/** Ethtool commands (include/uapi/linux/ethtool.h): SRXCSUM, STXCSUM, SSG, STSO, SGSO, SGRO. */
const OFFLOAD_COMMANDS = [0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c];
const SIOCETHTOOL = 0x8946;

/** Turns off every offload of a card that it can, as `ethtool -K` does. Prints how many of the six settings the driver took. */
export function offloadsOff(card: string): Uint8Array {
  return program({ address: '0.0.0.0', port: 0 }, (a) => {
    call(a, Call.SOCKET, 2, DATAGRAM, 0);
    a.save('socket', Reg.EAX);
    OFFLOAD_COMMANDS.forEach((command, i) => {
      a.set(Reg.EAX, command);
      a.save('ethtool', Reg.EAX);
      quietCall(a, Call.IOCTL, 'socket@', SIOCETHTOOL, 'interface');
      a.test(Reg.EAX);
      a.jumpIf(Cond.NE, `refused${i}`);
      countGood(a);
      a.label(`refused${i}`);
    });
    printGood(a);
    a.label('interface'); // struct ifreq: name, then a pointer to command and value
    a.bytes(...new TextEncoder().encode(card.padEnd(16, '\0')));
    a.dword('ethtool');
    a.reserve(16);
    a.label('ethtool');
    a.dword(0);
    a.dword(0);
  });
}

// -- Pieces of the programs --------------------------------------------------------------------------------------------------------------

/** A number, the address of a label, or with an @ behind it the word stored there. */
type Argument = number | string;

const ARGUMENTS = [Reg.EBX, Reg.ECX, Reg.EDX];

function quietCall(a: Assembler, number: number, ...values: Argument[]): void {
  values.forEach((value, i) => {
    if (typeof value === 'string' && value.endsWith('@')) a.load(ARGUMENTS[i]!, value.slice(0, -1));
    else a.set(ARGUMENTS[i]!, value);
  });
  a.set(Reg.EAX, number);
  a.bytes(0xcd, 0x80); // int 0x80
}

/** A system call that may not fail. */
function call(a: Assembler, number: number, ...values: Argument[]): void {
  quietCall(a, number, ...values);
  a.test(Reg.EAX);
  a.jumpIf(Cond.S, 'fail');
}

function compare(a: Assembler, left: Reg, right: Reg): void {
  a.bytes(0x39, 0xc0 | (right << 3) | left);
}

function openSocket(a: Assembler, kind: number): void {
  call(a, Call.SOCKET, 2, kind, 0);
  a.save('socket', Reg.EAX);
  call(a, Call.CONNECT, 'socket@', 'peer', 16);
  a.load(Reg.EAX, 'socket');
}

/** EBX: where the connection of this index is kept. */
function descriptorSlot(a: Assembler): void {
  a.load(Reg.EBX, 'index');
  a.bytes(0xc1, 0xe3, 2); // shl ebx, 2
  a.addImm(Reg.EBX, 'descriptors');
}

function useDescriptor(a: Assembler): void {
  descriptorSlot(a);
  a.loadAt(Reg.EAX, Reg.EBX, 0);
  a.save('socket', Reg.EAX);
}

function step(a: Assembler, count: number, again: string): void {
  a.load(Reg.EAX, 'index');
  a.increment(Reg.EAX);
  a.save('index', Reg.EAX);
  a.compareImm(Reg.EAX, count);
  a.jumpIf(Cond.B, again);
}

function rewind(a: Assembler): void {
  a.clear(Reg.EAX);
  a.save('index', Reg.EAX);
}

function countGood(a: Assembler): void {
  a.load(Reg.EAX, 'good');
  a.increment(Reg.EAX);
  a.save('good', Reg.EAX);
}

function readToEnd(a: Assembler): void {
  a.label('read');
  call(a, Call.READ, 'socket@', 'answer', BUFFER_BYTES);
  a.load(Reg.EDX, 'good');
  a.add(Reg.EDX, Reg.EAX);
  a.save('good', Reg.EDX);
  a.test(Reg.EAX);
  a.jumpIf(Cond.NE, 'read');
}

/** The buffer's pattern, over and over: short writes go on where they stopped. */
function sendBlocks(a: Assembler, blocks: number): void {
  a.set(Reg.EDI, 'buffer');
  a.set(Reg.ECX, BUFFER_BYTES / 4);
  a.set(Reg.EAX, 1);
  a.label('fill');
  a.saveDwordStep();
  a.multiplyImm(Reg.EAX, 1_664_525);
  a.addImm(Reg.EAX, 1_013_904_223);
  a.decrement(Reg.ECX);
  a.jumpIf(Cond.NE, 'fill');
  a.label('block');
  a.clear(Reg.EAX);
  a.save('length', Reg.EAX);
  a.label('write');
  a.load(Reg.ECX, 'length');
  a.set(Reg.EDX, BUFFER_BYTES);
  a.bytes(0x29, 0xca); // sub edx, ecx
  a.addImm(Reg.ECX, 'buffer');
  a.load(Reg.EBX, 'socket');
  call(a, Call.WRITE);
  a.load(Reg.EDX, 'length');
  a.add(Reg.EDX, Reg.EAX);
  a.save('length', Reg.EDX);
  a.compareImm(Reg.EDX, BUFFER_BYTES);
  a.jumpIf(Cond.B, 'write');
  step(a, blocks, 'block');
}

/** The count in decimal, and status 0. */
function printGood(a: Assembler): void {
  a.load(Reg.EAX, 'good');
  a.set(Reg.EDI, 'digits');
  a.set(Reg.ECX, 10);
  a.label('digit');
  a.clear(Reg.EDX);
  a.divide(Reg.ECX);
  a.addImm(Reg.EDX, 0x30);
  a.decrement(Reg.EDI);
  a.bytes(0x88, 0x17); // mov [edi], dl
  a.test(Reg.EAX);
  a.jumpIf(Cond.NE, 'digit');
  a.set(Reg.EDX, 'lineEnd');
  a.bytes(0x29, 0xfa); // sub edx, edi
  a.copy(Reg.ECX, Reg.EDI);
  a.set(Reg.EBX, 1);
  call(a, Call.WRITE);
  call(a, Call.EXIT, 0);
}

function dataOf(a: Assembler, { address, port }: Server): void {
  a.label('fail');
  quietCall(a, Call.EXIT, 1);
  a.align(4);
  a.label('peer'); // struct sockaddr_in
  a.bytes(2, 0, port >> 8, port & 0xff, ...address.split('.').map(Number), 0, 0, 0, 0, 0, 0, 0, 0);
  a.label('pollSet'); // struct pollfd, whose first word is the socket
  a.label('socket');
  a.dword(0);
  a.bytes(1, 0, 0, 0); // POLLIN
  for (const name of ['index', 'good', 'length']) {
    a.label(name);
    a.dword(0);
  }
  a.reserve(12);
  a.label('digits');
  a.bytes(0x0a);
  a.label('lineEnd');
  a.align(16);
}

/** Labels of what follows the file in memory. */
function memoryOf(a: Assembler): number {
  const start = a.here;
  const zones = { buffer: BUFFER_BYTES, answer: BUFFER_BYTES, descriptors: 4096 };
  for (const [name, bytes] of Object.entries(zones)) {
    a.label(name);
    a.reserve(bytes);
  }
  return a.here - start;
}

function program(server: Server, body: (a: Assembler) => void): Uint8Array {
  const a = new Assembler(BASE + HEADERS);
  body(a);
  dataOf(a, server);
  const end = a.here - BASE - HEADERS;
  const memory = memoryOf(a);
  const code = a.assemble().slice(0, end);
  return userElf(code, memory);
}

/** One segment, readable, writable and executable, that begins with the file's own headers. */
function userElf(code: Uint8Array, memory: number): Uint8Array {
  const out = new Uint8Array(HEADERS + code.length);
  const view = new DataView(out.buffer);
  const words = (at: number, ...values: number[]): void => values.forEach((value, i) => view.setUint32(at + i * 4, value, true));
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // 32-bit, little-endian, version 1
  words(16, 2 | (3 << 16), 1, BASE + HEADERS, 52); // EXEC for the 386; version, entry, program headers
  view.setUint16(40, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, 1, true);
  words(52, 1, 0, BASE, BASE, out.length, out.length + memory, 7, 4096);
  out.set(code, HEADERS);
  return out;
}
