/**
 * A read-only TFTP server (RFC 1350) at the gateway over one folder of the host, with the options blksize, tsize (RFC 2348, RFC 2349) and
 * timeout. It is how firmware and boot loaders fetch what DHCP told them to boot.
 *
 *   read request -> opened -> [OACK, acknowledged as block 0] -> DATA n <-> ACK n ... -> the last, shorter than a block, acknowledged
 *
 * A transfer has a port of the gateway's of its own (4, "transfer identifiers"). What is not acknowledged is sent again, a few times.
 * Block numbers are of 16 bits and start again at 0, as every client of large files expects.
 */

import { get16, put16 } from '../bytes.js';
import { SECOND } from '../clock.js';
import { Line } from '../line.js';
import { SocketError, type Endpoint, type ReadableFile } from '../provider.js';
import type { NatContext } from './context.js';
import { PROTOCOL } from './spec.js';
import { Timer } from './timers.js';
import { endpointKey } from './udp-port.js';
import { buildUdp, type UdpDatagram } from './udp-header.js';

const PORT = 69;
const OPCODE = { READ: 1, WRITE: 2, DATA: 3, ACK: 4, ERROR: 5, OPTIONS: 6 } as const;
const ERROR = { OTHER: 0, NOT_FOUND: 1, ACCESS: 2, ILLEGAL: 4, UNKNOWN_ID: 5 } as const;
const DEFAULT_BLOCK = 512;
const MIN_BLOCK = 8;
const MAX_BLOCK = 65464;
const HEADER_BYTES = 4;
const MAX_TRANSFERS = 64;
const RESEND = SECOND;
const RESENDS = 5;
/** Requests are short (RFC 2347: 512 bytes). */
const MAX_REQUEST = 512;
const FIRST_PORT = 49152;

/** Two ends of a transfer: the guest's, and the gateway's. */
interface Ends {
  guest: Endpoint;
  server: Endpoint;
}

interface Transfer {
  ends: Ends;
  file: ReadableFile;
  blockBytes: number;
  resendNs: number;
  /** Of the packet that is to be acknowledged, over the whole file: 0 is the answer to options. */
  block: number;
  packet: Uint8Array;
  isLast: boolean;
  reading: boolean;
  tries: number;
  timer: Timer;
}

export class TftpServer {
  /** By the ports of both ends, the one silent longest first. */
  private readonly transfers = new Line<string, Transfer>();
  private nextPort = 0;

  constructor(
    private readonly context: NatContext,
    private readonly folder: string,
  ) {}

  /** A datagram to the gateway. False: it is none of this server's. */
  receive(datagram: UdpDatagram): boolean {
    const { source, destination, payload } = datagram;
    const transfer = this.transfers.get(endpointKey(source) + endpointKey(destination));
    if (!transfer && destination.port !== PORT) return false;
    if (transfer) this.receiveAnswer(transfer, payload);
    else this.receiveRequest({ guest: own(source), server: { address: destination.address.slice(), port: this.takePort() } }, payload);
    return true;
  }

  close(): void {
    for (const [, transfer] of this.transfers) this.end(transfer);
  }

  private receiveRequest(ends: Ends, payload: Uint8Array): void {
    const opcode = payload.length >= 2 ? get16(payload, 0) : 0;
    if (opcode === OPCODE.WRITE) return this.refuse(ends, ERROR.ACCESS, 'read-only');
    if (opcode !== OPCODE.READ) return this.context.counts.add('malformed');
    const [name, mode, ...options] = payload.length <= MAX_REQUEST ? readStrings(payload) : [];
    if (name === undefined || mode === undefined) return this.refuse(ends, ERROR.ILLEGAL, 'a request is a name and a mode');
    if (mode.toLowerCase() !== 'octet') return this.refuse(ends, ERROR.OTHER, `mode ${mode}: only octet`);
    void this.open(ends, name, options);
  }

  private async open(ends: Ends, name: string, options: string[]): Promise<void> {
    const { provider, counts } = this.context;
    try {
      if (!provider.openFile) throw new SocketError('ENOSYS', 'no files on this platform');
      const file = await provider.openFile(this.folder, name);
      if (this.context.isClosed) return void file.close();
      counts.add('tftpFiles');
      this.begin(ends, file, options);
    } catch (error) {
      const code = error instanceof SocketError ? error.code : 'EIO';
      if (code === 'ENOENT') this.refuse(ends, ERROR.NOT_FOUND, 'no such file');
      else this.refuse(ends, code === 'EACCES' ? ERROR.ACCESS : ERROR.OTHER, 'cannot be read');
    }
  }

  private begin(ends: Ends, file: ReadableFile, options: string[]): void {
    const chosen = chooseOptions(options, file.bytes, this.mostBlock(ends));
    if (this.transfers.size >= MAX_TRANSFERS) this.end(this.transfers.first!.value);
    const transfer: Transfer = {
      ...{ ends, file, blockBytes: chosen.blockBytes, resendNs: chosen.resendNs },
      ...{ block: 0, packet: new Uint8Array(0), isLast: false, reading: false, tries: 0 },
      timer: new Timer(() => this.resend(transfer)),
    };
    this.transfers.put(keyOf(ends), transfer);
    if (chosen.answer.length === 0) return void this.sendNext(transfer);
    transfer.packet = Uint8Array.from([0, OPCODE.OPTIONS, ...chosen.answer]);
    this.sendPacket(transfer);
  }

