// D8 to DF, WAIT, and the state images of 0F AE. Intel SDM vol. 2, tables.
// Tables X87 to X87 + 7 belong to D8 to DF: rows 0-7 are memory forms by ModRM.reg, rows C0-FF register forms by ModRM.
// `kind` is what the handler needs: opcode's low three bits << 8, and ModRM or its reg field.

import { H } from "./handlers";
import { Form, Group, Map } from "./forms";
import { member, row } from "./rows";
import { Uses } from "./uses";

export function defineX87(): void {
  for (let op: u32 = 0; op < 8; op++) {
    for (let reg: u32 = 0; reg < 8; reg++) {
      if (hasMemoryForm(op, reg)) row(Map.X87 + op, reg, H.X87_MEMORY, Form.FPU, op << 8 | reg, 0, Uses.X87);
    }
    for (let modrm: u32 = 0xc0; modrm < 0x100; modrm++) {
      if (hasRegisterForm(op, modrm)) row(Map.X87 + op, modrm, H.X87_REGISTER, Form.FPU, op << 8 | modrm, 0, usesOf(op, modrm));
    }
  }
  row(Map.ONE, 0x9b, H.X87_WAIT, 0, 0, 0, Uses.X87);
  row(Map.OF, 0xae, 0, Form.GROUP | Form.GROUP_PLACE, Group.G15);
  member(Group.G15, 0, H.FXSAVE, Form.FPU | Form.SIZE_W, 0, 0, Uses.IMAGE);
  member(Group.G15, 1, H.FXRSTOR, Form.FPU | Form.SIZE_W, 0, 0, Uses.IMAGE);
  member(Group.G15, 4, H.XSAVE, Form.SIZE_W, 0, 0, Uses.IMAGE);
  member(Group.G15, 5, H.XRSTOR, Form.SIZE_W, 0, 0, Uses.IMAGE);
  // XSAVEOPT (0F AE /6), XSAVEC, XSAVES, XRSTORS (0F C7): not announced.
}

/** FCMOVcc reads flags, FCOMI and its kin write them, FNSTSW AX writes AX. */
function usesOf(op: u32, modrm: u32): u32 {
  if ((op == 2 || op == 3) && modrm < 0xe0) return Uses.X87_READS_FLAGS;
  if ((op == 3 || op == 7) && modrm >= 0xe8 && modrm < 0xf8) return Uses.X87_FLAGS;
  return op == 7 && modrm == 0xe0 ? Uses.X87_AX : Uses.X87;
}

/** D9 /1, DB /4 and /6, DD /5 are not there. */
function hasMemoryForm(op: u32, reg: u32): bool {
  if (op == 1) return reg != 1;
  if (op == 3) return reg != 4 && reg != 6;
  return op != 5 || reg != 5;
}

function hasRegisterForm(op: u32, modrm: u32): bool {
  const reg = modrm >> 3 & 7;
  switch (op) {
    // D9 D1-D7, E2, E3, E6, E7, EF.
    case 1: return modrm != 0xef && (reg != 2 || modrm == 0xd0) && (reg != 4 || modrm < 0xe2 || modrm == 0xe4 || modrm == 0xe5);
    // DA E0-FF but FUCOMPP.
    case 2: return reg < 4 || modrm == 0xe9;
    // DB E5-E7, F8-FF.
    case 3: return reg != 7 && (reg != 4 || modrm <= 0xe4);
    // DD F0-FF.
    case 5: return reg < 6;
    // DE D8-DF but FCOMPP.
    case 6: return reg != 3 || modrm == 0xd9;
    // DF E1-E7, F8-FF.
    case 7: return reg != 7 && (reg != 4 || modrm == 0xe0);
  }
  return true;
}
