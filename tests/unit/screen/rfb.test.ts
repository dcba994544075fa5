/** The VNC conversation, by a viewer that says the bytes of RFC 6143. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RfbSession, type RfbTarget } from '../../../host/screen/rfb.js';
import { keysymKey } from '../../../host/screen/keysyms.js';
import { desEncrypt, vncAnswer } from '../../../host/screen/vnc-password.js';
import { keyNamed } from '../../../host/screen/keys.js';

const be16 = (...values: number[]): number[] => values.flatMap((value) => [value >> 8 & 255, value & 255]);
const be32 = (...values: number[]): number[] => values.flatMap((value) => [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255]);
const text = (words: string): number[] => [...Buffer.from(words, 'latin1')];

/** A screen of 2x2 pixels, and what the viewer has heard and done. */
function viewer(pack?: (bytes: Uint8Array) => Promise<Uint8Array>): { session: RfbSession; say: (...bytes: number[]) => void; heard: () => number[]; did: string[]; screen: { size: [number, number]; changed: { first: number; end: number } | undefined } } {
  const did: string[] = [], screen: { size: [number, number]; changed: { first: number; end: number } | undefined } = { size: [2, 2], changed: undefined };
  let out: number[] = [];
  const target: RfbTarget = {
    refresh: () => screen.changed && { ...screen.changed, resized: false },
    get picture() {
      const [width, height] = screen.size;
      return { width, height, pixels: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : i * 16)) };
    },
    key: (number, down) => void did.push(`${down ? '+' : '-'}${number}`),
    mouse: (move) => void did.push(JSON.stringify(move)),
    type: (typed) => void did.push(typed),
  };
  const session = new RfbSession((bytes) => void out.push(...bytes), target, pack);
  return { session, say: (...bytes) => session.receive(Uint8Array.from(bytes)), heard: () => { const all = out; out = []; return all; }, did, screen };
}
function open(pack?: (bytes: Uint8Array) => Promise<Uint8Array>): ReturnType<typeof viewer> {
  const v = viewer(pack);
  v.say(...text('RFB 003.008\n'), 1, 1);
  v.heard();
  return v;
}
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a conversation', () => {
  it('begins with versions, no password, and the screen, whatever pieces it comes in', () => {
    const v = viewer();
    for (const byte of [...text('RFB 003.008\n'), 1, 0]) v.say(byte);
    expect(v.heard()).toEqual([...text('RFB 003.008\n'), 1, 1, 0, 0, 0, 0, ...be16(2, 2), 32, 24, 0, 1, ...be16(255, 255, 255), 16, 8, 0, 0, 0, 0, ...be32(7), ...text('Pintail')]);
  });
  it.each([[text('RFB 003.003\n'), /version/], [[...text('RFB 003.008\n'), 2], /security 2/], [[...text('RFB 003.008\n'), 1, 1, 9], /message 9/], [[...text('RFB 003.008\n'), 1, 1, 6, 0, 0, 0, ...be32(1 << 20)], /a text of/], [[...text('RFB 003.008\n'), 1, 1, 0, 0, 0, 0, 24, ...Array<number>(15).fill(1)], /24 bits/]])('ends with what is none (%#)', (bytes, problem) => {
    expect(() => viewer().say(...bytes)).toThrow(problem);
  });
  it('sends all when asked, then what has changed, raw', async () => {
    const v = open();
    v.say(3, 0, ...be16(0, 0, 2, 2));
    await soon();
    expect(v.heard()).toEqual([0, 0, ...be16(1), ...be16(0, 0, 2, 2), ...be32(0), 32, 16, 0, 0, 96, 80, 64, 0, 160, 144, 128, 0, 224, 208, 192, 0]);
    v.say(3, 1, ...be16(0, 0, 2, 2));
    await soon();
    expect(v.heard()).toEqual([]);
    v.screen.changed = { first: 1, end: 2 };
    v.session.look();
    await soon();
    expect(v.heard().slice(4, 16)).toEqual([...be16(0, 1, 2, 1), ...be32(0)]);
    v.session.look();
    await soon();
    expect(v.heard()).toEqual([]);
  });
  it('gives pixels as they are asked for', async () => {
    const v = open();
    v.say(0, 0, 0, 0, 16, 16, 1, 1, ...be16(31, 63, 31), 11, 5, 0, 0, 0, 0);
    v.say(3, 0, ...be16(0, 0, 2, 2));
    await soon();
    const pixel = (r: number, g: number, b: number): number => Math.floor(r * 31 / 255) << 11 | Math.floor(g * 63 / 255) << 5 | Math.floor(b * 31 / 255);
    expect(v.heard().slice(16)).toEqual(be16(pixel(0, 16, 32), pixel(64, 80, 96), pixel(128, 144, 160), pixel(192, 208, 224)));
  });
  it('packs for who knows Zlib', async () => {
    const v = open(async (bytes) => deflateRawSync(bytes));
    v.say(2, 0, ...be16(2), ...be32(6, 0));
    v.say(3, 0, ...be16(0, 0, 2, 2));
    await soon();
    const heard = v.heard();
    expect(heard.slice(12, 16)).toEqual(be32(6));
    expect(heard.length).toBe(20 + heard[19]!);
  });
  it('tells of another size, and sends a viewer away that knows none', () => {
    const v = open();
    v.say(2, 0, ...be16(1), ...be32(-223 >>> 0));
    v.screen.size = [3, 1];
    v.say(3, 1, ...be16(0, 0, 2, 2));
    expect(v.heard()).toEqual([0, 0, ...be16(1), ...be16(0, 0, 3, 1), ...be32(-223 >>> 0)]);
    const other = open();
    other.screen.size = [3, 1];
    expect(() => other.say(3, 1, ...be16(0, 0, 2, 2))).toThrow(/no other size/);
  });
  it('hands on keys, the pointer by its difference, and text', () => {
    const v = open();
    v.say(4, 1, 0, 0, ...be32(0xff0d), 4, 0, 0, 0, ...be32(0xff0d), 4, 1, 0, 0, ...be32(0x41), 4, 1, 0, 0, ...be32(0x12345));
    v.say(5, 0, ...be16(10, 10), 5, 4, ...be16(13, 8), 5, 16, ...be16(13, 8), 5, 0, ...be16(13, 8));
    v.say(6, 0, 0, 0, ...be32(2), ...text('hi'));
    expect(v.did).toEqual(['+28', '-28', '+30', '{"dx":0,"dy":0,"wheel":0,"buttons":0}', '{"dx":3,"dy":-2,"wheel":0,"buttons":2}', '{"dx":0,"dy":0,"wheel":1,"buttons":0}', '{"dx":0,"dy":0,"wheel":0,"buttons":0}', 'hi']);
  });
  it('knows keysyms', () => {
    for (const [keysym, name] of [[0xffbe, 'f1'], [0xffc9, 'f12'], [0xffff, 'delete'], [0xffe3, 'ctrl'], [0x7e, 'grave_accent'], [0xff52, 'up'], [0xffb5, 'kp_5']] as const) expect(keysymKey(keysym), name).toBe(keyNamed(name));
  });
});

