/**
 * A Linux program for i386, which amd64 kernels run too: sends every UDP datagram back to where it came from. busybox has no such thing.
 * System calls by number: arch/x86/entry/syscalls/syscall_32.tbl of Linux 4.3 and later.
 */
import { Assembler, Reg, type Operand } from './assembler.js';
import { pvhElf } from './elf.js';

/** Congruent with the code's place in the file, as Linux maps by pages. */
const BASE = 0x0804_8100;
const SOCKET = 359;
const BIND = 361;
const SENDTO = 369;
const RECVFROM = 371;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const MAX_DATAGRAM = 65536;
const SOCKADDR_BYTES = 16;

const ARGUMENTS = [Reg.EBX, Reg.ECX, Reg.EDX, Reg.ESI, Reg.EDI, Reg.EBP];

/** An ELF file that binds UDP `port` of every address and never ends by itself. */
export function udpEcho(port: number): Uint8Array {
  const a = new Assembler(BASE);
  const call = (number: number, ...values: Operand[]): void => {
    values.forEach((value, i) => a.set(ARGUMENTS[i]!, value));
    a.set(Reg.EAX, number);
    a.bytes(0xcd, 0x80); // INT 80h
  };
  const callOn = (number: number, ...values: Operand[]): void => {
    values.forEach((value, i) => a.set(ARGUMENTS[i + 1]!, value));
    a.load(Reg.EBX, 'socket');
    a.set(Reg.EAX, number);
    a.bytes(0xcd, 0x80);
  };
  call(SOCKET, AF_INET, SOCK_DGRAM, 0);
  a.save('socket', Reg.EAX);
  callOn(BIND, 'local', SOCKADDR_BYTES);
  a.label('again');
  callOn(RECVFROM, 'data', MAX_DATAGRAM, 0, 'peer', 'peer-bytes');
  a.save('length', Reg.EAX);
  a.set(Reg.ECX, 'data');
  a.load(Reg.EDX, 'length');
  a.set(Reg.ESI, 0);
  a.set(Reg.EDI, 'peer');
  a.set(Reg.EBP, SOCKADDR_BYTES);
  a.load(Reg.EBX, 'socket');
  a.set(Reg.EAX, SENDTO);
  a.bytes(0xcd, 0x80);
  a.jump('again');
  a.align(4);
  for (const name of ['socket', 'length']) {
    a.label(name);
    a.dword(0);
  }
  a.label('peer-bytes');
  a.dword(SOCKADDR_BYTES);
  a.label('local');
  a.bytes(AF_INET, 0, port >> 8, port & 0xff);
  a.reserve(12);
  a.label('peer');
  a.reserve(SOCKADDR_BYTES);
  a.label('data');
  const code = a.assemble();
  return pvhElf(code, BASE, BASE, MAX_DATAGRAM);
}
