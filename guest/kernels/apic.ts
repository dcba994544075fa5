/** The local APIC by memory and by MSRs: interrupts to itself, priorities, the timer in its three modes, and where STI and its kin let an interrupt in. */
import { Kernel } from './kernel.js';
import { SELECTOR } from './layout.js';
import { SHOW_EAX } from './runtime.js';

const APIC = 0xfee0_0000, APIC_BASE = 0x1b, DEADLINE = 0x6e0;
const TPR = 0x80, PPR = 0xa0, EOI = 0xb0, SVR = 0xf0, ISR = 0x110, IRR = 0x210, ICR = 0x300, TIMER = 0x320, COUNT = 0x380, NOW = 0x390, DIVIDE = 0x3e0;
const SELF = 0x4_4000, MASKED = 0x1_0000, PERIODIC = 0x2_0000, TSC_DEADLINE = 0x4_0000;
const IF = 0x200;
/** More rounds than any wait takes. */
const PATIENCE = 0x10_0000;

const put = (register: number, value: number): string => `mov dword [${APIC + register}], ${value >>> 0};`;
const get = (register: number): string => `mov eax, [${APIC + register}];`;
const show = (k: Kernel, name: string, register: number): void => k.show(name, get(register));
const end = (k: Kernel): void => k.run(put(EOI, 0));
/** Until vector 33h is requested. */
const wait = `mov ecx, ${PATIENCE}; .wait: test dword [${APIC + IRR}], ${1 << 0x13}; jnz .come; dec ecx; jnz .wait; .come:`;

function toItself(k: Kernel): void {
  k.title('SDM 3, 10.4.7.1: after reset');
  for (const [name, register] of [['ID', 0x20], ['TPR', TPR], ['LDR', 0xd0], ['DFR', 0xe0], ['SVR', SVR], ['LVT timer', TIMER], ['initial count', COUNT], ['divide', DIVIDE]] as const) show(k, name, register);
  k.show('APIC base', `mov ecx, ${APIC_BASE}; rdmsr`);
  k.title('SDM 3, 10.6.1 and 10.8: an interrupt to itself: IRR, ISR, PPR, EOI');
  k.run(put(SVR, 0x1ff) + put(ICR, SELF | 0x31));
  show(k, 'IRR with IF off', IRR);
  k.test('STI, one more instruction', 'sti; nop; nop');
  show(k, 'IRR in service', IRR);
  show(k, 'ISR in service', ISR);
  show(k, 'PPR in service', PPR);
  k.run(put(ICR, SELF | 0x32));
  k.test('the same class waits', 'sti; nop; nop; cli');
  end(k);
  show(k, 'ISR after EOI', ISR);
  k.test('it comes after EOI', 'sti; nop; nop');
  end(k);
  k.title('SDM 3, 10.8.3: classes and the task priority');
  k.run(put(ICR, SELF | 0x21) + put(ICR, SELF | 0x31));
  k.test('the higher class first', 'sti; nop; nop');
  k.test('the lower waits for EOI', 'sti; nop; nop; cli');
  end(k);
  k.test('then the lower', 'sti; nop; nop');
  k.run(put(ICR, SELF | 0x31));
  k.test('a higher class interrupts a lower in service', 'sti; nop; nop');
  show(k, 'ISR with two in service', ISR);
  end(k);
  show(k, 'ISR after one EOI', ISR);
  end(k);
  k.run(put(TPR, 0x30) + put(ICR, SELF | 0x31));
  k.test('TPR 30 holds 31 back', 'sti; nop; nop; cli');
  k.test('a write of TPR lets it in', `sti; nop; .ip: ${put(TPR, 0x2f)} nop`);
  show(k, 'PPR of service over TPR', PPR);
  end(k);
  show(k, 'PPR of TPR alone', PPR);
  k.run(put(TPR, 0));
}

/** An interrupt waits; each test lets it in by another instruction. */
function shadows(k: Kernel): void {
  k.title('SDM 2, STI, MOV, POPF, IRET, HLT; SDM 3, 6.8: where a waiting interrupt comes in');
  const test = (name: string, text: string, options = {}): void => {
    k.run(put(ICR, SELF | 0x31));
    k.test(name, text, options);
    end(k);
  };
  test('STI shadow, NOP', 'sti; nop; nop');
  test('STI shadow, a jump', 'sti; jmp .there; ud2; .there: nop');
  test('STI shadow, HLT', 'sti; hlt; nop');
  test('STI shadow, UD2: the fault comes first', 'sti; ud2');
  test('STI and CLI: it waits', 'sti; cli; nop');
  k.test('it came', 'sti; nop; nop');
  end(k);
  test('POPFD has no shadow', 'push 0x202; popfd; nop; nop');
  test('IRETD has no shadow', `push 0x202; push ${SELECTOR.code32}; push .t; iretd; .t: nop`);
  test('entered with IF on', 'nop', { flags: IF });
}

