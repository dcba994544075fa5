/**
 * Wisp, protocol version 1: TCP and UDP streams over one WebSocket. A packet is a message: type (1 byte), stream (4, little-endian), payload.
 *
 *     CONNECT   kind (1: TCP, 2: UDP), port (2), host name or address in UTF-8     client
 *     DATA      bytes                                                              both
 *     CONTINUE  packets that may be sent from now on (4); on stream 0 at the start: for every stream   server
 *     CLOSE     reason (1)                                                         both
 *
 * Version 1 does not say when a stream is connected, has no half-close, and bounds what the client sends, never what the server does. Where both
 * sides speak the subprotocol OWN_PROTOCOL, three things are added, and nothing else is different:
 *
 *     a CONTINUE on a stream is its connection's success: nothing is sent before it
 *     END       nothing: this side sends no more; a stream of which both sides have ended is over, without CLOSE
 *     CONTINUE from the client: bytes that the server may send beyond those granted before; STREAM_BYTES are granted at the start
 */

export const OWN_PROTOCOL = 'pintail.wisp';

export const PACKET = { CONNECT: 1, DATA: 2, CONTINUE: 3, CLOSE: 4, END: 0x50 } as const;
export const KIND = { TCP: 1, UDP: 2 } as const;
export const HEADER_BYTES = 5;

/** What a server grants a stream at the start, in packets, and the most bytes in one. */
export const STREAM_PACKETS = 32;
export const PACKET_BYTES = 16 << 10;
/** What a client grants. */
export const STREAM_BYTES = 256 << 10;

export const CLOSE = {
  UNKNOWN: 0x01, VOLUNTARY: 0x02, NETWORK: 0x03,
  INVALID: 0x41, UNREACHABLE: 0x42, TIMEOUT: 0x43, REFUSED: 0x44, STALLED: 0x47, BLOCKED: 0x48, THROTTLED: 0x49,
  CLIENT: 0x81,
} as const;

/** Reasons as codes of sockets, and the other way round. */
const CODES: readonly (readonly [reason: number, code: string])[] = [
  [CLOSE.REFUSED, 'ECONNREFUSED'], [CLOSE.TIMEOUT, 'ETIMEDOUT'], [CLOSE.UNREACHABLE, 'EHOSTUNREACH'], [CLOSE.UNREACHABLE, 'ENETUNREACH'], [CLOSE.UNREACHABLE, 'ENOTFOUND'],
  [CLOSE.BLOCKED, 'EACCES'], [CLOSE.THROTTLED, 'EMFILE'], [CLOSE.NETWORK, 'ECONNRESET'],
];

export const codeOfReason = (reason: number): string => CODES.find(([known]) => known === reason)?.[1] ?? 'ECONNRESET';
export const reasonOfCode = (code: string): number => CODES.find(([, known]) => known === code)?.[0] ?? CLOSE.NETWORK;
