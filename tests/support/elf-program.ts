/** Small ELF programs for x86-64 with symbols, as linkers write them: one executable segment at 1000h of the file and of its addresses, and sections. */

export interface MadeSymbol {
  name: string;
  address: number;
  bytes?: number;
  /** STT_FUNC where it is not said. */
  type?: number;
}

const CODE_AT = 0x1000;
const SHT_PROGBITS = 1, SHT_SYMTAB = 2, SHT_STRTAB = 3, SHT_RELA = 4, SHT_DYNSYM = 11;

interface Section {
  name: string;
  type: number;
  data: Uint8Array;
  address?: number;
  link?: number;
}

function strings(names: readonly string[]): { data: Uint8Array; places: number[] } {
  let text = '\0';
  const places = names.map((name) => {
    text += `${name}\0`;
    return text.length - name.length - 1;
  });
  return { data: new TextEncoder().encode(text), places };
}

function symbolTable(symbols: readonly MadeSymbol[], places: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 * (symbols.length + 1)));
  symbols.forEach(({ address, bytes = 0, type = 2 }, n) => {
    const at = 24 * (n + 1);
    view.setUint32(at, places[n]!, true);
    view.setUint8(at + 4, 0x10 | type);
    view.setUint16(at + 6, 1, true);
    view.setBigUint64(at + 8, BigInt(address), true);
    view.setBigUint64(at + 16, BigInt(bytes), true);
  });
  return new Uint8Array(view.buffer);
}

function relocations(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 * count));
  for (let n = 0; n < count; n++) {
    view.setUint32(24 * n + 8, 7, true);
    view.setUint32(24 * n + 12, n + 1, true);
  }
  return new Uint8Array(view.buffer);
}

/** `code` lies at 1000h. `dynamic`: symbols of libraries, each with a stub from `plt` on. Without `symbols` it is stripped. */
export function makeProgram(code: Uint8Array, { symbols, dynamic = [], plt }: { symbols?: readonly MadeSymbol[]; dynamic?: readonly string[]; plt?: number }): Uint8Array {
  const names = strings((symbols ?? []).map(({ name }) => name)), outer = strings(dynamic);
  const sections: Section[] = [{ name: '', type: 0, data: new Uint8Array(0) }, { name: '.text', type: SHT_PROGBITS, data: new Uint8Array(0), address: CODE_AT }];
  const add = (section: Section): number => sections.push(section) - 1;
  if (symbols !== undefined) add({ name: '.symtab', type: SHT_SYMTAB, data: symbolTable(symbols, names.places), link: add({ name: '.strtab', type: SHT_STRTAB, data: names.data }) });
  if (plt !== undefined) {
    const link = add({ name: '.dynsym', type: SHT_DYNSYM, data: symbolTable(dynamic.map((name) => ({ name, address: 0 })), outer.places), link: add({ name: '.dynstr', type: SHT_STRTAB, data: outer.data }) });
    add({ name: '.rela.plt', type: SHT_RELA, data: relocations(dynamic.length), link });
    add({ name: '.plt', type: SHT_PROGBITS, data: new Uint8Array(0), address: plt });
  }
  const heads = strings([...sections.map(({ name }) => name), '.shstrtab']);
  add({ name: '.shstrtab', type: SHT_STRTAB, data: heads.data });
  return laidOut(code, sections, heads.places);
}

function laidOut(code: Uint8Array, sections: readonly Section[], nameAt: readonly number[]): Uint8Array {
  const dataBytes = sections.reduce((sum, { data }) => sum + data.length, 0), tableAt = CODE_AT + Math.ceil((code.length + dataBytes) / 8) * 8;
  const out = new Uint8Array(tableAt + 64 * sections.length), view = new DataView(out.buffer);
  const long = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, 62, true);
  [[24, CODE_AT], [32, 64], [40, tableAt]].forEach(([at, value]) => long(at!, value!));
  [[54, 56], [56, 1], [58, 64], [60, sections.length], [62, sections.length - 1]].forEach(([at, value]) => view.setUint16(at!, value!, true));
  // The segment: PT_LOAD, readable and executable.
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  [[72, CODE_AT], [80, CODE_AT], [88, CODE_AT], [96, code.length], [104, code.length], [112, 4096]].forEach(([at, value]) => long(at!, value!));
  out.set(code, CODE_AT);
  let at = CODE_AT + code.length;
  sections.forEach(({ type, data, address = 0, link = 0 }, n) => {
    const row = tableAt + 64 * n;
    view.setUint32(row, nameAt[n]!, true);
    view.setUint32(row + 4, type, true);
    [[row + 16, address], [row + 24, at], [row + 32, data.length]].forEach(([place, value]) => long(place!, value!));
    view.setUint32(row + 40, link, true);
    if (type === SHT_SYMTAB || type === SHT_DYNSYM || type === SHT_RELA) long(row + 56, 24);
    out.set(data, at);
    at += data.length;
  });
  return out;
}
