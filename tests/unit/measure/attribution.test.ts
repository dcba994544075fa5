/** Attribution as files: functions, folded stacks, speedscope, pprof; and a guest's symbols taken out of a command's output. */
import { describe, expect, it } from 'vitest';
import { Profile } from 'pprof-format';
import type { AttributedCall, Attribution } from '../../../host/machine/types.js';
import { readRunOptions } from '../../../host/cli/run-options.js';
import { foldedText, functionTable, perfScriptText, pprofBytes, speedscopeJson } from '../../../host/measure/attribution/formats.js';
import { functionCosts } from '../../../host/measure/attribution/functions.js';
import { SymbolFilter, withSymbols } from '../../../host/measure/attribution/symbols.js';
import { mergeSymbols, parseSymbols, type SymbolLine } from '../../../host/machine/symbols.js';

const call = (caller: number, name: string, instructions: bigint, more: Partial<AttributedCall> = {}): AttributedCall => ({
  caller, name, address: BigInt(name.charCodeAt(0)), privilege: 0, space: 0x1000n, calls: 1n, instructions, loads: 0n, stores: 0n, accesses: 0n, crossings: 0n, ...more,
});
/** main calls f twice over, which calls itself and g; a program is interrupted by g. */
const EXAMPLE: Attribution = {
  lost: 0,
  calls: [call(-1, 'main', 10n), call(0, 'f', 20n, { loads: 3n }), call(1, 'f', 5n), call(2, 'g', 7n), call(-1, 'p', 100n, { privilege: 3 }), call(4, 'g', 1n, { space: 0x2000n, accesses: 2n })],
};

