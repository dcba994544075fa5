/** Segment registers: what may be loaded, what each type allows, limits, the accessed bit, LAR, LSL, VERR, VERW, ARPL and far jumps. */
import { Kernel, type TestOptions } from './kernel.js';
import { PAGES, SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';
import { segment, taskSegment, type Segment } from './tables.js';

const FLAT: Partial<Segment> = { flags: 0xc };
/** Small segments of 4 KiB at PAGES. */
const SMALL: Partial<Segment> = { base: PAGES, limit: 0xfff, flags: 4 };

/** Access bytes by what they are, at DPL 0; 0x60 more for DPL 3. */
const TYPES: readonly (readonly [name: string, access: number])[] = [
  ['read-only data', 0x91], ['data', 0x93], ['read-only data down', 0x95], ['data down', 0x97],
  ['execute-only code', 0x99], ['code', 0x9b], ['execute-only conforming code', 0x9d], ['conforming code', 0x9f],
  ['LDT', 0x82], ['16-bit TSS', 0x81], ['32-bit TSS', 0x89], ['busy 32-bit TSS', 0x8b], ['16-bit call gate', 0x84], ['task gate', 0x85],
  ['32-bit call gate', 0x8c], ['32-bit interrupt gate', 0x8e], ['type 0', 0x80], ['type 8', 0x88], ['type D', 0x8d],
];

interface Selectors {
  /** By name, DPL 0 and DPL 3. */
  kernel: ReadonlyMap<string, number>;
  user: ReadonlyMap<string, number>;
  absentData: number;
  absentCode: number;
  absentUserData: number;
}

function describe(k: Kernel): Selectors {
  const make = (more: number): ReadonlyMap<string, number> =>
    new Map(TYPES.map(([name, access]) => [name, k.descriptor(segment({ base: PAGES, limit: 0xfff, flags: access & 0x10 ? 4 : 0, access: access | more }))]));
  return {
    kernel: make(0), user: make(0x60),
    absentData: k.descriptor(segment({ ...SMALL, access: 0x13 })), absentCode: k.descriptor(segment({ ...SMALL, access: 0x1b })),
    absentUserData: k.descriptor(segment({ ...SMALL, access: 0x73 })),
  };
}

type Run = (name: string, text: string, options?: TestOptions) => void;

/** Loads of DS and SS with every type, at CPL 0 and 3. */
function loads(run: Run, s: Selectors, isLong: boolean): void {
  const rings = [0, 3] as const;
  for (const ring of rings) {
    for (const [dpl, selectors] of [[0, s.kernel], [3, s.user]] as const) {
      for (const [name, selector] of selectors) {
        run(`DS with ${name}, DPL ${dpl}, at ${ring}`, `mov ax, ${selector + ring}; .ip: mov ds, ax`, { ring });
        if (dpl === ring || name === 'data') run(`SS with ${name}, DPL ${dpl}, at ${ring}`, `mov ax, ${selector + ring}; .ip: mov ss, ax; mov ax, ${ring ? SELECTOR.userData : SELECTOR.data32}; mov ss, ax`, { ring });
      }
    }
    run(`DS with null at ${ring}`, `mov ax, ${ring}; .ip: mov ds, ax`, { ring });
    run(`SS with null at ${ring}`, `mov ax, ${ring}; .ip: mov ss, ax${isLong ? '' : '; nop'}`, { ring });
    run(`DS with beyond the GDT at ${ring}`, 'mov ax, 0xfff8; .ip: mov ds, ax', { ring });
    run(`DS with in the LDT, which there is not, at ${ring}`, 'mov ax, 0xc; .ip: mov es, ax', { ring });
  }
  run('DS with absent', `mov ax, ${s.absentData}; .ip: mov ds, ax`);
  run('SS with absent', `mov ax, ${s.absentData}; .ip: mov ss, ax`);
  run('SS with absent at 3', `mov ax, ${s.absentUserData + 3}; .ip: mov ss, ax`, { ring: 3 });
  run('FS with absent at 3', `mov ax, ${s.absentUserData + 3}; .ip: mov fs, ax`, { ring: 3 });
  run('DS with RPL 3 at 0', `mov ax, ${s.kernel.get('data')! + 3}; .ip: mov ds, ax`);
  run('DS with DPL 3, RPL 3 at 0', `mov ax, ${s.user.get('data')! + 3}; .ip: mov ds, ax`);
  run('SS with RPL 3 at 0', `mov ax, ${s.user.get('data')! + 3}; .ip: mov ss, ax`);
  run('SS with DPL 3, RPL 0 at 0', `mov ax, ${s.user.get('data')!}; .ip: mov ss, ax`);
}

/** LSS: its pointer is read whole before the selector is looked at, and a fault leaves the general register. */
function stackPointers(k: Kernel, run: Run, s: Selectors): void {
  k.title('SDM 2, LSS; SDM 3, 6.15: faults of a far pointer into SS, EAX left alone');
  const targets: readonly (readonly [name: string, selector: number])[] = [
    ['data', SELECTOR.data32], ['null', 0], ['read-only data', s.kernel.get('read-only data')!], ['code', s.kernel.get('code')!], ['absent data', s.absentData],
    ['data with RPL 3', SELECTOR.data32 + 3], ['data with DPL 3', SELECTOR.userData - 3], ['beyond the GDT', 0xfff8],
  ];
  k.data(targets.map(([, selector], n) => `far_${n}: dd 0x1234; dw ${selector}`).join('\n'));
  const look = (text: string): string => `mov eax, 0x55aa55aa; ${text}`;
  targets.forEach(([name], n) => run(`LSS with ${name}`, look(`.ip: lss eax, [far_${n}]`), { show: SHOW_EAX }));
  const beyond = (at: number): string => look(`mov ecx, ${s.kernel.get('data')}; mov es, cx; .ip: lss eax, [es:${at}]`);
  run('LSS of a selector beyond the limit', beyond(0xffc), { show: SHOW_EAX });
  run('LSS of a pointer beyond the limit', beyond(0x1000), { show: SHOW_EAX });
}

/** Accesses through segments of each type, within and beyond the limit. */
function accesses(run: Run, s: Selectors): void {
  const load = (name: string): string => `mov ax, ${s.kernel.get(name)}; mov es, ax;`;
  for (const name of ['read-only data', 'data', 'read-only data down', 'data down', 'code', 'conforming code']) {
    const inside = name.endsWith('down') ? 0x1000 : 0xffc;
    run(`read of ${name}`, `${load(name)} mov eax, [es:${inside}]; .ip: mov eax, [es:${inside}]`);
    run(`write to ${name}`, `${load(name)} .ip: mov [es:${inside}], eax`);
    for (const [size, register, least] of [[1, 'al', 0x1000], [2, 'ax', 0xfff], [4, 'eax', 0xffd]] as const) {
      const beyond = name.endsWith('down') ? 0x1000 - 1 : least;
      run(`${size} bytes beyond, ${name}`, `${load(name)} .ip: mov ${register}, [es:${beyond}]`);
    }
  }
  run('data down up to the last byte', `${load('data down')} .ip: mov eax, [es:0xfffffffc]`);
  run('data down over the end', `${load('data down')} .ip: mov eax, [es:0xfffffffd]`);
  run('DS null, read', 'xor eax, eax; mov ds, ax; .ip: mov eax, [0x1000]');
  run('DS null, write', 'xor eax, eax; mov ds, ax; .ip: mov [0x1000], eax');
  run('write by CS', '.ip: mov [cs:0x9000], eax');
  run('push beyond', `mov ax, ${s.kernel.get('data')}; mov ss, ax; mov esp, 0x1000; push eax; pop eax; mov eax, 0x10; mov ss, ax; mov esp, 0x8000`);
  run('read by SS beyond', `mov ax, ${s.user.get('data')! + 3}; mov ss, ax; .ip: mov eax, [ss:0xffd]`, { ring: 3 });
  run('read by EBP beyond', `mov ax, ${s.user.get('data')! + 3}; mov ss, ax; mov ebp, 0xffd; .ip: mov eax, [ebp]`, { ring: 3 });
  run('JMP far within the limit, then out of it', `jmp ${s.kernel.get('code')}:0xfff`, { ip: '0xfff' });
  run('MOVSB from beyond', `${load('data')} mov ds, ax; mov esi, 0x1000; mov edi, 0; .ip: movsb`);
  run('MOVSB to beyond', `${load('data')} mov ds, ax; mov esi, 0; mov edi, 0x1000; .ip: movsb`);
}

function accessedBit(k: Kernel): void {
  k.title('SDM 3, 3.4.5.1: the accessed bit is set by a load, not by LAR');
  const selector = k.descriptor(segment({ ...SMALL, access: 0x92 })), code = k.descriptor(segment({ access: 0x9a, ...FLAT }));
  k.run(`mov eax, ${selector}; lar ebx, eax`);
  k.show('type before', `movzx eax, byte [gdt+${selector + 5}]`);
  k.test('a load', `mov ax, ${selector}; mov ds, ax`);
  k.show('type after', `movzx eax, byte [gdt+${selector + 5}]`);
  k.run(`jmp ${code}:.there; .there: jmp ${SELECTOR.code32}:.back; .back:`);
  k.show('type of code after a jump', `movzx eax, byte [gdt+${code + 5}]`);
}

/** LAR and LSL give ZF and a value, VERR and VERW ZF. */
function inspections(run: Run, s: Selectors): void {
  const flag = 'pushfd; pop edx; and edx, 0x40; shl edx, 18; or eax, edx';
  for (const ring of [0, 3] as const) {
    for (const [dpl, selectors] of [[0, s.kernel], [3, s.user]] as const) {
      if (dpl === 0 && ring === 3) continue;
      for (const [name, selector] of selectors) {
        const of = `${name}, DPL ${dpl}, at ${ring}`, set = `mov ecx, ${selector + ring}; mov eax, 0x55;`;
        run(`LAR of ${of}`, `${set} lar eax, ecx; ${flag}`, { ring, show: SHOW_EAX });
        run(`LSL of ${of}`, `${set} lsl eax, ecx; ${flag}`, { ring, show: SHOW_EAX });
        if (ring === 0 && dpl === 3) continue;
        run(`VERR of ${of}`, `${set} verr cx; ${flag}`, { ring, show: SHOW_EAX });
        run(`VERW of ${of}`, `${set} verw cx; ${flag}`, { ring, show: SHOW_EAX });
      }
    }
  }
  const set = (selector: number): string => `mov ecx, ${selector}; mov eax, 0x55;`;
  run('LAR of data, DPL 0, at 3', `${set(s.kernel.get('data')!)} lar eax, ecx; ${flag}`, { ring: 3, show: SHOW_EAX });
  run('LAR of conforming code, DPL 0, at 3', `${set(s.kernel.get('conforming code')!)} lar eax, ecx; ${flag}`, { ring: 3, show: SHOW_EAX });
  run('LSL of data with RPL 3', `${set(s.kernel.get('data')! + 3)} lsl eax, ecx; ${flag}`, { show: SHOW_EAX });
  run('LSL in pages', `${set(SELECTOR.data32)} lsl eax, ecx; ${flag}`, { show: SHOW_EAX });
  run('LAR of null', `${set(0)} lar eax, ecx; ${flag}`, { show: SHOW_EAX });
  run('LAR beyond the GDT', `${set(0xfff8)} lar eax, ecx; ${flag}`, { show: SHOW_EAX });
  run('LAR of absent data', `${set(s.absentData)} lar eax, ecx; ${flag}`, { show: SHOW_EAX });
  run('VERR of absent data', `${set(s.absentData)} verr cx; ${flag}`, { show: SHOW_EAX });
  run('16-bit LSL in pages', `${set(SELECTOR.data32)} lsl ax, cx; ${flag}`, { show: SHOW_EAX });
}

/** JMP, CALL and RETF to every kind of segment. */
function farTransfers(run: Run, s: Selectors): void {
  for (const ring of [0, 3] as const) {
    for (const [name, selector] of s.kernel) {
      if (/gate|TSS/.test(name)) continue;
      run(`JMP far to ${name} at ${ring}`, `jmp ${selector + ring}:0x2000`, { ring });
    }
    run(`JMP far to null at ${ring}`, `jmp ${ring}:0`, { ring });
    run(`JMP far beyond the GDT at ${ring}`, 'jmp 0xfff8:0', { ring });
  }
  run('JMP far to absent code', `jmp ${s.absentCode}:0`);
  run('CALL far beyond the limit', `call ${s.kernel.get('code')}:0x1000`);
  run('JMP far to DPL 3 code at 0', `jmp ${s.user.get('code')}:0`);
  run('JMP far to conforming DPL 3 code at 0', `jmp ${s.user.get('conforming code')}:0`);
  run('JMP far with RPL 3 at 0', `jmp ${s.kernel.get('code')! + 3}:0`);
  run('RETF to null', 'push 0; push 0; .ip: retf');
  run('RETF to data', `push ${SELECTOR.data32}; push 0; .ip: retf`);
  run('RETF to an inner ring', `push ${SELECTOR.code32}; push 0; .ip: retf`, { ring: 3 });
  run('RETF to absent code', `push ${s.absentCode}; push 0; .ip: retf`);
  run('RETF with null SS', `push 0; push 0x9000; push ${SELECTOR.user32}; push 0; .ip: retf`);
  run('RETF with a kernel SS', `push ${SELECTOR.data32}; push 0x9000; push ${SELECTOR.user32}; push 0; .ip: retf`);
  run('RETF with absent SS', `push ${s.absentUserData + 3}; push 0x9000; push ${SELECTOR.user32}; push 0; .ip: retf`);
  run('IRET with a kernel SS', `push ${SELECTOR.data32}; push 0x9000; push 2; push ${SELECTOR.user32}; push 0; .ip: iretd`);
  run('IRET to an inner ring', `push 2; push ${SELECTOR.code32}; push 0; .ip: iretd`, { ring: 3 });
}

function outward(k: Kernel, run: Run, s: Selectors): void {
  k.title('SDM 3, 5.8.6 and SDM 2, RET: outward, segment registers that the new privilege may not have become null');
  k.place(32, 'outer: mov eax, ds; shl eax, 16; mov ax, es; int 0x30');
  run('RETF outward', `mov ax, ${s.user.get('data')! + 3}; mov es, ax; push ${SELECTOR.userData}; push 0x9000; push ${SELECTOR.user32}; push outer; .ip: retf`, { show: SHOW_EAX });
  run('RETF outward with conforming code in ES', `mov ax, ${s.kernel.get('conforming code')!}; mov es, ax; push ${SELECTOR.userData}; push 0x9000; push ${SELECTOR.user32}; push outer; .ip: retf`, { show: SHOW_EAX });
  k.place(32, 'released: int 0x31');
  run('RETF 8 outward', `push ${SELECTOR.userData}; push 0x8f00; push 1; push 2; push ${SELECTOR.user32}; push released; .ip: db 0xca, 8, 0`, { ip: 'released' });
}

function adjustments(run: Run): void {
  for (const [to, from] of [[0, 3], [3, 0], [1, 2], [2, 2]] as const) {
    run(`ARPL of RPL ${to} by ${from}`, `mov eax, ${0x100 + to}; mov ecx, ${0x200 + from}; arpl ax, cx; pushfd; pop edx; and edx, 0x40; shl edx, 18; or eax, edx`, { ring: 3, show: SHOW_EAX });
  }
}

function ldt(k: Kernel, run: Run, s: Selectors): void {
  k.title('SDM 2, LLDT and LTR');
  const own = k.descriptor(segment({ base: 'own_ldt', limit: 15, access: 0x82 })), absent = k.descriptor(segment({ base: 'own_ldt', limit: 15, access: 0x02 }));
  const absentTask = k.descriptor(taskSegment('tss32', 0x67, 0x09));
  k.data(`own_ldt: ${segment({ ...SMALL, access: 0x93 })}; ${segment({ ...SMALL, access: 0xf3 })}`);
  run('LLDT of data', `mov ax, ${s.kernel.get('data')}; .ip: lldt ax`);
  run('LLDT of an absent LDT', `mov ax, ${absent}; .ip: lldt ax`);
  run('LLDT of a selector in the LDT', 'mov ax, 0xc; .ip: lldt ax');
  run('LTR of a busy TSS', `mov ax, ${s.kernel.get('busy 32-bit TSS')}; .ip: ltr ax`);
  run('LTR of an absent TSS', `mov ax, ${absentTask}; .ip: ltr ax`);
  run('LTR of data', `mov ax, ${s.kernel.get('data')}; .ip: ltr ax`);
  k.run(`mov ax, ${own}; lldt ax`);
  run('DS from the LDT', 'mov ax, 4; mov ds, ax; .ip: mov eax, [0xffc]');
  run('DS from the LDT, beyond its limit', 'mov ax, 4; mov ds, ax; .ip: mov eax, [0x1000]');
  run('DS from the LDT, RPL 3', 'mov ax, 15; mov ds, ax; mov eax, ds', { ring: 3, show: SHOW_EAX });
  run('DS beyond the LDT', 'mov ax, 0x14; .ip: mov ds, ax');
  run('SLDT', 'mov eax, 0x55aa55aa; sldt eax', { show: SHOW_EAX });
  k.run('xor eax, eax; lldt ax');
  run('LTR of null', 'xor eax, eax; .ip: ltr ax');
}

export function segments(): Uint8Array {
  const k = new Kernel();
  const s = describe(k), run: Run = (name, text, options) => k.test(name, text, options);
  k.protected();
  k.title('SDM 3, 3.4.5, 5.3 to 5.6, 6.15: loads of segment registers');
  loads(run, s, false);
  stackPointers(k, run, s);
  accessedBit(k);
  k.title('SDM 3, 5.8.1 and 5.8.2: far transfers');
  farTransfers(run, s);
  outward(k, run, s);
  k.title('SDM 3, 5.10.4: ARPL; bit 24 is ZF');
  adjustments(run);
  ldt(k, run, s);
  return k.image();
}

export function limits(): Uint8Array {
  const k = new Kernel();
  const s = describe(k);
  k.protected();
  k.title('SDM 3, 5.3 and 5.5: accesses by type and limit');
  accesses((name, text, options) => k.test(name, text, options), s);
  return k.image();
}

/** Limits and types count in compatibility mode as in protected mode; in 64-bit mode what is loaded is checked, and null SS is allowed at CPL 0. */
export function segmentsLong(): Uint8Array {
  const k = new Kernel();
  const s = describe(k);
  k.long();
  k.title('SDM 3, 3.4.2 and 5.2.1: loads of segment registers in 64-bit mode');
  loads((name, text, options) => k.test(`64: ${name}`, text, options), s, true);
  k.title('SDM 3, 5.2.1: accesses by type and limit in compatibility mode');
  accesses((name, text, options) => k.test(`compatibility: ${name}`, text, { ...options, bits: 32 }), s);
  return k.image();
}

export function inspection(): Uint8Array {
  const k = new Kernel();
  const s = describe(k);
  k.protected();
  k.title('SDM 3, 5.10; SDM 2, LAR, LSL, VERR and VERW; bit 24 is ZF');
  inspections((name, text, options) => k.test(name, text, options), s);
  return k.image();
}
