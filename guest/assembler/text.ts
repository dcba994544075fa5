/**
 * An assembler of text, for 16-, 32- and 64-bit code. One instruction a line, or several with `;` between them; `#` starts a comment.
 *
 *   label:                        its address; in 16-bit code references keep its low 16 bits
 *   rep movsb, lock add ..., o32 / o16 / a32 / fs in front of an instruction: the prefix alone
 *   db 1, "text"  dw  dd  dq      data
 */
import { Encoder, segmentPrefix } from './encoder.js';
import { INSTRUCTIONS } from './instructions.js';
import { parseOperand } from './operands.js';

const DATA: Readonly<Record<string, number>> = { db: 1, dw: 2, dd: 4, dq: 8 };
const PREFIXES: Readonly<Record<string, number>> = {
  rep: 0xf3, repe: 0xf3, repne: 0xf2, lock: 0xf0, o16: 0x66, o32: 0x66, a16: 0x67, a32: 0x67,
  es: segmentPrefix(0), cs: segmentPrefix(1), ss: segmentPrefix(2), ds: segmentPrefix(3), fs: segmentPrefix(4), gs: segmentPrefix(5),
};

/** Splits at commas that are not inside quotes. */
function split(text: string): string[] {
  return text.trim() === '' ? [] : (text.match(/("[^"]*"|[^,"])+/g) ?? []).map((part) => part.trim());
}

export class TextAssembler extends Encoder {
  /** Assembles `text` for code of the current `bits`. */
  text(text: string): void {
    for (const line of text.split('\n')) {
      for (const statement of line.replace(/(^|\s)#.*/, "").match(/("[^"]*"|[^;"])+/g) ?? []) this.statement(statement.trim());
    }
  }

  private statement(text: string): void {
    const label = /^([a-z_.@][\w.@]*):(?!\w)/i.exec(text);
    if (label) {
      this.label(label[1]!);
      return this.statement(text.slice(label[0].length).trim());
    }
    if (text === '') return;
    try {
      this.instruction(text);
    } catch (error) {
      throw new Error(`"${text}" in ${this.bits}-bit code: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private instruction(text: string): void {
    const [name, rest] = [text.split(/\s/, 1)[0]!.toLowerCase(), text.replace(/^\S+\s*/, '')];
    const prefix = PREFIXES[name], width = DATA[name];
    if (prefix !== undefined) {
      this.bytes(prefix);
      return this.instruction(rest);
    }
    if (width !== undefined) return this.data(split(rest), width);
    const write = INSTRUCTIONS.get(name);
    if (!write) throw new Error('no such instruction');
    write(this, split(rest).map(parseOperand));
  }

  private data(values: readonly string[], width: number): void {
    for (const value of values) {
      const operand = value.startsWith('"') ? undefined : parseOperand(value);
      if (operand === undefined) this.bytes(...new TextEncoder().encode(value.slice(1, -1)));
      else if (operand.kind === 'immediate') this.immediate(operand, width);
      else throw new Error(`${value} is no number`);
    }
  }
}
