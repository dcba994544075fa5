// The machine: every part attached and reset, in one list.

import { control, NO_YIELD } from "../base/control";
import { clearAnew } from "../base/anew";
import { links, machine, placeBoundary } from "../base/machine";
import { CPU, CPU_SIZE, FLOAT_ENV, FLOAT_ENV_SIZE, MACHINE, PAGE_ATTR, PAGE_ATTR_SIZE } from "../base/layout";
import { attachPci, resetPci } from "../pci/attach";
import { attachChipset, resetChipset } from "../chipset/attach";
import { charge, clock } from "../device/clock";
import { resetCpu } from "../cpu/reset";
import { attachTlb, flushAll, noteTlb } from "../cpu/tlb";
import { codeWritten, dropAllBlocks } from "../decode/cache";
import { Insn } from "../decode/record";
import { defineOpcodes } from "../decode/opcodes";
import { runOne } from "../isa/execute";
import { runPart } from "../isa/x87-parts";
import { attachCards, resetCards } from "./cards";

/** Sets the machine up in fresh memory: `ramBytes` of RAM, the random seed, the wall time of virtual time 0. */
export function createMachine(ramBytes: u64, seed: u64, bootSeconds: u64): void {
  memory.fill(MACHINE, 0, CPU - MACHINE);
  memory.fill(PAGE_ATTR, 0, PAGE_ATTR_SIZE);
  control.yieldAt = NO_YIELD;
  machine.ramSize = ramBytes;
  machine.random = seed;
  clock.bootSeconds = bootSeconds;
  attachTlb(true);
  attachMachine();
  resetMachine();
}

/** Everything that is a cache: also after a snapshot's state was put into memory of zeros. */
export function attachMachine(): void {
  control.yieldAt = NO_YIELD;
  clearAnew();
  attachTlb(false);
  noteTlb();
  links.codeSlot = codeWritten.index;
  const run: (i: Insn) => void = runOne;
  links.runSlot = run.index;
  const part: (op: u32, record: u32, v: u64) => u64 = runPart;
  links.x87Slot = part.index;
  links.tlbSlot = flushAll.index;
  const charged: (ns: u64) => void = charge;
  links.chargeSlot = charged.index;
  defineOpcodes();
  attachChipset();
  attachPci();
  attachCards();
  dropAllBlocks();
}

/** Power-up state of processor and board; RAM, the count of ticks and virtual time are kept. */
export function resetMachine(): void {
  control.first = 0; control.current = 0; control.end = 0; control.limit = 0; control.until = 0;
  control.yieldAt = NO_YIELD; control.events = 0; machine.stop = 0; control.again = 0; machine.exitCode = 0;
  placeBoundary(control.base);
  memory.fill(CPU, 0, CPU_SIZE);
  attachTlb(false);
  memory.fill(FLOAT_ENV, 0, FLOAT_ENV_SIZE);
  flushAll();
  dropAllBlocks();
  resetChipset();
  resetPci();
  resetCards();
  resetCpu();
}