describe('a password', () => {
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
  // Of NBS Special Publication 500-20, and FIPS 81's well-known example.
  it.each([['133457799bbcdff1', '0123456789abcdef', '85e813540f0ab405'], ['7ca110454a1a6e57', '01a1d6d039776742', '690f5b0d9a26939b'], ['0000000000000000', '0000000000000000', '8ca64de9c1b123a7']])('is a key of DES (%s)', (key, plain, cipher) => {
    expect(Buffer.from(desEncrypt(hex(key), hex(plain))).toString('hex')).toBe(cipher);
  });

  const challenge = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  function locked(): { say: (...bytes: number[]) => void; heard: () => number[] } {
    let out: number[] = [];
    const target: RfbTarget = { refresh: () => undefined, picture: { width: 1, height: 1, pixels: new Uint8ClampedArray(4) }, key: () => undefined, mouse: () => undefined, type: () => undefined };
    const session = new RfbSession((bytes) => void out.push(...bytes), target, undefined, { password: 'lasting!', challenge });
    return { say: (...bytes) => session.receive(Uint8Array.from(bytes)), heard: () => { const all = out; out = []; return all; } };
  }

  it('lets in who knows it, and sends others away in words', () => {
    const v = locked();
    v.say(...text('RFB 003.008\n'), 2);
    expect(v.heard()).toEqual([...text('RFB 003.008\n'), 1, 2, ...challenge]);
    v.say(...vncAnswer('lasting!', challenge), 1);
    expect(v.heard().slice(0, 8)).toEqual([0, 0, 0, 0, ...be16(1, 1)]);
    const other = locked();
    other.say(...text('RFB 003.008\n'), 2);
    other.heard();
    expect(() => other.say(...vncAnswer('guessed', challenge))).toThrow(/password/);
    expect(other.heard()).toEqual([...be32(1, 25), ...text('the password is not right')]);
    expect(() => locked().say(...text('RFB 003.008\n'), 1)).toThrow(/security 1/);
  });
});
