/** Triple faults: the machine starts again from the reset vector, RAM as it was. A word of RAM says how far the program has come. */
import { Kernel } from './kernel.js';

const STAGE = 0x600;

/** Goes down in the mode in hand; the next time the program starts it goes on behind. */
function goDown(k: Kernel, stage: number, text: string): void {
  k.run(`mov dword [${stage === 1 ? 'es:' : ''}${STAGE}], ${stage}; lidt [no_idt]; ${text}`);
  k.restarted(`stage_${stage}`);
}

export function shutdown(): Uint8Array {
  const k = new Kernel();
  k.data('no_idt: dw 0; dq 0');
  for (const stage of [1, 2, 3]) k.run(`cmp dword [es:${STAGE}], ${stage}; je stage_${stage}`);
  k.title('SDM 3, 6.15, interrupt 8: a fault during a double fault shuts the processor down; the chipset resets it');
  goDown(k, 1, 'int 0x31');
  k.title('again, after a triple fault in real mode; SDM 3, table 9-1');
  k.show('1: cr0', 'mov eax, cr0');
  k.show('1: RAM', `mov eax, [es:${STAGE}]`);
  k.test('1: real mode works', 'ud2');
  k.protected();
  goDown(k, 2, 'ud2');
  k.title('again, after a triple fault in protected mode');
  k.show('2: cr0', 'mov eax, cr0');
  k.show('2: cr4', 'mov eax, cr4');
  k.long();
  goDown(k, 3, 'ud2');
  k.title('again, after a triple fault in long mode');
  k.show('3: cr0', 'mov eax, cr0');
  k.show('3: cr3', 'mov eax, cr3');
  k.show('3: cr4', 'mov eax, cr4');
  k.show('3: efer', 'mov ecx, 0xc0000080; rdmsr');
  k.test('3: real mode works', 'ud2');
  return k.image();
}
