/** Keys by their names, text typed, and how both enter a guest that reads one key at a time. */
import { describe, expect, it } from 'vitest';
import { InputPort } from '../../../host/screen/input.js';
import { KEYS, keyNamed, keyOfCode, keyTyping } from '../../../host/screen/keys.js';
import type { ModuleInstance } from '../../../host/rings/instance.js';

/** A guest that reads keys when it is told to. */
function guest(): { port: InputPort; log: string[]; ready: { now: boolean; mouse: boolean; slow: boolean }; clock: { ns: number } } {
  const log: string[] = [], ready = { now: true, mouse: true, slow: false }, clock = { ns: 0 };
  const exports = {
    nowNsLo: () => clock.ns, nowNsHi: () => 0,
    keyRoom: () => (ready.now ? 1 : 0), mouseRoom: () => (ready.mouse ? 1 : 0),
    pressKey: (key: number, down: number) => { log.push(`${down ? '+' : '-'}${key.toString(16)}`); ready.now = false; },
    moveMouse: (...move: number[]) => { log.push(move.join(' ')); ready.mouse = !ready.slow; },
  };
  return { port: new InputPort({ exports } as unknown as ModuleInstance, () => undefined), log, ready, clock };
}

describe('keys', () => {
  it('have each one number, one code and names of their own', () => {
    for (const of of [KEYS.map(({ number }) => String(number)), KEYS.map(({ code }) => code), KEYS.flatMap(({ names }) => names)]) expect(new Set(of).size).toBe(of.length);
    expect(KEYS.length).toBeGreaterThan(110);
  });
  it('are found by either name, and by what they type', () => {
    expect([keyNamed('ctrl'), keyNamed('Delete'), keyNamed('KeyA'), keyNamed('f12'), keyNamed('kp_7'), keyNamed('nothing')]).toEqual([0x1d, 0xd3, 0x1e, 0x58, 0x47, undefined]);
    expect([keyOfCode('ArrowUp'), keyOfCode('Numpad0'), keyOfCode('F11'), keyOfCode('up')]).toEqual([0xc8, 0x52, 0x57, undefined]);
    expect(['a', 'A', '5', '%', '\n', '~', 'é'].map(keyTyping)).toEqual([
      { number: 0x1e, shift: false }, { number: 0x1e, shift: true }, { number: 6, shift: false }, { number: 6, shift: true }, { number: 0x1c, shift: false }, { number: 0x29, shift: true }, undefined,
    ]);
  });
  it('type every character of ASCII that is printed', () => {
    for (let code = 32; code < 127; code++) expect(keyTyping(String.fromCharCode(code)), String.fromCharCode(code)).toBeDefined();
  });
});

describe('input', () => {
  it('enters a key when the one before was read, and returns what no key types', () => {
    const { port, log, ready } = guest();
    expect(port.type('aBü')).toBe('ü');
    while (port.busy) { port.beforeSlice(); ready.now = true; }
    expect(log).toEqual(['+1e', '-1e', '+2a', '+30', '-30', '-2a']);
  });
  it('is not busy with what a guest does not read', () => {
    const { port, log, ready } = guest();
    port.tap([1, 2]);
    expect([port.busy, port.beforeSlice(), port.busy, port.beforeSlice()]).toEqual([true, true, false, false]);
    ready.now = true;
    port.beforeSlice();
    expect(log).toEqual(['+1', '+2']);
  });
  it('holds keys for so long of virtual time', () => {
    const { port, log, ready, clock } = guest();
    port.tap([5], 100);
    port.tap([6]);
    for (const ns of [0, 50_000_000, 99_999_999]) { clock.ns = ns; ready.now = true; port.beforeSlice(); }
    expect([log.join(' '), port.busy]).toEqual(['+5', false]);
    clock.ns = 100_000_000;
    for (let i = 0; i < 4; i++) { ready.now = true; port.beforeSlice(); }
    expect(log).toEqual(['+5', '-5', '+6', '-6']);
  });
  it('adds movements up until a button changes', () => {
    const { port, log } = guest();
    port.mouse({ dx: 1 }); port.mouse({ dx: 2, dy: -1 }); port.mouse({ buttons: 1 }); port.mouse({ wheel: 1 }); port.mouse({ dx: 1e9, buttons: 0 });
    port.beforeSlice();
    expect(log).toEqual(['3 -1 0 0', '0 0 0 1', '2000 0 1 1', ...Array<string>(7).fill('2000 0 0 1'), '384 0 0 1', '0 0 0 0']);
  });
  it('tells of a click when the mouse has told where it is, and keys do not wait for that', () => {
    const { port, log, ready } = guest();
    ready.mouse = false; ready.slow = true;
    port.mouse({ dx: 300 }); port.mouse({ buttons: 1 }); port.mouse({ buttons: 0 }); port.key(5, true);
    expect([port.beforeSlice(), port.busy, log.splice(0)]).toEqual([true, false, ['+5']]);
    for (let i = 0; i < 3; i++) { ready.mouse = true; port.beforeSlice(); }
    expect(log).toEqual(['300 0 0 0', '0 0 0 1', '0 0 0 0']);
  });
});
