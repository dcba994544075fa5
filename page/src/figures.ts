/** Numbers as people read them. */

const STEPS: readonly [number, string][] = [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']];

/** `123 M`: three digits. */
export function short(value: number): string {
  const step = STEPS.find(([size]) => value >= size);
  if (step === undefined) return String(Math.round(value));
  const scaled = value / step[0];
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)}${step[1]}`;
}

/** `12.345 s` of nanoseconds. */
export function seconds(ns: bigint): string {
  return `${(Number(ns / 1_000_000n) / 1000).toFixed(3)} s`;
}

export function bytes(count: number): string {
  return count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** `100 M`, `1_000`, `0x40`; undefined for what is no number. */
export function readCount(text: string): bigint | undefined {
  const match = /^\s*(0x[0-9a-f]+|[\d_.,]+)\s*([kMG]?)\s*$/i.exec(text);
  if (match === null) return undefined;
  const digits = match[1]!.replaceAll(/[_,]/g, '');
  if (/^0x/i.test(digits)) return BigInt(digits);
  const value = Number(digits) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[match[2]!.toLowerCase()]!;
  return Number.isFinite(value) ? BigInt(Math.round(value)) : undefined;
}