  /** What fits in one frame: fragments are for those who ask for more than the link carries, and no firmware puts them together. */
  private mostBlock({ guest }: Ends): number {
    return Math.min(MAX_BLOCK, this.context.config.mtu - (guest.address.length === 4 ? 20 : 40) - 8 - HEADER_BYTES);
  }

  private receiveAnswer(transfer: Transfer, payload: Uint8Array): void {
    const opcode = payload.length >= HEADER_BYTES ? get16(payload, 0) : 0;
    if (opcode === OPCODE.ERROR) return this.end(transfer);
    if (opcode !== OPCODE.ACK) return this.context.counts.add('malformed');
    // An old acknowledgement that comes again is no question: answering it would double every packet from here on (RFC 1123, 4.2.3.1).
    if (transfer.reading || get16(payload, 2) !== (transfer.block & 0xffff)) return;
    if (transfer.isLast) return this.end(transfer);
    this.transfers.put(keyOf(transfer.ends), transfer);
    void this.sendNext(transfer);
  }

  private async sendNext(transfer: Transfer): Promise<void> {
    transfer.reading = true;
    transfer.tries = 0;
    this.context.timers.cancel(transfer.timer);
    try {
      const bytes = await transfer.file.read(transfer.block * transfer.blockBytes, transfer.blockBytes);
      if (!this.isOpen(transfer)) return;
      transfer.block++;
      transfer.isLast = bytes.length < transfer.blockBytes;
      transfer.packet = new Uint8Array(HEADER_BYTES + bytes.length);
      put16(transfer.packet, 0, OPCODE.DATA);
      put16(transfer.packet, 2, transfer.block & 0xffff);
      transfer.packet.set(bytes, HEADER_BYTES);
      transfer.reading = false;
      this.sendPacket(transfer);
    } catch {
      if (!this.isOpen(transfer)) return;
      this.refuse(transfer.ends, ERROR.OTHER, 'cannot be read');
      this.end(transfer);
    }
  }

  private resend(transfer: Transfer): void {
    if (transfer.tries++ >= RESENDS) return this.end(transfer);
    this.sendPacket(transfer);
  }

  private sendPacket(transfer: Transfer): void {
    this.send(transfer.ends, transfer.packet);
    this.context.timers.arm(transfer.timer, transfer.resendNs);
  }

  private refuse(ends: Ends, code: number, text: string): void {
    this.send(ends, Uint8Array.from([0, OPCODE.ERROR, 0, code, ...new TextEncoder().encode(text), 0]));
  }

  private send({ guest, server }: Ends, message: Uint8Array): void {
    const to = this.context.findMac(guest.address, server.address);
    if (!to) return;
    this.context.output.sendDatagram({ to, source: server.address, destination: guest.address }, PROTOCOL.UDP, buildUdp(server.port, guest.port, message), 6);
  }

  private isOpen({ ends }: Transfer): boolean {
    return this.transfers.has(keyOf(ends));
  }

  private end(transfer: Transfer): void {
    this.transfers.delete(keyOf(transfer.ends));
    this.context.timers.cancel(transfer.timer);
    void transfer.file.close();
  }

  private takePort(): number {
    this.nextPort = (this.nextPort + 1) % (65536 - FIRST_PORT);
    return FIRST_PORT + this.nextPort;
  }
}

function own({ address, port }: Endpoint): Endpoint {
  return { address: address.slice(), port };
}

function keyOf({ guest, server }: Ends): string {
  return endpointKey(guest) + endpointKey(server);
}

/** The strings of a request, each ended by a zero. */
function readStrings(payload: Uint8Array): string[] {
  if (payload.at(-1) !== 0) return [];
  return new TextDecoder().decode(payload.subarray(2, -1)).split('\0');
}

/** The options that are known (RFC 2347: the others are left out of the answer), and the answer's bytes. */
function chooseOptions(options: string[], fileBytes: number, mostBlock: number): { blockBytes: number; resendNs: number; answer: number[] } {
  const chosen = { blockBytes: DEFAULT_BLOCK, resendNs: RESEND, answer: [] as number[] };
  const accept = (name: string, value: number): void => void chosen.answer.push(...new TextEncoder().encode(`${name}\0${value}\0`));
  for (let at = 0; at + 1 < options.length; at += 2) {
    const name = options[at]!.toLowerCase();
    const value = /^\d{1,9}$/.test(options[at + 1]!) ? Number(options[at + 1]) : -1;
    if (name === 'blksize' && value >= MIN_BLOCK) accept(name, (chosen.blockBytes = Math.min(value, mostBlock)));
    else if (name === 'tsize' && value >= 0) accept(name, fileBytes);
    else if (name === 'timeout' && value >= 1 && value <= 255) {
      chosen.resendNs = value * SECOND;
      accept(name, value);
    }
  }
  return chosen;
}
