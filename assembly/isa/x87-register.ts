// D8 to DF with a register r/m: one switch over the opcode's low three bits and ModRM. Intel SDM vol. 2, tables;
// the aliases that the manual omits (DC D0, DD C8, DF C8 and others) behave as the processors this was compared with.

import { spend, Work } from "../base/control";
import { cpu } from "../cpu/state";

import {
  Binary, Fop, Push, binaryPop, binaryRegister, changeSign, compareRegister, compareToFlags, examine, partialOrScale, test,
  unary, unaryPush,
} from "./x87-arithmetic";
import { exchange, moveIf, pushConstant, pushRegister, storeRegister, storeSilently } from "./x87-move";
import { FCW_INIT, clearC1, freeSt, pop, setTop, topOf } from "./x87-stack";

/** What is left for the caller: RFLAGS and AX are not the unit's. */
export const enum Outcome { DONE = 0, UNDEFINED = 1, STORE_STATUS = 2, SET_FLAGS = 3 }

/** Does not wait for pending exceptions: FNCLEX, FNINIT, FNSTSW AX and the no-operations FNENI, FNDISI. */
export function isNoWait(op: u32, modrm: u32): bool {
  return (op == 3 && modrm >= 0xe0 && modrm <= 0xe4) || (op == 7 && modrm == 0xe0);
}

/**
 * Executes one register form. `flags` holds ZF PF CF at 6, 2, 0 for FCMOVcc. Returns an Outcome, with the condition bits of
 * FCOMI and FUCOMI above bit 7.
 */
export function executeRegister(op: u32, modrm: u32, flags: u32): u32 {
  const reg = (modrm >> 3) & 7, i = modrm & 7;
  switch (op) {
    case 0:
      if (reg == Fop.COM || reg == Fop.COMP) compareRegister(i, false, reg - Fop.COM);
      else binaryRegister(reg, 0, i, false);
      return Outcome.DONE;
    case 1: return executeD9(modrm, reg, i);
    case 2: return executeDA(modrm, reg, i, flags);
    case 3: return executeDB(modrm, reg, i, flags);
    case 4:
      if (reg == Fop.COM || reg == Fop.COMP) compareRegister(i, false, reg - Fop.COM);
      else binaryRegister(reversed(reg), i, 0, false);
      return Outcome.DONE;
    case 5: return executeDD(reg, i);
    case 6:
      if (reg == Fop.COM) compareRegister(i, false, 1);
      else if (reg != Fop.COMP) binaryRegister(reversed(reg), i, 0, true);
      else if (modrm == 0xd9) compareRegister(1, false, 2);
      else return Outcome.UNDEFINED;
      return Outcome.DONE;
    default: return executeDF(modrm, reg, i);
  }
}

/** In DC and DE the encodings of FSUB and FSUBR, FDIV and FDIVR are swapped with respect to the destination. */
@inline function reversed(op: u32): u32 { return op >= <u32>Fop.SUB ? op ^ 1 : op; }

function executeD9(modrm: u32, reg: u32, i: u32): u32 {
  switch (reg) {
    case 0: pushRegister(i); return Outcome.DONE;
    case 1: exchange(i); return Outcome.DONE;
    case 2: if (i != 0) return Outcome.UNDEFINED; return Outcome.DONE;
    case 3: storeSilently(i); return Outcome.DONE;
    case 4:
      if (i < 2) changeSign(i == 1);
      else if (i == 4) test();
      else if (i == 5) examine();
      else return Outcome.UNDEFINED;
      return Outcome.DONE;
    case 5: if (i == 7) return Outcome.UNDEFINED; pushConstant(i); return Outcome.DONE;
    default: executeFunction(modrm & 15); return Outcome.DONE;
  }
}

/** D9 F0-FF. */
function executeFunction(op: u32): void {
  spend(Work.FUNCTION);
  switch (op) {
    case Binary.FYL2X: case Binary.FPATAN: case Binary.FYL2XP1: binaryPop(op); break;
    case Push.FPTAN: case Push.FXTRACT: case Push.FSINCOS: unaryPush(op); break;
    case Binary.FPREM1: case Binary.FPREM: case Binary.FSCALE: partialOrScale(op); break;
    case 6: setTop(topOf() - 1); clearC1(); break;
    case 7: setTop(topOf() + 1); clearC1(); break;
    default: unary(op);
  }
}

/** CF, ZF, CF or ZF, PF. */
function moveCondition(reg: u32, flags: u32): bool {
  const mask: u32 = reg == 0 ? 1 : reg == 1 ? 64 : reg == 2 ? 65 : 4;
  return (flags & mask) != 0;
}

function executeDA(modrm: u32, reg: u32, i: u32, flags: u32): u32 {
  if (reg < 4) { moveIf(i, moveCondition(reg, flags)); return Outcome.DONE; }
  if (modrm != 0xe9) return Outcome.UNDEFINED;
  compareRegister(1, true, 2);
  return Outcome.DONE;
}

function executeDB(modrm: u32, reg: u32, i: u32, flags: u32): u32 {
  if (reg < 4) { moveIf(i, !moveCondition(reg, flags)); return Outcome.DONE; }
  if (reg == 5 || reg == 6) return Outcome.SET_FLAGS | compareToFlags(i, reg == 5, false);
  if (reg != 4 || i > 4) return Outcome.UNDEFINED;
  if (i == 2) clearExceptions();
  else if (i == 3) initialize();
  return Outcome.DONE;
}

function executeDD(reg: u32, i: u32): u32 {
  switch (reg) {
    case 0: freeSt(i); clearC1(); return Outcome.DONE;
    case 1: exchange(i); return Outcome.DONE;
    case 2: storeRegister(i, false); return Outcome.DONE;
    case 3: storeRegister(i, true); return Outcome.DONE;
    case 4: compareRegister(i, true, 0); return Outcome.DONE;
    case 5: compareRegister(i, true, 1); return Outcome.DONE;
    default: return Outcome.UNDEFINED;
  }
}

function executeDF(modrm: u32, reg: u32, i: u32): u32 {
  switch (reg) {
    case 0: freeSt(i); pop(); clearC1(); return Outcome.DONE;
    case 1: exchange(i); return Outcome.DONE;
    case 2: case 3: storeRegister(i, true); return Outcome.DONE;
    case 4: return modrm == 0xe0 ? Outcome.STORE_STATUS : Outcome.UNDEFINED;
    case 5: case 6: return Outcome.SET_FLAGS | compareToFlags(i, reg == 5, true);
    default: return Outcome.UNDEFINED;
  }
}

/** FNCLEX. */
export function clearExceptions(): void { cpu.fsw = <u16>(<u32>cpu.fsw & 0x7f00); }

/** FNINIT. SDM vol. 3, table 9-1. */
export function initialize(): void {
  cpu.fcw = FCW_INIT;
  cpu.fsw = 0;
  cpu.ftw = 0;
  cpu.fop = 0;
  cpu.fcs = 0;
  cpu.fds = 0;
  cpu.fip = 0;
  cpu.fdp = 0;
}