describe('functions', () => {
  it('have their own counts, and with what they called each instruction once', () => {
    const costs = functionCosts(EXAMPLE).map(({ name, instructions, inclusive, calls }) => [name, instructions, inclusive, calls]);
    expect(costs).toEqual([['p [user]', 100n, 101n, 1n], ['f', 25n, 32n, 2n], ['main', 10n, 42n, 1n], ['g', 8n, 8n, 2n]]);
  });

  it('as a table, with what is not shown in one line', () => {
    const lines = functionTable(functionCosts(EXAMPLE), 1, 2).trimEnd().split('\n').map((line) => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(['instructions', 'inclusive', 'calls', 'loads', 'stores', 'accesses', 'crossings', 'function']);
    expect(lines[1]).toEqual(['50.00', '50.50', '0.50', '0.00', '0.00', '0.00', '0.00', 'p', '[user]']);
    expect(lines[2]).toEqual(['21.50', '2.50', '1.50', '0.00', '1.00', '0.00', '3', 'others']);
  });
});

describe('for other tools', () => {
  it('folded stacks', () => {
    expect(foldedText(EXAMPLE)).toBe('main 10\nmain;f 20\nmain;f;f 5\nmain;f;f;g 7\np [user] 100\np [user];g 1\n');
  });

  it('speedscope: the weights are all instructions, and stacks name frames', () => {
    const { shared, profiles: [profile] } = JSON.parse(speedscopeJson(EXAMPLE, 'x')) as { shared: { frames: { name: string }[] }; profiles: { samples: number[][]; weights: number[]; endValue: number }[] };
    expect(profile!.endValue).toBe(143);
    expect(profile!.samples.map((stack) => stack.map((n) => shared.frames[n]!.name).join(';'))).toEqual(['main', 'main;f', 'main;f;f', 'main;f;f;g', 'p [user]', 'p [user];g']);
  });

  it('perf script: a sample a way of calls, innermost first', () => {
    const samples = perfScriptText(EXAMPLE).trimEnd().split('\n\n');
    expect(samples.length).toBe(6);
    expect(samples[1]!.split('\n').map((line) => line.trim())).toEqual(['pintail     1 [000]     0.000000: 20 instructions:', '66 f ([kernel.kallsyms])', '6d main ([kernel.kallsyms])']);
  });

  it('pprof: what its own reader reads', () => {
    const profile = Profile.decode(pprofBytes(EXAMPLE)), { strings } = profile.stringTable;
    expect(profile.sampleType.map(({ type }) => strings[Number(type)])).toEqual(['instructions', 'loads', 'stores', 'accesses', 'crossings']);
    const nameOf = (location: number | bigint): string => strings[Number(profile.function.find(({ id }) => id === profile.location.find(({ id: own }) => own === location)!.line[0]!.functionId)!.name)]!;
    const samples = profile.sample.map(({ locationId, value }) => [locationId.map(nameOf).join(' < '), value.map(Number)]);
    expect(samples).toContainEqual(['f < main', [20, 3, 0, 0, 0]]);
    expect(samples).toContainEqual(['g < p [user]', [1, 0, 0, 2, 0]]);
    expect(samples.length).toBe(6);
  });
});

describe('all of them', () => {
  const both: Attribution = { lost: 0, calls: [...EXAMPLE.calls, call(4, 'strlen', 9n, { privilege: 3, file: '/usr/lib/libc.so.6', loads: 2n }), { ...call(6, 'x', 4n, { privilege: 3, file: '/bin/prog', address: 0x1040n }), name: undefined as unknown as string }] };
  const total = 143 + 9 + 4;

  it('have each instruction once, and programs\' functions by their files', () => {
    const folded = foldedText(both).trim().split('\n');
    expect(folded.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)).toBe(total);
    expect(folded).toContain('p [user];strlen [libc.so.6];prog+0x1040 [user] 4');
    const { profiles: [speedscope] } = JSON.parse(speedscopeJson(both, 'x')) as { profiles: { weights: number[]; endValue: number; samples: number[][] }[] };
    expect([speedscope!.weights.reduce((sum, n) => sum + n, 0), speedscope!.endValue, speedscope!.samples.length]).toEqual([total, total, speedscope!.weights.length]);
    const pprof = Profile.decode(pprofBytes(both)), { strings } = pprof.stringTable;
    expect(pprof.sample.reduce((sum, { value }) => sum + Number(value[0]), 0)).toBe(total);
    expect(pprof.mapping.map(({ filename }) => strings[Number(filename)])).toEqual(['[kernel.kallsyms]', '[user]', '/usr/lib/libc.so.6', '/bin/prog']);
    const ids = new Set(pprof.mapping.map(({ id }) => id));
    expect(pprof.location.every(({ mappingId }) => ids.has(mappingId))).toBe(true);
  });

  it('perf script is read as FlameGraph\'s stackcollapse-perf.pl does', () => {
    const lines = perfScriptText(both).split('\n'), head = /^(\S.+?)\s+(\d+)\/*(\d+)*\s+/, frame = /^\s*(\w+)\s*(.+) \((.*)\)/, stacks: string[] = [];
    let stack: string[] = [], periods = 0;
    for (const line of lines) {
      if (line === '') {
        if (stack.length > 0) stacks.push(stack.join(';'));
        stack = [];
      } else if (/^\S/.test(line)) {
        expect(line).toMatch(head);
        periods += Number(/:\s*(\d+)\s+instructions:/.exec(line)![1]);
      } else stack.unshift(`${frame.exec(line)![2]}(${frame.exec(line)![3]})`);
    }
    expect(periods).toBe(total);
    expect(stacks).toContain('p([user]);strlen(/usr/lib/libc.so.6);[unknown](/bin/prog)');
  });
});

describe('the command line', () => {
  const complaint = (line: string): string => {
    try {
      readRunOptions(line.split(' '), false);
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };
  it.each([
    ['--attribute a.txt', '--attribute a.txt: needs a command (-- COMMAND)'],
    ['--roi f', '--roi f: needs a command'],
    ['--attribute a.doc -- ls', '--attribute a.doc: want a file whose name ends in .txt, .folded'],
    ['-trace vsocket_* -- ls', '"vsocket_*" is none of the events here'],
    ['-trace file= -- ls', 'file= needs a value'],
    ['-trace events=x -- ls', '"events=x" is neither a pattern (DEVICE:WHAT) nor file=FILE'],
    ['-trace e1000-0:* --jit=on -- ls', 'is of interpreted code only'],
  ])('%s', (line, problem) => expect(complaint(line)).toContain(problem));

  it('gives the machine what it needs, and the command is behind its symbols', () => {
    const { machine, trace } = readRunOptions('--attribute a.txt --roi f --roi g -trace file=t,e1000-0:T* -- ls /'.split(' '), false);
    expect(machine).toMatchObject({ attribute: true, roi: ['f', 'g'] });
    expect(machine.command!.slice(-2)).toEqual(['ls', '/']);
    expect([trace.file, trace.patterns.map((pattern) => pattern.test('e1000-0:TDT'))]).toEqual(['t', [true]]);
    expect(trace.patterns.some((pattern) => pattern.test('e1000-0:RDT'))).toBe(false);
  });
});

describe('symbols in a command\'s output', () => {
  const text = 'before\x1epintail symbols\nffffffff81000000 T _text\nffffffffc0000000 t f\t[e1000]\n\x1eend of symbols\nafter\n';

  it('are taken out of it, however it is cut', () => {
    for (const size of [1, 3, 7, 1000]) {
      const symbols: SymbolLine[] = [];
      let out = '';
      const filter = new SymbolFilter({ onSymbols: (more) => void symbols.push(...more), onOutput: (bytes) => void (out += new TextDecoder().decode(bytes)) });
      for (let at = 0; at < text.length; at += size) filter.push(new TextEncoder().encode(text.slice(at, at + size)));
      filter.end();
      expect([out, symbols.map(({ name, module }) => [name, module])]).toEqual(['beforeafter\n', [['_text', undefined], ['f', 'e1000']]]);
    }
  });

  it('and so are the files of programs, with whatever bytes, however they are cut; output keeps all of its bytes', () => {
    const elf = Uint8Array.from({ length: 300 }, (_, i) => i), head = 'a\x1epintail program 300 /bin/a b\n', all = Buffer.concat([Buffer.from(head, 'latin1'), elf, Uint8Array.of(0x80, 0x9f, 0xff, 10)]);
    for (const size of [1, 5, 64, 1000]) {
      const files: [string, number[]][] = [], out: number[] = [];
      const filter = new SymbolFilter({ onSymbols: () => undefined, onProgram: ({ path, elf: bytes }) => void files.push([path, [...bytes]]), onOutput: (bytes) => void out.push(...bytes) });
      for (let at = 0; at < all.length; at += size) filter.push(all.subarray(at, at + size));
      filter.end();
      expect([files, out]).toEqual([[['/bin/a b', [...elf]]], [97, 0x80, 0x9f, 0xff, 10]]);
    }
  });

  it('a guest that says a file of any size is not believed', () => {
    let out = '';
    const filter = new SymbolFilter({ onSymbols: () => undefined, onOutput: (bytes) => void (out += new TextDecoder().decode(bytes)) });
    filter.push(new TextEncoder().encode('\x1epintail program 999999999 /x\nnext\n'));
    filter.end();
    expect(out).toBe('next\n');
  });

  it('a command that writes none has all of its output', () => {
    let out = '';
    const filter = new SymbolFilter({ onSymbols: () => undefined, onOutput: (bytes) => void (out += new TextDecoder().decode(bytes)) });
    filter.push(new TextEncoder().encode('a\x1epint'));
    expect(out).toBe('a');
    filter.end();
    expect(out).toBe('a\x1epint');
  });

  it('stand before the command, which is as it was', () => {
    expect(withSymbols(['ls', '-l', 'a b']).slice(-4)).toEqual(['sh', 'ls', '-l', 'a b']);
  });

  it('of a module that was loaded again take the place of those it had', () => {
    const all = parseSymbols('10 T a\n30 t m [x]\n40 t n [y]\n'.replace(/^/gm, '000000'));
    expect(mergeSymbols(all, parseSymbols('00000050 t m [x]')).map(({ name, address }) => [name, address])).toEqual([['a', 0x10n], ['n', 0x40n], ['m', 0x50n]]);
    expect(mergeSymbols(all, parseSymbols('00000050 T b')).map(({ name }) => name)).toEqual(['b']);
  });
});