function timer(k: Kernel): void {
  k.title('SDM 3, 10.5.4: the timer, one-shot');
  k.run(put(DIVIDE, 0xb));
  show(k, 'divide by 1', DIVIDE);
  k.run(put(TIMER, 0x33) + put(COUNT, 2000) + wait);
  show(k, 'one-shot: IRR', IRR);
  show(k, 'one-shot: count at the end', NOW);
  show(k, 'one-shot: initial count stays', COUNT);
  k.test('one-shot: taken', 'sti; nop; nop');
  end(k);
  k.test('one-shot wakes HLT', `${put(COUNT, 3000)} .ip: sti; hlt; nop`);
  end(k);
  k.run(`${put(TIMER, MASKED | 0x33)} ${put(COUNT, 2000)} mov ecx, ${PATIENCE}; .run: cmp dword [${APIC + NOW}], 0; je .out; dec ecx; jnz .run; .out:`);
  show(k, 'masked: IRR', IRR);
  show(k, 'masked: count at the end', NOW);
  k.show('the count goes down', `${put(COUNT, 0x7fffffff)} ${get(NOW)} mov ebx, eax; nop; nop; ${get(NOW)} cmp eax, ebx; mov eax, 0; jae .not; inc eax; .not:`);
  k.run(put(COUNT, 0));
  show(k, 'a count of 0 stops it', NOW);
  k.title('SDM 3, 10.5.4: periodic');
  k.run(put(TIMER, PERIODIC | 0x33) + put(COUNT, 20_000));
  for (const n of [1, 2, 3]) {
    k.run(wait);
    k.test(`periodic: interrupt ${n}`, 'sti; nop; nop');
    end(k);
  }
  k.run(put(TIMER, MASKED) + put(COUNT, 0));
  k.show('periodic off: LVT', get(TIMER));
  k.title('SDM 3, 10.4.7.2: the software switch masks the LVT');
  k.run(put(TIMER, 0x33) + put(SVR, 0xff));
  show(k, 'LVT timer with the switch off', TIMER);
}

export function apic(): Uint8Array {
  const k = new Kernel();
  k.protected();
  toItself(k);
  shadows(k);
  timer(k);
  return k.image();
}

// --- x2APIC ---

const X2 = 0x800;
const write = (msr: number, low: number | string, high = 0): string => `mov ecx, ${msr}; mov eax, ${low}; mov edx, ${high}; wrmsr;`;
const read = (msr: number): string => `mov ecx, ${msr}; rdmsr;`;

/** A write of IA32_APIC_BASE; what it says then. */
const switchTo = (low: number): string => `mov ecx, ${APIC_BASE}; mov eax, ${low >>> 0}; xor edx, edx; .ip: wrmsr; rdmsr`;

function modes(k: Kernel): void {
  k.title('SDM 3, 10.12.5: from state to state');
  k.test('x2APIC without the APIC', switchTo(0xfee0_0500));
  k.test('MSR 802 without x2APIC', `mov ecx, ${X2 + 2}; .ip: rdmsr`);
  k.test('on', switchTo(0xfee0_0d00), { show: SHOW_EAX });
  k.test('back to xAPIC', switchTo(0xfee0_0900));
  k.test('a reserved bit', switchTo(0xfee0_0d01));
}

function registers(k: Kernel): void {
  k.title('SDM 3, table 10-6 and 10.12.1.2: registers, and what raises #GP');
  for (const [name, msr] of [['ID', 2], ['TPR', 8], ['PPR', 0xa], ['LDR', 0xd], ['SVR', 0xf], ['ISR', 0x11], ['IRR', 0x21], ['ESR', 0x28], ['LVT timer', 0x32], ['initial count', 0x38]] as const) {
    k.show(`x2APIC ${name}`, read(X2 + msr));
  }
  for (const [name, msr] of [['ARBITRATION', 9], ['EOI', 0xb], ['DFR', 0xe], ['ICR high', 0x31], ['SELF IPI', 0x3f], ['a hole', 4], ['the last', 0xff]] as const) k.test(`RDMSR of ${name}`, `mov ecx, ${X2 + msr}; .ip: rdmsr`);
  const refused: readonly (readonly [string, number, number, number?])[] = [
    ['ID', 2, 0], ['version', 3, 0], ['PPR', 0xa, 0], ['LDR', 0xd, 0], ['ISR', 0x11, 0], ['current count', 0x39, 0], ['EOI with 1', 0xb, 1], ['ESR with 1', 0x28, 1],
    ['TPR with bit 8', 8, 0x100], ['SVR with bit 31', 0xf, 0x8000_0000], ['SELF IPI with bit 8', 0x3f, 0x131], ['TPR with bit 32', 8, 0, 1], ['LVT timer with bit 31', 0x32, 0x8000_0000],
    ['divide with bit 2', 0x3e, 4],
  ];
  for (const [name, msr, low, high] of refused) k.test(`WRMSR of ${name}`, `mov ecx, ${X2 + msr}; mov eax, ${low}; mov edx, ${high ?? 0}; .ip: wrmsr`);
}

function toItselfByMsr(k: Kernel): void {
  k.title('SDM 3, 10.12.9 and 10.12.11: SELF IPI, and ICR of 64 bits');
  k.run(write(X2 + 0xf, 0x1ff) + write(X2 + 0x3f, 0x31));
  k.show('x2APIC IRR after SELF IPI', read(X2 + 0x21));
  k.test('x2APIC SELF IPI', 'sti; nop; nop');
  k.show('x2APIC ISR in service', read(X2 + 0x11));
  k.run(write(X2 + 0xb, 0));
  k.run(write(X2 + 0x30, SELF | 0x32));
  k.test('x2APIC ICR, shorthand', 'sti; nop; nop');
  k.run(write(X2 + 0xb, 0) + write(X2 + 0x30, 0x34, 0));
  k.test('x2APIC ICR, destination 0', 'sti; nop; nop');
  k.run(write(X2 + 0xb, 0) + write(X2 + 0x30, 0x35, 7));
  k.test('x2APIC ICR, another destination', 'sti; nop; nop; cli');
  k.test('x2APIC SELF IPI with IF on', `mov ecx, ${X2 + 0x3f}; mov eax, 0x36; xor edx, edx; .ip: wrmsr; nop; nop`, { flags: IF });
  k.run(write(X2 + 0xb, 0));
}

function deadline(k: Kernel): void {
  const arm = (delta: number): string => `rdtsc; add eax, ${delta}; adc edx, 0; mov ecx, ${DEADLINE}; wrmsr;`;
  const come = `mov esi, ${PATIENCE}; .wait: mov ecx, ${X2 + 0x21}; rdmsr; test eax, ${1 << 0x13}; jnz .come; dec esi; jnz .wait; .come:`;
  k.title('SDM 3, 10.5.4.1: TSC deadline');
  k.run(write(X2 + 0x32, 0x33) + arm(100));
  k.show('deadline in one-shot mode', read(DEADLINE));
  k.run(write(X2 + 0x32, TSC_DEADLINE | 0x33) + write(X2 + 0x38, 5000));
  k.show('initial count in deadline mode', read(X2 + 0x38));
  k.show('current count in deadline mode', read(X2 + 0x39));
  k.run(`${arm(100_000_000)}`);
  k.show('armed, high half of the deadline less that of the time', `${read(DEADLINE)} mov ebx, edx; or eax, edx; mov eax, 0; je .none; inc eax; .none:`);
  k.run(write(DEADLINE, 0));
  k.show('disarmed', read(DEADLINE));
  k.run(`${arm(20_000)} ${come}`);
  k.show('IRR at the deadline', read(X2 + 0x21));
  k.show('deadline after it', read(DEADLINE));
  k.test('deadline: taken', 'sti; nop; nop');
  k.run(write(X2 + 0xb, 0));
  k.test('a deadline in the past comes at once', `mov ecx, ${DEADLINE}; mov eax, 1; xor edx, edx; wrmsr; .ip: sti; nop; nop`);
  k.run(write(X2 + 0xb, 0));
  k.test('a deadline wakes HLT', `${arm(30_000)} .ip: sti; hlt; nop`);
  k.run(write(X2 + 0xb, 0));
  k.run(`${arm(100_000_000)} ${write(X2 + 0x32, 0x33)}`);
  k.show('leaving the mode disarms', read(DEADLINE));
  k.run(write(X2 + 0x32, MASKED));
}

function offAndOn(k: Kernel): void {
  k.title('SDM 3, 10.4.3 and 10.12.5.1: off and on again; from off to x2APIC only by way of xAPIC');
  k.test('off', switchTo(0xfee0_0100), { show: SHOW_EAX });
  k.test('off, then x2APIC at once', switchTo(0xfee0_0d00));
  k.test('xAPIC again', switchTo(0xfee0_0900), { show: SHOW_EAX });
  k.test('x2APIC again', switchTo(0xfee0_0d00), { show: SHOW_EAX });
  k.show('SVR after it was off', read(X2 + 0xf));
}

export function x2apic(): Uint8Array {
  const k = new Kernel();
  k.protected();
  modes(k);
  registers(k);
  toItselfByMsr(k);
  deadline(k);
  k.long();
  k.title('SDM 3, 10.8.6: CR8 is bits 7 to 4 of TPR');
  k.show('TPR of CR8 3', `mov eax, 3; mov cr8, rax; ${read(X2 + 8)}`);
  k.show('CR8 of TPR 57', `${write(X2 + 8, 0x57)} mov rax, cr8`);
  k.run('xor eax, eax; mov cr8, rax');
  offAndOn(k);
  return k.image();
}
